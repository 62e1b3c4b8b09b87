"""Raw text to piece ids and back without loss, with SentencePiece (Kudo and Richardson, 2018).

One `.model` file holds everything that decides how text becomes ids, the normalisation included. BOS and EOS
are added by the callers.

For every text `x`, `decode(encode(x)) == normalize(x)`:

- Normalisation is none ("identity") or NFC ("nfc", by Python's `unicodedata`). The model stores which one.
- A space is put in front of the text, so a word is the same piece at the start of a line as inside it.
  `decode` removes one leading space. All other spaces are kept, also several in a row.
- SentencePiece writes a space as U+2581 (LOWER ONE EIGHTH BLOCK). If a user types that character, it becomes
  its three byte pieces, and `decode` gives it back.
- What the vocabulary lacks becomes UTF-8 byte pieces: NUL, tabs, emoji, rare Han. No text is unknown.
- `<s>`, `<pad>`, `<0x41>` or `<2fr>` in a text are ordinary characters. Symbols exist as ids only.
- The character of a placeholder (see `symbols`) becomes its symbol, and `decode` gives it back, or what it
  stands for.
- A lone surrogate is not text: ValueError.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from random import Random
from typing import ClassVar, Self

import sentencepiece

from seq2seq.errors import ModelError
from seq2seq.text.sampled_segmentation import SegmentationSampler
from seq2seq.text.symbols import (
    FIRST_PIECES,
    FIRST_SURFACES,
    MOST_PLACEHOLDERS,
    NFC_MARK,
    SPACE,
    SPACE_AS_BYTES,
    placeholder,
    placeholder_piece,
    tag_language,
    tag_piece,
)
from seq2seq.text.tokenizer_training import TrainingReport, train_model
from seq2seq.text.word_spans import Span, WordSpan, nfc_boundaries, word_spans


class Tokenizer:
    """Encodes and decodes text of one language or of several. Immutable and thread-safe.

    `vocab_size` is the number of pieces, `normalization` "identity" or "nfc", `tag_ids` the id of each
    language's tag ({} without tags), `placeholder_ids` the id of each placeholder. `report` is set on a
    tokenizer that was just trained; it is not stored.
    """

    pad_id: ClassVar[int] = 0
    unk_id: ClassVar[int] = 1
    bos_id: ClassVar[int] = 2
    eos_id: ClassVar[int] = 3

    def __init__(self, model: bytes, *, where: str = "tokenizer") -> None:
        """Use the content of a `.model` file.

        Errors call it `where`. Raises ModelError if it is damaged or was not made by this class.
        """
        try:
            self._processor = sentencepiece.SentencePieceProcessor()
            self._processor.load_from_serialized_proto(model)
            self._pieces: list[str] = self._processor.id_to_piece(list(range(len(self._processor))))
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{where}: damaged, or not a tokenizer ({error})") from None
        first, learned = self._pieces[: len(FIRST_PIECES)], self._pieces[len(FIRST_PIECES) :]
        spaces_kept = self._processor.normalize(" a  b ") == f"{SPACE}a{SPACE}{SPACE}b{SPACE}"
        if first != FIRST_PIECES or SPACE not in learned or not spaces_kept:
            raise ModelError(
                f"{where}: a SentencePiece model with other symbols or spaces, expected one of seq2seq"
            )
        self._model = model
        self.vocab_size = len(self._pieces)
        self.normalization = "nfc" if model.endswith(NFC_MARK) else "identity"
        self.tag_ids: dict[str, int] = {
            language: number
            for number, piece in enumerate(self._pieces)
            if (language := tag_language(piece)) and self._processor.is_control(number)
        }
        self._surfaces = FIRST_SURFACES + [piece.replace(SPACE, " ").encode() for piece in learned]
        for number in self.tag_ids.values():
            self._surfaces[number] = b""
        symbols = {piece: n for n, piece in enumerate(self._pieces) if self._processor.is_control(n)}
        names = map(placeholder_piece, range(MOST_PLACEHOLDERS))
        self.placeholder_ids: tuple[int, ...] = tuple(symbols[name] for name in names if name in symbols)
        for index, number in enumerate(self.placeholder_ids):
            self._surfaces[number] = placeholder(index).encode()
        self._ids_of_special = {SPACE.encode(): SPACE_AS_BYTES} | {
            self._surfaces[number]: [number] for number in self.placeholder_ids
        }
        self._special = re.compile(b"(" + b"|".join(self._ids_of_special) + b")")
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
        tags: Sequence[str] = (),
        placeholders: int = 0,
        check: Callable[[], None] | None = None,
    ) -> Self:
        """Learn a vocabulary. The same sentences and settings give the same file.

        Args:
            sentences: raw text. They are read once.
            vocab_size: number of pieces, symbols, bytes and tags included. There are fewer if the text has no
                more, and more if its different characters need them; `report` says either.
            kind: "unigram" (Kudo, 2018) or "bpe" (Sennrich et al., 2016).
            normalization: "identity" or "nfc".
            seed: seed of the sample that `max_sentences` asks for.
            max_sentences: of a longer stream, so many are drawn with the same chance, and held in memory.
            character_coverage: share of the text whose characters get a piece; the rarest become bytes.
                Default: 1 for up to 500 different characters, otherwise 0.9995.
            tags: target languages of a model with several. Each gets a symbol such as `<2fr>`, which is never
                learned from text and never produced from text; its id is in `tag_ids`.
            placeholders: number of placeholders, 0 to 64 (see `symbols`).
            check: called a few times a second while SentencePiece learns; what it raises ends the training.

        Raises:
            DataError: there is no text to learn from.
            ValueError: an argument is out of range.
        """
        if kind not in ("unigram", "bpe"):
            raise ValueError(f"kind is {kind!r}, expected 'unigram' or 'bpe'")
        if normalization not in ("identity", "nfc"):
            raise ValueError(f"normalization is {normalization!r}, expected 'identity' or 'nfc'")
        if min(vocab_size, max_sentences) < 1:
            raise ValueError(f"vocab_size is {vocab_size}, max_sentences {max_sentences}, expected above 0")
        if not 0 <= placeholders <= MOST_PLACEHOLDERS:
            raise ValueError(f"placeholders is {placeholders}, expected 0 to {MOST_PLACEHOLDERS}")
        if len(set(map(tag_piece, tags))) < len(tags):
            raise ValueError(f"tags is {tags!r}, expected each language once")
        model, report = train_model(
            sentences,
            vocab_size=vocab_size,
            kind=kind,
            normalization=normalization,
            seed=seed,
            max_sentences=max_sentences,
            character_coverage=character_coverage,
            tags=tags,
            placeholders=placeholders,
            check=check,
        )
        tokenizer = cls(model)
        tokenizer.report = report
        return tokenizer

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """The tokenizer whose `to_bytes` gave `model`."""
        return cls(model)

    def to_bytes(self) -> bytes:
        """The content of a `.model` file, exactly as it was trained or loaded."""
        return self._model

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a `.model` file. Raises ModelError with the path if it is missing, damaged or not ours."""
        try:
            model = Path(path).read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
        return cls(model, where=str(path))

    def save(self, path: str | Path) -> None:
        """Write the `.model` file. This is not atomic; `bundle.model_directory` replaces whole folders."""
        Path(path).write_bytes(self._model)

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The characters of the learned pieces: others become bytes."""
        learned = self._pieces[len(FIRST_PIECES) :]
        symbols = {*self.tag_ids.values(), *self.placeholder_ids}
        words = (p for n, p in enumerate(learned, start=len(FIRST_PIECES)) if n not in symbols)
        return frozenset("".join(words).replace(SPACE, " "))

    def normalize(self, text: str) -> str:
        """`text` in the normalisation of this tokenizer: what `decode` gives back."""
        return unicodedata.normalize("NFC", text) if self.normalization == "nfc" else text

    def encode(
        self, text: str, *, sample: bool = False, alpha: float = 0.1, seed: int | None = None
    ) -> list[int]:
        """Ids of `text`, without BOS and EOS. See `encode_batch`."""
        return self.encode_batch([text], sample=sample, alpha=alpha, seed=seed)[0]

    def encode_batch(
        self, texts: Sequence[str], *, sample: bool = False, alpha: float = 0.1, seed: int | None = None
    ) -> list[list[int]]:
        """Ids of each text: the best segmentation, or with `sample` a random one (Kudo, 2018).

        `alpha` is 0 to 1. For unigram it is the exponent of the probabilities that are sampled from: a lower
        one gives more variety. For BPE it is the share of merges left out (BPE-dropout, Provilkov et al.,
        2020). The same texts, `alpha` and `seed` give the same ids in every process and thread. Without a
        seed every call differs.

        Raises ValueError for a lone surrogate and for `alpha` out of range.
        """
        if sample and not 0 <= alpha <= 1:
            raise ValueError(f"alpha is {alpha}, expected 0 to 1")
        lines = [self._utf8_line(text) for text in texts]
        encode = partial(self._encode_lines, sample=sample, alpha=alpha, seed=seed)
        if not any(map(self._special.search, lines)):
            return encode(lines)
        parts = [self._special.split(line) for line in lines]  # every second one is special
        ids = iter(encode([part for line in parts for part in line[::2]]))
        return [
            [one for part in line for one in (self._ids_of_special.get(part) or next(ids))] for line in parts
        ]

    def _utf8_line(self, text: str) -> bytes:
        """What SentencePiece gets for `text`. It encodes bytes nearly twice as fast as strings."""
        try:
            return b" " + self.normalize(text).encode() if text else b""
        except UnicodeEncodeError as error:
            character = f"U+{ord(error.object[error.start]):04X} at character {error.start}"
            raise ValueError(f"text has the lone surrogate {character}, expected Unicode") from None

    def _encode_lines(
        self, lines: list[bytes], *, sample: bool, alpha: float, seed: int | None
    ) -> list[list[int]]:
        """Ids of lines without U+2581."""
        if sample:
            random, texts = Random(seed), (line.decode().replace(" ", SPACE) for line in lines)
            return [self._sampler.sample(text, alpha=alpha, random=random) for text in texts]
        encode = self._processor.encode  # a batch call starts a thread: 60 µs, ten times a short sentence
        short = len(lines) < 8 or sum(map(len, lines)) < 2_000
        return [encode(line) for line in lines] if short else encode(lines, num_threads=1)

    @cached_property
    def _sampler(self) -> SegmentationSampler:
        """Draws segmentations. The scores of BPE are the ranks of its merges: whole numbers."""
        special = {*self.tag_ids.values(), *self.placeholder_ids}
        ids = {
            piece: number
            for number, piece in enumerate(self._pieces)
            if number >= len(FIRST_PIECES) and number not in special
        }
        scores = {piece: float(self._processor.get_score(number)) for piece, number in ids.items()}
        return SegmentationSampler(scores, ids, bpe=all(map(float.is_integer, scores.values())))

    def decode(self, ids: Sequence[int], fillings: Sequence[str] = ()) -> str:
        """The text of `ids`. Symbols and tags give nothing; unk and bytes that are not UTF-8 give U+FFFD.

        Placeholder k gives `fillings[k]`, and its own character if there is no such filling. Raises
        ValueError for an id outside the vocabulary.
        """
        return b"".join(self._surfaces_of(ids, fillings)).decode(errors="replace").removeprefix(" ")

    def _surfaces_of(self, ids: Sequence[int], fillings: Sequence[str]) -> list[bytes]:
        """The UTF-8 text of each of `ids`."""
        surfaces = [self._surfaces[number] for number in self._checked_ids(ids)]
        if fillings:
            filled = dict(zip(self.placeholder_ids, map(str.encode, fillings), strict=False))
            surfaces = [filled.get(number, surface) for number, surface in zip(ids, surfaces, strict=True)]
        return surfaces

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The names of ids, for display: a space is U+2581, a byte `<0xE2>`, EOS `</s>`."""
        return [self._pieces[number] for number in self._checked_ids(ids)]

    def _checked_ids(self, ids: Sequence[int]) -> Sequence[int]:
        """`ids`. Raises ValueError if one is outside the vocabulary."""
        if len(ids) and not 0 <= min(ids) <= max(ids) < self.vocab_size:
            raise ValueError(f"ids are {min(ids)} to {max(ids)}, expected 0 to {self.vocab_size - 1}")
        return ids

    def spans(self, text: str) -> tuple[list[int], list[Span]]:
        """`encode(text)`, and for each piece its (start, end) in characters of `text`.

        The spans tile the text: each starts where the one before ends, from 0 to `len(text)`. A space belongs
        to the piece that contains it. If a character is several byte pieces, the last one has its span and
        the others are empty.
        """
        ids = self.encode(text)
        normalized, spans = self.decode_spans(ids)
        if normalized != text:
            boundaries = nfc_boundaries(text)
            spans = [(boundaries[start], boundaries[end]) for start, end in spans]
        return ids, spans

    def decode_spans(self, ids: Sequence[int], fillings: Sequence[str] = ()) -> tuple[str, list[Span]]:
        """`decode(ids, fillings)`, and for each id its (start, end) in characters of that text, which they
        tile.
        """
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        surfaces = [decoder.decode(surface) for surface in self._surfaces_of(ids, fillings)]
        if surfaces:
            surfaces[-1] += decoder.decode(b"", final=True)
        text, end, spans = "".join(surfaces), 0, list[Span]()
        prefix = int(text.startswith(" "))
        for surface in surfaces:
            start, end = end, end + len(surface)
            spans.append((max(start - prefix, 0), max(end - prefix, 0)))
        return text[prefix:], spans

    def words(self, content: str | Sequence[int], fillings: Sequence[str] = ()) -> tuple[WordSpan, ...]:
        """The words of a text over the pieces of `encode(text)`, or those of `decode(ids, fillings)` over the
        ids.

        Words are separated by white space. In scripts without spaces between words (Chinese, Japanese, Thai
        and others) each piece is a word.
        """
        if isinstance(content, str):
            return word_spans(content, self.spans(content)[1])
        return word_spans(*self.decode_spans(content, fillings))
