"""The endpoint for programs, `/translate`: text and settings in, translation and details out.

from gradio_client import Client
text, result = Client("http://127.0.0.1:7860").predict("Good morning.", api_name="/translate")
"""

# gradio reads the types of an endpoint from its annotations, so this file does not postpone them.

from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.events import api

from seq2seq.gateway.endpoint import NAME, result
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.service import TranslationFailed, TranslationService


def add_endpoint(service: TranslationService, *, concurrency_id: str, concurrency_limit: int) -> None:
    """Add `/translate` to the page under construction, with a queue limit of its own."""

    def translate(
        text: str,
        beam_size: int | None = None,
        n_best: int = 1,
        model: str = next(iter(service.directions)),
        glossary: dict | None = None,
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Translate a text. With `n_best` above 1 the result has the other hypotheses of the beam as well.

        Without `beam_size` the beam size of the model is used. `glossary` is an object of terms with their
        translations; an empty one keeps the term as it is. Returns the translation and an object with
        model, score, log_prob, confidence, the words and tokens of both sides, word alignment, alternatives
        and a note, which says why some of the text was left as it was. Of several sentences the finished ones
        are returned first, with `done` false.
        """
        try:
            request = service.check(text, beam_size, n_best, model, glossary)
            for partial in service.translate(request):
                translation = partial.translation
                yield translation.text, result(translation, request.model, done=partial.last)
        except (InvalidRequest, TranslationFailed) as error:
            raise gr.Error(str(error), print_exception=False) from None

    translate.__annotations__["return"] = tuple[str, dict]  # of each item, for the description by gradio
    api(
        translate,
        api_name=NAME,
        concurrency_id=concurrency_id,
        concurrency_limit=concurrency_limit,
    )
