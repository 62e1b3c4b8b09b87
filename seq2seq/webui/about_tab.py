"""The tab that says what is known of the model: facts, and the card that came with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from seq2seq.webui import markup
from seq2seq.webui.facts import Facts


def add_tab(models: Sequence[Facts], cards: Mapping[str, str], choice: gr.Radio | gr.Dropdown) -> None:
    """Add the tab's content to the page under construction; it follows `choice`. `cards` go by model name."""
    shown = {facts.name: (markup.about(facts), _body(cards[facts.name])) for facts in models}
    first = shown[models[0].name]
    table = gr.HTML(first[0], apply_default_css=False)
    card = gr.Markdown(first[1], elem_id="card", sanitize_html=True)
    if len(models) > 1:

        def show(name: Any) -> Any:
            return shown.get(name, first) if isinstance(name, str) else first

        choice.change(
            show, choice, [table, card], preprocess=False, show_progress="hidden", api_visibility="private"
        )


def _body(card: str) -> str:
    """A model card without the block of metadata at its top, which is for programs."""
    if card.startswith("---\n"):
        _, _, card = card[4:].partition("\n---\n")
    return card.strip()
