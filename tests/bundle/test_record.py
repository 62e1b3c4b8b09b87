"""metrics.json: scores and facts are added by functions, and the card follows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from seq2seq import files
from seq2seq.bundle import model_directory
from seq2seq.bundle.card import render
from seq2seq.bundle.facts import Facts, read_facts
from seq2seq.bundle.finding import bundled
from seq2seq.bundle.record import check_replacing, record_scores, with_facts
from seq2seq.config import DecodingConfig
from seq2seq.errors import ModelError, RunError, UsageError
from tests import tiny

EVALUATION = {
    "bleu": {"score": 43.754, "signature": "nrefs:1|tok:13a"},
    "chrf": {"score": 61.829, "signature": "nc:6"},
    "sentences": 2000,
    "seconds": 7.5,
    "model": "/home/somebody/runs/en-fr",
}
DECODING = DecodingConfig(beam_size=4, length_penalty=0.6)
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model whose card was written from its metrics.json."""
    bundle = tiny.bundle()
    model_directory.save(
        tmp_path / "m", model_directory.Bundle(bundle.model, bundle.source, bundle.target, DECODING)
    )
    return tmp_path / "m"


def read(model: Path) -> tuple[dict[str, Any], str]:
    """metrics.json and README.md of a model directory."""
    record = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    return record, (model / "README.md").read_text(encoding="utf-8")


def test_scores_are_recorded_with_what_is_needed_to_repeat_them(model: Path) -> None:
    before, _ = read(model)
    assert record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)
    record, card = read(model)
    scores = record["tests"]["test.tsv"]
    assert scores["bleu"] == EVALUATION["bleu"] and scores["sentences"] == 2000
    assert scores["decoding"]["beam_size"] == 4 and scores["decoding"]["length_penalty"] == 0.6
    assert scores["versions"]["sacrebleu"] and scores["versions"]["torch"]
    assert "seconds" not in scores and "model" not in scores  # of this machine, not of the model
    assert {name: record[name] for name in before} == before
    assert card == render(record) and "| test: test.tsv, beam 4, length penalty 0.6 | BLEU 43.75" in card


def test_scores_of_another_test_set_are_added_and_of_the_same_one_replaced(model: Path) -> None:
    record_scores(model, EVALUATION, test="a", decoding=DECODING)
    record_scores(model, EVALUATION, test="b", decoding=DECODING)
    record_scores(model, EVALUATION | {"sentences": 5}, test="a", decoding=DECODING)
    record, card = read(model)
    assert {name: scores["sentences"] for name, scores in record["tests"].items()} == {"a": 5, "b": 2000}
    assert card == render(record)


def test_a_card_that_was_written_by_hand_stays(model: Path) -> None:
    (model / "README.md").write_text("Mine.\n")
    assert not record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)
    record, card = read(model)
    assert "test.tsv" in record["tests"] and card == "Mine.\n"


def test_a_missing_card_is_written(model: Path) -> None:
    (model / "README.md").unlink()
    assert record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)
    record, card = read(model)
    assert card == render(record)


def test_missing_metrics_are_written(model: Path) -> None:
    (model / "metrics.json").unlink()
    assert not record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)  # its card is unknown
    assert read(model)[0]["tests"]["test.tsv"]["bleu"] == EVALUATION["bleu"]


def test_a_refused_write_leaves_both_files(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = read(model)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(RunError, match=r"metrics\.json: cannot be written"):
        record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)
    assert read(model) == before


def test_damaged_metrics_are_an_error(model: Path) -> None:
    (model / "metrics.json").write_text("[]")
    with pytest.raises(ModelError, match=r"metrics\.json: holds list, expected an object"):
        record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)


def test_the_cache_of_the_hub_is_not_changed(model: Path, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    (model / "metrics.json").rename(blob)
    (model / "metrics.json").symlink_to(blob)
    before = blob.read_bytes()
    with pytest.raises(UsageError, match="is a link, expected a model of your own"):
        record_scores(model, EVALUATION, test="test.tsv", decoding=DECODING)
    assert blob.read_bytes() == before


def test_facts_replace_earlier_facts_and_entries_written_by_hand() -> None:
    record = {
        "data": "Tatoeba, 158,240 pairs",
        "test": {"bleu": 43.8},
        "validation_beam_5": 44.4,
        "validation": {"bleu": 43.2},
        "seed": 1,
        "facts": {"title": "old", "limits": "old"},
    }
    assert with_facts(record, Facts(title="new")) == {
        "validation": {"bleu": 43.2},
        "seed": 1,
        "facts": {"title": "new"},
    }
    data = {"train": ["train.tsv"], "pairs": 5}
    assert with_facts({"data": data}, Facts()) == {"data": data, "facts": {}}


def test_a_model_without_facts_does_not_replace_one_with_facts(model: Path) -> None:
    check_replacing(model, {})
    check_replacing(model / "new", {})
    record, _ = read(model)
    files.write_json(model / "metrics.json", with_facts(record, Facts(licence="mit")))
    check_replacing(model, {"facts": {"licence": "mit"}})
    with pytest.raises(UsageError, match=r"has facts \(licence, attribution\), .* expected --facts FILE"):
        check_replacing(model, {})


def test_the_bundled_model_has_the_facts_of_their_file() -> None:
    facts = read_facts(REPOSITORY / "docs" / "models" / "en-fr.facts.toml")
    record, card = read(bundled()["en-fr"])
    assert with_facts({}, facts) == {"facts": record["facts"]}
    assert facts.licence == "cc-by-2.0" and facts.attribution in card
    assert "CC BY 2.0 FR" in card and "Tatoeba" in card
    bleu = record["tests"]["test.tsv"]["bleu"]
    assert round(bleu["score"], 2) == 47.75
    assert bleu["signature"] == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
    assert not {"test", "validation_beam_5"} & record.keys() and not isinstance(record.get("data"), str)
