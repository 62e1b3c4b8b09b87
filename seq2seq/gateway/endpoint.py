"""Name, arguments and result of the endpoint for programs. gradio offers it, and MCP as a tool."""

from __future__ import annotations

from typing import Any

from seq2seq.serving.service import TranslationService
from seq2seq.translation import Translation

NAME = "translate"


def defaults(service: TranslationService) -> dict[str, Any]:
    """The arguments of `/translate` in order, with their defaults. The text has none; None stands for it."""
    model = next(iter(service.directions))
    return {"text": None, "beam_size": None, "n_best": 1, "model": model, "glossary": None}


def result(translation: Translation, model: str, *, done: bool) -> dict[str, Any]:
    """The JSON form of a translation, with the name of the model and whether the translation is complete."""
    return {"model": model, "done": done, **translation.to_dict()}
