"""Subtitles (SubRip, `.srt`): the text of each cue is translated, numbers and times are kept.

A cue is translated as one text over its lines, which is then broken at about the same places. A line that
begins with a dash is another speaker and a text of its own. Position codes at the start (`{\\an8}`), a dash,
and a pair of tags around the whole text (`<i>…</i>`) are left out and put back; other tags go with the text.
Sentences that run over several cues are translated cue by cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seq2seq.documents.pieces import Piece, Request, unchanged
from seq2seq.errors import DataError
from seq2seq.text.plain_lines import Line, one_line
from seq2seq.translation import Translation

MOST_LINES = 1000
"""Lines of a cue. More are no subtitle, and would fill the memory."""

_NUMBER = re.compile(r"\s*\d+\s*")
_TIME = r"\d{1,3}:\d{1,2}:\d{1,2}(?:[,.]\d{1,3})?"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_SPEAKER = re.compile(r"\s*(?:<[^>]*>|\{[^}]*\})*\s*[-–—]")
_START = re.compile(r"\s*(?:\{\\[^}]*\})*\s*(?:[-–—]\s*)?")
_TAGGED = re.compile(r"(<(\w+)[^>]*>)([^<>]*)(</\2>)")
_BREAK = re.compile(r"(?<![«(\[]) (?=[^\s\w]*\w)(?![^<>]*>)")  # not inside a tag, not before a lone mark


def read_srt(lines: Iterator[Line], request: Request) -> Iterator[Piece]:
    """A piece for each line that is kept, and for each text of a cue."""
    for line in lines:
        if not line.text.strip():
            yield unchanged(line)
            continue
        times = line
        if _NUMBER.fullmatch(line.text):
            yield unchanged(line)
            times = next(lines, Line(line.number + 1, ""))
        if not _TIMES.fullmatch(times.text):
            number = "" if times is not line else "the number of a cue, or "
            raise DataError(
                f"{request.at(times.number)}: {times.text[:40]!r} found, expected {number}its times, such as "
                "00:00:01,000 --> 00:00:02,500"
            )
        yield unchanged(times)
        text, after = _text_of_cue(lines, request)
        for speech in _speeches(text):
            yield _piece(speech)
        if after is not None:
            yield unchanged(after)


def _text_of_cue(lines: Iterator[Line], request: Request) -> tuple[list[Line], Line | None]:
    """The lines up to a blank one, and the blank one; None at the end of the file."""
    text = list[Line]()
    for line in lines:
        if not line.text.strip():
            return text, line
        where = request.at(line.number)
        if _TIMES.fullmatch(line.text):
            raise DataError(f"{where}: times found in the text of a cue, expected a blank line before a cue")
        if len(text) == MOST_LINES:
            raise DataError(
                f"{where}: a cue of over {MOST_LINES} lines found, expected a blank line after it"
            )
        text.append(line)
    return text, None


def _speeches(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of a cue, those of each speaker together."""
    speeches = list[list[Line]]()
    for line in lines:
        if speeches and not _SPEAKER.match(line.text):
            speeches[-1].append(line)
        else:
            speeches.append([line])
    return speeches


def _piece(lines: Sequence[Line]) -> Piece:
    whole = " ".join(line.text.strip() for line in lines)
    before, after = whole[: _end_of_start(whole)], ""
    text = whole[len(before) :]
    if tagged := _TAGGED.fullmatch(text):
        before, text, after = before + tagged[1], tagged[3], tagged[4]
    lengths = [len(line.text.strip()) for line in lines]

    def render(translation: Translation) -> bytes:
        broken = break_lines(f"{before}{one_line(translation.text)}{after}", lengths)
        ends = [lines[0].end] * (len(broken) - 1) + [lines[-1].end]
        return "".join(text + end for text, end in zip(broken, ends, strict=True)).encode()

    return Piece(lines[0].number, text, render)


def _end_of_start(text: str) -> int:
    """How many characters of position codes and dash `text` begins with."""
    start = _START.match(text)
    return start.end() if start else 0


def break_lines(text: str, lengths: Sequence[int]) -> list[str]:
    """`text` on as many lines as there are `lengths`, each with about its share of the characters.

    Lines are broken at spaces outside tags, and not before a mark that stands alone, as in French "Quoi ?".
    There are fewer lines if there are not enough such spaces.
    """
    places, total = [match.start() for match in _BREAK.finditer(text)], sum(lengths) + len(lengths) - 1
    cuts, done = list[int](), 0
    for length in lengths[:-1]:
        wanted = (done + length + 0.5) / total * len(text) - 0.5
        done += length + 1
        left = [place for place in places if not cuts or place > cuts[-1]]
        if left:
            cuts.append(min(left, key=lambda place: abs(place - wanted)))
    starts = [0, *(cut + 1 for cut in cuts)]
    return [text[start:end] for start, end in zip(starts, [*cuts, len(text)], strict=True)]
