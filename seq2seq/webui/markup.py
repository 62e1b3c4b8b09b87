"""Translations and models as HTML. All text goes through `html.escape`, whatever its source.

panes.py has what surrounds them. The look is in style.css. Here are classes, and numbers as `--c`
(confidence) and `--w` (weight of attention).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np

from seq2seq.translation import Translation, Word
from seq2seq.webui.model_info import ModelInfo

MAX_PIECES = 60  # on each side of an attention map: 3,600 cells are sent and drawn quickly
MAX_MAPS = 6  # sentences whose attention is shown
EOS = "</s>"
MIN_SHOWN_WEIGHT = 0.01  # cells with a lower weight are empty
MIN_LABELLED_WEIGHT = 0.05  # cells with a lower weight have no number
MIN_STRONG_WEIGHT = 0.65  # cells from this weight on are so dark that their number is light


def percent(share: float | None) -> str:
    """A share of 1 as a whole percentage, "?" if it is unknown."""
    return "?" if share is None or not math.isfinite(share) else f"{100 * share:.0f} %"


def result(translation: Translation, *, source: str, code: str) -> str:
    """The whole translation of `source` into the language `code`. Words are marked by their confidence."""
    if not translation.text.strip():
        return placeholder()
    text, at = [], 0
    alignment = {target: source_index for source_index, target in translation.alignment}
    for index, word in enumerate(translation.words):
        source_word = translation.source_words[alignment[index]] if index in alignment else None
        text += [escape(translation.text[at : word.start]), _word(word, index, source, source_word)]
        at = word.end
    text.append(escape(translation.text[at:]))
    body = f'<p class="translation" lang="{escape(code)}" dir="auto">{"".join(text)}</p>'
    return body + (
        f'<p class="note">Confidence {percent(translation.confidence)}. '
        "Words with a stronger mark are less certain.</p>"
    )


def placeholder() -> str:
    """What is shown while there is no translation."""
    return '<p class="translation empty">Translation</p>'


def _word(word: Word, index: int, source: str, source_word: Word | None) -> str:
    """A word, with the source word of most attention and its place, so that a click can select it."""
    hint, place = "confidence " + percent(word.confidence), ""
    if source_word is not None:
        hint += f", most attention on “{source_word.text}”"
        start, end = _utf16_index(source, source_word.start), _utf16_index(source, source_word.end)
        place = f' data-start="{start}" data-end="{end}"'
    confidence = 1.0 if word.confidence is None or not math.isfinite(word.confidence) else word.confidence
    return (
        f'<span class="word" style="--c:{confidence:.2f}" data-word="{index}"{place} title="{escape(hint)}">'
        f"{escape(word.text)}</span>"
    )


def _utf16_index(text: str, index: int) -> int:
    """An index into `text` as browsers count: characters above U+FFFF are two."""
    return index + sum(character > "\uffff" for character in text[:index])


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
    """A heat map of attention for each sentence: a row per target piece, a column per source piece."""
    sentences = _sentences(translation)
    if not sentences:
        return ""
    tables = "".join(_map(*sentence) for sentence in sentences[:MAX_MAPS])
    cuts = []
    if len(sentences) > MAX_MAPS:
        cuts.append(f" Only the first {MAX_MAPS} of {len(sentences)} sentences are shown.")
    if any(max(weights.shape) > MAX_PIECES for _, _, weights in sentences[:MAX_MAPS]):
        cuts.append(f" Of long sentences the first {MAX_PIECES} pieces of each side are shown.")
    return (
        '<section class="card map"><div><h2>Attention</h2><p class="note">'
        "Each row is a piece of the translation. It shows, in percent, how the model distributed its "
        "attention over the pieces of the source when it wrote this piece. Attention is not a word "
        f"alignment.{''.join(cuts)}</p>"
        '</div><div class="scroll" tabindex="0" role="region" aria-label="Attention, a table">'
        f"{tables}</div></section>"
    )


def _sentences(translation: Translation) -> list[tuple[list[str], list[str], np.ndarray]]:
    """Source pieces, target pieces and weights of each sentence.

    The attention of a text is block diagonal, and each of its sentences ends in EOS on both sides.
    """
    weights = translation.attention
    if weights is None or 0 in weights.shape:
        return []
    columns = [index for index, token in enumerate(translation.source_tokens, 1) if token == EOS]
    rows = [index for index, token in enumerate(translation.target_tokens, 1) if token == EOS]
    if len(columns) != len(rows):
        columns, rows = [weights.shape[1]], [weights.shape[0]]
    return [
        (
            translation.source_tokens[left:right],
            translation.target_tokens[top:bottom],
            weights[top:bottom, left:right],
        )
        for (left, right), (top, bottom) in zip(pairwise([0, *columns]), pairwise([0, *rows]), strict=True)
    ]


def _map(source: Sequence[str], target: Sequence[str], weights: np.ndarray) -> str:
    """The table of one sentence."""
    columns = source[:MAX_PIECES]
    head = "".join(f'<th scope="col"><span>{_piece(token)}</span></th>' for token in columns)
    body = "".join(
        _row(token, weights[index, : len(columns)]) for index, token in enumerate(target[:MAX_PIECES])
    )
    return f'<table class="attention"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>'


def _row(token: str, weights: np.ndarray) -> str:
    cells = "".join(_cell(weight) for weight in weights.tolist())
    return f'<tr><th scope="row">{_piece(token)}</th>{cells}</tr>'


def _cell(weight: float) -> str:
    if weight < MIN_SHOWN_WEIGHT:
        return "<td></td>"
    strong = ' class="strong"' if weight >= MIN_STRONG_WEIGHT else ""
    label = f"{100 * weight:.0f}" if weight >= MIN_LABELLED_WEIGHT else ""
    return f'<td{strong} style="--w:{weight:.2f}">{label}</td>'


def _piece(token: str) -> str:
    """A piece without SentencePiece's mark for a space. A piece inside of a word begins with a dot."""
    if token == EOS:
        return '<i title="end of the sentence">end</i>'
    if token.startswith("▁"):
        return escape(token[1:]) or "␣"
    return ("·" if token[:1].isalnum() else "") + escape(token)


def model_line(model: ModelInfo) -> str:
    """The line below the panes: which model, its training data and score, and that it can be wrong."""
    parts = [f"<b>{escape(model.name)}</b>", f"{model.parameters / 1e6:.1f} M parameters"]
    if model.data:
        parts.append(f"trained on {escape(model.data)}")
    parts.append(_score(model))
    return (
        f'<p class="provenance">{" · ".join(parts)}. A translation can be wrong, even if it reads well.</p>'
    )


def _score(model: ModelInfo) -> str:
    if model.bleu is None:
        return "not measured"
    return (
        f"BLEU {model.bleu:.1f} on its {escape(model.measured)} set "
        f'<code title="signature of the score, by sacreBLEU">{escape(model.signature)}</code>'
    )


def model_table(model: ModelInfo) -> str:
    """A table of facts about a model."""
    rows = {
        "Languages": escape(model.languages),
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
