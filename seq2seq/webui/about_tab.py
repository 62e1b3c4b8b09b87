"""The tab about the model: a table of facts, and the model card. It follows the choice of the model."""

from __future__ import annotations

import re
from collections.abc import Sequence

import gradio as gr

from seq2seq.serving.service import TranslationService
from seq2seq.webui import markup
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.panes import each

_CODE = re.compile(r"`[^`\n]*`")


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    gr.HTML(each(models, "div", [markup.model_table(model) for model in models]), apply_default_css=False)
    for number, model in enumerate(models):
        # static/direction.js shows the card of the chosen model: its class ends in the model's number.
        gr.Markdown(
            _shown(model.card),
            elem_classes=["card-text", f"card-{number}"],
            sanitize_html=True,
            container=False,
        )


def _shown(card: str) -> str:
    """A model card without the YAML block at its top, and with "|" escaped inside code in tables."""
    if card.startswith("---\n"):
        _, _, card = card[4:].partition("\n---\n")
    lines = [_escaped(line) if line.startswith("|") else line for line in card.strip().split("\n")]
    return "\n".join(lines)


def _escaped(row: str) -> str:
    """A row of a table whose code does not end a cell."""
    return _CODE.sub(lambda code: re.sub(r"(?<!\\)\|", r"\\|", code[0]), row)
