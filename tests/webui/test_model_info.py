"""What the page says about a model, from each form of metrics.json."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.webui import markup
from seq2seq.webui.model_info import read_model_info
from seq2seq.webui.service import Direction
from tests.webui.fake_translator import DescribedTranslator

CARD = "# x\n| | |\n|---|---|\n| training data | /home/someone/corpus/train.tsv: 9 pairs |\n"
SCORE = {"bleu": {"score": 41.25, "signature": "S"}}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"test": SCORE, "data": "Tatoeba"}, ("41.2", "test set", "S", "trained on Tatoeba")),
        (
            {"validation": {"bleu": 27.26, "signature": "V"}},
            ("27.3", "validation set", "V", "trained on corpus/train.tsv: 9 pairs"),
        ),
        (
            {
                "tests": {"a.tsv": SCORE, "b.tsv": {"bleu": {"score": 1.0, "signature": "T"}}},
                "validation": {"bleu": 27.26, "signature": "V"},
                "data": {"train": ["/home/someone/data/a.tsv", "b.tmx"], "pairs": 12_345},
            },
            ("41.2", "test set", "S", "trained on data/a.tsv, b.tmx: 12,345 pairs"),
        ),
        (
            {"facts": {"data": "[Tatoeba](https://tatoeba.org), 9 pairs"}, "data": {"train": ["x.tsv"]}},
            ("trained on Tatoeba, 9 pairs",),
        ),
        ({"tests": 5, "facts": [], "validation": None, "data": {"train": 5}}, ("not measured",)),
        ({}, ("not measured", "trained on corpus/train.tsv: 9 pairs")),
    ],
)
def test_line_about_the_model(metrics: dict[str, Any], expected: tuple[str, ...]) -> None:
    translator = DescribedTranslator(metrics=metrics, card=CARD, parameters=3_600_000)
    line = markup.model_line(read_model_info("en-fr", Direction("en-fr", translator, "en", "fr")))  # type: ignore[arg-type]
    assert all(part in line for part in (*expected, "en-fr", "3.6 M parameters", "can be wrong"))
    assert "/home" not in line


def test_model_without_any_information() -> None:
    model = read_model_info("x", Direction("x", DescribedTranslator(), "", "de-AT"))  # type: ignore[arg-type]
    assert model.languages == "? → German" and model.bleu is None and model.data == model.network == ""
    assert "0.0 M parameters" in markup.model_line(model)
