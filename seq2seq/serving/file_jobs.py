"""Translating a file that a user sent, by `seq2seq.documents`, in turns with the other users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seq2seq.documents import translating
from seq2seq.documents.pieces import Request as DocumentRequest
from seq2seq.errors import DataError
from seq2seq.serving.jobs import Cancelled, Job
from seq2seq.serving.request import InvalidRequest, Request
from seq2seq.serving.service import TranslationService
from seq2seq.serving.turns import Busy
from seq2seq.serving.uploads import Upload
from seq2seq.text.plain_lines import chunks
from seq2seq.translation import Translation

SUFFIXES = (*translating.LINE_FORMATS, translating.TMX)
MAX_BYTES = 5 << 20  # of a file
MAX_CHARACTERS = 500_000  # of its texts: some 8,000 sentences
MAX_COLUMN = 100  # characters of the name of a column
CHUNK = 16  # texts that are translated in one turn


@dataclass(frozen=True)
class Result:
    """A translated file: where it is, its name, how many texts it has and how many of them were kept as they
    are, wholly or in part, and the most frequent reason for that."""

    path: Path
    name: str
    texts: int
    kept: int
    reason: str = ""

    def shown(self) -> dict[str, Any]:
        """What the page says about it."""
        return {"name": self.name, "texts": self.texts, "kept": self.kept, "reason": self.reason}


def check_column(column: object) -> str:
    """The name or number of a column, "" for none. Raises InvalidRequest."""
    if column is None:
        return ""
    if not isinstance(column, str) or len(column) > MAX_COLUMN:
        raise InvalidRequest("column", f"The column must be a text of up to {MAX_COLUMN} characters.")
    return column.strip()


def translate_upload(
    service: TranslationService, upload: Upload, request: Request, column: str, job: Job
) -> Result:
    """Translate a file with the model and the glossary of `request`.

    Raises DataError if the file is not what its suffix says or has too many characters, and Cancelled.
    """
    direction = service.directions[request.model]
    languages = (direction.source_language, direction.target_language)
    document = DocumentRequest(upload.name, column, languages=languages)
    kind = translating.suffix(upload.path)
    with translating.reading(upload.path) as stream:
        job.expect(_count(translating.read_pieces(stream, kind, document)))
    notes = Counter[str]()

    def watch(line: int, translation: Translation) -> None:
        if translation.note:
            notes[translation.note] += 1
        job.step()

    def translate(texts: Iterable[str]) -> Iterator[Translation]:
        return in_turns(service, texts, request, job)

    target = upload.path.with_stem(f"{upload.path.stem}-translated")
    with translating.reading(upload.path) as stream, translating.writing(target) as output:
        pieces = translating.read_pieces(stream, kind, document)
        texts = translating.write_pieces(pieces, output, translate, watch=watch)
    name, reason = Path(upload.name), max(notes, key=notes.__getitem__, default="")
    return Result(
        target, f"{name.stem}.{languages[1] or 'translated'}{name.suffix}", texts, notes.total(), reason
    )


def in_turns(
    service: TranslationService, texts: Iterable[str], request: Request, job: Job
) -> Iterator[Translation]:
    """The translations of texts, a few in each turn. Raises Cancelled between them."""
    direction = service.directions[request.model]
    options: dict[str, Any] = {
        "beam_size": request.beam_size,
        "target_language": direction.target_language,
        "glossary": dict(request.glossary) or None,
    }
    for chunk in chunks(iter(texts), CHUNK):
        made = None
        while made is None:
            job.check()
            try:
                with service.turns.alone():
                    made = direction.translator.translate(chunk, **options)
            except Busy:  # a job waits as long as it takes
                if service.turns.stopped:
                    raise Cancelled from None
        yield from made


def _count(pieces: Iterable[Any]) -> int:
    """The number of texts. Raises DataError if there are none, or too many characters."""
    texts = characters = 0
    for piece in pieces:
        if piece.text is not None:
            texts, characters = texts + 1, characters + len(piece.text)
            if characters > MAX_CHARACTERS:
                raise DataError(f"The file has more than {MAX_CHARACTERS:,} characters to translate")
    if not characters:
        raise DataError("There is no text to translate in this file")
    return texts
