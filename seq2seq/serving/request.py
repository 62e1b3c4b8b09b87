"""Limits on a translation request. They are checked in one place for all routes, before a model is called.

Messages name limits and numbers, but never the text of the request: they are sent back, and may be logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seq2seq.errors import UsageError
from seq2seq.preparation.glossary import Glossary

MAX_CHARACTERS = 5000  # of a text, by default: two or three pages, which take a few seconds on one core
MAX_BEAM = 10
MAX_TERMS = 200  # of a glossary
MAX_TERM = 100  # characters of a term, and of its translation


class InvalidRequest(ValueError):
    """A request that is outside of the limits. `field` is the field of the request that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """A valid request. `model` is one of the served names; `glossary` holds terms with their translations."""

    text: str
    beam_size: int
    n_best: int
    model: str
    glossary: tuple[tuple[str, str], ...] = ()


def check_request(
    text: object,
    beam_size: object,
    n_best: object,
    model: object,
    glossary: object = None,
    *,
    default_beams: Mapping[str, int],
    max_characters: int = MAX_CHARACTERS,
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
    text = checked_text(text, most=max_characters)
    return Request(text, beam_size, n_best, name, _checked_glossary(glossary))


def _checked_model(model: object, default_beams: Mapping[str, int]) -> str:
    if model in (None, ""):
        return next(iter(default_beams))
    if not isinstance(model, str) or model not in default_beams:
        raise InvalidRequest(
            "model", f"There is no such model. The available models are: {', '.join(default_beams)}."
        )
    return model


def checked_text(text: object, field: str = "text", *, most: int = MAX_CHARACTERS) -> str:
    """The text with "\\n" as its only line end. `field` is its name in the request, `most` its limit."""
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InvalidRequest(field, f"The {field} must be a string.")
    if len(text) > most:
        raise InvalidRequest(
            field, f"The {field} has {len(text):,} characters; at most {most:,} are allowed."
        )
    if "\0" in text:
        raise InvalidRequest(field, f"The {field} contains a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest(field, f"The {field} contains half of a character (a lone surrogate).") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _whole_number(value: object, field: str, highest: int, expected: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        raise InvalidRequest(field, f"{field} must be a whole number from {expected}.")
    return value


def _checked_glossary(glossary: object) -> tuple[tuple[str, str], ...]:
    """Terms and their translations, in order."""
    if glossary is None:
        return ()
    terms = list(glossary.items()) if isinstance(glossary, Mapping) else None
    if terms is None or not all(isinstance(one, str) for pair in terms for one in pair):
        raise InvalidRequest("glossary", "The glossary must be an object of terms with their translations.")
    if len(terms) > MAX_TERMS or any(len(one) > MAX_TERM for pair in terms for one in pair):
        raise InvalidRequest(
            "glossary",
            f"The glossary may have {MAX_TERMS} terms; each and its translation up to {MAX_TERM} characters.",
        )
    try:
        Glossary(dict(terms))
    except UsageError:
        raise InvalidRequest(
            "glossary", "The glossary has an empty term, a term twice, or one with a line break."
        ) from None
    return tuple(terms)
