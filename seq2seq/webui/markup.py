"""What is known of a model, as HTML. All text goes through `html.escape`, whatever its source."""

from __future__ import annotations

from html import escape

from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.strings import html


def model_line(model: ModelInfo) -> str:
    """The line below the panes: which model, its score, and that it can be wrong."""
    score = "" if model.bleu is None else f" · BLEU {model.bleu:.1f}"
    return (
        f'<p class="provenance"><b>{escape(model.name)}</b> · {model.parameters / 1e6:.1f} M{score}. '
        f"{html('span', 'translate.wrong')}</p>"
    )


def _score(model: ModelInfo) -> str:
    if model.bleu is None:
        return ""
    return (
        f"BLEU {model.bleu:.1f} ({escape(model.measured)}) "
        f'<code title="signature of the score, by sacreBLEU">{escape(model.signature)}</code>'
    )


def facts(model: ModelInfo) -> str:
    """A table of facts about a model."""
    rows = {
        "languages": escape(model.languages),
        "network": escape(model.network),
        "parameters": f"{model.parameters:,}",
        "data": escape(model.data),
        "quality": _score(model),
    }
    table = "".join(
        f"<tr>{html('th', f'about.{name}', scope='row')}<td>{value}</td></tr>"
        for name, value in rows.items()
        if value
    )
    return f'<table class="facts">{table}</table>'


def model_table(model: ModelInfo) -> str:
    """A card with the facts about a model."""
    return f'<section class="card"><h2>{escape(model.name)}</h2>{facts(model)}</section>'
