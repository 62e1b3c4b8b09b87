"""The preflight as lines for a terminal: what was found, and what is to be expected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seq2seq.config import Settings
from seq2seq.planning.choosing import anchor, only_words
from seq2seq.planning.expectation import Expectation, expected_bleu
from seq2seq.planning.few_words import few_words
from seq2seq.planning.languages import guess_language
from seq2seq.planning.lines import entry, shortened, width
from seq2seq.planning.look import Look
from seq2seq.planning.machine import Machine
from seq2seq.planning.pieces import Pieces, RoundTrip
from seq2seq.text.languages import language_name
from seq2seq.text.symbols import SPACE

_TEXT = 62  # columns of an example
_VALIDATION = 1.15  # validations, checkpoints and phrases take this share more time
_LITTLE = 0.25  # of the usual passes: the report then says what more time would give
_LONG = 3.0  # hours after which the report says how to train for a shorter time


@dataclass(frozen=True)
class Preflight:
    """What is known before the first update.

    Attributes:
        found: a first look at the data.
        pieces: what a tokenizer makes of it.
        machine: what the machine has.
        settings: of the training.
        languages: source and target, "" if unknown.
        weights: number of weights of the network.
        memory, disk: bytes that the training needs, estimated.
        speed: target tokens a second, measured; 0 if not.
        busy: whether other programs used the processor meanwhile.
        valid_given: whether there is validation data.
    """

    found: Look
    pieces: Pieces
    machine: Machine
    settings: Settings
    languages: tuple[str, str]
    weights: int
    memory: int
    disk: int
    speed: float
    busy: bool
    valid_given: bool

    @property
    def tokens_per_epoch(self) -> float:
        """Target tokens of an epoch, those of added pairs included."""
        data = self.settings.data
        added = data.copies * bool(data.placeholders) + 0.2 * data.phrases
        kept = 1 - self.pieces.too_long(data.max_length)
        return self.found.pairs * kept * self.pieces.target_tokens * (1 + added)

    @property
    def seconds_per_epoch(self) -> float:
        """Estimated time of an epoch, its validations included; 0 if the speed is unknown."""
        return _VALIDATION * self.tokens_per_epoch / self.speed if self.speed else 0.0

    @property
    def epochs(self) -> float:
        """Passes over the data until the nearest of the limits epochs, steps and minutes; 0 without one."""
        training, limits = self.settings.training, list[float]()
        if training.epochs:
            limits.append(training.epochs)
        if training.steps:
            batch = 0.8 * training.batch_tokens * training.accumulation
            limits.append(training.steps * batch / self.tokens_per_epoch)
        if training.minutes and self.speed:
            limits.append(60 * training.minutes / self.seconds_per_epoch)
        return min(limits, default=0.0)

    @property
    def seconds(self) -> float:
        """Estimated time to the end; 0 if it is unknown."""
        return self.epochs * self.seconds_per_epoch

    @property
    def expected(self) -> Expectation | None:
        """The BLEU to expect; None for texts of which there is no training to compare with: lists of words,
        and texts made from few words."""
        if only_words(self.found) or self.few_words or not self.epochs:
            return None
        return expected_bleu(self.found.pairs, self.epochs)

    @cached_property
    def few_words(self) -> bool:
        """Whether the texts are made from few words, as generated ones are."""
        return few_words(self.found.sample)

    @property
    def usual_epochs(self) -> int:
        """Passes over so many pairs that our recipes make."""
        return int(anchor(self.found.pairs)["epochs"])

    def to_json(self) -> dict[str, Any]:
        """The numbers of the report as plain values."""
        expected, found = self.expected, self.found
        return {
            "pairs": found.pairs,
            "all_pairs_read": found.complete,
            "dropped": dict(found.counts.dropped),
            "same_source_and_target": found.identical,
            "validation_pairs": found.valid,
            "validation_pairs_in_training": found.overlap,
            "target_tokens_per_pair": round(self.pieces.target_tokens, 2),
            "byte_share": round(self.pieces.byte_share, 6),
            "memory_needed": self.memory,
            "memory_free": self.machine.memory,
            "disk_needed": self.disk,
            "disk_free": self.machine.disk,
            "tokens_per_second": round(self.speed, 1),
            "seconds": round(self.seconds),
            "expected_bleu": [round(expected.low, 1), round(expected.high, 1)] if expected else None,
        }


def report(preflight: Preflight) -> list[str]:
    """The lines of the report."""
    found, pieces = preflight.found, preflight.pieces
    return [
        *entry("pairs", _pairs(found, preflight.settings.data.mix)),
        *_dropped(found),
        *entry("languages", _languages(found, preflight.languages)),
        *entry("lengths", _lengths(found, pieces)),
        *entry("validation", _validation(found, preflight.valid_given)),
        *(entry("same text", _same(found)) if found.identical else []),
        *_round_trips(pieces),
        *entry("needs", _needs(preflight)),
        *_time(preflight),
        *_expected(preflight),
    ]


def _pairs(found: Look, mix: str) -> str:
    counts = found.counts
    mixed = f"; an epoch has {found.pairs:,} (data.mix)" if mix else ""
    if found.complete:
        return f"{counts.read:,} read, {counts.kept:,} kept{mixed}"
    return f"about {found.stored:,}; of the first {counts.read:,}, {counts.kept:,} are kept{mixed}"


def _dropped(found: Look) -> list[str]:
    """A line for each reason, with the first pair."""
    lines: list[str] = []
    for reason, number in sorted(found.counts.dropped.items(), key=lambda item: -item[1]):
        lines += entry("", f"dropped {number:,} × {reason}, such as" if reason in found.examples else "")
        if (pair := found.examples.get(reason)) is not None:
            lines.append(" " * 17 + shortened(f"{pair.source or '∅'} | {pair.target or '∅'}", _TEXT))
    return lines


def _languages(found: Look, languages: tuple[str, str]) -> str:
    if found.directions:
        parts = ((map(language_name, names), part.pairs) for names, part in found.directions.items())
        return ", ".join(f"{' to '.join(names)} ({pairs:,} pairs)" for names, pairs in parts)
    if all(languages):
        return " to ".join(map(language_name, languages))
    guesses = [
        guess_language([getattr(pair, side) for pair in found.sample]) for side in ("source", "target")
    ]
    if not all(guesses) or only_words(found):
        return "not given (--source-lang, --target-lang)"
    names = " to ".join(map(language_name, guesses))
    return f"not given; it looks like {names}: --source-lang {guesses[0]} --target-lang {guesses[1]}"


def _lengths(found: Look, pieces: Pieces) -> str:
    tokens = np.median(pieces.lengths - 1, axis=0).astype(int)
    return (
        f"{found.source.words} and {found.target.words} words in the median, 95 % have up to "
        f"{found.source.words_95} and {found.target.words_95}; {tokens[0]} and {tokens[1]} tokens"
    )


def _validation(found: Look, given: bool) -> str:
    if not given:
        each = " of each direction" if found.directions else ""
        return f"none given: one source sentence in 50 is held out, at most 1,000{each}"
    overlap = (
        f"{found.overlap:,} of them in the training data" if found.overlap else "none in the training data"
    )
    return f"{found.valid:,} different pairs, {overlap}"


def _same(found: Look) -> str:
    return f"{found.identical:,} kept pairs have the same source and target"


def _round_trips(pieces: Pieces) -> list[str]:
    """The share of bytes, and an example a line."""
    share = "none" if not pieces.byte_share else f"{100 * pieces.byte_share:.2f} %"
    fine = sum(trip.same for trip in pieces.round_trips)
    text = f"{fine} of {len(pieces.round_trips)} texts come back unchanged; single bytes: {share}"
    return [*entry("pieces", text), *(" " * 17 + _pieces(trip) for trip in pieces.round_trips)]


def _pieces(trip: RoundTrip) -> str:
    shown = "·".join(piece.replace(SPACE, " ").strip() or "_" for piece in trip.pieces)
    return shortened(shown, _TEXT)


def _needs(preflight: Preflight) -> str:
    machine = preflight.machine
    return (
        f"memory about {_size(preflight.memory)}{_free(machine.memory)}, disk {_size(preflight.disk)}"
        f"{_free(machine.disk)}"
    )


def _size(number: float) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e8 else f"{number / 1e6:.0f} MB"


def _free(number: int) -> str:
    return f" (free: {_size(number)})" if number else ""


def _time(preflight: Preflight) -> list[str]:
    if not preflight.speed:
        return []
    weights = f"{preflight.weights:,} weights"
    busy = "; other programs use it, too" if preflight.busy else ""
    lines = entry(
        "speed", f"{preflight.speed:,.0f} target tokens/s with {weights} on {preflight.machine}{busy}"
    )
    epoch = f"an epoch takes {duration(preflight.seconds_per_epoch)}"
    if not preflight.seconds:
        return lines + entry("time", f"{epoch}; the end depends on the validation scores")
    lines += entry("time", f"about {duration(preflight.seconds)} to the end; {epoch}")
    if preflight.seconds > 3600 * _LONG:
        lines += entry("", "for less, add --training.minutes 60; Ctrl-C saves, and --resume goes on")
    return lines


def _expected(preflight: Preflight) -> list[str]:
    expected = preflight.expected
    if expected is None:
        return entry("expect", _OF_FEW_WORDS) if preflight.few_words else []
    near = " and ".join(expected.near)
    source = f"roughly, by our trainings on {near}; other texts and languages differ"
    lines = entry("expect", f"{expected}: {source}")
    if preflight.epochs < _LITTLE * preflight.usual_epochs:
        lines += entry("", _little(preflight))
    return lines


_OF_FEW_WORDS = (
    "no BLEU can be told: the texts are made from few words, as generated ones are, and such texts are "
    "translated better than natural ones (our sample corpus: BLEU 96)"
)


def _little(preflight: Preflight) -> str:
    """What so short a training reads, and what the usual one would give."""
    epochs, usual = preflight.epochs, preflight.usual_epochs
    read = f"{_percent(epochs)} of the pairs once" if epochs < 1 else f"the pairs {epochs:.1f} times"
    more = expected_bleu(preflight.found.pairs, usual)
    seconds, training = usual * preflight.seconds_per_epoch, preflight.settings.training
    if not seconds:
        return f"the limit is short: the training reads {read}"
    ended_by_clock = training.minutes and math.isclose(preflight.seconds, 60 * training.minutes)
    limit = f"minutes {math.ceil(seconds / 60)}" if ended_by_clock else f"epochs {usual}"
    steps = " --training.steps 0" if training.steps else ""
    option = f"--training.{limit}{steps}"
    return f"the limit is short: the training reads {read}; with {option} ({duration(seconds)}) {more}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


def duration(seconds: float) -> str:
    """Such as "40 seconds", "12 minutes", "2.5 hours"."""
    if seconds < 1.5:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def longest_line(lines: list[str]) -> int:
    """Columns of the widest line."""
    return max(map(width, lines), default=0)
