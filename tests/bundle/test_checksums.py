"""Checksums in config.json: damaged files are found, and what commands and people change is no damage."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.bundle.checksums import ENTRY
from seq2seq.bundle.record import record_confidence, record_scores
from seq2seq.confidence import GROUPS, Confidence
from seq2seq.config import DecodingConfig
from seq2seq.errors import ModelError
from seq2seq.preparation.lexicon import Lexicon
from tests import tiny

FILES = ("model.safetensors", "joint.model", "words.source.txt", "words.target.txt")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model directory with all files that have a checksum."""
    words = Lexicon.count(["We see Paris."] * 2)
    bundle = replace(tiny.bundle(), source_words=words, target_words=words)
    model_directory.save(tmp_path / "m", bundle)
    return tmp_path / "m"


def stored(model: Path) -> dict[str, str]:
    entry: dict[str, str] = json.loads((model / "config.json").read_text())[ENTRY]
    return entry


def change_config(model: Path, entry: object) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {ENTRY: entry}))


def test_the_entry_has_what_sha256_says(model: Path) -> None:
    assert stored(model) == {name: hashlib.sha256((model / name).read_bytes()).hexdigest() for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_bit_is_refused_with_the_name_of_the_file(model: Path, name: str) -> None:
    """Also in the weights, where most flips give another valid model."""
    path, chance = model / name, random.Random(0)
    whole = path.read_bytes()
    for place in chance.sample(range(8 * len(whole)), 150 if name == "model.safetensors" else 30):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(ModelError) as error:
            model_directory.load(model)
        assert name in str(error.value), (place, str(error.value))
    path.write_bytes(whole)
    model_directory.load(model)


def test_a_weight_that_is_another_number_is_damage(model: Path) -> None:
    path = model / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-4] ^= 1  # the last bits of the last weight
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors: is damaged or was changed: its SHA-256 is"):
        model_directory.load(model)


def test_a_missing_word_list_is_named(model: Path) -> None:
    (model / "words.target.txt").unlink()
    with pytest.raises(ModelError, match=r"words\.target\.txt: cannot be read \(No such file"):
        model_directory.load(model)


def test_a_model_from_before_checksums_loads(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    del config[ENTRY]
    (model / "config.json").write_text(json.dumps(config))
    with (model / "words.source.txt").open("a") as file:
        file.write("Rome\t1\n")
    assert "Rome" in model_directory.load(model).source_words


def test_a_checksum_may_be_in_capitals_and_of_other_files(model: Path) -> None:
    change_config(model, {name: value.upper() for name, value in stored(model).items()} | {"../x": "0"})
    model_directory.load(model)


@pytest.mark.parametrize("entry", [None, [], "abc", {"model.safetensors": 5}, {"model.safetensors": None}])
def test_a_wrong_entry_is_named(model: Path, entry: object) -> None:
    change_config(model, entry)
    with pytest.raises(ModelError, match=r"config\.json: sha256 is .*, expected a SHA-256 for each file"):
        model_directory.load(model)


def test_recorded_scores_calibration_and_the_card_are_no_damage(model: Path) -> None:
    before = stored(model)
    scores = {"bleu": {"score": 43.0, "signature": "s"}, "sentences": 2}
    record_scores(model, scores, test="test", decoding=DecodingConfig())
    weights = {group: dict.fromkeys(names, 0.5) for group, names in GROUPS.items()}
    record_confidence(model, Confidence(**weights))
    (model / "README.md").write_text("Mine.\n")
    loaded = model_directory.load(model)
    assert loaded.confidence is not None and "tests" in loaded.metrics and loaded.card == "Mine.\n"
    assert stored(model) == before


def test_a_copy_has_checksums_of_its_own(model: Path, tmp_path: Path) -> None:
    model_directory.save(tmp_path / "half", model_directory.load(model), weights="float16")
    assert stored(tmp_path / "half")["model.safetensors"] != stored(model)["model.safetensors"]
    assert stored(tmp_path / "half")["joint.model"] == stored(model)["joint.model"]
    shutil.copy(model / "model.safetensors", tmp_path / "half")
    with pytest.raises(ModelError, match=r"model\.safetensors: is damaged"):
        model_directory.load(tmp_path / "half")
