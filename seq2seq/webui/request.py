"""What a call may ask for: checked in one place, whichever way the call came in, before a model is touched.

Messages name limits and numbers, never the text that was sent: they go back to the sender, and into logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_CHARACTERS = 2000  # of a text: about a page, a second or two on one core
MAX_BEAM = 10
DEFAULT_BEAM = 5


class Refusal(ValueError):
    """A request that is not carried out, and which `field` of it is why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """A checked request. `model` is one of the names that are served."""

    text: str
    beam_size: int
    n_best: int
    model: str


def check(
    text: object, beam_size: object, n_best: object, model: object, *, models: Sequence[str]
) -> Request:
    """The request, or a `Refusal`. Values come from outside, so their types are checked too.

    No `model` means the first one.
    """
    beam_size = _whole_number(beam_size, "beam_size", MAX_BEAM, f"1 to {MAX_BEAM}")
    n_best = _whole_number(n_best, "n_best", beam_size, f"1 to the beam size, which is {beam_size}")
    if model in (None, ""):
        model = models[0]
    if not isinstance(model, str) or model not in models:
        raise Refusal("model", f"There is no such model here. There is: {', '.join(models)}.")
    return Request(_text(text), beam_size, n_best, model)


def _text(text: object) -> str:
    if text is None:
        return ""
    if not isinstance(text, str):
        raise Refusal("text", "The text must be a string.")
    if len(text) > MAX_CHARACTERS:
        raise Refusal(
            "text",
            f"The text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are translated at once.",
        )
    if "\0" in text:
        raise Refusal("text", "The text holds a NUL character, which no text should.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refusal("text", "The text holds half of a character (a lone surrogate).") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _whole_number(value: object, field: str, highest: int, expected: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        raise Refusal(field, f"{field} must be a whole number from {expected}.")
    return value
