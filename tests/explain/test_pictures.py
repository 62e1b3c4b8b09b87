"""Pictures: files of the right kind, labels in any script and direction, characters without a font."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from seq2seq import explain
from seq2seq.errors import UsageError
from seq2seq.explain.fonts import fonts_for, is_right_to_left
from seq2seq.explain.heat_maps import HeatMap, draw_heat_maps
from tests.explain.reference import explained, small


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_every_explanation_has_a_picture(tmp_path: Path) -> None:
    sentence = explained(small(cell="lstm"))
    results: dict[str, explain.Explanation] = {
        "gates": explain.gates(sentence),
        "attention": explain.attention(sentence),
        "saliency": explain.saliency(sentence, "gradient_x_input"),
        "beam": explain.beam(sentence),
        "changes": explain.changes(sentence),
        "confidence": explain.confidence(sentence),
        "compare": explain.compare(sentence, explained(small(attention="none"))),
    }
    for result in results.values():
        assert result.figure().axes
    results["attention"].save(tmp_path / "attention.svg")
    assert (tmp_path / "attention.svg").read_text(encoding="utf-8").startswith("<?xml")
    results["attention"].save(tmp_path / "attention.png")
    assert (tmp_path / "attention.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"expected a name ending in .png or .svg"):
        results["attention"].save(tmp_path / "attention.pdf")


def test_heat_map_shows_its_numbers_and_words() -> None:
    values = np.array([[0.5, 0.25], [0.0, 1.0]])
    axes = draw_heat_maps([HeatMap("map", ["le", "$x"], ["the", ""], values)]).axes[0]
    assert np.array_equal(axes.collections[0].get_array(), values) and axes.yaxis_inverted()
    assert [text.get_text() for text in axes.get_xticklabels()] == ["the", "␣"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["le", "$x"]
    assert [text.get_text() for text in axes.texts] == [".50", ".25", "1.0"]


def test_source_words_of_arabic_run_from_the_right() -> None:
    words = ["الطقس", "جميل", "اليوم"]
    for columns, inverted in ((words, True), (["the", "weather"], False)):
        figure = draw_heat_maps([HeatMap("map", ["a"], columns, np.zeros((1, len(columns))))])
        assert figure.axes[0].xaxis_inverted() == inverted
        assert len(figure.texts) == 1  # the title: DejaVu Sans has these letters
    assert is_right_to_left("שלום") and not is_right_to_left("abc 12") and not is_right_to_left("")


def test_characters_without_a_font_are_named() -> None:
    nowhere = "\U0001bfff"  # assigned to nothing
    figure = draw_heat_maps([HeatMap("map", ["a"], [f"b{nowhere}"], np.zeros((1, 1)))], note="a note")
    assert texts_of(figure)[1:] == ["No font on this machine has: U+1BFFF", "a note"]
    families, missing = fonts_for(["é ш α ع", nowhere])
    assert families[0] == "DejaVu Sans" and missing in (nowhere, "")


def test_best_hypothesis_stands_on_top_of_each_step() -> None:
    from seq2seq.explain.tree_picture import places

    tree = explain.beam(explained(small()))
    at = places(tree.nodes)
    assert len(set(at.values())) == len(tree.nodes)
    for node in tree.nodes:
        assert at[node.number][0] == node.step
    first = [node for node in tree.nodes if at[node.number][1] == 0]
    assert all(node.fate != "dropped" for node in first)
