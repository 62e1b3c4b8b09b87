"""Reader of TMX, the exchange format of translation memories (TMX 1.4b, LISA, 2005).

A translation unit <tu> has a variant <tuv xml:lang="en"> with a text <seg> for each language. Inside a text,
the codes of inline markup (<bpt>, <ept>, <ph>, <it>, <ut>) are left out and the text of other elements (<hi>,
<sub>) is kept. The file is parsed in pieces, so memory stays constant. XML that defines entities or refers to
other files is refused (defusedxml); a DOCTYPE, which TMX files have, is accepted."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from seq2seq.data.lines import repair
from seq2seq.data.pairs import SentencePair
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.text.languages import same_language

_CODES = ("bpt", "ept", "ph", "it", "ut")
_DEEPEST = 100  # levels of nested elements; real files have about ten
_CHUNK = 1 << 16  # bytes given to the parser at once
_LONGEST = 1 << 24  # characters of one unit; more would fill the memory
_SKIPPED = "translation unit without both languages skipped"


@dataclass
class _Unit:
    """A translation unit: its line in the file, and its texts by language (lower case, "-" between parts)."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)


def read_tmx(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a translation memory in the languages of the request; "en" also reads "en-US".

    A unit without one of the two languages is left out and counted. DataError if no unit has both.
    """
    if request.languages is None:
        raise DataError(f"{path}: a translation memory found, expected --source-lang and --target-lang")
    source, target = request.languages
    available, pairs = dict[str, None](), 0
    for unit in _units(path):
        available.update(dict.fromkeys(unit.texts))
        sides = [_text_in(unit.texts, language) for language in (source, target)]
        if sides[0] is None or sides[1] is None:
            request.counts.repair(_SKIPPED)
            continue
        pairs += 1
        where = f"{path}:{unit.line}"
        yield SentencePair(
            repair(sides[0], where, request.counts), repair(sides[1], where, request.counts), where
        )
    if not pairs:
        languages = ", ".join(repr(language) for language in list(available)[:10]) or "none"
        raise DataError(f"{path}: languages {languages} found, expected units with {source!r} and {target!r}")


def _text_in(texts: dict[str, str], language: str) -> str | None:
    """The text in exactly this language, else the first one of its regions: `pt-BR` for `pt`."""
    exact = language.lower().replace("_", "-")
    if exact in texts:
        return texts[exact]
    return next((text for name, text in texts.items() if same_language(name, language)), None)


class _Collector:
    """The target of the XML parser: collects translation units and forgets everything else."""

    def __init__(self, path: str) -> None:
        self.path, self.depth, self.skipped = path, 0, 0
        self.expat: Any = None  # knows the line that is being read
        self.units: list[_Unit] = []
        self.unit: _Unit | None = None
        self.language = ""
        self.text: list[str] | None = None  # of the <seg> that is open
        self.size = 0

    @property
    def line(self) -> int:
        """The line of the file that the parser has reached."""
        return 1 if self.expat is None else int(self.expat.CurrentLineNumber)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise DataError(f"{self.path}:{self.line}: over {_DEEPEST} nested elements found, expected TMX")
        if tag == "tu":
            self.unit, self.size = _Unit(self.line), 0
        elif tag == "tuv":
            names = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
            self.language = next((attributes[name] for name in names if name in attributes), "")
        elif tag == "seg" and self.unit is not None:
            self.text = []
        elif tag in _CODES:
            self.skipped += 1

    def data(self, text: str) -> None:
        """Characters of an element."""
        if self.text is not None and not self.skipped:
            self.size += len(text)
            if self.size > _LONGEST:
                raise DataError(f"{self.path}:{self.line}: a unit of over {_LONGEST} characters found")
            self.text.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        self.depth -= 1
        if tag in _CODES:
            self.skipped -= 1
        elif tag == "seg" and self.text is not None and self.unit is not None:
            self.unit.texts.setdefault(self.language.lower().replace("_", "-"), "".join(self.text))
            self.text = None
        elif tag == "tu" and self.unit is not None:
            self.units.append(self.unit)
            self.unit = None

    def close(self) -> None:
        """The document ends."""


def _units(path: str) -> Iterator[_Unit]:
    """The translation units of a file."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    collector = _Collector(path)
    parser = DefusedXMLParser(target=collector)
    collector.expat = parser.parser
    try:
        with _open(path) as file:
            while chunk := file.read(_CHUNK):
                yield from _fed(parser, collector, chunk)
        parser.close()
    except ParseError as error:
        raise DataError(f"{path}:{error.position[0]}: {error}, expected a TMX file") from None
    except DefusedXmlException as error:
        reason = f"{type(error).__name__} found"
        raise DataError(f"{path}:{collector.line}: {reason}, expected TMX without entities") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: a cut or damaged gzip stream found ({error}), expected a whole one"
        ) from None
    except (ValueError, LookupError) as error:  # an unknown encoding, or bytes that are not of it
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}:{collector.line}: {error}, expected a TMX file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}), expected a TMX file") from None


def _fed(parser: Any, collector: _Collector, chunk: bytes) -> Iterator[_Unit]:
    """Give the parser a chunk, and yield the units that are complete."""
    parser.feed(chunk)
    yield from collector.units
    collector.units.clear()


def _open(path: str) -> IO[bytes]:
    return gzip.open(path, "rb") if path.lower().endswith(".gz") else open(path, "rb")  # type: ignore[return-value]
