"""The tab with the two panes: live translation, a button, and what there is to see of a result.

How live translation works. gradio has no debouncing, and its own means do not give it: `Textbox.input`
fires on key presses only, not when text is pasted, deleted or composed; an async `js=` that waits starts anew
with every key, and each sends its call in the end; a listener that cancels a call comes after the one that
makes it. So live.js listens to the browser's own event, presses the hidden stop button at once, and the other
after a pause. That button's call is then the only one, and one that was stopped never shows its result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from seq2seq.webui import markup
from seq2seq.webui.engine import Engine, Failure
from seq2seq.webui.facts import Facts, language
from seq2seq.webui.request import DEFAULT_BEAM, MAX_BEAM, Refusal

RADIO = 6  # models beyond these go into a list, which is harder for screen readers but does not fill the page
SHOWN = (
    3  # translations listed, unless the user chooses otherwise: they cost nothing, the beam has them anyway
)
LATER = "() => window.seq2seq.later()"
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


def add_tab(engine: Engine, models: Sequence[Facts], *, calls: str) -> gr.Radio | gr.Dropdown:
    """Add the tab's content to the page under construction; returns the choice of the model."""
    first = models[0]
    choose = gr.Radio if len(models) <= RADIO else gr.Dropdown
    choices = [(f"{_pair(model)} · {model.name}", model.name) for model in models]
    model = choose(choices, value=first.name, label="Model", elem_id="model", visible=len(models) > 1)
    with gr.Row(elem_id="panes", equal_height=True):
        with gr.Column(elem_classes="pane", min_width=300):
            source_head = _html(markup.source_head(first))
            text = gr.Textbox(
                label="Text to translate",
                show_label=False,
                container=False,
                lines=5,
                max_lines=14,
                placeholder="Type or paste a text",
                elem_id="source",
            )
        with gr.Column(elem_classes="pane", min_width=300):
            target_head = _html(markup.target_head(first))
            result = _html(markup.placeholder(), elem_id="result")
            alternatives = _html(elem_id="alternatives")
    with gr.Row(elem_id="controls"):
        button = gr.Button("Translate", variant="primary", elem_id="translate", min_width=140, scale=0)
        beam = gr.Slider(1, MAX_BEAM, DEFAULT_BEAM, step=1, label="Beam size", min_width=150, buttons=[])
        n_best = gr.Slider(1, MAX_BEAM, SHOWN, step=1, label="Translations", min_width=150, buttons=[])
        _html(markup.keys(), elem_id="keys")
        stop = gr.Button("Stop", elem_id="stop")
    examples = _html(_examples(first))
    provenance = _html(markup.provenance(first))
    attention = _html(elem_id="attention")

    inputs = [text, beam, n_best, model]
    call = button.click(
        _translate(engine, {facts.name: facts for facts in models}),
        inputs,
        [result, alternatives, attention],
        preprocess=False,  # values as they came: they are checked by our own rules, with our own words
        validator=_validator(engine),
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_id=calls,
        concurrency_limit=None,
        api_name="page",  # not the name of the function, which is that of the endpoint for programs
        api_visibility="private",
    )
    call.success(None, js="() => window.seq2seq.fresh()")  # a cancelled call never gets here
    stop.click(None, cancels=[call])
    gr.on([beam.change, n_best.change], None, js=LATER)
    beam.change(None, [beam, n_best], n_best, js="(beam, n) => Math.min(beam, n)")
    n_best.change(None, [beam, n_best], beam, js="(beam, n) => Math.max(beam, n)")
    if len(models) > 1:
        _follow(model, models, [source_head, target_head, examples, provenance])
        model.change(None, js=LATER)
    return model


def _translate(engine: Engine, models: dict[str, Facts]) -> Any:
    """The handler: text, beam size, n-best and model give the result's HTML, in parts while it grows."""

    def translate(text: Any, beam_size: Any, n_best: Any, model: Any) -> Iterator[tuple[Any, Any, Any]]:
        try:
            request = engine.check(text, beam_size, n_best, model)
            code = models[request.model].target
            for step in engine.translate(request):
                found = step.translation
                shown = markup.result(found, source=request.text, code=code, last=step.last)
                if step.last:
                    yield shown, markup.alternatives(found, code=code), markup.attention(found)
                else:
                    yield shown, gr.skip(), gr.skip()
        except (Refusal, Failure) as error:
            raise gr.Error(str(error), print_exception=False) from None

    return translate


def _validator(engine: Engine) -> Any:
    """The same check before a call gets a place in the queue; the browser shows its words at the field."""

    def validate(text: Any, beam_size: Any, n_best: Any, model: Any) -> list[dict[str, Any]]:
        wrong, message = "", ""
        try:
            engine.check(text, beam_size, n_best, model)
        except Refusal as error:
            wrong, message = error.field, str(error)
        fields = ("text", "beam_size", "n_best", "model")
        return [gr.validate(field != wrong, message if field == wrong else "") for field in fields]

    return validate


def _follow(model: gr.Radio | gr.Dropdown, models: Sequence[Facts], outputs: Sequence[gr.HTML]) -> None:
    """Languages, examples and the line below follow the choice of the model."""
    shown = {
        facts.name: (
            markup.source_head(facts),
            markup.target_head(facts),
            _examples(facts),
            markup.provenance(facts),
        )
        for facts in models
    }

    def show(name: Any) -> Any:
        return shown.get(name, shown[models[0].name]) if isinstance(name, str) else shown[models[0].name]

    model.change(
        show, model, list(outputs), preprocess=False, show_progress="hidden", api_visibility="private"
    )


def _html(value: str = "", **options: Any) -> gr.HTML:
    """HTML without gradio's own styles, which are meant for prose."""
    return gr.HTML(value, apply_default_css=False, **options)


def _examples(model: Facts) -> str:
    return markup.examples(EXAMPLES.get(model.source, ()))


def _pair(model: Facts) -> str:
    return f"{language(model.source)} → {language(model.target)}"
