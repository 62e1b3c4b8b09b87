"""HTML of models and of what surrounds a translation: every text is escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

pytest.importorskip("gradio")

from seq2seq.serving.service import Direction
from seq2seq.webui import about_tab, markup, panes
from seq2seq.webui.model_info import read_model_info
from tests.webui.fake_translator import PAYLOADS, DescribedTranslator


class Outline(HTMLParser):
    """Tags, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes = list[str](), set[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}


ALLOWED_TAGS = {
    *("p", "span", "section", "div", "h2", "h3", "ol", "ul", "li", "table", "tr", "th", "td", "b", "code"),
    *(
        "button",
        "select",
        "option",
        "label",
        "input",
        "textarea",
        "details",
        "summary",
        "dialog",
        "form",
        "pre",
    ),
}
ALLOWED_ATTRIBUTES = {
    *("class", "style", "lang", "dir", "title", "start", "scope", "tabindex", "role", "type", "id", "for"),
    *(
        "hidden",
        "disabled",
        "value",
        "rows",
        "placeholder",
        "maxlength",
        "min",
        "max",
        "inputmode",
        "popover",
    ),
    *("autocomplete", "aria-label", "aria-hidden", "aria-keyshortcuts"),
}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_is_shown_as_text(payload: str) -> None:
    translator = DescribedTranslator(metrics={"data": payload, "test": {"bleu": 1.0, "signature": payload}})
    direction = Direction(payload, translator, payload, payload)  # type: ignore[arg-type]
    model = read_model_info(payload, direction, reverse=payload)
    for html in (markup.model_table(model), panes.translator([model])):
        outline = Outline(html)
        assert set(outline.tags) <= ALLOWED_TAGS
        assert {name for name in outline.attributes if not name.startswith("data-")} <= ALLOWED_ATTRIBUTES


def test_bars_inside_code_do_not_split_a_table_of_the_card() -> None:
    card = "---\nlicense: x\n---\n# T\n| a | `n:1|c:2` |\n| b | `n:1\\|c:2` |\n\n`x|y`\n"
    shown = about_tab._shown(card)
    assert shown == "# T\n| a | `n:1\\|c:2` |\n| b | `n:1\\|c:2` |\n\n`x|y`"
