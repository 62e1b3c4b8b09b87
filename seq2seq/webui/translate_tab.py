"""The tab with the two panes: live translation, a button, and the details of a result.

live.js translates through the route `/live` and shows the results. An event of gradio would not do: it cannot
be cancelled before the server has taken it, and its result is shown even if the text has changed meanwhile.
gradio's events serve the choice of the model and the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from seq2seq.webui import panes
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.request import MAX_BEAM

MAX_RADIO_CHOICES = 6  # more models are shown as a list, which is shorter but harder for screen readers


def add_tab(models: Sequence[ModelInfo]) -> gr.Radio | gr.Dropdown:
    """Add the content of the tab to the page under construction. Returns the choice of the model."""
    first = models[0]
    model = _model_choice(models)
    with gr.Row(elem_id="panes", equal_height=True):
        with gr.Column(elem_classes="pane", min_width=300):
            _html(panes.source_header(models))
            _text_box()
        _html(panes.swap(models), elem_id="between")
        with gr.Column(elem_classes="pane", min_width=300):
            _html(panes.target_pane(models))
    with gr.Row(elem_id="controls"):
        gr.Button("Translate", variant="primary", elem_id="translate", min_width=140, scale=0)
        beam = _slider("Beam size", first.beam_size, "beam")
        n_best = _slider("Translations", panes.default_n_best(first), "best")
        _html(panes.keys(), elem_id="keys")
    _html(panes.examples(models))
    _html(panes.model_lines(models))
    _html('<div id="attention"></div>')

    numbers = [beam, n_best]
    beam.change(None, numbers, n_best, js="(beam, best) => window.seq2seq.beamChanged(beam, best)")
    n_best.change(None, numbers, beam, js="(beam, best) => window.seq2seq.bestChanged(beam, best)")
    if len(models) > 1:
        model.change(None, model, numbers, js="(name) => window.seq2seq.choose(name)")
        choose = gr.Button("Choose", elem_id="choose", visible="hidden")  # live.js clicks it after a swap
        choose.click(None, None, model, js="() => window.seq2seq.chosen()")
    return model


def _model_choice(models: Sequence[ModelInfo]) -> gr.Radio | gr.Dropdown:
    """The choice of the model and its direction. It is hidden where the swap button is all that is needed."""
    kind = gr.Radio if len(models) <= MAX_RADIO_CHOICES else gr.Dropdown
    choices = [(f"{model.languages} · {model.model}", model.name) for model in models]
    pair = len(models) == 2 and models[0].reverse == models[1].name
    visible: Any = "hidden" if pair else len(models) > 1
    return kind(choices, value=models[0].name, label="Model", elem_id="model", visible=visible)


def _text_box() -> gr.Textbox:
    return gr.Textbox(
        label="Text to translate",
        show_label=False,
        container=False,
        lines=5,
        max_lines=14,
        placeholder="Type or paste a text",
        elem_id="source",
    )


def _slider(label: str, value: int, name: str) -> gr.Slider:
    return gr.Slider(1, MAX_BEAM, value, step=1, label=label, min_width=150, buttons=[], elem_id=name)


def _html(value: str, **options: Any) -> gr.HTML:
    """HTML without the styles of gradio, which are made for prose."""
    return gr.HTML(value, apply_default_css=False, **options)
