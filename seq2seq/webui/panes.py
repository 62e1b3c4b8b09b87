"""HTML of what surrounds a translation: headings, the swap button, examples. All text is escaped.

What depends on the direction is there once for each of them; live.js shows the one that is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from seq2seq.text.languages import language_name
from seq2seq.webui import markup
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.request import MAX_CHARACTERS

DEFAULT_N_BEST = 3  # translations listed at first: the beam has computed them anyway
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


def default_n_best(model: ModelInfo) -> int:
    """How many translations are listed at first."""
    return min(DEFAULT_N_BEST, model.beam_size)


def directions(models: Sequence[ModelInfo]) -> str:
    """What live.js has to know about each direction, as attributes."""
    items = "".join(
        f'<span data-name="{escape(model.name)}" data-title="{escape(model.languages)}" '
        f'data-source="{escape(model.source)}" data-reverse="{escape(model.reverse or "")}" '
        f'data-swap="{escape(_swap_title(model))}" '
        f'data-beam="{model.beam_size}" data-best="{default_n_best(model)}"></span>'
        for model in models
    )
    return f'<div id="directions" hidden>{items}</div>'


def source_header(models: Sequence[ModelInfo]) -> str:
    """The line above the source text: its language, the counter (set by live.js) and a button."""
    names = each(models, "h2", [escape(language_name(model.source)) for model in models])
    return (
        f'<div class="pane-head">{names}<span id="counter" data-limit="{MAX_CHARACTERS}"></span>'
        '<button type="button" class="quiet" data-action="clear" title="Clear the text">Clear</button></div>'
    )


def target_pane(models: Sequence[ModelInfo]) -> str:
    """The target language and a button, the result, what is to be said about it, and other translations.

    live.js fills all but the first.
    """
    names = each(models, "h2", [escape(language_name(model.target)) for model in models])
    return (
        f'<div class="pane-head">{names}'
        '<button type="button" class="quiet" data-action="copy" title="Copy the translation">Copy</button>'
        "</div>"
        f'<div id="result" aria-live="polite">{markup.placeholder()}</div>'
        '<p id="status" role="status"></p><div id="alternatives"></div>'
    )


def swap(models: Sequence[ModelInfo]) -> str:
    """The button between the panes, as it is for the first model. Without a reverse model it is disabled."""
    model = models[0]
    disabled = "" if model.reverse else " disabled"
    return directions(models) + (
        f'<button type="button" id="swap" data-action="swap" aria-label="Swap languages and texts" '
        f'aria-keyshortcuts="Control+Shift+S" title="{escape(_swap_title(model))}"{disabled}>'
        '<span aria-hidden="true">⇄</span></button>'
    )


def _swap_title(model: ModelInfo) -> str:
    if model.reverse:
        return "Swap languages and texts (Ctrl+Shift+S)"
    languages = f"{language_name(model.target)} → {language_name(model.source)}"
    return f"Languages cannot be swapped: no model for {languages} is loaded"


def examples(models: Sequence[ModelInfo]) -> str:
    """Example texts in the source language, as buttons."""
    return each(models, "div", [_example_buttons(EXAMPLES.get(model.source, ())) for model in models])


def _example_buttons(texts: Sequence[str]) -> str:
    buttons = "".join(f'<button type="button" class="example">{escape(text)}</button>' for text in texts)
    return f'<div class="examples" role="group" aria-label="Examples">{buttons}</div>' if texts else ""


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
    """The top of the page."""
    return "<header><h1>seq2seq</h1><p>A translator that runs on this machine</p></header>"


def keys() -> str:
    """The keys that live.js handles."""
    return '<p class="note"><kbd>Ctrl</kbd> <kbd>Enter</kbd> translates, <kbd>Esc</kbd> stops</p>'
