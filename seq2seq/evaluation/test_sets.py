"""Reads test sets. Nothing in them is cleaned or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seq2seq.bundle.directions import direction_name, direction_names, find_direction
from seq2seq.data.readers import read_pairs
from seq2seq.errors import DataError, UsageError
from seq2seq.pairs import Direction, SentencePair
from seq2seq.text.languages import same_language
from seq2seq.training_data.arguments import split_direction
from seq2seq.translator import Translator


def direction_of_test(
    translator: Translator, words: Sequence[str], target_language: str
) -> tuple[Direction, tuple[str, ...]]:
    """The direction to score, and the paths of the test data.

    The first of `words` may name it, as in en-de=test.en,test.de; else it is the one into `target_language`,
    and for "" the translator's. Raises UsageError for one that the model does not have.
    """
    named, paths = split_direction(words)
    if named and target_language and not same_language(target_language, named[1]):
        raise UsageError(
            f"the test data is named {direction_name(named)}, and the target language is {target_language}: "
            "expected one of them"
        )
    if named is None or not translator.directions:
        return named or translator.direction_to(target_language or None), paths
    direction = find_direction(translator.directions, direction_name(named))
    if direction is None:
        known = direction_names(translator.directions)
        raise UsageError(
            f"the test data is named {direction_name(named)}, expected a direction of the model "
            f"(directions: {known})"
        )
    return direction, paths


def read_test(paths: Sequence[str], *, languages: tuple[str, str], **options: Any) -> list[SentencePair]:
    """The pairs of a test set, as they are; `options` are those of `read_pairs`.

    Raises DataError if the data cannot be read or holds no pair.
    """
    pairs = list(read_pairs(paths, languages=languages if all(languages) else None, **options))
    if not pairs:
        raise DataError(f"{' and '.join(paths)}: no sentence pair found, expected at least one")
    return pairs
