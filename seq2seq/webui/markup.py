"""Translations and models as HTML. Every text passes `html.escape`, wherever it comes from.

Looks are style.css's affair: here are only classes, and numbers as `--c` (confidence) and `--w` (weight).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from seq2seq.translation import Translation, Word
from seq2seq.webui.facts import Facts, language
from seq2seq.webui.request import MAX_CHARACTERS

MAX_PIECES = 60  # on each side of the attention map: 3,600 cells are quick to send and to draw
EOS = "</s>"
FAINT = 0.05  # weights below this are drawn without their number
DARK = 0.65  # from this weight on, the number is light on a dark cell


def percent(share: float | None) -> str:
    """A share of 1 as a whole percentage."""
    return "?" if share is None or not math.isfinite(share) else f"{100 * share:.0f} %"


def result(translation: Translation, *, source: str, code: str, last: bool = True) -> str:
    """The translation of `source` into the language `code`, each word shaded by its confidence."""
    if not translation.text.strip():
        return placeholder()
    text, at = [], 0
    sources = {target: origin for origin, target in translation.alignment}
    for index, word in enumerate(translation.words):
        origin = translation.source_words[sources[index]] if index in sources else None
        text += [escape(translation.text[at : word.start]), _word(word, index, source, origin)]
        at = word.end
    text.append(escape(translation.text[at:]))
    body = f'<p class="translation" lang="{escape(code)}" dir="auto">{"".join(text)}</p>'
    if not last:
        return body + '<p class="note">translating…</p>'
    return body + (
        f'<p class="note">Confidence {percent(translation.confidence)}. '
        "The stronger a word is marked, the less sure the model was of it.</p>"
    )


def placeholder() -> str:
    """What stands where a translation will."""
    return '<p class="translation empty">Translation</p>'


def _word(word: Word, index: int, source: str, origin: Word | None) -> str:
    """A word; with the source word that the model looked at most, and where that is for the browser."""
    hint, place = percent(word.confidence) + " sure", ""
    if origin is not None:
        hint += f", looking at “{origin.text}”"
        start, end = _utf16(source, origin.start), _utf16(source, origin.end)
        place = f' data-start="{start}" data-end="{end}"'
    sure = 1.0 if word.confidence is None or not math.isfinite(word.confidence) else word.confidence
    return (
        f'<span class="word" style="--c:{sure:.2f}" data-word="{index}"{place} title="{escape(hint)}">'
        f"{escape(word.text)}</span>"
    )


def _utf16(text: str, place: int) -> int:
    """A place in `text`, counted as browsers count: characters beyond U+FFFF are two."""
    return place + sum(character > "\uffff" for character in text[:place])


def alternatives(translation: Translation, *, code: str) -> str:
    """The other hypotheses of the beam, best first, each with its confidence."""
    others = translation.alternatives
    if not others:
        return ""
    items = "".join(
        f'<li><span lang="{escape(code)}" dir="auto">{escape(other.text)}</span>'
        f'<span class="figure" title="score {other.score:.3f}">{percent(other.confidence)}</span></li>'
        for other in others
    )
    return f'<h3>Other translations</h3><ol start="2">{items}</ol>'


def attention(translation: Translation) -> str:
    """A heat map of attention: a row for each target piece, a column for each source piece."""
    weights = translation.attention
    if weights is None or 0 in weights.shape:
        return ""
    columns, rows = translation.source_tokens[:MAX_PIECES], translation.target_tokens[:MAX_PIECES]
    head = "".join(f'<th scope="col"><span>{_piece(token)}</span></th>' for token in columns)
    body = "".join(_row(token, weights[index, : len(columns)]) for index, token in enumerate(rows))
    cut = ""
    if max(weights.shape) > MAX_PIECES:
        cut = f" Shown are the first {MAX_PIECES} pieces of {weights.shape[1]} and of {weights.shape[0]}."
    table = f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody>"
    return (
        '<section class="card map"><div><h2>Attention</h2><p class="note">'
        "Each row is a piece of the translation. It shows, in percent, which pieces of the source the model "
        f"looked at when it wrote it. This is attention, not alignment.{cut}</p></div>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Attention, a table">'
        f'<table class="attention">{table}</table></div></section>'
    )


def _row(token: str, weights: np.ndarray) -> str:
    cells = "".join(_cell(weight) for weight in weights.tolist())
    return f'<tr><th scope="row">{_piece(token)}</th>{cells}</tr>'


def _cell(weight: float) -> str:
    if weight < 0.01:
        return "<td></td>"
    dark = ' class="strong"' if weight >= DARK else ""
    return f'<td{dark} style="--w:{weight:.2f}">{f"{100 * weight:.0f}" if weight >= FAINT else ""}</td>'


def _piece(token: str) -> str:
    """A piece without SentencePiece's mark for a space; what goes on a word begins with a dot instead."""
    if token == EOS:
        return '<i title="end of the sentence">end</i>'
    if token.startswith("▁"):
        return escape(token[1:]) or "␣"
    return ("·" if token[:1].isalnum() else "") + escape(token)


def provenance(model: Facts) -> str:
    """One line under the panes: which model, trained on what, how good, and that it may be wrong."""
    parts = [f"<b>{escape(model.name)}</b>", f"{model.parameters / 1e6:.1f} M parameters"]
    if model.data:
        parts.append(f"trained on {escape(model.data)}")
    parts.append(_score(model))
    return f'<p class="provenance">{" · ".join(parts)}. It can be wrong, also where it reads well.</p>'


def _score(model: Facts) -> str:
    if model.bleu is None:
        return "not measured"
    return (
        f"BLEU {model.bleu:.1f} on its {escape(model.measured)} set "
        f'<code title="sacreBLEU’s signature of the score">{escape(model.signature)}</code>'
    )


def about(model: Facts) -> str:
    """A table of the same and more."""
    rows = {
        "Languages": f"{escape(language(model.source))} → {escape(language(model.target))}",
        "Network": escape(model.network),
        "Parameters": f"{model.parameters:,}",
        "Training data": escape(model.data),
        "Quality": _score(model),
    }
    table = "".join(
        f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in rows.items() if value
    )
    return (
        f'<section class="card"><h2>{escape(model.name)}</h2><table class="facts">{table}</table></section>'
    )


def examples(texts: Sequence[str]) -> str:
    """Texts to try, as buttons."""
    buttons = "".join(f'<button type="button" class="example">{escape(text)}</button>' for text in texts)
    return f'<div class="examples" role="group" aria-label="Examples">{buttons}</div>' if texts else ""


def source_head(model: Facts) -> str:
    """Above the source: its language; live.js keeps the counter."""
    return (
        f'<div class="pane-head"><h2>{escape(language(model.source))}</h2>'
        f'<span id="counter" data-limit="{MAX_CHARACTERS}" aria-live="polite"></span>'
        '<button type="button" class="quiet" data-action="clear" title="Clear the text">Clear</button></div>'
    )


def target_head(model: Facts) -> str:
    """Above the translation: its language."""
    return (
        f'<div class="pane-head"><h2>{escape(language(model.target))}</h2>'
        '<button type="button" class="quiet" data-action="copy" title="Copy the translation">Copy</button>'
        "</div>"
    )


def banner() -> str:
    """The top of the page."""
    return "<header><h1>seq2seq</h1><p>A translator that runs on this machine</p></header>"


def keys() -> str:
    """The keys that live.js knows."""
    return '<p class="note"><kbd>Ctrl</kbd> <kbd>Enter</kbd> translates, <kbd>Esc</kbd> stops</p>'
