"""The tab with the two panes: live translation, a button, and the details of a result.

Live translation needs a pause after the last key. gradio has no such debouncing, and it cannot be built from
its events: `Textbox.input` fires for keys only, not when text is pasted, deleted or composed; an async `js=`
that waits starts anew with every key, and each one sends its request in the end; a listener that cancels a
request runs after the one that sends it. So live.js listens to the input event of the browser: it clicks the
hidden stop button at once, and the translate button after a pause. Then there is only one request at a time,
and a stopped request never shows its result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from seq2seq.webui import markup
from seq2seq.webui.model_info import ModelInfo
from seq2seq.webui.request import MAX_BEAM, InvalidRequest
from seq2seq.webui.service import TranslationFailed, TranslationService

MAX_RADIO_CHOICES = 6  # more models are shown as a list, which is shorter but harder for screen readers
DEFAULT_N_BEST = 3  # translations listed at first: the beam has computed them anyway
TRANSLATE_LATER = "() => window.seq2seq.translateLater()"
MARK_CURRENT = "() => window.seq2seq.markCurrent()"
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


def add_tab(
    service: TranslationService, models: Sequence[ModelInfo], *, concurrency_id: str
) -> gr.Radio | gr.Dropdown:
    """Add the content of the tab to the page under construction. Returns the choice of the model."""
    first = models[0]
    model = _model_choice(models)
    with gr.Row(elem_id="panes", equal_height=True):
        with gr.Column(elem_classes="pane", min_width=300):
            source_header = _html(markup.source_header(first))
            text = _text_box()
        with gr.Column(elem_classes="pane", min_width=300):
            target_header = _html(markup.target_header(first))
            result = _html(markup.placeholder(), elem_id="result")
            alternatives = _html(elem_id="alternatives")
    with gr.Row(elem_id="controls"):
        button = gr.Button("Translate", variant="primary", elem_id="translate", min_width=140, scale=0)
        beam, n_best = _slider("Beam size", first.beam_size), _slider("Translations", _default_n_best(first))
        _html(markup.keys(), elem_id="keys")
        stop = gr.Button("Stop", elem_id="stop")
    examples = _html(_examples(first))
    model_line = _html(markup.model_line(first))
    attention = _html(elem_id="attention")

    request = button.click(
        _translate(service, {info.name: info for info in models}),
        [text, beam, n_best, model],
        [result, alternatives, attention],
        preprocess=False,  # `service` checks the raw values, with its own messages
        validator=_validator(service),
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_id=concurrency_id,
        concurrency_limit=None,
        api_name="page",  # not the name of the function, which is that of the endpoint for programs
        api_visibility="private",
    )
    request.success(None, js=MARK_CURRENT)  # does not run for a cancelled request
    stop.click(None, cancels=[request])
    gr.on([beam.change, n_best.change], None, js=TRANSLATE_LATER)
    beam.change(None, [beam, n_best], n_best, js="(beam, n) => Math.min(beam, n)")
    n_best.change(None, [beam, n_best], beam, js="(beam, n) => Math.max(beam, n)")
    if len(models) > 1:
        _update_on_change(model, models, [source_header, target_header, examples, model_line, beam, n_best])
        model.change(None, js=TRANSLATE_LATER)
    return model


def _model_choice(models: Sequence[ModelInfo]) -> gr.Radio | gr.Dropdown:
    """The choice of the model and its direction, hidden if there is only one."""
    kind = gr.Radio if len(models) <= MAX_RADIO_CHOICES else gr.Dropdown
    choices = [(f"{model.languages} · {model.model}", model.name) for model in models]
    return kind(choices, value=models[0].name, label="Model", elem_id="model", visible=len(models) > 1)


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


def _slider(label: str, value: int) -> gr.Slider:
    return gr.Slider(1, MAX_BEAM, value, step=1, label=label, min_width=150, buttons=[])


def _default_n_best(model: ModelInfo) -> int:
    return min(DEFAULT_N_BEST, model.beam_size)


def _translate(service: TranslationService, models: dict[str, ModelInfo]) -> Any:
    """The handler of a request. It yields the HTML of the result, several times for a long text."""

    def translate(text: Any, beam_size: Any, n_best: Any, model: Any) -> Iterator[tuple[Any, Any, Any]]:
        try:
            request = service.check(text, beam_size, n_best, model)
            code = models[request.model].target
            for partial in service.translate(request):
                translation = partial.translation
                html = markup.result(translation, source=request.text, code=code, last=partial.last)
                if partial.last:
                    yield html, markup.alternatives(translation, code=code), markup.attention(translation)
                else:
                    yield html, gr.skip(), gr.skip()
        except (InvalidRequest, TranslationFailed) as error:
            raise gr.Error(str(error), print_exception=False) from None

    return translate


def _validator(service: TranslationService) -> Any:
    """The check before a request enters the queue. The browser shows its message at the field."""

    def validate(text: Any, beam_size: Any, n_best: Any, model: Any) -> list[dict[str, Any]]:
        wrong, message = "", ""
        try:
            service.check(text, beam_size, n_best, model)
        except InvalidRequest as error:
            wrong, message = error.field, str(error)
        fields = ("text", "beam_size", "n_best", "model")
        return [gr.validate(field != wrong, message if field == wrong else "") for field in fields]

    return validate


def _update_on_change(
    choice: gr.Radio | gr.Dropdown, models: Sequence[ModelInfo], outputs: Sequence[gr.HTML | gr.Slider]
) -> None:
    """Show languages, examples, facts and default beam size of the model that is chosen."""
    contents = {
        model.name: (
            markup.source_header(model),
            markup.target_header(model),
            _examples(model),
            markup.model_line(model),
            model.beam_size,
            _default_n_best(model),
        )
        for model in models
    }
    first = contents[models[0].name]

    def show(name: Any) -> Any:
        return contents.get(name, first) if isinstance(name, str) else first

    choice.change(
        show, choice, list(outputs), preprocess=False, show_progress="hidden", api_visibility="private"
    )


def _html(value: str = "", **options: Any) -> gr.HTML:
    """HTML without the styles of gradio, which are made for prose."""
    return gr.HTML(value, apply_default_css=False, **options)


def _examples(model: ModelInfo) -> str:
    return markup.examples(EXAMPLES.get(model.source, ()))
