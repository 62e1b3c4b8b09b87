"""The models behind the page: directions, turns to compute, and recent translations.

A request whose client has left goes on until its present batch of sentences is done. The limit holds for
these too: every batch needs a turn to compute, and ends it before a result is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from seq2seq.alternatives import Alternative
from seq2seq.completion import Completion
from seq2seq.live import LiveTranslator
from seq2seq.serving import sentences
from seq2seq.serving.cache import Key, TranslationCache
from seq2seq.serving.limits import Limits
from seq2seq.serving.live_sessions import LiveSessions
from seq2seq.serving.metrics import Metrics
from seq2seq.serving.request import MAX_BEAM, InvalidRequest, Request, check_request
from seq2seq.serving.sentences import Piece
from seq2seq.serving.turns import Busy, Stopped, Turns
from seq2seq.translation import Translation, Word
from seq2seq.translator import Translator

MAX_ALTERNATIVES = 6
MAX_COMPLETIONS = 5
MAX_BATCH = 8  # sentences that are translated at once; the first one alone, so that it is there soon

BUSY = "The server is busy. Please try again in a moment."
STOPPING = "The server is stopping."
FAILED = "The model could not translate this text."

Done = tuple[Piece, Translation]

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
    The languages of a direction are "" if the model does not say them.
    """
    directions = {}
    for model, translator in translators.items():
        for source, target in translator.directions or (("", ""),):
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

    def __init__(self, translators: Mapping[str, Translator], *, limits: Limits | None = None) -> None:
        self.directions = served_directions(translators)
        self.limits = limits or Limits()
        self.turns = Turns(self.limits.concurrency)
        self.metrics = Metrics("translation", "alternatives", "completion")
        self.cache = TranslationCache()
        self.sessions = LiveSessions()

    def check(
        self, text: object, beam_size: object, n_best: object, model: object, glossary: object = None
    ) -> Request:
        """The values as a valid request. Raises InvalidRequest."""
        default_beams = {name: direction.beam_size for name, direction in self.directions.items()}
        return check_request(
            text,
            beam_size,
            n_best,
            model,
            glossary,
            default_beams=default_beams,
            max_characters=self.limits.characters,
        )

    def stop(self) -> None:
        """Translate no more. Requests that run get TranslationFailed after their present batch."""
        self.turns.stop()

    def translate(self, request: Request) -> Iterator[PartialResult]:
        """Translate sentence by sentence. Yields the growing text, and the whole result at the end.

        Raises TranslationFailed.
        """
        number = len(self._pieces(request))
        done = list[Done]()
        for new in self.sentences(request):
            done += new
            pieces, translations = zip(*done, strict=True)
            if len(done) < number:
                text = sentences.joined_text(pieces, translations)
                yield PartialResult(Translation(text), last=False)
        yield PartialResult(sentences.joined(pieces, translations), last=True)

    def sentences(self, request: Request, *, session: str = "") -> Iterator[list[Done]]:
        """Yields the sentences of a text with their translations, some at a time.

        This is a generator so that a request can be cancelled: closing it stops the work before the next
        batch of sentences. It never has a turn while it is suspended. Raises TranslationFailed.

        Args:
            request: what to translate.
            session: name of a page in which the text is being typed; its last sentence is then translated
                as far as it goes, by a `LiveTranslator`.
        """
        with self.metrics.request("translation", len(request.text)):
            yield from self._sentences(request, session)

    def _sentences(self, request: Request, session: str) -> Iterator[list[Done]]:
        pieces, size = self._pieces(request), 1
        typed = bool(session) and not pieces[-1].blank
        last = pieces.pop() if typed else None
        while pieces:
            batch = self._next_batch(pieces, request, size)
            yield list(zip(batch, self._translate_batch(batch, request), strict=True))
            pieces, size = pieces[len(batch) :], min(2 * size, MAX_BATCH)
        if last is not None:
            yield [(last, self._typed(last, request, session))]

    def alternatives(self, request: Request, before: str, word: str, after: str) -> list[Alternative]:
        """Other words for `word` in the translation of the sentence `request.text`: `before + word + after`.

        Raises InvalidRequest if there is no word, and TranslationFailed.
        """
        if not word.strip():
            raise InvalidRequest("word", "The word is blank.")
        present = Translation(
            before + word + after, words=(Word(word, len(before), len(before) + len(word)),)
        )
        translator, options = self._translator(request)
        with self.metrics.request("alternatives", len(request.text)), self._turn(request):
            return translator.alternatives(
                request.text, present, 0, n=MAX_ALTERNATIVES, beam_size=request.beam_size, **options
            )

    def complete(self, request: Request, prefix: str) -> tuple[list[Completion], Translation]:
        """Likely continuations of `prefix`, and the whole translation that begins with it.

        Raises TranslationFailed.
        """
        translator, options = self._translator(request)
        with self.metrics.request("completion", len(request.text)), self._turn(request):
            words = translator.complete(request.text, prefix, n=MAX_COMPLETIONS, **options)
            whole = translator.translate(request.text, prefix=prefix, beam_size=request.beam_size, **options)
        return words, whole

    def _pieces(self, request: Request) -> list[Piece]:
        """The sentences of a text, or its lines if the model translates whole lines."""
        direction = self.directions[request.model]
        whole_lines = not direction.translator.decoding.sentences
        return sentences.split(request.text, direction.source_language, whole_lines=whole_lines)

    def _next_batch(self, pieces: Sequence[Piece], request: Request, size: int) -> Sequence[Piece]:
        """The first pieces, as many as need no more than `size` translations that are not in the cache."""
        new = 0
        for number, piece in enumerate(pieces):
            new += not piece.blank and self.cache.get(_key(request, piece.text)) is None
            if new > size:
                return pieces[:number]
        return pieces

    def _translate_batch(self, pieces: Sequence[Piece], request: Request) -> list[Translation]:
        """The translations of pieces, from the cache where they are there. Blank pieces stay as they are."""
        texts = dict.fromkeys(piece.text for piece in pieces if not piece.blank)
        results = {text: self.cache.get(_key(request, text)) for text in texts}
        new = [text for text, result in results.items() if result is None]
        for text, translation in zip(new, self._compute(new, request) if new else [], strict=True):
            self.cache.put(_key(request, text), translation)
            results[text] = translation
        return [results.get(piece.text) or Translation(piece.text) for piece in pieces]

    def _compute(self, texts: list[str], request: Request) -> list[Translation]:
        translator, options = self._translator(request)

        def compute(texts: list[str]) -> list[Translation]:
            return translator.translate(texts, beam_size=request.beam_size, n_best=request.n_best, **options)

        with self._failures(request):
            return self.turns.together(replace(request, text=""), texts, compute)

    def _typed(self, piece: Piece, request: Request, session: str) -> Translation:
        """The last sentence as far as it is typed, with the space behind it: it tells that a word is over."""
        translator, options = self._translator(request)
        kind = replace(request, text="")
        make = partial(LiveTranslator, translator, beam_size=request.beam_size, **options)
        with self._turn(request):
            return self.sessions.update(session, kind, make, request.text[piece.start :])

    def _translator(self, request: Request) -> tuple[Translator, dict[str, Any]]:
        """What translates a request, and the arguments that all of its methods need."""
        direction = self.directions[request.model]
        glossary = dict(request.glossary) or None
        target = direction.target_language or None  # "" if it is unknown
        return direction.translator, {"target_language": target, "glossary": glossary}

    @contextmanager
    def _turn(self, request: Request) -> Iterator[None]:
        """A turn for work on a request. What goes wrong in it is a TranslationFailed."""
        with self._failures(request), self.turns.alone():
            yield

    @contextmanager
    def _failures(self, request: Request) -> Iterator[None]:
        """Turn what goes wrong into TranslationFailed: the message of an error may hold paths or the text."""
        try:
            yield
        except Stopped:
            raise TranslationFailed(STOPPING) from None
        except Busy:
            self.metrics.count_busy()
            raise TranslationFailed(BUSY) from None
        except Exception as error:
            self.metrics.count_error()
            log.error("translating with %s failed: %s", request.model, type(error).__name__)
            raise TranslationFailed(FAILED) from None


def _key(request: Request, sentence: str) -> Key:
    return Key(request.model, request.beam_size, request.n_best, sentence, request.glossary)
