"""Translation as a filter: a line out for each line in, in order, in chunks.

Lines are UTF-8 and end at "\\n" alone; "\\r" before it goes. What is read here is raw text, so nothing else
is repaired, unlike in the training data (`lines`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from seq2seq.errors import DataError
from seq2seq.translation import Translation


def read(stream: BinaryIO, *, name: str = "stdin") -> Iterator[str]:
    """The lines of `stream`, as they come. Raises DataError with line and byte where they are not UTF-8."""
    for number, raw in enumerate(stream, start=1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"byte {raw[error.start]:#04x} found at byte {error.start + 1} of the line"
            raise DataError(f"{name}:{number}: {found}, expected UTF-8") from None
        yield text.removesuffix("\n").removesuffix("\r")


def write(lines: Iterable[str], stream: BinaryIO, *, buffer: int) -> None:
    """Write each of `lines`, which end in "\\n" already, and let go of them after every `buffer`."""
    for number, line in enumerate(lines, start=1):
        stream.write(line.encode("utf-8"))
        if number % buffer == 0:
            stream.flush()
    stream.flush()


def one_line(text: str) -> str:
    """`text` without line ends of its own."""
    return text.replace("\r", " ").replace("\n", " ")


def show(number: int, translation: Translation, *, form: str) -> str:
    """What is printed for line `number` (from 0): "text", "scores" (score ⇥ text), "n-best" (number ⇥ score ⇥
    text, a line for each hypothesis) or "json" (an object)."""
    if form == "json":
        return json.dumps(plain(translation), ensure_ascii=False) + "\n"
    if form == "n-best":
        found = [translation, *translation.alternatives]
        return "".join(f"{number}\t{t.score:.6f}\t{one_line(t.text)}\n" for t in found)
    score = f"{translation.score:.6f}\t" if form == "scores" else ""
    return f"{score}{one_line(translation.text)}\n"


def plain(translation: Translation) -> dict[str, Any]:
    """A translation as plain values; attention, the largest part, is left out."""
    return {
        "text": translation.text,
        "score": translation.score,
        "log_prob": translation.log_prob,
        "confidence": translation.confidence,
        "source_tokens": translation.source_tokens,
        "target_tokens": translation.target_tokens,
        "source_words": [asdict(word) for word in translation.source_words],
        "words": [asdict(word) for word in translation.words],
        "alignment": translation.alignment,
        "alternatives": [
            {"text": t.text, "score": t.score, "log_prob": t.log_prob} for t in translation.alternatives
        ],
    }
