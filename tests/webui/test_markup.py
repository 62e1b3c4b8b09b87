"""HTML of results and models: every text is escaped, words keep their places, large maps are cut."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from seq2seq.translation import Translation, Word, join
from seq2seq.webui import markup, panes
from seq2seq.webui.model_info import read_model_info
from seq2seq.webui.service import Direction
from tests.webui.fake_translator import PAYLOADS, DescribedTranslator, in_capitals


class Outline(HTMLParser):
    """Tags, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = list[str](), set[str](), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


ALLOWED_TAGS = {
    *("p", "span", "section", "div", "h2", "h3", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("i", "b", "code", "button"),
}
ALLOWED_ATTRIBUTES = {
    *("class", "style", "lang", "dir", "title", "start", "scope", "tabindex", "role", "type", "id"),
    *("aria-label", "aria-live", "data-word", "data-start", "data-end", "data-limit", "data-action"),
    *("aria-hidden", "aria-keyshortcuts", "hidden", "disabled", "data-direction", "data-name", "data-title"),
    *("data-source", "data-reverse", "data-swap", "data-beam", "data-best"),
}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_is_shown_as_text(payload: str) -> None:
    word = Word(payload, 0, len(payload), 0.5)
    translation = Translation(
        text=payload,
        source_tokens=[payload, "</s>"],
        target_tokens=[payload, "</s>"],
        source_words=(word,),
        words=(word,),
        attention=np.full((2, 2), 0.5, np.float32),
        alignment=[(0, 0)],
        alternatives=[Translation(payload)],
    )
    translator = DescribedTranslator(metrics={"data": payload, "test": {"bleu": 1.0, "signature": payload}})
    direction = Direction(payload, translator, payload, payload)  # type: ignore[arg-type]
    model = read_model_info(payload, direction, reverse=payload)
    for html in (
        markup.result(translation, source=payload, code=payload),
        markup.alternatives(translation, code=payload),
        markup.attention(translation),
        markup.model_line(model),
        markup.model_table(model),
        panes.swap([model]),
        panes.source_header([model]),
        panes.target_pane([model]),
        panes.model_lines([model]),
    ):
        outline = Outline(html)
        assert set(outline.tags) <= ALLOWED_TAGS and outline.attributes <= ALLOWED_ATTRIBUTES
    assert payload in Outline(markup.result(translation, source=payload, code="fr")).text
    assert payload in Outline(markup.alternatives(translation, code="fr")).text


def test_words_of_a_result_are_marked_in_place() -> None:
    html = markup.result(in_capitals("😀 good  day!"), source="😀 good  day!", code="fr")
    assert Outline(html).text.startswith("😀 GOOD  DAY!")  # what the copy button takes
    assert 'data-start="3" data-end="7"' in html  # browsers count 😀 as two
    assert "--c:0.75" in html and "confidence 75 %, most attention on “good”" in html and 'lang="fr"' in html


def test_large_attention_map_is_cut_and_says_so() -> None:
    html = markup.attention(in_capitals(" ".join(["word"] * 100)))
    assert Outline(html).tags.count("td") == 1 + markup.MAX_PIECES**2
    assert f"the first {markup.MAX_PIECES} pieces of each side are shown" in html
    assert "Attention is not a word alignment" in html


def test_each_sentence_has_a_map_of_its_own() -> None:
    parts = [in_capitals("one two"), in_capitals("three"), Translation("kept")]
    html = markup.attention(join(parts, [" ", " ", ""]))
    assert Outline(html).tags.count("table") == 2 and Outline(html).tags.count("td") == (1 + 9) + (1 + 4)
    assert html.count('class="strong"') == 3 + 2  # all weights are 1 or 0
    many = join([in_capitals("one")] * 9, [" "] * 9)
    assert Outline(markup.attention(many)).tags.count("table") == markup.MAX_MAPS == 6
    assert "first 6 of 9 sentences" in markup.attention(many)


@pytest.mark.parametrize("attention", [None, np.zeros((0, 3), np.float32)])
def test_without_attention_there_is_no_map(attention: np.ndarray | None) -> None:
    assert markup.attention(Translation("x", attention=attention)) == ""


def test_confidence_that_is_not_finite_is_shown_as_unknown() -> None:
    word = Word("x", 0, 1, float("nan"))
    assert "confidence ?" in markup.result(Translation("x", words=(word,)), source="x", code="fr")
