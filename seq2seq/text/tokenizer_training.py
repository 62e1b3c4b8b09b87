"""Learns a vocabulary from text with SentencePiece (Kudo and Richardson, 2018).

See `data.cleaning` for which sentence pairs are trained on, and `tokenizer` for how text is encoded.
"""

from __future__ import annotations

import io
import random
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import sentencepiece

from seq2seq.errors import DataError
from seq2seq.text.symbols import NFC_MARK, PLACEHOLDERS, SPACE, append_symbols, placeholder_piece, tag_piece

MAX_CHARACTERS = 2_000
"""Only so many characters of a line are learned from: the trainer would need minutes for a word of a
megabyte."""

# NUL has crashed the trainer; tab and U+2585 have a meaning to it; U+2581 would be learned as a space.
# They are never learned, so they are always encoded as bytes. Placeholders are symbols.
_NEVER_LEARNED = f"\0\t\u2585{SPACE}\ud800-\udfff"

# With more characters than this, one character in 2,000 falls back to bytes: that saves 139 of 2,782 entries
# in 26,000 Chinese sentences.
_SMALL_ALPHABET = 500

_LAST_SECONDS = 5.0

_SETTINGS: dict[str, Any] = {
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "add_dummy_prefix": False,  # we add the leading space, because text must continue after a literal U+2581
    "remove_extra_whitespaces": False,
    "hard_vocab_limit": False,  # fewer pieces, not an error, if the text has no more
    "max_sentence_length": 16 * MAX_CHARACTERS,  # in bytes; longer lines would be skipped without a message
    "num_threads": 4,  # a constant, because another number rounds differently and gives another unigram model
    "minloglevel": 2,
    **{f"{name}_id": number for number, name in enumerate(("pad", "unk", "bos", "eos"))},
}


@dataclass(frozen=True)
class TrainingReport:
    """What a tokenizer learned from. Prints as one line."""

    read: int
    """Number of sentences given."""
    empty: int
    """Sentences that had only white space."""
    used: int
    """Sentences learned from; fewer than given if a sample was drawn."""
    cut: int
    """Sentences of which only the first `MAX_CHARACTERS` characters were used."""
    repaired: int
    """Sentences in which characters were replaced by spaces."""
    character_coverage: float
    """Share of the text whose characters have a piece; the other characters are bytes."""
    requested: int
    """Vocabulary size that was asked for."""
    pieces: int
    """Vocabulary size that was reached: smaller if the text has no more pieces, larger if its different
    characters need more."""

    def __str__(self) -> str:
        note = ""
        if self.pieces < self.requested:
            note = f" ({self.requested} requested, the text has no more)"
        elif self.pieces > self.requested:
            note = f" (raised from {self.requested}, too few for the different characters of the text)"
        return (
            f"{self.pieces} pieces{note} from {self.used} of {self.read} sentences: {self.empty} empty, "
            f"{self.cut} cut to {MAX_CHARACTERS} characters, {self.repaired} repaired"
        )


def train_model(
    sentences: Iterable[str],
    *,
    vocab_size: int,
    kind: str,
    normalization: str,
    seed: int,
    max_sentences: int,
    character_coverage: float | None,
    tags: Sequence[str],
    placeholders: int,
    check: Callable[[], None] | None,
) -> tuple[bytes, TrainingReport]:
    """The content of a `.model` file, and a report. Arguments and errors: see `Tokenizer.train`."""
    nfc = normalization == "nfc"
    symbols = [*map(tag_piece, tags), *map(placeholder_piece, range(placeholders))]
    unlearnable = re.compile("|".join([f"[{_NEVER_LEARNED}]", *map(re.escape, symbols)]))
    lines, counts = _sample_lines(sentences, unlearnable, limit=max_sentences, seed=seed, nfc=nfc)
    if not lines:
        raise DataError(f"no text to learn a tokenizer from: {counts['read']} sentences read, all empty")
    if character_coverage is None:
        character_coverage = 0.9995 if len(set().union(*lines)) > _SMALL_ALPHABET else 1.0
    learned = max(vocab_size - len(symbols), 1)
    model = _checked(
        lambda: _train_sentencepiece(lines, vocab_size=learned, kind=kind, coverage=character_coverage), check
    )
    pieces = len(sentencepiece.SentencePieceProcessor(model_proto=model)) + len(symbols)
    model = append_symbols(model, symbols) + (NFC_MARK if nfc else b"")
    return model, TrainingReport(
        used=len(lines),
        character_coverage=character_coverage,
        requested=vocab_size,
        pieces=pieces,
        **counts,
    )


def _sample_lines(
    sentences: Iterable[str], unlearnable: re.Pattern[str], *, limit: int, seed: int, nfc: bool
) -> tuple[list[str], Counter[str]]:
    """At most `limit` lines to learn from, each with the same chance (reservoir sampling), and counts."""
    generator, lines, counts = random.Random(seed), list[str](), Counter(read=0, empty=0, cut=0, repaired=0)
    for sentence in sentences:
        counts["read"] += 1
        start = sentence[:MAX_CHARACTERS]
        text = PLACEHOLDERS.sub(" ", start)
        line = unlearnable.sub(" ", text)
        counts["cut"] += len(sentence) > MAX_CHARACTERS
        counts["repaired"] += line != text
        if not line.strip():
            counts["empty"] += 1
            continue
        line = unicodedata.normalize("NFC", line) if nfc else line
        if len(lines) < limit:
            lines.append(line)
        elif (slot := generator.randrange(counts["read"] - counts["empty"])) < limit:
            lines[slot] = line
    return lines, counts


def _checked(work: Callable[[], bytes], check: Callable[[], None] | None) -> bytes:
    """The result of `work`, which another thread computes, while this one calls `check` a few times a second.

    SentencePiece can't be asked to stop. When `check` raises, the thread gets `_LAST_SECONDS` to end, because
    one that asks for the interpreter while the process ends would abort it. One that needs longer is left to
    itself and ends with the process. Without `check`, this thread works.
    """
    if check is None:
        return work()
    result: Future[bytes] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        try:
            check()
        except BaseException:
            thread.join(_LAST_SECONDS)
            raise
        thread.join(0.1)
    return result.result()


def _train_sentencepiece(lines: Sequence[str], *, vocab_size: int, kind: str, coverage: float) -> bytes:
    """Train SentencePiece on `lines`. A vocabulary too small for the characters of the text is enlarged."""
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(" " + line for line in lines),
            model_writer=model,
            model_type=kind,
            vocab_size=vocab_size,
            character_coverage=coverage,
            **_SETTINGS,
        )
    except RuntimeError as error:
        least = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
        if least is None or int(least[1]) <= vocab_size:
            raise DataError(f"the tokenizer could not be trained: {error}") from None
        return _train_sentencepiece(lines, vocab_size=int(least[1]), kind=kind, coverage=coverage)
    return model.getvalue()
