"""`seq2seq translate` by several processes: what `documents.shards` needs to know, and what it says."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.cli.messages import say

if TYPE_CHECKING:
    from torch.nn import Module

    from seq2seq.documents.pieces import Request
    from seq2seq.documents.translating import Translate, Watch
    from seq2seq.translator import Translator


def is_shared(shards: int) -> bool:
    """Whether a file is cut into shards: their number is given, or a launcher started several processes."""
    from seq2seq.documents.shards import processes_of_launcher

    return shards > 0 or processes_of_launcher()[0] > 1


def translate_share(
    source: Path,
    target: Path,
    translator: Translator,
    translate: Translate,
    request: Request,
    *,
    form: str,
    shards: int,
    buffer: int,
    watch: Watch,
) -> None:
    """Do the shards that no other process does or did, and say which. Arguments as in `translate_shards`."""
    from seq2seq.documents.shards import processes_of_launcher, translate_shards

    processes, rank = processes_of_launcher()
    progress = translate_shards(
        source,
        target,
        translate,
        request,
        settings={"direction": request.languages, "form": form, **_settings(translator)},
        shards=shards,
        processes=processes,
        rank=rank,
        buffer=buffer,
        watch=watch,
    )
    done = ", ".join(map(str, progress.translated)) or "none"
    end = "is complete" if progress.done else "waits for shards of other processes"
    say(f"shards translated here: {done}; {target} {end}")


def _settings(translator: Translator) -> dict[str, Any]:
    """What the translations depend on, as plain values."""
    reverse = translator.reverse
    return {
        "models": [fingerprint(model) for model in translator.models],
        "decoding": asdict(replace(translator.decoding, batch_size=1)),  # the batch changes nothing
        "engine": translator.engine_name,
        "glossary": translator.glossary.terms,
        "reverse": [fingerprint(reverse.model), translator.reverse_weight] if reverse is not None else [],
    }


def fingerprint(model: Module) -> str:
    """SHA-256 of all weights."""
    import torch

    hashed = hashlib.sha256()
    for tensor in model.state_dict().values():
        hashed.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()
