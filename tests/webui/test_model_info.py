"""What the page says about a model, from each form of metrics.json."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.serving.service import Direction
from seq2seq.webui import markup
from seq2seq.webui.model_info import read_model_info
from tests.webui.fake_translator import DescribedTranslator

CARD = "# x\n| | |\n|---|---|\n| training data | /home/someone/corpus/train.tsv: 9 pairs |\n"
SCORE = {"bleu": {"score": 41.25, "signature": "S"}}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"test": SCORE, "data": "Tatoeba"}, ("41.2", "(test)", "S", "Tatoeba")),
        (
            {"validation": {"bleu": 27.26, "signature": "V"}},
            ("27.3", "(validation)", "V", "corpus/train.tsv: 9 pairs"),
        ),
        (
            {
                "tests": {"a.tsv": SCORE, "b.tsv": {"bleu": {"score": 1.0, "signature": "T"}}},
                "validation": {"bleu": 27.26, "signature": "V"},
                "data": {"train": ["/home/someone/data/a.tsv", "b.tmx"], "pairs": 12_345},
            },
            ("41.2", "(test)", "S", "data/a.tsv, b.tmx: 12,345 pairs"),
        ),
        (
            {"facts": {"data": "[Tatoeba](https://tatoeba.org), 9 pairs"}, "data": {"train": ["x.tsv"]}},
            (">Tatoeba, 9 pairs<",),
        ),
        ({"tests": 5, "facts": [], "validation": None, "data": {"train": 5}}, ()),
        ({}, ("corpus/train.tsv: 9 pairs",)),
    ],
)
def test_facts_about_the_model(metrics: dict[str, Any], expected: tuple[str, ...]) -> None:
    translator = DescribedTranslator(metrics=metrics, card=CARD, parameters=3_600_000)
    model = read_model_info("en-fr", Direction("en-fr", translator, "en", "fr"))  # type: ignore[arg-type]
    line, table = markup.model_line(model), markup.model_table(model)
    assert "en-fr" in line and "3.6 M" in line and "can be wrong" in line
    assert all(part in table for part in (*expected, "en-fr", "3,600,000"))
    assert ("BLEU" in line) == ("BLEU" in table) == ("41.2" in expected or "27.3" in expected)
    assert "/home" not in table


def test_model_without_any_information() -> None:
    model = read_model_info("x", Direction("x", DescribedTranslator(), "", "de-AT"))  # type: ignore[arg-type]
    assert model.languages == "? → German" and model.bleu is None and model.data == model.network == ""
    assert "0.0 M" in markup.model_line(model)
