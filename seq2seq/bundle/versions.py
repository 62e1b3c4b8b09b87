"""Versions of the software that the weights and the scores of a model depend on."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("seq2seq-mt", "torch", "sentencepiece", "sacrebleu")


def versions() -> dict[str, str]:
    """Version of Python and of each package by name; "" for a package that is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # for example a checkout that was not installed
        return ""
