"""The pieces that every vocabulary of ours has, and those that are added to a trained vocabulary.

A vocabulary is: pad, unk, BOS, EOS; the 256 bytes; the learned pieces; the language tags; the placeholders.

A placeholder stands for a part of a sentence that is copied: a number, a web address, a name. In a text,
placeholder k is the character `placeholder(k)`, from a Unicode block for private use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SPACE = "\u2581"
"""How SentencePiece writes a space in a piece (LOWER ONE EIGHTH BLOCK)."""

SYMBOLS = ("<pad>", "<unk>", "<s>", "</s>")
FIRST_PIECES = [*SYMBOLS, *(f"<0x{byte:02X}>" for byte in range(256))]
FIRST_SURFACES = [b"", "\ufffd".encode(), b"", b"", *(bytes([byte]) for byte in range(256))]
"""What `decode` makes of each of FIRST_PIECES."""
SPACE_AS_BYTES = [len(SYMBOLS) + byte for byte in SPACE.encode()]
"""Ids of a U+2581 that a user typed."""

_FIRST_PLACEHOLDER = 0xF0000
MOST_PLACEHOLDERS = 64
PLACEHOLDERS = re.compile(f"[{chr(_FIRST_PLACEHOLDER)}-{chr(_FIRST_PLACEHOLDER + MOST_PLACEHOLDERS - 1)}]")
"""Any placeholder in a text."""

# Appended to a model with NFC. In a protobuf the last value of a field wins: SentencePiece reads
# normalizer_spec { name: "nfc" } instead of "identity", and loads the model as before.
NFC_MARK = b"\x1a\x05\n\x03nfc"

_LANGUAGE = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*")
_TAG = re.compile(f"<2({_LANGUAGE.pattern})>")
_CONTROL = b"\x15\0\0\0\0\x18\x03"  # score: 0, type: CONTROL; text never becomes a piece of this type


def tag_piece(language: str) -> str:
    """The piece that asks for a translation into `language`: "<2fr>" (Johnson et al., 2017)."""
    if not _LANGUAGE.fullmatch(language) or len(language) > 35:  # the longest tag in BCP 47's examples
        raise ValueError(f"tag is {language!r}, expected a language such as 'fr' or 'pt-BR'")
    return f"<2{language}>"


def tag_language(piece: str) -> str | None:
    """The language of a tag's piece, None for other pieces."""
    tag = _TAG.fullmatch(piece)
    return tag[1] if tag else None


def placeholder(number: int) -> str:
    """The character of placeholder `number`, from 0."""
    return chr(_FIRST_PLACEHOLDER + number)


def placeholder_number(character: str) -> int:
    """The number of a placeholder's character."""
    return ord(character) - _FIRST_PLACEHOLDER


def placeholder_piece(number: int) -> str:
    """The piece of placeholder `number`: "<copy1>" for 0."""
    return f"<copy{number + 1}>"


def append_symbols(model: bytes, pieces: Iterable[str]) -> bytes:
    """The SentencePiece model `model` with a control symbol for each of `pieces` after its last piece.

    `pieces` is a repeated field of the model's protobuf, so more of them can be appended to its bytes. Given
    to the trainer as `control_symbols`, they would stand before the bytes and shift all ids.
    """
    for piece in map(str.encode, pieces):
        entry = b"\n" + bytes([len(piece)]) + piece + _CONTROL
        model += b"\n" + bytes([len(entry)]) + entry
    return model
