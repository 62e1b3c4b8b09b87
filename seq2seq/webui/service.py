"""The models behind the page, the limit on how many requests compute at once, and recent translations.

A request whose client has left goes on until its present batch of sentences is done. The limit holds for
these too: every batch needs a slot to compute, and gives it back before a result is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore

from seq2seq.translation import Translation
from seq2seq.translator import Translator
from seq2seq.webui import sentences
from seq2seq.webui.cache import Key, TranslationCache
from seq2seq.webui.request import MAX_BEAM, Request, check_request

MAX_CONCURRENT = 2  # requests that compute at once: the threads of torch already use all cores
SLOT_TIMEOUT = 25.0  # seconds that a request waits for a slot before the server reports that it is busy
MAX_BATCH = 8  # sentences that are translated at once; the first one alone, so that it is there soon

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


def reverse_of(name: str, directions: Mapping[str, Direction]) -> str | None:
    """The direction that translates the other way round, of the same model if it has one, or None."""
    direction = directions[name]
    languages = (direction.target_language, direction.source_language)
    reverses = [
        (other.model != direction.model, number, other_name)
        for number, (other_name, other) in enumerate(directions.items())
        if (other.source_language, other.target_language) == languages and other_name != name
    ]
    return min(reverses)[2] if reverses else None


class TranslationService:
    """Translates requests with one of the models; the first one is the default."""

    def __init__(self, translators: Mapping[str, Translator]) -> None:
        self.directions = served_directions(translators)
        self.slots = BoundedSemaphore(MAX_CONCURRENT)
        self.cache = TranslationCache()

    def check(self, text: object, beam_size: object, n_best: object, model: object) -> Request:
        """The values as a valid request. Raises InvalidRequest."""
        default_beams = {name: direction.beam_size for name, direction in self.directions.items()}
        return check_request(text, beam_size, n_best, model, default_beams=default_beams)

    def translate(self, request: Request) -> Iterator[PartialResult]:
        """Translate sentence by sentence. Yields the growing text, and the whole result at the end.

        This is a generator so that a request can be cancelled: closing it stops the work before the next
        batch of sentences. It never holds a slot while it is suspended. Raises TranslationFailed.
        """
        direction = self.directions[request.model]
        whole_lines = not direction.translator.decoding.sentences
        pieces = sentences.split(request.text, direction.source_language, whole_lines=whole_lines)
        done, size = list[Translation](), 1
        while len(done) < len(pieces):
            batch = self._next_batch(pieces[len(done) :], request, size)
            done += self._translate_batch(batch, request)
            size = min(2 * size, MAX_BATCH)
            if len(done) < len(pieces):
                yield PartialResult(Translation(sentences.joined_text(pieces, done)), last=False)
        yield PartialResult(sentences.joined(pieces, done), last=True)

    def _next_batch(
        self, pieces: Sequence[sentences.Piece], request: Request, size: int
    ) -> Sequence[sentences.Piece]:
        """The first pieces, as many as need no more than `size` translations that are not in the cache."""
        new = 0
        for number, piece in enumerate(pieces):
            new += not piece.blank and self.cache.get(_key(request, piece.text)) is None
            if new > size:
                return pieces[:number]
        return pieces

    def _translate_batch(self, pieces: Sequence[sentences.Piece], request: Request) -> list[Translation]:
        """The translations of pieces, from the cache where they are there. Blank pieces stay as they are."""
        texts = dict.fromkeys(piece.text for piece in pieces if not piece.blank)
        results = {text: self.cache.get(_key(request, text)) for text in texts}
        new = [text for text, result in results.items() if result is None]
        for text, translation in zip(new, self._compute(new, request) if new else [], strict=True):
            self.cache.put(_key(request, text), translation)
            results[text] = translation
        return [results.get(piece.text) or Translation(piece.text) for piece in pieces]

    def _compute(self, texts: list[str], request: Request) -> list[Translation]:
        if not self.slots.acquire(timeout=SLOT_TIMEOUT):
            raise TranslationFailed("The server is busy. Please try again in a moment.")
        try:
            direction = self.directions[request.model]
            return direction.translator.translate(
                texts,
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


def _key(request: Request, sentence: str) -> Key:
    return Key(request.model, request.beam_size, request.n_best, sentence)
