"""Reader of TMX, the exchange format of translation memories (TMX 1.4b, LISA, 2005).

A translation unit <tu> has a variant <tuv xml:lang="en"> with a text <seg> for each language. Inside a text,
inline codes (<bpt>, <ept>, <ph>, <it>, <ut>) are left out with all that they hold, and the text of other
elements (<hi>) is kept. The file is parsed in pieces, so memory stays constant. XML that defines entities or
refers to other files is refused (defusedxml); a DOCTYPE, which TMX files have, is accepted.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from seq2seq.data.lines import repair
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import SentencePair
from seq2seq.text.languages import normalize_tag, same_language

_CODES = ("bpt", "ept", "ph", "it", "ut")
_DEEPEST = 100  # levels of nested elements; real files have about ten
_CHUNK = 1 << 16  # bytes given to the parser at once
_LONGEST = 1 << 24  # characters of one unit; more would fill the memory
_LONGEST_MARKUP = 1 << 20  # bytes of one tag or comment: expat reads it again from its start with each chunk
_SAMPLE = 1000  # units whose languages are named in an error
_SKIPPED = "translation unit without both languages skipped"


@dataclass
class _Unit:
    """A translation unit: its line in the file, and its texts by language (lower case, "-" between parts)."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)


def read_tmx(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a translation memory in the languages of the request; "en" also reads "en-US".

    A unit without one of the two languages is left out and counted. DataError if no languages are requested,
    or if no unit has both; it names the languages of the file.
    """
    if request.languages is None:
        languages = _listed(name for unit in islice(_units(path), _SAMPLE) for name in unit.texts)
        raise DataError(
            f"{path}: languages {languages} found, expected --source-lang and --target-lang with two"
        )
    pairs, skipped = 0, dict[str, None]()
    for unit in _units(path):
        where = f"{path}:{unit.line}"
        names = _variants(unit.texts, request.languages)
        if names is None:
            request.counts.repair(_SKIPPED, where=where)
            if len(skipped) < _SAMPLE:
                skipped.update(dict.fromkeys(unit.texts))
            continue
        pairs += 1
        source, target = (repair(unit.texts[name], where, request.counts) for name in names)
        yield SentencePair(source, target, where)
    if not pairs:
        expected = " and ".join(map(repr, request.languages))
        raise DataError(f"{path}: languages {_listed(skipped)} found, expected units with {expected}")


def _listed(languages: Iterable[str]) -> str:
    """Up to ten languages, for a message."""
    different = list(dict.fromkeys(languages))
    shown = ", ".join(repr(language[:40]) for language in different[:10]) or "none"
    return shown + (f" and {len(different) - 10} more" if len(different) > 10 else "")


def _variants(texts: dict[str, str], languages: tuple[str, str]) -> tuple[str, str] | None:
    """The names of two variants: those in exactly these languages, else in one of their regions.

    One variant is never both source and target: `pt-PT` and `pt-BR` are two variants, not one of them twice.
    """
    names = [name if (name := normalize_tag(language)) in texts else None for language in languages]
    for side, language in enumerate(languages):
        if names[side] is None:
            regions = (name for name in texts if name not in names and same_language(name, language))
            names[side] = next(regions, None)
    source, target = names
    return None if source is None or target is None else (source, target)


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
        tag = _local(tag)
        self.depth += 1
        if self.depth == 1 and tag != "tmx":
            raise DataError(
                f"{self.path}:{self.line}: <{tag[:40]}> found as the root element, expected <tmx>"
            )
        if self.depth > _DEEPEST:
            raise DataError(f"{self.path}:{self.line}: over {_DEEPEST} nested elements found, expected TMX")
        if tag == "tu":
            self.unit, self.size = _Unit(self.line), 0
        elif tag == "tuv":
            names = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
            self.language = next((attributes[name] for name in names if name in attributes), "")
            self._grow(100 + len(self.language))
        elif tag == "seg" and self.unit is not None:
            self.text = []
        elif tag in _CODES:
            self.skipped += 1

    def data(self, text: str) -> None:
        """Characters of an element."""
        if self.text is not None and not self.skipped:
            self._grow(len(text))
            self.text.append(text)

    def _grow(self, characters: int) -> None:
        self.size += characters
        if self.size > _LONGEST:
            raise DataError(
                f"{self.path}:{self.line}: a unit of over {_LONGEST} characters found, expected a sentence"
            )

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = _local(tag)
        self.depth -= 1
        if tag in _CODES:
            self.skipped -= 1
        elif tag == "seg" and self.text is not None and self.unit is not None:
            self.unit.texts.setdefault(normalize_tag(self.language), "".join(self.text))
            self.text = None
        elif tag == "tu" and self.unit is not None:
            self.units.append(self.unit)
            self.unit = None

    def close(self) -> None:
        """The document ends."""


def _local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


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
            yield from _parsed(file, parser, collector)
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


def _parsed(file: IO[bytes], parser: Any, collector: _Collector) -> Iterator[_Unit]:
    """Give the parser a file in chunks, and yield the units that are complete after each."""
    given, position, reached = 0, 0, 0  # bytes: all, where the parser is, and all when it got there
    while chunk := file.read(_CHUNK):
        parser.feed(chunk)
        yield from collector.units
        collector.units.clear()
        given += len(chunk)
        if position != collector.expat.CurrentByteIndex:
            position, reached = collector.expat.CurrentByteIndex, given
        elif given - reached > _LONGEST_MARKUP:
            where = f"{collector.path}:{collector.line}"
            raise DataError(f"{where}: a tag or comment of over {_LONGEST_MARKUP} bytes found, expected TMX")


def _open(path: str) -> IO[bytes]:
    return gzip.open(path, "rb") if path.lower().endswith(".gz") else open(path, "rb")  # type: ignore[return-value]
