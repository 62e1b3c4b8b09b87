"""Where a model comes from: folders first, then bundled names, then the Hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seq2seq.bundle import finding, model_directory
from seq2seq.bundle.finding import bundled, locate
from seq2seq.errors import ModelError
from seq2seq.training.run_directory import RunDirectory
from tests import tiny


def test_a_model_directory(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    assert locate(str(tmp_path / "m")) == tmp_path / "m"


def test_a_run_is_a_model(tmp_path: Path) -> None:
    RunDirectory(tmp_path).keep(tiny.bundle(), step=7, validation={})
    assert locate(str(tmp_path)) == tmp_path / "bundles" / "step-7"


def test_a_run_without_a_model_yet(tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text("{}")
    with pytest.raises(ModelError, match="has kept no model yet"):
        locate(str(tmp_path))


def test_another_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        locate(str(tmp_path))


def test_bundled_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no folder of that name here
    for name, folder in bundled().items():
        assert locate(name) == folder
    with pytest.raises(ModelError, match="no such folder, and no bundled model of that name"):
        locate("tlh")


def test_a_folder_comes_before_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model_directory.save(tmp_path / "en-fr", tiny.bundle())
    assert locate("en-fr") == Path("en-fr")


@pytest.mark.parametrize("name", ["./a", "/a", "../a", "a/b/c", "a\\b", "", "a"])
def test_what_is_no_hub_id_is_never_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_from_hub", lambda name: pytest.fail(f"asked for {name}"))
    with pytest.raises(ModelError):
        locate(name)


def test_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub")
    asked = {}

    def download(name: str, *, allow_patterns: list[str]) -> str:
        asked[name] = allow_patterns
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert locate("somebody/model") == tmp_path
    assert set(asked["somebody/model"]) == {"*.json", "*.safetensors", "*.model", "README.md"}


def test_the_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="no such folder, and the Hub does not give it") as error:
        locate("somebody/nothing")
    assert "\n" not in str(error.value)


def test_every_bundled_model_is_complete() -> None:
    for folder in bundled().values():
        assert json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        assert (folder / "README.md").exists()
        model_directory.load(folder)
