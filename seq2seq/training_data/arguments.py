"""Corpora as the command line names them, with the languages of each for a model of several directions.

en-de=train.en,train.de     two files of aligned text, or en-de=train.en train.de
en-fr=corpus.tsv            any other form of data
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from seq2seq.config.corpora import Corpora
from seq2seq.errors import UsageError
from seq2seq.pairs import Direction
from seq2seq.text.languages import CODES, is_language_tag, language_code, normalize_tag, same_language

_NAMED = re.compile(r"(?P<direction>[A-Za-z0-9_-]+)=(?P<path>.+)", re.DOTALL)
_EXAMPLE = "--train en-de=train.en,train.de --train en-fr=train.en,train.fr"


def parse_direction(name: str) -> Direction | None:
    """The languages of a name such as "en-de" or "en-pt-BR", None if it is none. Raises UsageError if it can
    be cut at more than one dash."""
    cuts = [(name[: dash.start()], name[dash.end() :]) for dash in re.finditer("-", name)]
    found = [cut for cut in cuts if all(map(is_language_tag, cut))]
    if len(found) > 1:
        meanings = " or ".join(map(" to ".join, found))
        raise UsageError(f"{name}: {meanings}? Write a region in capitals: en-GB-de")
    return found[0] if found else None


def split_direction(words: Sequence[str]) -> tuple[Direction | None, tuple[str, ...]]:
    """The direction in front of the paths of a corpus, and the paths; None if there is none.

    A file that exists under the whole name is no direction, and one with a comma in its name is one path.
    Raises UsageError for what looks like a direction and is none, for an empty path, and for two directions.
    """
    match = _NAMED.fullmatch(words[0]) if words else None
    if match is None or _exists(words[0]):
        return None, tuple(words)
    direction = parse_direction(match["direction"])
    if direction is None:
        raise UsageError(
            f"{words[0]}: {match['direction']!r} is no pair of languages, expected a path, or a pair such as "
            "en-de"
        )
    rest = tuple(words[1:])
    if any(_NAMED.fullmatch(word) and not _exists(word) for word in rest):
        raise UsageError(f"{' '.join(words)}: several directions, repeat --train for each corpus: {_EXAMPLE}")
    whole = rest or _exists(match["path"])
    paths = (match["path"], *rest) if whole else tuple(match["path"].split(","))
    if not all(paths):
        raise UsageError(f"{words[0]}: an empty path, expected two files with a comma between: {_EXAMPLE}")
    return direction, paths


def _exists(path: str) -> bool:
    """Whether there is such a file; a name that is too long for one is none."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def make_corpora(
    train: Sequence[Sequence[str]],
    valid: Sequence[Sequence[str]],
    languages: Direction = ("", ""),
    init_from: str = "",
) -> Corpora:
    """The corpora of a training. Those of one direction, whether it is named or not, make a model of one.
    A language that is written in several ways, such as pt-BR and pt_br, has the first of them.

    Raises UsageError if only some corpora name a direction, if validation data is of a direction that no
    training data has, or if languages are given twice.
    """
    spellings = dict[str, str]()
    trained, validated = (
        [(_as_first(direction, spellings), paths) for direction, paths in map(split_direction, corpora)]
        for corpora in (train, valid)
    )
    named = [direction for direction, _ in (*trained, *validated) if direction]
    paths = [tuple(own for _, own in corpora) for corpora in (trained, validated)]
    if not named:
        if not any(languages):
            _check_names(paths[0])
        return Corpora(paths[0], paths[1], languages, init_from)
    for corpora in (train, valid):
        for words in corpora:
            if split_direction(words)[0] is None:
                raise UsageError(f"{' '.join(words)}: no direction, expected one for each corpus: {_EXAMPLE}")
    if any(languages):
        raise UsageError("--source-lang and --target-lang found, but the corpora name their languages")
    directions = [
        tuple(direction for direction, _ in corpora if direction) for corpora in (trained, validated)
    ]
    if unknown := set(directions[1]) - set(directions[0]):
        names = ", ".join(map("-".join, sorted(unknown)))
        raise UsageError(f"--valid has {names}, expected a direction that --train has")
    return Corpora(paths[0], paths[1], ("", ""), init_from, *directions)


def _as_first(direction: Direction | None, spellings: dict[str, str]) -> Direction | None:
    """`direction` with each tag as it was first written; `spellings` has those by their normal form."""
    if direction is None:
        return None
    source, target = (spellings.setdefault(normalize_tag(tag), tag) for tag in direction)
    return source, target


def languages_of_names(paths: Sequence[str]) -> Direction | None:
    """The languages by the names of two aligned files, such as train.en and train.de; None if they are
    unknown."""
    if len(paths) != 2:
        return None
    source, target = (Path(path.removesuffix(".gz")).suffix[1:] for path in paths)
    known = source != target and is_language_tag(source) and is_language_tag(target)
    return (source, target) if known else None


def _check_names(corpora: Sequence[Sequence[str]]) -> None:
    """Raise UsageError for corpora of different languages, by the names of their files: `train.en` names one,
    `a.hyp` none."""
    pairs = filter(None, map(languages_of_names, corpora))
    named = [pair for pair in pairs if all(language_code(tag) in CODES for tag in pair)]
    for other in named[1:]:
        if not all(map(same_language, named[0], other)):
            both = f"{'-'.join(named[0])} and {'-'.join(other)}"
            raise UsageError(
                f"the training data is of several directions, {both} by the names of the files: put the "
                f"direction before each corpus, such as {_EXAMPLE}"
            )
