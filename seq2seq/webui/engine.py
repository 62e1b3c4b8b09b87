"""The models behind the page, and turns at them.

Whatever the web framework does with calls that were cancelled or whose client went away, no more than so many
computations run at once: each takes a turn, and gives it back before its result is sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from seq2seq.translation import Translation, join
from seq2seq.translator import Translator
from seq2seq.webui.request import Request, check

TURNS = 2  # computations at once: torch's own threads already share the cores
PATIENCE = 25.0  # seconds that a call waits for its turn before it is told that the server is busy
PERIOD = 0.1  # seconds between partial results: often enough to watch, seldom enough to cost nothing

log = logging.getLogger(__name__)


class Failure(RuntimeError):
    """A call that did not work out; the message is fit for users."""


@dataclass(frozen=True)
class Step:
    """A result as far as it is known; the `last` one has everything."""

    translation: Translation
    last: bool


@dataclass
class Engine:
    """Translators by the names that users see."""

    translators: Mapping[str, Translator]
    turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(TURNS))

    @property
    def models(self) -> list[str]:
        """Names, the default model first."""
        return list(self.translators)

    def check(self, text: object, beam_size: object, n_best: object, model: object) -> Request:
        """The request, or a `Refusal`."""
        return check(text, beam_size, n_best, model, models=self.models)

    def translate(self, request: Request) -> Iterator[Step]:
        """Translate line by line; lines that are ready come every `PERIOD` seconds, all of it in the end.

        This is a generator so that a call can be abandoned: closing it stops the work at the next line. It is
        never suspended while it holds a turn.
        """
        lines = request.text.split("\n")
        parts, shown = list[Translation](), time.monotonic()
        for number, line in enumerate(lines, start=1):
            parts.append(self._line(line, request) if line.strip() else Translation(line))
            if number == len(lines):
                yield Step(join(parts, ["\n"] * (number - 1) + [""]), last=True)
            elif time.monotonic() - shown >= PERIOD:
                yield Step(Translation("\n".join(part.text for part in parts)), last=False)
                shown = time.monotonic()

    def _line(self, line: str, request: Request) -> Translation:
        if not self.turns.acquire(timeout=PATIENCE):
            raise Failure("The server is busy. Please try again in a moment.")
        try:
            translator = self.translators[request.model]
            return translator.translate(line, beam_size=request.beam_size, n_best=request.n_best)
        except Exception as error:
            # What an error says may hold paths or the text: its kind is all that is logged.
            log.error("translating with %s failed: %s", request.model, type(error).__name__)
            raise Failure("The model could not translate this text.") from None
        finally:
            self.turns.release()
