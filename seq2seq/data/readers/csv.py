"""Reader of CSV: two columns separated by a comma, quoted as in RFC 4180, so that a text may hold line
ends.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from seq2seq.data.lines import MAX_LINE, read_lines
from seq2seq.data.readers.request import ReadRequest
from seq2seq.data.readers.table import Row, read_table
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair


def read_csv(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a CSV file."""
    return read_table(path, _csv_rows(path, request.counts), request)


def _csv_rows(path: str, counts: Counts) -> Iterator[Row]:
    csv.field_size_limit(max(MAX_LINE, csv.field_size_limit()))  # 128 KB by default
    reader = csv.reader((line + "\n" for _, line in read_lines(path, counts)), strict=True)
    while True:
        start = reader.line_num + 1
        try:
            yield start, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}:{start}: {error}; expected CSV with every quotation mark closed"
            ) from None
