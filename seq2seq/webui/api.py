"""The endpoint for programs: `/translate`, text and settings in, text and a structured result out.

from gradio_client import Client
text, result = Client("http://127.0.0.1:7860").predict("Good morning.", api_name="/translate")
"""

# gradio reads the types of an endpoint from its annotations, so they are not postponed in this file.

from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.events import api

from seq2seq.translation import Translation
from seq2seq.webui.engine import Engine, Failure
from seq2seq.webui.request import DEFAULT_BEAM, Refusal


def add_endpoint(engine: Engine, *, calls: str) -> None:
    """Add `/translate` to the page under construction; it shares the queue's limit named `calls`."""

    def translate(
        text: str, beam_size: int = DEFAULT_BEAM, n_best: int = 1, model: str = engine.models[0]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Translate a text; `n_best` above 1 also gives the other hypotheses of the beam.

        Returns the translation and an object with model, score, log_prob, confidence, words, tokens, word
        alignment and alternatives. A long text gives its finished lines before, with `done` false.
        """
        try:
            request = engine.check(text, beam_size, n_best, model)
            for step in engine.translate(request):
                yield step.translation.text, result(step.translation, request.model, done=step.last)
        except (Refusal, Failure) as error:
            raise gr.Error(str(error), print_exception=False) from None

    translate.__annotations__["return"] = tuple[str, dict]  # of each item: what gradio's description shows
    api(translate, api_name="translate", concurrency_id=calls, concurrency_limit=None)


def result(translation: Translation, model: str, *, done: bool) -> dict[str, Any]:
    """The JSON form of a translation, with the name of the model and whether it is `done`."""
    return {"model": model, "done": done, **translation.to_dict()}
