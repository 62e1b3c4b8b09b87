"""Models of the Hugging Face Hub, from a local cache and without a network."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from seq2seq.bundle import model_directory
from seq2seq.bundle.finding import locate
from seq2seq.bundle.hub import PATTERNS
from seq2seq.errors import ModelError
from seq2seq.translator import Translator
from tests import tiny

COMMIT = "0123456789abcdef0123456789abcdef01234567"

AddToCache = Callable[[str, Path], Path]


@pytest.fixture
def add_to_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddToCache:
    """A function that puts a folder into an otherwise empty cache of the Hub, in the form of a download.

    The network is off, so that only the cache can be used.
    """
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def add(name: str, folder: Path) -> Path:
        repository = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        snapshot = repository / "snapshots" / COMMIT
        for path in (snapshot, repository / "blobs", repository / "refs"):
            path.mkdir(parents=True)
        (repository / "refs" / "main").write_text(COMMIT)
        for number, file in enumerate(sorted(folder.iterdir())):
            blob = repository / "blobs" / str(number)
            blob.write_bytes(file.read_bytes())
            (snapshot / file.name).symlink_to(os.path.relpath(blob, snapshot))
        return snapshot

    return add


def test_a_cached_model_is_loaded(tmp_path: Path, add_to_cache: AddToCache) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    snapshot = add_to_cache("somebody/english-french", tmp_path / "m")
    assert locate("somebody/english-french").directory == snapshot
    translator = Translator.from_pretrained("somebody/english-french")
    assert translator.directions == (("en", "fr"),) and translator.name == "somebody/english-french"
    expected = Translator.from_pretrained(tmp_path / "m").translate("one two")
    assert translator.translate("one two").text == expected.text


def test_a_cached_model_can_be_saved_elsewhere(tmp_path: Path, add_to_cache: AddToCache) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    add_to_cache("somebody/model", tmp_path / "m")
    Translator.from_pretrained("somebody/model").save_pretrained(tmp_path / "copy")
    for file in (tmp_path / "m").iterdir():
        assert (tmp_path / "copy" / file.name).read_bytes() == file.read_bytes()
        assert not (tmp_path / "copy" / file.name).is_symlink()


def test_a_repository_without_a_model_is_refused(tmp_path: Path, add_to_cache: AddToCache) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.md").write_text("A data set.")
    add_to_cache("somebody/data", tmp_path / "data")
    with pytest.raises(ModelError, match=r"somebody/data: .* no config\.json"):
        locate("somebody/data")


def test_a_model_of_another_library_is_refused(tmp_path: Path, add_to_cache: AddToCache) -> None:
    (tmp_path / "marian").mkdir()
    (tmp_path / "marian" / "config.json").write_text('{"architectures": ["MarianMTModel"]}')
    add_to_cache("somebody/marian", tmp_path / "marian")
    with pytest.raises(ModelError, match=r"config\.json: format None, this version reads 1, 2 and 3"):
        Translator.from_pretrained("somebody/marian")


@pytest.mark.usefixtures("add_to_cache")
def test_a_model_that_is_not_cached_is_an_error_of_one_line_without_a_network() -> None:
    with pytest.raises(ModelError, match="no such folder, and the Hub does not provide it") as error:
        locate("somebody/nothing")
    assert "\n" not in str(error.value)


def test_only_data_files_are_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = []

    def download(name: str, *, allow_patterns: list[str]) -> str:
        patterns.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    (tmp_path / "config.json").write_text("{}")
    assert locate("somebody/model").directory == tmp_path
    assert patterns == [("somebody/model", PATTERNS)]
    assert set(PATTERNS) == {"*.json", "*.safetensors", "*.model", "words.*.txt", "README.md"}
