"""What the page says, in each language of its interface: `languages/*.toml`.

A text is named by table and key, such as "translate.copy". Where it is shown decides how it gets there:

    HTML of ours     `html("p", "about.title")`: an element in English with `data-text`; static/strings.js
                     puts the user's language in its place, also if the element is added later
    gradio           `label("tabs.about")` for labels, placeholders and the like
    Python           `say("files.done", language_of(request), number=3)` in handlers

The user's language is that of the browser until another one is chosen (static/early.js keeps it in a cookie).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources

import gradio as gr
from gradio.i18n import I18nData

LANGUAGES = {"en": "English", "zh": "中文"}
"""The languages of the interface, by their names in themselves. The first one is the default."""
DEFAULT = next(iter(LANGUAGES))
COOKIE = "seq2seq_language"
SAID = "say:"
"""Begins the value of an attribute (title, aria-label or placeholder) that is the name of a text."""


@cache
def table(language: str) -> Mapping[str, str]:
    """All texts in `language`, by their names."""
    file = resources.files("seq2seq.webui") / "languages" / f"{language}.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {f"{name}.{key}": text for name, texts in tables.items() for key, text in texts.items()}


def say(key: str, language: str = DEFAULT, **values: object) -> str:
    """The text `key`, with `values` in place of their names in braces."""
    return table(language)[key].format(**values) if values else table(language)[key]


def label(key: str) -> I18nData:
    """The text `key` for a component of gradio."""
    say(key)  # a name that does not exist is an error here
    return I18nData(key)


def html(tag: str, key: str, /, **attributes: str | bool) -> str:
    """An element with the text `key`.

    Attributes are written as in Python: `class_="note"`, `data_action="copy"`; True stands for one without a
    value, False for none. With `title="say:KEY"` the title is the text KEY; aria-label and placeholder alike.
    """
    return f'<{tag} data-text="{key}"{attributes_of(**attributes)}>{escape(say(key))}</{tag}>'


def attributes_of(**attributes: str | bool) -> str:
    """HTML of attributes, see `html`, with a space in front."""
    made = ""
    for python_name, value in attributes.items():
        name = python_name.rstrip("_").replace("_", "-")
        if value is True:
            made += f" {name}"
        elif value is not False and value.startswith(SAID):
            key = value.removeprefix(SAID)
            made += f' {name}="{escape(say(key))}" data-{name}="{key}"'
        elif value is not False:
            made += f' {name}="{escape(value)}"'
    return made


def language_of(request: gr.Request | None) -> str:
    """The language of the user who sent a request."""
    if request is None:
        return DEFAULT
    chosen = (request.cookies or {}).get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    accepted = (request.headers or {}).get("accept-language", "")
    first = accepted.split(",")[0].strip().split("-")[0].lower()
    return first if first in LANGUAGES else DEFAULT


def for_gradio() -> gr.I18n:
    """All texts in the form of gradio's `launch`."""
    return gr.I18n(**{language: dict(table(language)) for language in LANGUAGES})
