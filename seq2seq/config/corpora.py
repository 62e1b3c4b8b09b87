"""What a training is given beside its settings: training and validation data, and a model to start from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seq2seq.pairs import Direction


@dataclass(frozen=True)
class Corpora:
    """Training and validation data: paths, and the source and target language ("" if unknown).

    A corpus is one path, or two paths of aligned text. `init_from` names the model whose weights and
    vocabulary the training starts from (see `bundle.starting`); "" for a network with random weights.
    For a model of several directions, `train_directions` and `valid_directions` have the language pair of
    each corpus, and `languages` are unknown. If all corpora are of one direction, it becomes the `languages`,
    and the two are empty.
    """

    train: tuple[tuple[str, ...], ...] = ()
    valid: tuple[tuple[str, ...], ...] = ()
    languages: Direction = ("", "")
    init_from: str = ""
    train_directions: tuple[Direction, ...] = ()
    valid_directions: tuple[Direction, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.train_directions)) == 1:
            for name, value in (
                ("languages", self.train_directions[0]),
                ("train_directions", ()),
                ("valid_directions", ()),
            ):
                object.__setattr__(self, name, value)  # the class is frozen

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions of the model, each once, in the order of the corpora; () if there is only one.

        The number of a pair's direction is its place here.
        """
        return tuple(dict.fromkeys(self.train_directions))

    def renamed(self, names: Mapping[Direction, Direction]) -> Corpora:
        """The same with other names of the directions."""
        train, valid = (
            tuple(names[own] for own in directions)
            for directions in (self.train_directions, self.valid_directions)
        )
        return replace(self, train_directions=train, valid_directions=valid)

    def part(self, direction: Direction) -> Corpora:
        """The corpora of one of the directions."""
        train, valid = (
            tuple(paths for paths, own in zip(corpora, directions, strict=True) if own == direction)
            for corpora, directions in (
                (self.train, self.train_directions),
                (self.valid, self.valid_directions),
            )
        )
        return Corpora(train, valid, direction, self.init_from)

    def absolute(self) -> Corpora:
        """The same with absolute paths."""
        train, valid = (
            tuple(tuple(map(_absolute, paths)) for paths in corpora) for corpora in (self.train, self.valid)
        )
        is_folder = bool(self.init_from) and Path(self.init_from).is_dir()
        init_from = os.path.abspath(self.init_from) if is_folder else self.init_from
        return replace(self, train=train, valid=valid, init_from=init_from)


def _absolute(path: str) -> str:
    """`path` from the root; "hf:OWNER/NAME" as it is."""
    return path if path.startswith("hf:") else os.path.abspath(path)


def read_corpora(stored: Mapping[str, Any]) -> Corpora:
    """Corpora from plain values. LookupError, TypeError or ValueError if they are of another form."""
    train, valid = (tuple(tuple(paths) for paths in stored[name]) for name in ("train", "valid"))
    source, target = stored["languages"]
    trained, validated = (
        tuple((source, target) for source, target in stored.get(f"{name}_directions", ()))
        for name in ("train", "valid")
    )
    return Corpora(train, valid, (source, target), str(stored.get("init_from", "")), trained, validated)
