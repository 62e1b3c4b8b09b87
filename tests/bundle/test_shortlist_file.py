"""The table of likely pieces on disk: kept exactly, checked, and added to a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from seq2seq.bundle import model_directory
from seq2seq.bundle.shortlist_file import SHORTLIST, add_shortlist
from seq2seq.engines.shortlist import Shortlist
from seq2seq.errors import ModelError
from tests import tiny

VOCABULARY = tiny.tokenizer().vocab_size


def table() -> Shortlist:
    offsets = np.minimum(np.arange(VOCABULARY + 1), 2)
    return Shortlist(*map(np.array, ([3], [270, 271], [270, 271, 280, 290], [281, 282])), offsets)


def test_a_table_is_kept(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", replace(tiny.bundle(), shortlist=table()))
    loaded = model_directory.load(tmp_path / "m").shortlist
    assert loaded is not None
    for name, values in vars(table()).items():
        assert np.array_equal(getattr(loaded, name), values)


def test_a_table_is_added_with_its_checksum(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    assert model_directory.load(tmp_path / "m").shortlist is None
    add_shortlist(tmp_path / "m", table())
    assert model_directory.load(tmp_path / "m").shortlist is not None
    data = bytearray((tmp_path / "m" / SHORTLIST).read_bytes())
    data[-1] ^= 1
    (tmp_path / "m" / SHORTLIST).write_bytes(data)
    with pytest.raises(ModelError, match=r"shortlist\.safetensors: "):
        model_directory.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("name", "values", "complaint"),
    [
        ("pieces", [5, 999], "pieces has numbers beyond the"),
        ("offsets", [0, 2], "offsets do not fit"),
        ("offsets", [0, 5] + [2] * (VOCABULARY - 1), "offsets do not fit"),
        ("usual", [[270]], "expected the lists symbols, usual"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, values: list[int], complaint: str
) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    parts = {key: part.astype(np.int32) for key, part in vars(table()).items()}
    save_file(parts | {name: np.array(values, np.int32)}, tmp_path / "m" / SHORTLIST)
    with pytest.raises(ModelError, match=complaint):
        model_directory.load(tmp_path / "m")
