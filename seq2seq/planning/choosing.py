"""Chooses the settings of a training by the amount of data, its texts and the machine, each with its reason.

The choice interpolates between recipes that are known to work (`anchors.toml`). It is a function of its
arguments alone, so that several processes on equal machines choose the same.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from seq2seq.config import Settings
from seq2seq.planning.look import Look
from seq2seq.planning.machine import Machine

RECIPE = "auto"
"""What the choice is called where a recipe would be named."""
_STEPS = {
    "vocab_size": 100,
    **dict.fromkeys(("embedding_size", "encoder_size", "decoder_size"), 32),
    "dropout": 0.05,
    "batch_tokens": 100,
    "warmup_steps": 50,
}
"""What interpolated values are rounded to; others to whole numbers, shares to 0.01."""
_SHARES = ("embedding_dropout", "word_dropout", "ema")
VALIDATIONS = 20
"""A training is validated about so many times."""
_R_DROP_UP_TO = 500_000  # pairs; with more, the doubled time is better spent on more text
_GPU_BATCH = 8000  # tokens of a batch that keep a GPU busy (docs/notes/bundled-models.md)
_LITTLE_MEMORY = 4 * 1024**3
_AS_RECIPES = "as our recipes for this amount"
_WORDS_ONLY = 2  # a side with a median of fewer words is a list of words, not of sentences
_HOURS = 8.0  # a training that would take longer is limited to this time
_SPEED = {"float32": 7e9, "bfloat16": 14e9, "gpu": 1.2e12}
"""Target tokens a second × weights, of one thread or a GPU, with R-Drop: 4,552 × 6.3 million on two threads
in bfloat16, half of it in float32, 110,000 × 11 million on an H200 (BENCHMARKS.md, docs/notes/)."""


@dataclass(frozen=True)
class Choice:
    """Settings that are chosen for one reason: `values` by name, such as "model.dropout"."""

    title: str
    values: Mapping[str, Any]
    reason: str


def choose(found: Look, machine: Machine) -> list[Choice]:
    """Settings for a corpus on a machine, in the order of the table."""
    row, pairs = anchor(found.pairs), found.pairs
    return [
        _network(row, pairs),
        _vocabulary(row, found),
        _dropout(row),
        _consistency(pairs),
        _length(found),
        _typed_text(found),
        _batch(row, machine),
        _rate(row),
        _epochs(row, found, machine),
        _precision(machine),
    ]


def settings_of(choices: Sequence[Choice], base: Settings | None = None) -> Settings:
    """`base`, or the defaults, with the values of `choices`."""
    settings = base or Settings()
    changes: dict[str, dict[str, Any]] = {"model": {}, "data": {}, "training": {}}
    for choice in choices:
        for name, value in choice.values.items():
            part, _, field = name.partition(".")
            changes[part][field] = value
    return replace(
        settings, **{part: replace(getattr(settings, part), **new) for part, new in changes.items()}
    )


@cache
def _anchors() -> list[dict[str, float]]:
    text = (resources.files("seq2seq.planning") / "anchors.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["anchor"])


def anchor(pairs: int) -> dict[str, Any]:
    """The row of `anchors.toml` for so many pairs, interpolated along their logarithm."""
    rows = _anchors()
    below = max((row for row in rows if row["pairs"] <= pairs), key=lambda row: row["pairs"], default=rows[0])
    above = min(
        (row for row in rows if row["pairs"] >= pairs), key=lambda row: row["pairs"], default=rows[-1]
    )
    low, high = math.log(below["pairs"]), math.log(above["pairs"])
    share = (math.log(max(pairs, 1)) - low) / (high - low) if high > low else 0.0
    return {name: _between(name, below[name], above[name], share) for name in below if name != "pairs"}


def _between(name: str, low: float, high: float, share: float) -> float:
    """The value between `low` and `high`, rounded. Sizes follow their logarithms, shares do not."""
    if name in _SHARES:
        return round(low + share * (high - low), 3 if name == "ema" else 2)
    if name == "dropout":
        return round(round((low + share * (high - low)) / _STEPS[name]) * _STEPS[name], 2)
    value, step = low * (high / low) ** share, _STEPS.get(name, 1)
    return max(int(step), round(value / step) * int(step))


def _network(row: Mapping[str, Any], pairs: int) -> Choice:
    names = ("embedding_size", "encoder_size", "encoder_layers", "decoder_size")
    values = {f"model.{name}": row[name] for name in names}
    values |= {"model.cell": "lstm", "model.decoder_layers": 2, "model.attention_size": row["encoder_size"]}

    reason = "a large one learns little data by heart" if pairs < 20_000 else _AS_RECIPES
    return Choice("network", values, reason)


def _vocabulary(row: Mapping[str, Any], found: Look) -> Choice:
    size, reason, separate = row["vocab_size"], "few pieces, each of them seen often", False
    if found.pairs >= 100_000:
        reason = "much text: rare words are seen, too"
    characters = max(found.source.needed_characters, found.target.needed_characters)
    if only_words(found):
        size = 300 + 2 * characters
        separate = True
        reason = "single words: letters and few pieces"
    elif found.source.many_characters or found.target.many_characters:
        separate = found.source.script != found.target.script
        size = max(size, 256 + characters + size // 2)
        reason = f"{characters:,} characters need a piece"
    size = math.ceil(size / 100) * 100
    values = {"data.vocab_size": size, "data.joint": not separate, "model.tie_source": not separate}

    return Choice("vocabulary", values, reason)


def only_words(found: Look) -> bool:
    """Whether the texts of a side are single words, as in a dictionary, and not sentences."""
    return min(found.source.words, found.target.words) < _WORDS_ONLY


def _dropout(row: Mapping[str, Any]) -> Choice:
    names = ("dropout", "embedding_dropout", "word_dropout")
    values = {f"model.{name}": row[name] for name in names}
    reason = "of units, embeddings and whole words"
    return Choice("dropout", values, reason)


def _consistency(pairs: int) -> Choice:
    used = pairs <= _R_DROP_UP_TO
    reason = "better scores for twice the time" if used else "with much data, not worth its time"
    values = {"training.consistency": float(used), "training.label_smoothing": 0.1}
    return Choice("R-Drop", values, reason)


def _length(found: Look) -> Choice:
    """Room for the longest twentieth with 2.5 tokens a word, at least 100."""
    words = max(found.source.words_95, found.target.words_95)
    length = min(max(100, math.ceil(2.5 * words / 50) * 50), 250)
    return Choice("longest text", {"data.max_length": length}, f"19 of 20 have up to {words} words")


def _typed_text(found: Look) -> Choice:
    """Noise, placeholders and phrases: for sentences only."""
    sentences = not only_words(found)
    values = {
        "data.noise": "default" if sentences else "",
        "data.placeholders": 8 if sentences else 0,
        "data.copies": 0.15,
        "data.phrases": 0.15 if sentences else 0.0,
    }

    reason = "for what users type and copy" if sentences else "the texts are single words"
    return Choice("added text", values, reason)


def _batch(row: Mapping[str, Any], machine: Machine) -> Choice:
    tokens = row["batch_tokens"]
    reason = "small data needs many updates" if tokens < 3000 else _AS_RECIPES
    if machine.gpu:
        tokens, reason = max(_GPU_BATCH // 2, 2 * tokens), "keeps a GPU busy"
    elif 0 < machine.memory < _LITTLE_MEMORY and tokens > 1000:
        tokens, reason = max(1000, tokens // 2), "little memory is free"
    return Choice("batch", {"training.batch_tokens": tokens}, reason)


def _rate(row: Mapping[str, Any]) -> Choice:
    values = {
        "training.learning_rate": 2e-3,
        "training.warmup_steps": row["warmup_steps"],
        "training.schedule": "linear",
        "training.ema": row["ema"],
    }

    return Choice("learning rate", values, "falls to almost 0 at the end")


def _epochs(row: Mapping[str, Any], found: Look, machine: Machine) -> Choice:
    epochs, minutes = row["epochs"], 0.0
    reason = "small data is read more often" if found.pairs < 50_000 else _AS_RECIPES
    hours = rough_hours(row, found, machine)
    if hours > _HOURS:
        minutes = 60 * _HOURS
        reason = f"{epochs} epochs would take {hours:,.0f} hours"
    updates = epochs * found.pairs * _tokens(found) / (0.8 * row["batch_tokens"])
    every = round(updates / VALIDATIONS / 50) * 50
    values = {
        "training.epochs": epochs,
        "training.minutes": minutes,
        "training.patience": 0,
        "training.validate_every": max(every, 100),
    }

    return Choice("end", values, reason)


def _tokens(found: Look) -> float:
    """Target tokens a pair, roughly."""
    return 1.5 * found.target.words + 3


def rough_hours(row: Mapping[str, Any], found: Look, machine: Machine) -> float:
    """Hours that the epochs of `row` take, within a factor of two. Nothing is measured for it: that would
    choose differently at each start."""
    weights = (row["embedding_size"] * row["vocab_size"]) + 12 * row["decoder_size"] ** 2
    weights += 12 * row["encoder_layers"] * row["encoder_size"] ** 2
    kind = "gpu" if machine.gpu else "bfloat16" if machine.bfloat16 else "float32"
    speed = _SPEED[kind] * (1 if machine.gpu else machine.threads**0.7)
    tokens = row["epochs"] * found.pairs * _tokens(found)
    return tokens * weights / speed / 3600


def _precision(machine: Machine) -> Choice:
    what = "GPU" if machine.gpu else "processor"
    reason = f"the {what} multiplies bfloat16" if machine.bfloat16 else f"no bfloat16 in this {what}"

    return Choice("products", {"training.precision": "auto"}, reason)
