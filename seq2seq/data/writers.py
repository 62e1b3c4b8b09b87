"""Writes sentence pairs as TSV, CSV, JSONL or TMX, by the suffix of the file. The file appears whole or not
at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from seq2seq import files
from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.errors import UsageError

Write = Callable[[SentencePair], str]
_REPLACED = "tab or line end inside a text replaced by a space"


def write_pairs(
    pairs: Iterable[SentencePair], paths: Sequence[Path], *, languages: tuple[str, str], counts: Counts
) -> int:
    """Write `pairs` to the one path in `paths`; returns their number.

    `languages` are needed for TMX and name the columns of the others, if given. `counts` takes the number of
    texts that the format cannot hold as they are. Raises UsageError for an unknown suffix, RunError if the
    system refuses."""
    (path,) = paths
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise UsageError(f"{path}: suffix {suffix!r} found, expected {', '.join(WRITERS)}")
    head, write, tail = WRITERS[suffix](languages, counts)
    number = 0
    with files.replacing(path) as stream:
        stream.write(head.encode("utf-8"))
        for pair in pairs:
            stream.write(write(pair).encode("utf-8"))
            number += 1
        stream.write(tail.encode("utf-8"))
    return number


def _tsv(languages: tuple[str, str], counts: Counts) -> tuple[str, Write, str]:
    def cell(text: str) -> str:
        plain = " ".join(text.replace("\r", "\n").replace("\t", "\n").split("\n"))
        if plain != text:
            counts.repair(_REPLACED)
        return plain

    head = "\t".join(languages) + "\n" if all(languages) else ""
    return head, lambda pair: f"{cell(pair.source)}\t{cell(pair.target)}\n", ""


def _csv(languages: tuple[str, str], counts: Counts) -> tuple[str, Write, str]:
    def row(cells: Sequence[str]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(cells)
        return buffer.getvalue()

    names = languages if all(languages) else ("source", "target")
    return row(names), lambda pair: row((pair.source, pair.target)), ""


def _jsonl(languages: tuple[str, str], counts: Counts) -> tuple[str, Write, str]:
    source, target = languages if all(languages) else ("source", "target")

    def line(pair: SentencePair) -> str:
        return json.dumps({source: pair.source, target: pair.target}, ensure_ascii=False) + "\n"

    return "", line, ""


def _tmx(languages: tuple[str, str], counts: Counts) -> tuple[str, Write, str]:
    if not all(languages):
        raise UsageError("a TMX file names its languages: expected --source-lang and --target-lang")
    source, target = (quoteattr(language) for language in languages)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
        '<header creationtool="seq2seq" creationtoolversion="1" segtype="sentence" o-tmf="none" '
        f'adminlang="en" srclang={source} datatype="plaintext"/>\n<body>\n'
    )

    def unit(pair: SentencePair) -> str:
        return (
            f"<tu><tuv xml:lang={source}><seg>{escape(pair.source)}</seg></tuv>"
            f"<tuv xml:lang={target}><seg>{escape(pair.target)}</seg></tuv></tu>\n"
        )

    return head, unit, "</body>\n</tmx>\n"


WRITERS: dict[str, Callable[[tuple[str, str], Counts], tuple[str, Write, str]]] = {
    ".tsv": _tsv,
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".tmx": _tmx,
}
"""For each suffix: from languages and counts to the head of the file, a function for each pair, and its
tail."""
