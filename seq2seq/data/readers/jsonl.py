"""Reader of JSONL: an object per line, `{"source": …, "target": …}` or `{"translation": {"en": …, "fr":
…}}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from seq2seq.data.lines import read_lines
from seq2seq.data.readers.records import read_records
from seq2seq.data.readers.request import ReadRequest
from seq2seq.errors import DataError
from seq2seq.pairs import Counts, SentencePair


def read_jsonl(path: str, request: ReadRequest) -> Iterator[SentencePair]:
    """The pairs of a JSONL file."""
    return read_records(_json_records(path, request.counts), request)


def _json_records(path: str, counts: Counts) -> Iterator[tuple[str, Any]]:
    for number, line in read_lines(path, counts):
        if not line.strip():
            counts.repair("blank line skipped", where=f"{path}:{number}")
            continue
        try:
            record = json.loads(line)
        except RecursionError:
            raise DataError(f"{path}:{number}: JSON nested too deep found, expected a flat object") from None
        except ValueError as error:  # JSONDecodeError, or a number of over 4,300 digits
            raise DataError(f"{path}:{number}: not JSON ({error}), expected an object per line") from None
        yield f"{path}:{number}", record
