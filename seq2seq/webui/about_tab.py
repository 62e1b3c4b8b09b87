"""The tab about the model: a table of facts, and the model card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from seq2seq.webui import markup
from seq2seq.webui.model_info import ModelInfo


def add_tab(models: Sequence[ModelInfo], choice: gr.Radio | gr.Dropdown) -> None:
    """Add the content of the tab to the page under construction. It changes with `choice`, the model."""
    contents = {model.name: (markup.model_table(model), _without_metadata(model.card)) for model in models}
    first = contents[models[0].name]
    table = gr.HTML(first[0], apply_default_css=False)
    card = gr.Markdown(first[1], elem_id="card", sanitize_html=True)
    if len(models) > 1:

        def show(name: Any) -> Any:
            return contents.get(name, first) if isinstance(name, str) else first

        choice.change(
            show, choice, [table, card], preprocess=False, show_progress="hidden", api_visibility="private"
        )


def _without_metadata(card: str) -> str:
    """A model card without the YAML block at its top, which is for programs."""
    if card.startswith("---\n"):
        _, _, card = card[4:].partition("\n---\n")
    return card.strip()
