"""Reader of TSV: two columns separated by a tab, without quoting."""

from __future__ import annotations

from collections.abc import Iterator

from seq2seq.data.lines import read_lines
from seq2seq.data.readers.request import ReadRequest
from seq2seq.data.readers.table import read_table
from seq2seq.pairs import SentencePair


def read_tsv(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a TSV file."""
    rows = ((number, line.split("\t")) for number, line in read_lines(path, request.counts))
    return read_table(path, rows, request)
