"""Translation memories (TMX 1.4b, LISA, 2005): each unit gets a variant in the target language.

The bytes of the file are kept, and the variant is inserted before the end of its unit. A unit that has a
variant in the target language already, or none in the source language, stays as it is. Inline codes are left
out of the text that is translated, as `data.readers.tmx` does.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from seq2seq.documents.pieces import Piece, Request
from seq2seq.errors import DataError, UsageError
from seq2seq.text.languages import normalize_tag, same_language
from seq2seq.translation import Translation

_CHUNK = 1 << 16  # bytes given to the parser at once
_LONGEST = 1 << 24  # characters of one unit, and bytes of one tag: more would fill the memory
_CODES = ("bpt", "ept", "ph", "it", "ut")
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass
class _Unit:
    """A translation unit: its line, its texts by language, the white space before its end, and the place of
    that end in the file, in bytes."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)
    space: str = ""
    end: int = 0


class _Collector:
    """The target of the XML parser: collects translation units."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.expat: Any = None  # knows the place that is being read
        self.units: list[_Unit] = []
        self.languages: dict[str, None] = {}
        self.unit: _Unit | None = None
        self.language, self.encoding = "", "utf-8"
        self.text: list[str] | None = None  # of the <seg> that is open
        self.codes = self.depth = self.size = 0

    @property
    def where(self) -> str:
        return f"{self.name}:{self.expat.CurrentLineNumber}"

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        """The first line of the file names its encoding."""
        self.encoding = encoding or "utf-8"

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = _local(tag)
        self.depth += 1
        if self.depth == 1 and tag != "tmx":
            raise DataError(f"{self.where}: <{tag[:40]}> found as the root element, expected <tmx>")
        if self.depth > 100:
            raise DataError(f"{self.where}: over 100 nested elements found, expected TMX")
        if tag == "tu":
            self.unit, self.size = _Unit(int(self.expat.CurrentLineNumber)), 0
        elif tag == "tuv":
            names = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
            self.language = normalize_tag(
                next((attributes[name] for name in names if name in attributes), "")
            )
        elif tag == "seg" and self.unit is not None:
            self.text = []
        self.codes += tag in _CODES

    def data(self, text: str) -> None:
        """Characters of an element."""
        self.size += len(text)
        if self.unit is not None and self.size > _LONGEST:
            raise DataError(
                f"{self.where}: a unit of over {_LONGEST:,} characters found, expected a sentence"
            )
        if self.text is not None and not self.codes:
            self.text.append(text)
        elif self.unit is not None:
            self.unit.space = text if text.isspace() else ""

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = _local(tag)
        self.depth -= 1
        self.codes -= tag in _CODES
        if tag == "seg" and self.text is not None and self.unit is not None:
            self.unit.texts.setdefault(self.language, "".join(self.text))
            self.text = None
        elif tag == "tuv" and self.unit is not None:
            self.unit.space = ""
        elif tag == "tu" and self.unit is not None:
            self.unit.end = self.expat.CurrentByteIndex
            self.units.append(self.unit)
            if len(self.languages) < 100:
                self.languages |= dict.fromkeys(self.unit.texts)
            self.unit = None

    def close(self) -> None:
        """The document ends."""


def _local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def read_tmx(stream: BinaryIO, request: Request) -> Iterator[Piece]:
    """A piece for each unit that is translated, and for what stands between them."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    if not all(request.languages):
        raise UsageError(f"{request.name}: TMX needs the languages of the model, and this one has none")
    collector = _Collector(request.name)
    parser = DefusedXMLParser(target=collector)
    collector.expat = parser.parser
    collector.expat.XmlDeclHandler = collector.declaration
    try:
        yield from _pieces(stream, parser, collector, request)
    except ParseError as error:
        raise DataError(f"{request.at(error.position[0])}: {error}, expected a TMX file") from None
    except DefusedXmlException as error:
        found = f"{type(error).__name__} found"
        raise DataError(f"{collector.where}: {found}, expected TMX without entities") from None
    except (ValueError, LookupError) as error:  # an unknown encoding, or bytes that are not of it
        if isinstance(error, DataError):
            raise
        raise DataError(f"{collector.where}: {error}, expected a TMX file") from None


def _pieces(stream: BinaryIO, parser: Any, collector: _Collector, request: Request) -> Iterator[Piece]:
    """Give the parser the file in chunks, and yield what is complete after each."""
    pending, written, translated = b"", 0, False  # `pending` begins at the byte `written` of the file
    encoding = ""
    while chunk := stream.read(_CHUNK):
        parser.feed(chunk)
        pending += chunk
        encoding = encoding or _encoding_of(pending)
        if len(pending) > _LONGEST:
            raise DataError(f"{collector.where}: a tag of over {_LONGEST:,} bytes found, expected TMX")
        for unit in collector.units:
            if (text := _to_translate(unit, request.languages)) is not None:
                content, pending = pending[: unit.end - written], pending[unit.end - written :]
                written, translated = unit.end, True
                yield _piece(unit, text, content, request.languages[1], encoding or collector.encoding)
        collector.units.clear()
        done = max(collector.expat.CurrentByteIndex - written, 0)
        content, pending, written = pending[:done], pending[done:], written + done
        yield Piece(1, None, lambda _, content=content: content)  # type: ignore[misc]
    parser.close()
    if not translated and not any(same_language(name, request.languages[0]) for name in collector.languages):
        found = ", ".join(map(repr, collector.languages)) or "none"
        raise DataError(f"{request.name}: languages {found} found, expected {request.languages[0]!r}")
    yield Piece(1, None, lambda _: pending)


def _encoding_of(start: bytes) -> str:
    """The encoding that a byte order mark tells; "" without one."""
    marks = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    return next((name for mark, name in marks.items() if start.startswith(mark)), "")


def _to_translate(unit: _Unit, languages: tuple[str, str]) -> str | None:
    """The text of `unit` in the source language; None if it has none, or has the target language."""
    source, target = map(normalize_tag, languages)
    others = dict(unit.texts)
    name = next((name for name in others if name == source), None)
    if name is None:
        name = next((name for name in others if name != target and same_language(name, source)), None)
    text = others.pop(name, None) if name is not None else None
    return None if any(same_language(other, target) for other in others) else text


def _piece(unit: _Unit, text: str, content: bytes, language: str, encoding: str) -> Piece:
    def render(translation: Translation) -> bytes:
        translated = escape(_NOT_XML.sub(" ", translation.text))
        variant = f"<tuv xml:lang={quoteattr(language)}><seg>{translated}</seg></tuv>"
        if "\n" in unit.space:
            variant = f"  {variant}{unit.space}"
        return content + variant.encode(encoding, "xmlcharrefreplace")

    return Piece(unit.line, text, render)
