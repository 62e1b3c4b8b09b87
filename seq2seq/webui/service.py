"""The models behind the page, and the limit on how many requests compute at once.

gradio goes on computing for requests that were cancelled or whose client has left. The limit holds for these
too: every request needs a slot to compute, and gives it back before its result is sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore

from seq2seq.translation import Translation, join
from seq2seq.translator import Translator
from seq2seq.webui.request import MAX_BEAM, Request, check_request

MAX_CONCURRENT = 2  # requests that compute at once: the threads of torch already use all cores
SLOT_TIMEOUT = 25.0  # seconds that a request waits for a slot before the server reports that it is busy
UPDATE_INTERVAL = 0.1  # seconds between partial results

log = logging.getLogger(__name__)


class TranslationFailed(RuntimeError):
    """A request that failed. The message is meant for users."""


@dataclass(frozen=True)
class PartialResult:
    """The translation so far. A result that is not `last` has only the text."""

    translation: Translation
    last: bool


@dataclass(frozen=True)
class Direction:
    """One language direction of a model. `model` is the name of the model."""

    model: str
    translator: Translator
    source_language: str
    target_language: str

    @property
    def beam_size(self) -> int:
        """The beam size that the model was saved with, up to the limit of requests."""
        return min(self.translator.decoding.beam_size, MAX_BEAM)


def served_directions(translators: Mapping[str, Translator]) -> dict[str, Direction]:
    """All directions of all models, by the names that requests use.

    A model with one direction is served under its own name, one with several as "NAME:SOURCE-TARGET" each.
    """
    directions = {}
    for model, translator in translators.items():
        for source, target in translator.directions:
            name = f"{model}:{source}-{target}" if len(translator.directions) > 1 else model
            directions[name] = Direction(model, translator, source, target)
    return directions


class TranslationService:
    """Translates requests with one of the models; the first one is the default."""

    def __init__(self, translators: Mapping[str, Translator]) -> None:
        self.directions = served_directions(translators)
        self.slots = BoundedSemaphore(MAX_CONCURRENT)

    def check(self, text: object, beam_size: object, n_best: object, model: object) -> Request:
        """The values as a valid request. Raises InvalidRequest."""
        default_beams = {name: direction.beam_size for name, direction in self.directions.items()}
        return check_request(text, beam_size, n_best, model, default_beams=default_beams)

    def translate(self, request: Request) -> Iterator[PartialResult]:
        """Translate line by line. Yields the finished lines every `UPDATE_INTERVAL`, and all at the end.

        This is a generator so that a request can be cancelled: closing it stops the work before the next
        line. It never holds a slot while it is suspended. Raises TranslationFailed.
        """
        lines = request.text.split("\n")
        parts, last_update = list[Translation](), time.monotonic()
        for number, line in enumerate(lines, start=1):
            parts.append(self._translate_line(line, request) if line.strip() else Translation(line))
            if number == len(lines):
                yield PartialResult(join(parts, ["\n"] * (number - 1) + [""]), last=True)
            elif time.monotonic() - last_update >= UPDATE_INTERVAL:
                yield PartialResult(Translation("\n".join(part.text for part in parts)), last=False)
                last_update = time.monotonic()

    def _translate_line(self, line: str, request: Request) -> Translation:
        if not self.slots.acquire(timeout=SLOT_TIMEOUT):
            raise TranslationFailed("The server is busy. Please try again in a moment.")
        try:
            direction = self.directions[request.model]
            return direction.translator.translate(
                line,
                target_language=direction.target_language,
                beam_size=request.beam_size,
                n_best=request.n_best,
            )
        except Exception as error:
            # The message of an error may contain paths or the text, so only its type is logged.
            log.error("translating with %s failed: %s", request.model, type(error).__name__)
            raise TranslationFailed("The model could not translate this text.") from None
        finally:
            self.slots.release()
