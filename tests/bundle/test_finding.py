"""Where a model comes from: a folder, else a bundled direction, else the Hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seq2seq.bundle import finding, hub, model_directory
from seq2seq.bundle.finding import Location, bundled, locate
from seq2seq.errors import ModelError
from seq2seq.training.run_directory import RunDirectory
from seq2seq.translator import Translator
from tests import tiny


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Two models in place of those inside the package, in a working directory without such folders."""
    folders = {"romance": tmp_path / "romance", "german": tmp_path / "german"}
    model_directory.save(
        folders["romance"], tiny.bundle_of_directions(("en", "fr"), ("fr", "en"), ("en", "pt-BR"))
    )
    model_directory.save(folders["german"], tiny.bundle())
    config = json.loads((folders["german"] / "config.json").read_text())
    del config["directions"]  # the form of models that were made before `directions` existed
    config |= {"source_language": "en", "target_language": "de"}
    (folders["german"] / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(finding, "bundled", lambda: folders)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folders


def test_a_model_directory(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    assert locate(str(tmp_path / "m")) == Location(tmp_path / "m")


def test_a_run_stands_for_its_best_model(tmp_path: Path) -> None:
    RunDirectory(tmp_path).keep(tiny.bundle(), step=7, validation={})
    assert locate(str(tmp_path)).directory == tmp_path / "bundles" / "step-7"


def test_a_run_without_a_model_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text("{}")
    with pytest.raises(ModelError, match="has kept no model yet"):
        locate(str(tmp_path))


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        locate(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "folder", "direction"),
    [
        ("en-fr", "romance", ("en", "fr")),
        ("fr-en", "romance", ("fr", "en")),
        ("en-US-fr", "romance", ("en", "fr")),
        ("en-pt", "romance", ("en", "pt-BR")),
        ("en-de", "german", ("en", "de")),
        ("en-de-AT", "german", ("en", "de")),
        ("german", "german", None),
    ],
)
def test_a_bundled_model_is_found_by_its_direction_or_its_folder(
    models: dict[str, Path], name: str, folder: str, direction: tuple[str, str] | None
) -> None:
    assert locate(name) == Location(models[folder], direction)


@pytest.mark.usefixtures("models")
def test_a_translator_uses_the_direction_that_it_was_found_by() -> None:
    translator = Translator.from_pretrained("fr-en")
    assert (translator.source_language, translator.target_language) == ("fr", "en")
    assert translator.directions == (("en", "fr"), ("fr", "en"), ("en", "pt-BR"))
    assert translator.translate("un deux") == translator.translate("un deux", target_language="en")
    assert translator.translate("un deux") != translator.translate("un deux", target_language="fr")


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("name", ["fr-de", "tlh", "en-fr-v2"])
def test_an_unknown_name_is_an_error_that_lists_the_bundled_directions(name: str) -> None:
    with pytest.raises(ModelError, match=r"no such folder.*\(bundled: en-fr, fr-en, en-pt-BR, en-de\)"):
        locate(name)


def test_a_folder_comes_before_a_bundled_direction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model_directory.save(tmp_path / "en-fr", tiny.bundle())
    assert locate("en-fr") == Location(Path("en-fr"))


@pytest.mark.parametrize("name", ["./a", "/a", "../a", "a/b/c", "a\\b", "", "a"])
def test_the_hub_is_only_asked_for_an_owner_and_a_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "download", lambda name: pytest.fail(f"asked for {name}"))
    with pytest.raises(ModelError):
        locate(name)


def test_every_bundled_model_is_complete_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a working directory without folders of these names
    assert bundled()
    for name, folder in bundled().items():
        assert locate(name).directory == folder
        model_directory.load(folder)
        assert (folder / "README.md").exists()
