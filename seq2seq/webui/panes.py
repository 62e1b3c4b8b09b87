"""HTML of the translate tab: the two panes, what stands below them, examples. All text is escaped.

The scripts in `static/` fill in what depends on the text. What depends on the direction is there once for
each of them; static/direction.js shows the one that is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from seq2seq.serving.request import MAX_CHARACTERS
from seq2seq.text.languages import language_name
from seq2seq.webui import drawer, markup
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.strings import LANGUAGES, attributes_of, html

DEFAULT_N_BEST = 3  # translations listed: the beam has computed them anyway
EXAMPLES = {
    "en": (
        "Good morning.",
        "Where is the station?",
        "She has been reading since noon.",
        "I don't know what to say.",
    ),
    "fr": ("Bonjour.", "Où est la gare ?", "Elle lit depuis midi.", "Je ne sais pas quoi dire."),
    "de": (
        "Guten Morgen.",
        "Wo ist der Bahnhof?",
        "Sie liest seit Mittag.",
        "Ich weiß nicht, was ich sagen soll.",
    ),
    "es": ("Buenos días.", "¿Dónde está la estación?", "Lee desde el mediodía."),
    "zh": ("早上好。", "车站在哪里？", "她从中午就在看书。"),
}


def translator(models: Sequence[ModelInfo], limit: int = MAX_CHARACTERS) -> str:
    """The whole tab."""
    return (
        f'<div id="translator">{directions(models)}{model_choice(models)}'
        f'<div id="panes">{source_pane(models, limit)}{swap(models)}{target_pane(models)}</div>'
        f"{toolbar()}{examples(models)}{model_lines(models)}"
        f'<p id="announcer" class="unseen" role="status"></p>{drawer.drawer(models)}'
        f'<div id="menu" popover="auto" role="listbox"></div></div>'
    )


def default_n_best(model: ModelInfo) -> int:
    """How many translations are listed at first."""
    return min(DEFAULT_N_BEST, model.beam_size)


def directions(models: Sequence[ModelInfo]) -> str:
    """What the scripts have to know about each direction, as attributes."""
    items = "".join(
        f'<span data-name="{escape(model.name)}" data-languages="{escape(model.languages)}" '
        f'data-source="{escape(model.source)}" data-target="{escape(model.target)}" '
        f'data-reverse="{escape(model.reverse or "")}" '
        f'data-beam="{model.beam_size}" data-best="{default_n_best(model)}"></span>'
        for model in models
    )
    return f'<div id="directions" hidden>{items}</div>'


def model_choice(models: Sequence[ModelInfo]) -> str:
    """The choice of the model and its direction. It is hidden where the swap button is all that is needed."""
    pair = len(models) == 2 and models[0].reverse == models[1].name
    hidden = " hidden" if pair or len(models) == 1 else ""
    options = "".join(
        f'<option value="{escape(model.name)}">{escape(model.languages)} · {escape(model.model)}</option>'
        for model in models
    )
    return (
        f'<div class="choice-of-model"{hidden}>{html("label", "translate.model", for_="model")} '
        f'<select id="model">{options}</select></div>'
    )


def source_pane(models: Sequence[ModelInfo], limit: int) -> str:
    """The source language, the text and the counter. Behind the text lies a copy of it with marked words."""
    names = each(models, "h2", [_language(model.source) for model in models])
    box = attributes_of(
        rows="1", dir="auto", aria_label="say:translate.source", placeholder="say:translate.placeholder"
    )
    return (
        f'<section class="pane"><div class="pane-head">{names}{_button("clear")}</div>'
        f'<div id="source"><div id="mirror" aria-hidden="true"></div><textarea{box}></textarea></div>'
        f'<div class="pane-foot"><span id="counter" data-limit="{limit}"></span></div></section>'
    )


def target_pane(models: Sequence[ModelInfo]) -> str:
    """The target language, the translation, what is to be said about it, and other translations."""
    names = each(models, "h2", [_language(model.target) for model in models])
    return (
        f'<section class="pane target"><div class="pane-head">{names}{_button("edit")}{_button("copy")}</div>'
        f'<div id="result">{html("p", "translate.empty", class_="translation empty")}</div>'
        '<div id="draft-help" hidden></div><p id="status" role="status"></p><ul id="reasons"></ul>'
        '<div class="pane-foot"><span id="confidence"></span><span id="legend" hidden>'
        f"{html('span', 'translate.legend', class_='word', style='--c:0.3')} "
        f"{html('span', 'translate.legend_choice', class_='word choice')}</span></div>"
        f'<details id="others" hidden>{html("summary", "translate.others")}<ol start="2"></ol></details>'
        "</section>"
    )


def _language(code: str) -> str:
    """The name of a language; static/direction.js puts it into the language of the interface."""
    return f'<span data-language="{escape(code)}">{escape(language_name(code))}</span>'


def swap(models: Sequence[ModelInfo]) -> str:
    """The button between the panes. Without a reverse model it is disabled; static/direction.js says why."""
    attributes = attributes_of(
        type="button",
        id="swap",
        data_action="swap",
        aria_label="say:translate.swap",
        aria_keyshortcuts="Control+Shift+S",
        disabled=not models[0].reverse,
    )
    return f'<div id="between"><button{attributes}><span aria-hidden="true">⇄</span></button></div>'


def toolbar() -> str:
    """The button, the keys, and what opens the drawer."""
    tools = "".join(
        html("button", f"drawer.{name}", type="button", class_="quiet", data_drawer=name)
        for name in drawer.SECTIONS
    )
    button = html("button", "translate.button", type="button", id="translate")
    keys = html("span", "translate.keys", class_="note", id="keys")
    return f'<div id="toolbar">{button}{keys}<div class="tools">{tools}</div></div>'


def _button(name: str) -> str:
    """A quiet button with the text `translate.NAME`, whose action is NAME. It has nothing to act on yet."""
    return html(
        "button",
        f"translate.{name}",
        type="button",
        class_="quiet",
        data_action=name,
        title=f"say:translate.{name}_hint",
        disabled=True,
    )


def examples(models: Sequence[ModelInfo]) -> str:
    """Example texts in the source language, as buttons."""
    return each(
        models, "div", [_example_buttons(EXAMPLES.get(model.source, ()), model.source) for model in models]
    )


def _example_buttons(texts: Sequence[str], code: str) -> str:
    buttons = "".join(
        f'<button type="button" class="example" lang="{escape(code)}">{escape(text)}</button>'
        for text in texts
    )
    name = attributes_of(aria_label="say:translate.examples")
    return f'<div class="examples" role="group"{name}>{buttons}</div>' if texts else ""


def model_lines(models: Sequence[ModelInfo]) -> str:
    """The line about the model, see `markup.model_line`."""
    return each(models, "div", [markup.model_line(model) for model in models])


def each(models: Sequence[ModelInfo], tag: str, contents: Sequence[str]) -> str:
    """An element for each direction. All but the first are hidden."""
    return "".join(
        f'<{tag} data-direction="{escape(model.name)}"{" hidden" if number else ""}>{content}</{tag}>'
        for number, (model, content) in enumerate(zip(models, contents, strict=True))
    )


def banner() -> str:
    """The top of the page, with the choice of the language of its interface."""
    options = "".join(
        f'<option value="{code}" lang="{code}">{name}</option>' for code, name in LANGUAGES.items()
    )
    choice = f"<select{attributes_of(id='language', aria_label='say:page.language')}>{options}</select>"
    return f"<header><h1>seq2seq</h1>{html('p', 'page.subtitle')}{choice}</header>"
