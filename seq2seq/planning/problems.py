"""What cannot work (an error), and what deserves a warning, by a first look at the data and the machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seq2seq.config import Settings
from seq2seq.errors import DataError, RunError
from seq2seq.planning.choosing import only_words
from seq2seq.planning.languages import guess_language, may_be, of_other_language
from seq2seq.planning.look import Look
from seq2seq.planning.machine import Machine
from seq2seq.planning.pieces import Pieces
from seq2seq.text.languages import language_code, language_name
from seq2seq.training_data.corpora import names_of

LEAST_PAIRS = 50
"""With fewer pairs nothing can be learned."""
_COPIES = 0.95  # of the pairs have equal sides: a mistake, and nothing to learn but copying
_GUESSED_FROM = 3_000
_MIXED = 0.02
_MANY_DROPPED = 0.1
_OVERLAP = 0.01
_MANY_BYTES = 0.01
_MANY_LONG = 0.05
_QUOTED = 0.9
_UNRELATED = 0.2  # correlation of lengths: 0.7 to 0.95 in sound corpora
_REMEDIES = {
    "length ratio": "if the pairs are right, --data.max-ratio 0 keeps them",
    "longer than": "--data.max-characters 0 keeps them, but too many tokens may follow",
    "duplicate": "--data.no-drop-duplicates keeps them",
    "blank": "check that both files have the same lines",
}


def check_data(found: Look, corpora: Sequence[Sequence[str]], languages: tuple[str, str]) -> None:
    """Raise DataError if no translator can be learned from what was found in `corpora`."""
    where, kept = names_of(corpora), found.counts.kept
    if kept < LEAST_PAIRS:
        found_pairs = f"only {kept} pair{'s' * (kept > 1)}" if kept else "no pair left to train on"
        raise DataError(
            f"{where}: {found_pairs} ({found.counts}), expected "
            f"at least {LEAST_PAIRS}, better thousands (--no-preflight trains on fewer)"
        )
    estimated = not found.complete and len(found.sample) > 1
    drawn, whole = (found.pairs, found.stored) if estimated else (found.drawn, kept)
    if drawn < LEAST_PAIRS:
        raise DataError(
            f"{where}: data.mix leaves {drawn} of {whole:,} pairs for an epoch, expected at least "
            f"{LEAST_PAIRS}: give larger shares (--data.mix)"
        )
    if found.identical > _COPIES * kept:
        raise DataError(
            f"{where}: source and target are the same text in {found.identical:,} of {kept:,} pairs, such as "
            f"{found.sample[0].source[:60]!r}, expected a translation: is the right column or file given?"
        )
    for side in ("source", "target"):
        texts = {getattr(pair, side) for pair in found.sample}
        if len(texts) == 1:
            raise DataError(f"{where}: the {side} is {texts.pop()[:60]!r} in all pairs, expected many texts")
    if all(languages) and _swapped(found, languages):
        source, target = map(language_name, languages)
        raise DataError(
            f"{where}: source and target are swapped: the first side is {target} and the second {source}; "
            f"exchange the files, or the columns (--data.columns 2 1), or the languages (--source-lang "
            f"{languages[1]} --target-lang {languages[0]})"
        )


def _swapped(found: Look, languages: tuple[str, str]) -> bool:
    """Whether each side can be the other's language, and not its own."""
    source, target = _texts(found, "source"), _texts(found, "target")
    own = (may_be(source, languages[0]), may_be(target, languages[1]))
    other = (may_be(source, languages[1]), may_be(target, languages[0]))
    return own == (False, False) and other == (True, True)


def _texts(found: Look, side: str) -> list[str]:
    return [getattr(pair, side) for pair in found.sample[:_GUESSED_FROM]]


def check_machine(machine: Machine, *, weights: int, disk: int) -> None:
    """Raise RunError if the disk is too small for the run, or the memory for the weights alone."""
    if machine.disk and disk > machine.disk:
        raise RunError(
            f"the run needs about {_size(disk)} of disk, {_size(machine.disk)} are free: free some, or "
            "choose another --out, or fewer --training.keep-checkpoints"
        )
    if machine.memory and 20 * weights > machine.memory:
        raise RunError(
            f"{weights:,} weights need {_size(20 * weights)} of memory in training, {_size(machine.memory)} "
            "are free: choose a smaller network or vocabulary"
        )


def _size(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def warnings_about(found: Look, pieces: Pieces, settings: Settings, languages: tuple[str, str]) -> list[str]:
    """What deserves a warning: a sentence each."""
    return [*warnings_about_data(found, languages), *warnings_about_pieces(found, pieces, settings)]


def warnings_about_data(found: Look, languages: tuple[str, str]) -> list[str]:
    """What deserves a warning in the data."""
    return [
        *_about_dropped(found),
        *_about_overlap(found),
        *_about_languages(found, languages),
        *_about_lengths(found),
        *_about_quoting(found),
    ]


def _about_quoting(found: Look) -> list[str]:
    """Fields in quotation marks, as spreadsheets write them: in TSV and plain text the marks are text."""
    warnings = []
    for side in ("source", "target"):
        texts = [getattr(pair, side) for pair in found.sample]
        quoted = sum(len(text) > 1 and text[0] == '"' == text[-1] for text in texts)
        if quoted > _QUOTED * len(texts):
            warnings.append(
                f"{100 * quoted / len(texts):.0f} % of the {side}s stand in quotation marks, which are "
                "learned as text: if they come from a spreadsheet, save it without quoting, or as .csv"
            )
    return warnings


def _about_dropped(found: Look) -> list[str]:
    warnings = []
    for reason, number in found.counts.dropped.items():
        if number > _MANY_DROPPED * found.counts.read:
            remedy = next((text for start, text in _REMEDIES.items() if reason.startswith(start)), "")
            share = f"{100 * number / found.counts.read:.0f} % of the pairs are dropped ({reason})"
            warnings.append(f"{share}: {remedy}" if remedy else share)
    return warnings


def _about_overlap(found: Look) -> list[str]:
    if found.overlap <= _OVERLAP * found.valid:
        return []
    return [
        f"{found.overlap:,} training pairs are validation pairs, too: scores will be too good to be true. "
        "`seq2seq data split` splits a corpus so that nothing is on both sides"
    ]


def _about_languages(found: Look, languages: tuple[str, str]) -> list[str]:
    if only_words(found):
        return []
    warnings = []
    guesses = tuple(guess_language(_texts(found, side)) for side in ("source", "target"))
    for side, given, guess in zip(("source", "target"), languages, guesses, strict=True):
        if given and not may_be(_texts(found, side), given):
            seen = f"looks like {language_name(guess)}" if guess else "does not look like it"
            warnings.append(f"the {side} is given as {language_name(given)}, but {seen}: is it right?")
    if guesses[0] and guesses[0] == guesses[1]:
        warnings.append(f"source and target are both {language_name(guesses[0])}: is that what you want?")
    own = tuple(guess or language_code(given) for guess, given in zip(guesses, languages, strict=True))
    for side, mine, other in (("source", *own), ("target", *own[::-1])):
        texts = [getattr(pair, side) for pair in found.sample]
        mixed = [text for text in texts if of_other_language(text, mine, other)]
        if len(mixed) > _MIXED * len(texts):
            share = (
                f"{100 * len(mixed) / len(texts):.0f} % of the {side} texts look like {language_name(other)}"
            )
            warnings.append(f"{share}, such as {mixed[0][:60]!r}: leave them out")
    return warnings


def _about_lengths(found: Look) -> list[str]:
    """Shuffled lines: a long sentence has a long translation, so the lengths of true pairs go together."""
    lengths = np.array([(len(pair.source), len(pair.target)) for pair in found.sample], float)
    if only_words(found) or lengths.std(0).min() < 5:
        return []
    together = float(np.corrcoef(np.log(lengths + 1).T)[0, 1])
    if together >= _UNRELATED:
        return []
    pair = found.sample[0]
    return [
        f"long sources have short targets as often as long ones (correlation {together:.2f}): are the lines "
        f"aligned? One pair: {pair.source[:40]!r} and {pair.target[:40]!r}"
    ]


def warnings_about_pieces(found: Look, pieces: Pieces, settings: Settings) -> list[str]:
    """What deserves a warning in the pieces that the texts are cut into."""
    warnings = []
    if pieces.byte_share > _MANY_BYTES:
        warnings.append(
            f"{100 * pieces.byte_share:.1f} % of the tokens are single bytes, for characters such as "
            f"{' '.join(pieces.byte_examples)}: a larger --data.vocab-size gives them pieces"
        )
    limit = settings.data.max_length
    if (share := pieces.too_long(limit)) > _MANY_LONG:
        warnings.append(
            f"{100 * share:.0f} % of the pairs are longer than {limit} tokens and are not trained on: "
            "a larger --data.max-length keeps them, splitting them into sentences is better"
        )
    broken = [trip for trip in pieces.round_trips if not trip.same]
    warnings += [f"the tokenizer changes {trip.text[:40]!r} to {trip.back[:40]!r}" for trip in broken]
    return warnings
