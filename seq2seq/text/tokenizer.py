"""Raw text to piece ids and back, without loss: SentencePiece, with its choices made for translation.

All that decides how text becomes ids lies in one `.model` file, the normalisation included. Which lines are
fit to learn from is left to `cleaning`; sentences, batches, BOS and EOS are left to the callers.

What happens to text, so that `decode(encode(x)) == normalize(x)` for every `x`:

- Normalisation is none ("identity"), or NFC ("nfc") by Python's `unicodedata`; the choice is in the model.
- A space is put in front, so that a word is the same piece at the start of a line as inside it, and `decode`
  takes one leading space away again. All other spaces, also several in a row, are kept one by one.
- SentencePiece writes a space as U+2581 (LOWER ONE EIGHTH BLOCK). That character typed by a user becomes its
  three byte pieces and comes back as itself, never as a space.
- What the vocabulary lacks becomes UTF-8 byte pieces: NUL, tabs, emoji, rare Han. No text is unknown.
- `<s>`, `<pad>` or `<0x41>` in a text are plain characters. Symbols exist as ids only.
- A lone surrogate is not text: ValueError.
"""

from __future__ import annotations

import codecs
import io
import random
import re
import secrets
import threading
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import sentencepiece

from seq2seq.errors import DataError, ModelError

Span = tuple[int, int]

SPACE = "\u2581"
LONGEST = 2_000
"""Characters of a line that are learned from: one long word of a megabyte would take the trainer minutes."""

# NUL has crashed the trainer, tab and U+2585 are signs of its own, U+2581 would be learned as a space.
# Never learned, they are always encoded as bytes.
_UNLEARNABLE = re.compile(f"[\0\t\u2585{SPACE}\ud800-\udfff]")

# Beyond this, one character in 2,000 falls back to bytes: 139 entries of 2,782 in 26,000 Chinese sentences.
_SMALL_ALPHABET = 500

_SYMBOLS = ["<pad>", "<unk>", "<s>", "</s>"]
_FIRST_PIECES = [*_SYMBOLS, *(f"<0x{byte:02X}>" for byte in range(256))]
_FIRST_SURFACES = [b"", "\ufffd".encode(), b"", b"", *(bytes([byte]) for byte in range(256))]
_SPACE_AS_BYTES = [len(_SYMBOLS) + byte for byte in SPACE.encode()]

_SETTINGS: dict[str, Any] = {
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "add_dummy_prefix": False,  # the leading space is ours: only so can text go on after a literal U+2581
    "remove_extra_whitespaces": False,
    "hard_vocab_limit": False,  # fewer pieces instead of an error where the text has no more
    "max_sentence_length": 16 * LONGEST,  # in bytes; longer lines are skipped in silence
    "num_threads": 4,  # a constant: another number rounds other sums, and gives another unigram model
    "minloglevel": 2,
    **{f"{name}_id": number for number, name in enumerate(("pad", "unk", "bos", "eos"))},
}

# Ends a model with NFC. In a protobuf a later field wins over the same one before: SentencePiece reads
# normalizer_spec { name: "nfc" } in place of "identity", and loads the model as ever.
_NFC_MARK = b"\x1a\x05\n\x03nfc"

# SentencePiece has one seed for the whole process: a thread that sets it reaches into what others sample.
# Up to 0.2.2 only new threads heed a new seed: a batch call starts one, a call for a single text does not.
_GENERATOR = threading.Lock()
_SEEDS = 2**32 - 1  # from 0; this number itself would leave the generator as it is

# Thai, Lao, Tibetan, Burmese, Khmer; Han, kana, bopomofo, their punctuation and full-width forms.
_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3000-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff]"
)


@dataclass(frozen=True)
class WordSpan:
    """A word, `text` = content[start:end], made of the pieces numbered `pieces`.

    White space around it is not part of a word, but pieces between two words count to the second. Where one
    piece reaches over several words, each of them has it.
    """

    text: str
    start: int
    end: int
    pieces: range


@dataclass(frozen=True)
class TrainingReport:
    """What a tokenizer learned from. Prints as one line.

    Of `read` sentences, `empty` had only white space and `used` were learned from (fewer when a sample was
    drawn); of `cut` only the first `LONGEST` characters, of `repaired` some characters as spaces. `asked` is
    the vocabulary size wanted, `pieces` the one reached.
    """

    read: int
    empty: int
    used: int
    cut: int
    repaired: int
    character_coverage: float
    asked: int
    pieces: int

    def __str__(self) -> str:
        short = f" ({self.asked} asked for, the text has no more)" if self.pieces < self.asked else ""
        if self.pieces > self.asked:
            short = f" ({self.asked} asked for, the text has more different characters)"
        return (
            f"{self.pieces} pieces{short} from {self.used} of {self.read} sentences: {self.empty} empty, "
            f"{self.cut} cut to {LONGEST} characters, {self.repaired} repaired"
        )


class Tokenizer:
    """Encodes and decodes text of one language, or of both. Immutable, and safe to use from many threads.

    `report` is set on a tokenizer that was just trained; it is not stored.
    """

    pad_id: ClassVar[int] = 0
    unk_id: ClassVar[int] = 1
    bos_id: ClassVar[int] = 2
    eos_id: ClassVar[int] = 3

    def __init__(self, model: bytes, *, where: str = "tokenizer") -> None:
        """From the content of a `.model` file, named `where` in errors. ModelError if it is not ours."""
        try:
            self._processor = sentencepiece.SentencePieceProcessor()
            self._processor.load_from_serialized_proto(model)
            self._pieces: list[str] = self._processor.id_to_piece(list(range(len(self._processor))))
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{where}: damaged, or not a tokenizer ({error})") from None
        first, learned = self._pieces[: len(_FIRST_PIECES)], self._pieces[len(_FIRST_PIECES) :]
        spaces_kept = self._processor.normalize(" a  b ") == f"{SPACE}a{SPACE}{SPACE}b{SPACE}"
        if first != _FIRST_PIECES or SPACE not in learned or not spaces_kept:
            raise ModelError(f"{where}: a SentencePiece model, but its symbols or spaces are not ours")
        self._model = model
        self._surfaces = _FIRST_SURFACES + [piece.replace(SPACE, " ").encode() for piece in learned]
        self.vocab_size = len(self._pieces)
        self.normalization = "nfc" if model.endswith(_NFC_MARK) else "identity"
        self.tag_ids: dict[str, int] = {
            piece[2:-1]: number
            for number, piece in enumerate(self._pieces)
            if re.fullmatch(r"<2[\w-]+>", piece) and self._processor.is_control(number)
        }
        self.report: TrainingReport | None = None

    @classmethod
    def train(
        cls,
        sentences: Iterable[str],
        *,
        vocab_size: int,
        kind: str = "unigram",
        normalization: str = "identity",
        seed: int = 0,
        max_sentences: int = 1_000_000,
        character_coverage: float | None = None,
    ) -> Self:
        """Learn a vocabulary of `vocab_size` pieces, or as many as the text gives; `report` has the counts.

        `kind` is "unigram" or "bpe". From a stream longer than `max_sentences` that many are drawn, each with
        the same chance; they are held in memory. `character_coverage` is the share of the text whose
        characters get a piece, the rarest are left to bytes; by default 1 for up to 500 distinct characters,
        else 0.9995. The same sentences, settings and seed give the same file.

        A `vocab_size` that is too small for the different characters of the text is raised to what they need,
        and `report` says so. DataError if there is no text to learn from."""
        if kind not in ("unigram", "bpe"):
            raise ValueError(f"kind is {kind!r}, expected 'unigram' or 'bpe'")
        if normalization not in ("identity", "nfc"):
            raise ValueError(f"normalization is {normalization!r}, expected 'identity' or 'nfc'")
        if min(vocab_size, max_sentences) < 1:
            raise ValueError(f"vocab_size is {vocab_size}, max_sentences {max_sentences}, expected above 0")
        lines, counts = _draw(sentences, limit=max_sentences, seed=seed, nfc=normalization == "nfc")
        if not lines:
            raise DataError(f"no text to learn a tokenizer from: {counts['read']} sentences read, all empty")
        rare = len(set().union(*lines)) > _SMALL_ALPHABET
        coverage = character_coverage or (0.9995 if rare else 1.0)
        model = _fit(lines, vocab_size=vocab_size, kind=kind, coverage=coverage)
        made = cls(model + _NFC_MARK if normalization == "nfc" else model)
        made.report = TrainingReport(
            used=len(lines), character_coverage=coverage, asked=vocab_size, pieces=made.vocab_size, **counts
        )
        return made

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """The tokenizer that `to_bytes` gave."""
        return cls(model)

    def to_bytes(self) -> bytes:
        """The content of a `.model` file, bit for bit what was trained or loaded."""
        return self._model

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a `.model` file. ModelError with the path if it is missing, damaged or not ours."""
        try:
            model = Path(path).read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
        return cls(model, where=str(path))

    def save(self, path: str | Path) -> None:
        """Write the `.model` file. Not atomic: the model directory around it is."""
        Path(path).write_bytes(self._model)

    def normalize(self, text: str) -> str:
        """`text` in the declared form, which is what `decode` gives back."""
        return unicodedata.normalize("NFC", text) if self.normalization == "nfc" else text

    def encode(
        self, text: str, *, sample: bool = False, alpha: float = 0.1, seed: int | None = None
    ) -> list[int]:
        """Ids of `text`, without BOS and EOS. See `encode_batch`."""
        return self.encode_batch([text], sample=sample, alpha=alpha, seed=seed)[0]

    def encode_batch(
        self, texts: Sequence[str], *, sample: bool = False, alpha: float = 0.1, seed: int | None = None
    ) -> list[list[int]]:
        """Ids of each text: the best split, or with `sample` a random one (Kudo, 2018).

        `alpha` from 0 to 1: for unigram the power of the probabilities drawn from, the lower the more varied;
        for BPE the share of merges left out (BPE-dropout, Provilkov et al., 2020). The same texts, `alpha`
        and `seed` give the same splits, whatever ran before or runs beside; without a seed each call differs.
        Sampling calls of several threads wait for each other.
        """
        if sample and not 0 <= alpha <= 1:
            raise ValueError(f"alpha is {alpha}, expected 0 to 1")
        lines = [self._line(text) for text in texts]
        split = partial(self._split, sample=sample, alpha=alpha, seed=seed)
        if not any(SPACE in text for text in texts):
            return split(lines)
        parts = [line.split(SPACE.encode()) for line in lines]
        ids = iter(split([part for line in parts for part in line]))
        return [next(ids) + [one for _ in line[1:] for one in _SPACE_AS_BYTES + next(ids)] for line in parts]

    def _line(self, text: str) -> bytes:
        """What SentencePiece gets for `text`: bytes, which it takes nearly twice as fast as strings."""
        try:
            return b" " + self.normalize(text).encode() if text else b""
        except UnicodeEncodeError as error:
            found = f"U+{ord(error.object[error.start]):04X} at character {error.start}"
            raise ValueError(f"text has the lone surrogate {found}, expected Unicode") from None

    def _split(self, lines: list[bytes], *, sample: bool, alpha: float, seed: int | None) -> list[list[int]]:
        """The ids of lines without U+2581. One thread: several would draw from the generator in any order."""
        encode = self._processor.encode
        if not sample:  # a batch starts a thread: 60 µs, ten times a short sentence
            return [encode(line) for line in lines] if len(lines) < 8 else encode(lines, num_threads=1)
        with _GENERATOR:
            sentencepiece.set_random_generator_seed((secrets.randbits(32) if seed is None else seed) % _SEEDS)
            return encode(lines, enable_sampling=True, nbest_size=-1, alpha=alpha, num_threads=1)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of any `ids`. Symbols are nothing, unk and bytes that are not UTF-8 become U+FFFD."""
        data = b"".join([self._surfaces[number] for number in self._known(ids)])
        return data.decode(errors="replace").removeprefix(" ")

    def decode_batch(self, batch: Iterable[Sequence[int]]) -> list[str]:
        """The text of each list of ids."""
        return [self.decode(ids) for ids in batch]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The names of ids, for showing: a space is U+2581, a byte `<0xE2>`, EOS `</s>`."""
        return [self._pieces[number] for number in self._known(ids)]

    def _known(self, ids: Sequence[int]) -> Sequence[int]:
        """`ids`, or ValueError for one outside the vocabulary."""
        if len(ids) and not 0 <= min(ids) <= max(ids) < self.vocab_size:
            raise ValueError(f"ids are {min(ids)} to {max(ids)}, expected 0 to {self.vocab_size - 1}")
        return ids

    def spans(self, text: str) -> tuple[list[int], list[Span]]:
        """`encode(text)`, and for each piece its (start, end) in characters of `text`.

        The spans tile the text: each starts where the one before ends, from 0 to `len(text)`. A space belongs
        to the piece that carries it. Of the bytes of one character the last has it, the others are empty.
        """
        ids = self.encode(text)
        normal, spans = self.decode_spans(ids)
        if normal != text:
            origins = _origins(text)
            spans = [(origins[start], origins[end]) for start, end in spans]
        return ids, spans

    def decode_spans(self, ids: Sequence[int]) -> tuple[str, list[Span]]:
        """`decode(ids)`, and for each id its (start, end) in characters of that text, tiling it alike."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        surfaces = [decoder.decode(self._surfaces[number]) for number in self._known(ids)]
        if surfaces:
            surfaces[-1] += decoder.decode(b"", final=True)
        text, end, spans = "".join(surfaces), 0, list[Span]()
        prefix = int(text.startswith(" "))
        for surface in surfaces:
            start, end = end, end + len(surface)
            spans.append((max(start - prefix, 0), max(end - prefix, 0)))
        return text[prefix:], spans

    def words(self, content: str | Sequence[int]) -> tuple[WordSpan, ...]:
        """The words of a text, over the pieces of `encode(text)`; or of `decode(ids)`, over the ids given.

        A word is what stands between white space. In scripts written without it (Chinese, Japanese, Thai and
        their like) each piece is a word.
        """
        if isinstance(content, str):
            return _words(content, self.spans(content)[1])
        return _words(*self.decode_spans(content))


def _draw(sentences: Iterable[str], *, limit: int, seed: int, nfc: bool) -> tuple[list[str], Counter[str]]:
    """At most `limit` lines to learn from, each with the same chance (reservoir sampling), and counts."""
    chance, lines, counts = random.Random(seed), list[str](), Counter(read=0, empty=0, cut=0, repaired=0)
    for sentence in sentences:
        counts["read"] += 1
        start = sentence[:LONGEST]
        line = _UNLEARNABLE.sub(" ", start)
        counts["cut"] += len(sentence) > LONGEST
        counts["repaired"] += line != start
        if not line.strip():
            counts["empty"] += 1
            continue
        line = unicodedata.normalize("NFC", line) if nfc else line
        if len(lines) < limit:
            lines.append(line)
        elif (slot := chance.randrange(counts["read"] - counts["empty"])) < limit:
            lines[slot] = line
    return lines, counts


def _fit(lines: Sequence[str], *, vocab_size: int, kind: str, coverage: float) -> bytes:
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
        return _fit(lines, vocab_size=int(least[1]), kind=kind, coverage=coverage)
    return model.getvalue()


def _words(text: str, spans: Sequence[Span]) -> tuple[WordSpan, ...]:
    """Words of `text`, whose pieces stand at `spans`."""
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    cuts = [start for start, end in spans if 0 < start < end and _unspaced(text[start - 1], text[start])]
    words, behind = list[WordSpan](), 0
    for run in re.finditer(r"\S+", text):
        inner = cuts[bisect_right(cuts, run.start()) : bisect_left(cuts, run.end())]
        for start, end in zip([run.start(), *inner], [*inner, run.end()], strict=True):
            pieces = range(min(behind, bisect_right(ends, start)), bisect_left(starts, end))
            words.append(WordSpan(text[start:end], start, end, pieces))
            behind = pieces.stop
    return tuple(words)


def _unspaced(left: str, right: str) -> bool:
    """Whether a word may end between two characters without a space. Marks stay with their letter."""
    mark = unicodedata.category(right).startswith("M")
    return not mark and bool(_UNSPACED.match(left) or _UNSPACED.match(right))


def _origins(text: str) -> list[int]:
    """For each boundary between characters of NFC(text), from 0 to its length, where it stands in `text`.

    Goes by the shortest runs that normalise on their own: a letter with its marks, a Hangul syllable.
    """
    origins, start = [0], 0
    for end in range(1, len(text) + 1):
        if end == len(text) or _separate(text, start, end):
            length = len(unicodedata.normalize("NFC", text[start:end]))
            origins += [*(min(start + step, end) for step in range(1, length)), end]
            start = end
    return origins


def _separate(text: str, start: int, end: int) -> bool:
    """Whether the character at `end` does not combine with the run before it, which begins at `start`."""
    following = text[end]
    if unicodedata.combining(unicodedata.normalize("NFD", following)[0]):
        return False
    alone = unicodedata.normalize("NFC", text[start:end]) + unicodedata.normalize("NFC", following)
    return unicodedata.normalize("NFC", text[start : end + 1]) == alone
