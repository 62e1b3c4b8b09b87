"""Limits on a translation request. They are checked in one place for all routes, before a model is called.

Messages name limits and numbers, but never the text of the request: they are sent back, and may be logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_CHARACTERS = 5000  # of a text: two or three pages, which take a few seconds on one core
MAX_BEAM = 10


class InvalidRequest(ValueError):
    """A request that is outside of the limits. `field` is the field of the request that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """A valid request. `model` is one of the served names."""

    text: str
    beam_size: int
    n_best: int
    model: str


def check_request(
    text: object, beam_size: object, n_best: object, model: object, *, default_beams: Mapping[str, int]
) -> Request:
    """Check the values of a request, which come from outside and may have any type.

    `default_beams` holds the served models, each with its default beam size. Without `model` the first one is
    used, without `beam_size` (None) the default of the model. Raises InvalidRequest.
    """
    name = _checked_model(model, default_beams)
    if beam_size is None:
        beam_size = default_beams[name]
    beam_size = _whole_number(beam_size, "beam_size", MAX_BEAM, f"1 to {MAX_BEAM}")
    n_best = _whole_number(n_best, "n_best", beam_size, f"1 to the beam size, which is {beam_size}")
    return Request(_checked_text(text), beam_size, n_best, name)


def _checked_model(model: object, default_beams: Mapping[str, int]) -> str:
    if model in (None, ""):
        return next(iter(default_beams))
    if not isinstance(model, str) or model not in default_beams:
        raise InvalidRequest(
            "model", f"There is no such model. The available models are: {', '.join(default_beams)}."
        )
    return model


def _checked_text(text: object) -> str:
    """The text with "\\n" as its only line end."""
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InvalidRequest("text", "The text must be a string.")
    if len(text) > MAX_CHARACTERS:
        raise InvalidRequest(
            "text", f"The text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed."
        )
    if "\0" in text:
        raise InvalidRequest("text", "The text contains a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest("text", "The text contains half of a character (a lone surrogate).") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _whole_number(value: object, field: str, highest: int, expected: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        raise InvalidRequest(field, f"{field} must be a whole number from {expected}.")
    return value
