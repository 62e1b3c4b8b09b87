"""The tab with the two panes. Its scripts in `static/` translate through the routes of live.py.

Events of gradio would not do: they cannot be cancelled before the server has taken them, and their results
are shown even if the text has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from seq2seq.serving.service import TranslationService
from seq2seq.webui import panes
from seq2seq.webui.model_info import ModelInfo


def add_tab(service: TranslationService, models: Sequence[ModelInfo]) -> None:
    """Add the content of the tab to the page under construction."""
    gr.HTML(panes.translator(models, service.limits.characters), apply_default_css=False)
