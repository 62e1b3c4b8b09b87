"""Explanations as plain values: JSON takes them, and they have the numbers of the results."""

from __future__ import annotations

import json

import pytest

from seq2seq import explain
from tests.explain.reference import explained, small


def test_every_result_becomes_json() -> None:
    sentence = explained(small(cell="lstm"))
    results: list[explain.Explanation] = [
        explain.attention(sentence),
        explain.beam(sentence),
        explain.changes(sentence),
        explain.compare(sentence, sentence),
        explain.confidence(sentence),
        explain.gates(sentence),
        explain.saliency(sentence, "gradient_x_input"),
    ]
    for result in results:
        assert json.loads(json.dumps(explain.to_dict(result)))
    with pytest.raises(TypeError, match="is of type Explanation"):
        explain.to_dict(explain.Explanation())


def test_values_are_those_of_the_results() -> None:
    sentence = explained(small(cell="lstm"))
    layers, made = explain.gates(sentence).layers, explain.to_dict(explain.gates(sentence))["layers"]
    assert made[1]["gates"]["kept"] == layers[1].mean("kept").tolist()
    assert made[1]["changed"][0][0]["unit"] == layers[1].changed(0)[0].unit
    tree, plain = explain.beam(sentence), explain.to_dict(explain.beam(sentence))
    assert [node["score"] for node in plain["nodes"]] == [node.score for node in tree.nodes]
    assert plain["endings"][0]["path"] == list(tree.chosen[1:])
    changes = explain.changes(sentence)
    for one, values in zip(changes.changes, explain.to_dict(changes)["changes"], strict=True):
        assert "".join(text for text, _ in values["parts"]) == one.translation.text
        assert sum(differs for _, differs in values["parts"]) == len(one.differs)
