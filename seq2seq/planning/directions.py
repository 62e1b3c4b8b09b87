"""A first look at the data of a training: at all of it, and for several directions at each by itself."""

from __future__ import annotations

import random
from dataclasses import replace

from seq2seq.config import DataConfig, Settings
from seq2seq.config.corpora import Corpora
from seq2seq.pairs import Direction
from seq2seq.planning.look import MOST_READ, SAMPLE, Look, look
from seq2seq.planning.pieces import Pieces
from seq2seq.planning.problems import (
    check_data,
    warnings_about,
    warnings_about_data,
    warnings_about_pieces,
)
from seq2seq.training_data.corpora import shares_of


def look_at(corpora: Corpora, config: DataConfig) -> Look:
    """A look at all `corpora` together; with several directions, `Look.directions` has that at each.

    Raises UsageError if `config.mix` leaves nothing of a direction (see `shares_of`).
    """
    if not corpora.directions:
        return look(corpora.train, corpora.valid, config, languages=corpora.languages)
    shares = shares_of(corpora, config)
    parts, most = dict[Direction, Look](), MOST_READ // len(corpora.directions)
    for direction in corpora.directions:
        own = corpora.part(direction)
        named = zip(corpora.train_directions, shares, strict=True)
        mix = ",".join(f"{share:g}" for of, share in named if of == direction)
        parts[direction] = look(
            own.train,
            own.valid,
            replace(config, mix=mix),
            languages=direction,
            most=most,
            holds_out=not corpora.valid,
        )
    return _together(parts)


def _together(parts: dict[Direction, Look]) -> Look:
    """One look from those at each direction. The sample has a part of each, by its pairs of an epoch."""
    whole, chance = Look(directions=parts), random.Random(0)
    whole.pairs = sum(part.pairs for part in parts.values())
    for part in parts.values():
        counts, total = part.counts, whole.counts
        total.read, total.kept = total.read + counts.read, total.kept + counts.kept
        for reason, number in counts.repaired.items():
            total.repair(reason, number, where=counts.examples.get(reason, ""))
        for reason, number in counts.dropped.items():
            total.drop(reason, number, where=counts.examples.get(reason, ""))
        for name in ("stored", "identical", "valid", "overlap", "overlap_sources", "characters", "drawn"):
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
        whole.complete &= part.complete
        whole.examples = part.examples | whole.examples
        number = min(len(part.sample), SAMPLE * part.pairs // max(whole.pairs, 1))
        whole.sample += chance.sample(part.sample, number)
    return whole


def check_all(found: Look, corpora: Corpora) -> None:
    """Raise DataError if no translator can be learned from what was found, of any direction."""
    if not found.directions:
        check_data(found, corpora.train, corpora.languages)
    for direction, part in found.directions.items():
        check_data(part, corpora.part(direction).train, direction)


def all_warnings(found: Look, pieces: Pieces, settings: Settings, corpora: Corpora) -> list[str]:
    """What deserves a warning: a sentence each. With several directions, it begins with its direction."""
    if not found.directions:
        return warnings_about(found, pieces, settings, corpora.languages)
    each = [
        f"{'-'.join(direction)}: {warning}"
        for direction, part in found.directions.items()
        for warning in (*_without_valid(corpora, direction), *warnings_about_data(part, direction))
    ]
    return each + warnings_about_pieces(found, pieces, settings)


def _without_valid(corpora: Corpora, direction: Direction) -> list[str]:
    if not corpora.valid or direction in corpora.valid_directions:
        return []
    return ["no validation data: not counted in the choice of the best model"]
