"""The four forms of the command's output."""

from __future__ import annotations

import json

import pytest

from seq2seq.cli.output_forms import Form, format_translation
from seq2seq.translation import Translation, Word

TRANSLATION = Translation(
    "le chat\nnoir",
    log_prob=-2.0,
    score=-0.5,
    confidence=0.75,
    source_tokens=["▁cat", "</s>"],
    target_tokens=["▁chat", "</s>"],
    source_words=(Word("cat", 0, 3),),
    words=(Word("chat", 3, 7, 0.5),),
    alignment=[(0, 0)],
    alternatives=[Translation("un\rchat", score=-0.75, log_prob=-3.0)],
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", "le chat noir\n"),
        ("scores", "-0.500000\tle chat noir\n"),
        ("alignment", "le chat noir\t0-1\n"),
        ("n-best", "7\t-0.500000\tle chat noir\n7\t-0.750000\tun chat\n"),
    ],
)
def test_each_form_of_the_output(form: Form, expected: str) -> None:
    assert format_translation(7, "cat", TRANSLATION, form=form) == expected


def test_json_is_one_object_on_one_line() -> None:
    line = format_translation(0, "cat", TRANSLATION, form="json")
    assert line.count("\n") == 1 and line.endswith("\n")
    value = json.loads(line)
    assert value["text"] == "le chat\nnoir" and value["alignment"] == [[0, 0]]
    assert value["words"] == [
        {"text": "chat", "start": 3, "end": 7, "confidence": 0.5, "has_alternatives": False}
    ]
    assert value["alternatives"] == [{"text": "un\rchat", "score": -0.75, "log_prob": -3.0}]


@pytest.mark.parametrize("form", ["text", "scores", "n-best", "json"])
def test_an_empty_translation_is_one_line(form: Form) -> None:
    assert format_translation(0, "", Translation(""), form=form).count("\n") == 1
