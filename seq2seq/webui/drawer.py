"""HTML of the drawer: what is not needed for every translation. static/ has a script for each section."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from seq2seq.serving.request import MAX_BEAM, MAX_TERM
from seq2seq.webui import markup
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.strings import attributes_of, html

SECTIONS = ("glossary", "history", "share", "code", "settings")


def drawer(models: Sequence[ModelInfo]) -> str:
    """The dialog. One section is shown at a time."""
    contents = (_glossary(), _history(), _share(), _code(), _settings(models))
    sections = "".join(
        f'<section data-section="{name}" hidden>'
        f"{html('h2', f'drawer.{name}', tabindex='-1')}{content}</section>"
        for name, content in zip(SECTIONS, contents, strict=True)
    )
    close = html("button", "drawer.close", type="button", class_="quiet", data_action="close-drawer")
    return f'<dialog id="drawer"><div class="drawer-head">{close}</div>{sections}</dialog>'


def _note(key: str) -> str:
    return html("p", key, class_="note")


def _button(key: str, **attributes: str) -> str:
    return html("button", key, **{"type": "button", "class_": "quiet boxed", **attributes})


def _check(key: str, name: str) -> str:
    return f'<label class="check"><input type="checkbox" id="{name}">{html("span", key)}</label>'


def _copied(name: str, key: str) -> str:
    """A box with code or a link, and the button that copies it."""
    box = attributes_of(id=name, class_="code", tabindex="0", role="region", aria_label=f"say:{key}")
    return f"<pre{box}></pre>{_button('translate.copy', data_copy=name)}"


def _field(key: str, name: str, **attributes: str) -> str:
    """A labelled field for a line of text."""
    label = html("label", key, for_=name)
    return (
        f'<div class="field">{label}<input{attributes_of(id=name, autocomplete="off", **attributes)}></div>'
    )


def _glossary() -> str:
    fields = "".join(
        _field(f"glossary.{name}", name, maxlength=str(MAX_TERM), dir="auto") for name in ("term", "form")
    )
    return (
        f'{_note("glossary.help")}<form id="glossary-form">{fields}'
        f"{_button('glossary.add', type='submit')}</form>"
        '<p id="glossary-status" role="status" class="note"></p><ul id="glossary" class="rows"></ul>'
    )


def _history() -> str:
    search = attributes_of(
        type="search",
        id="history-search",
        dir="auto",
        aria_label="say:history.search",
        placeholder="say:history.search",
    )
    return (
        f"{_note('history.help')}{_check('history.keep', 'keep-history')}<input{search}>"
        f'<ul id="history" class="rows"></ul>{_button("history.clear", data_action="clear-history")}'
    )


def _share() -> str:
    return f"{_note('share.help')}{_check('share.with_text', 'share-text')}{_copied('link', 'share.link')}"


def _code() -> str:
    boxes = "".join(
        f"<h3>{title}</h3>{_copied(f'code-{title.lower()}', f'code.{title.lower()}')}"
        for title in ("Python", "curl")
    )
    return _note("code.help") + boxes


def _settings(models: Sequence[ModelInfo]) -> str:
    numbers = "".join(
        _field(f"settings.{name}", name, type="number", min="1", max=str(MAX_BEAM), inputmode="numeric")
        + _note(f"settings.{name}_help")
        for name in ("beam", "best")
    )
    tables = "".join(
        f'<div data-direction="{escape(model.name)}"{" hidden" if number else ""}>{markup.facts(model)}</div>'
        for number, model in enumerate(models)
    )
    return f"{numbers}{_check('settings.colour', 'colour')}{html('h3', 'settings.model')}{tables}"
