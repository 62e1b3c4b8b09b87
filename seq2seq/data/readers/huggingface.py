"""Reader of `hf:OWNER/NAME[:CONFIG]`: a data set of the Hugging Face Hub, or a local folder of that form."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from seq2seq.data.readers.records import read_records
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair


def read_huggingface(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a data set, read by `datasets`."""
    return read_records(_hub_records(path, request.split), request)


def _hub_records(path: str, split: str) -> Iterator[tuple[str, Any]]:
    row = 0
    try:
        for record in _hub_rows(path, split):
            row += 1
            yield f"{path}:{row}", record
    except DataError:
        raise
    except Exception as error:  # `datasets` has no base class of its errors, and builders raise anything
        shown = " ".join(str(error).split())[:300]
        place = f"{path}:{row + 1}" if row else path
        raise DataError(f"{place}: cannot be read by datasets ({type(error).__name__}: {shown})") from None


def _hub_rows(path: str, split: str) -> Iterable[Any]:
    """Rows of a local folder, streamed without network or cache, or of a Hub data set, downloaded first."""
    name, config = path.removeprefix("hf:"), None
    if not os.path.isdir(name) and ":" in name:
        name, config = name.rsplit(":", 1)
    local = os.path.isdir(name)
    # Without an owner, `datasets` takes "csv" for its own builder, which reads the current folder.
    if not local and not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", name):
        raise DataError(f"{path}: no folder {name!r} found, expected one, or OWNER/NAME on the Hub")
    import datasets

    with _quiet(offline=local):
        if local and any(
            os.path.exists(os.path.join(name, file)) for file in ("state.json", "dataset_dict.json")
        ):
            saved = datasets.load_from_disk(name)
            if isinstance(saved, datasets.Dataset):
                return saved
            if split not in saved:
                raise DataError(f"{path}: splits {', '.join(map(str, saved))} found, expected {split!r}")
            return saved[split]
        if not local:
            return datasets.load_dataset(name, config, split=split)
        with tempfile.TemporaryDirectory() as folder:  # a lock is all that streaming leaves in its cache
            return datasets.load_dataset(name, config, split=split, streaming=True, cache_dir=folder)


@contextmanager
def _quiet(*, offline: bool) -> Iterator[None]:
    """No progress bars but on a terminal and, where `offline`, no look at the Hub for what is on disk.

    `huggingface_hub` keeps its own bars to terminals; `datasets` does not.
    """
    import datasets
    import huggingface_hub

    settings: list[Any] = [datasets.config, huggingface_hub.constants]
    before = [module.HF_HUB_OFFLINE for module in settings]
    silence = not sys.stderr.isatty() and not datasets.utils.are_progress_bars_disabled()
    try:
        for module in settings:
            module.HF_HUB_OFFLINE = offline or module.HF_HUB_OFFLINE
        if silence:
            datasets.disable_progress_bars()
        yield
    finally:
        for module, value in zip(settings, before, strict=True):
            module.HF_HUB_OFFLINE = value
        if silence:
            datasets.enable_progress_bars()
