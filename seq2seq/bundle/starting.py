"""A model as the start of a training (fine-tuning): what it decides of the settings, and its copy in the run.

The network, the vocabulary and the decoding are those of the model. Everything else, dropout included, is
that of the recipe. The run keeps a copy of the model, so that it can be resumed when the model has changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from seq2seq import files
from seq2seq.bundle.directions import Direction, Directions, direction_names, find_target
from seq2seq.bundle.finding import locate
from seq2seq.bundle.model_directory import FIXED, Bundle, load
from seq2seq.config import Settings, to_dict
from seq2seq.errors import UsageError
from seq2seq.text.languages import same_language

DROPOUTS = ("dropout", "embedding_dropout", "word_dropout", "variational_dropout")
"""The settings of the network that are free: they change the training, not the weights."""
_COPIED = ("config.json", "metrics.json", *FIXED)


def load_start(name: str) -> Bundle:
    """The model called `name` (see `finding.locate`). Raises ModelError if it cannot be used."""
    return load(locate(name).directory)


def start_settings(bundle: Bundle, settings: Settings) -> Settings:
    """`settings` with what the model `bundle` decides in place of their own."""
    dropouts = {name: getattr(settings.model, name) for name in DROPOUTS}
    vocabulary: dict[str, Any] = {
        "vocab_size": bundle.source.vocab_size,
        "joint": bundle.source is bundle.target,
        "normalization": bundle.source.normalization,
        "placeholders": len(bundle.source.placeholder_ids),
        "tokenizer": _tokenizer_kind(bundle.metrics) or settings.data.tokenizer,
    }
    return Settings(
        model=replace(bundle.model.config, **dropouts),
        data=replace(settings.data, **vocabulary),
        training=settings.training,
        decoding=replace(bundle.decoding, max_source_length=settings.decoding.max_source_length),
    )


def _tokenizer_kind(metrics: Mapping[str, Any]) -> str:
    """ "unigram" or "bpe", as the record of the model says; "" if it does not."""
    kind: Any = metrics
    for key in ("settings", "data", "tokenizer"):
        kind = kind.get(key) if isinstance(kind, Mapping) else None
    return kind if kind in ("unigram", "bpe") else ""


def check_start(bundle: Bundle, settings: Settings, *, name: str) -> None:
    """Raise UsageError for a setting that contradicts the model `bundle`, called `name`."""
    expected = to_dict(start_settings(bundle, settings))
    for part, values in to_dict(settings).items():
        for field, value in values.items() if part in ("model", "data") else ():
            if value != expected[part][field]:
                raise UsageError(
                    f"{part}.{field} is {value!r}, but {expected[part][field]!r} in {name}: a training that "
                    "starts from a model keeps its network and vocabulary; leave the option out"
                )


def start_directions(bundle: Bundle, given: Directions, *, name: str) -> dict[Direction, Direction]:
    """The names that the directions `given`, of a training of several, have in the model: en-pt is en-pt-BR
    if that is its Portuguese.

    Raises UsageError if the model has no tag for one, or if two are the same to it.
    """
    found = dict[Direction, Direction]()
    if len(bundle.directions) > 1:
        with suppress(UsageError):  # said below
            found = {
                (source, target): (source, find_target(bundle.directions, target)) for source, target in given
            }
    if not found or len(set(found.values())) < len(given):
        _refuse(bundle, given, name)
    return found


def _refuse(bundle: Bundle, directions: Directions, name: str) -> NoReturn:
    raise UsageError(
        f"{name} translates {direction_names(bundle.directions)}, the training data is of "
        f"{direction_names(directions)}, expected "
        + ("two or more of its directions" if len(bundle.directions) > 1 else "one direction")
    )


def start_languages(bundle: Bundle, given: Direction, *, name: str) -> Direction:
    """The languages of a training of one direction that starts from the model: those `given`, else its own.

    Raises UsageError if they contradict.
    """
    if len(bundle.directions) > 1:
        _refuse(bundle, (given,), name)
    own = next(iter(bundle.directions), ("", ""))
    for side, language, known in zip(("source", "target"), given, own, strict=True):
        if language and known and not same_language(language, known):
            raise UsageError(f"{side} language is {language!r}, but {known!r} in {name}, expected the same")
    source, target = (language or known for language, known in zip(given, own, strict=True))
    return source, target


def copy_start(name: str, folder: Path, settings: Settings) -> None:
    """Check the model called `name` (see `finding.locate`) against `settings`, and copy it to `folder`.

    Raises ModelError if it cannot be used, UsageError for a contradiction, or if `folder` holds something
    else.
    """
    directory = locate(name).directory
    check_start(load(directory), settings, name=name)
    if folder.exists() and not (folder / "config.json").exists():
        raise UsageError(f"{folder} is in the way and is no model: choose another --out")
    with files.new_directory(folder) as scratch:
        for file in _COPIED:
            if (directory / file).exists():
                shutil.copyfile(directory / file, scratch / file)
