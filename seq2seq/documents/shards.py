"""Shares the lines of a large plain text among any number of processes, and resumes what was stopped.

Beside the output `big.fr` stands a folder `big.fr.shards`:

    plan.json      the input (size, SHA-256), the settings, and the shards: first line and first byte
    00003.txt      the translation of a shard
    00003.json     written after it: the shard is complete; lines and SHA-256 of its text
    00003.lock     held by the process that translates the shard

Processes need no other connection. Each takes the next shard that is neither complete nor locked; the system
releases the lock of a process that dies. The process that finds all shards complete checks them, writes the
output in order, and notes in the plan that it is done. The same command again then does nothing. Where locks
do not work, as on some network file systems, a shard may be translated twice, with the same result.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from seq2seq import files
from seq2seq.documents.pieces import Request, pieces_of_lines
from seq2seq.documents.plain import read_plain
from seq2seq.documents.translating import Translate, Watch, write_pieces
from seq2seq.errors import DataError, RunError, UsageError
from seq2seq.text.plain_lines import LONGEST, Lines

SHARD_LINES = 10_000
"""Lines of a shard unless the number of shards is given: a process that is killed loses at most so many."""


@dataclass(frozen=True)
class Plan:
    """How an input is cut into shards.

    Attributes:
        size, sha256: of the input, in bytes.
        settings: everything else that the output depends on.
        starts: for each shard the number of its first line, from 1, and its first byte.
        lines: of the input.
        done: whether the output was written.
    """

    size: int
    sha256: str
    settings: dict[str, Any]
    starts: tuple[tuple[int, int], ...]
    lines: int
    done: bool = False

    def lines_of(self, shard: int) -> int:
        """How many lines a shard has."""
        ends = [*(line for line, _ in self.starts[1:]), self.lines + 1]
        return ends[shard] - self.starts[shard][0]


@dataclass(frozen=True)
class Progress:
    """What a process did: the shards that it translated, and whether the output is written."""

    translated: tuple[int, ...]
    done: bool


def translate_shards(
    source: Path,
    target: Path,
    translate: Translate,
    request: Request,
    *,
    settings: dict[str, Any],
    shards: int = 0,
    processes: int = 1,
    rank: int = 0,
    buffer: int = 1000,
    watch: Watch | None = None,
) -> Progress:
    """Translate the shards of the plain text `source` that no other process does or did; merge at the end.

    Args:
        source, target: the files. All processes must see them.
        translate: translates texts.
        request: how to read the lines.
        settings: what the output depends on. Shards that were made with other settings are refused.
        shards: how many; 0: those of the plan that exists, else one for `SHARD_LINES` lines, and at least one
            for each process.
        processes: how many share the work.
        rank: the number of this process: where it begins to look for a shard.
        buffer: lines that are read before they are translated.
        watch: is told the line and the translation of each text.

    Raises:
        DataError: the input cannot be read, or is not UTF-8.
        UsageError: the folder holds shards of another input or of other settings.
        RunError: a file cannot be written, or a complete shard was changed.
    """
    folder = target.with_name(f"{target.name}.shards")
    plan = _plan(source, target, folder, settings, shards=shards, processes=processes)
    translated, number = list[int](), len(plan.starts)
    for shard in ((rank * number // processes + step) % number for step in range(number)):
        with _lock(folder / f"{shard:05}.lock") as mine:
            if mine and not _is_complete(folder, shard):
                _translate(source, folder, plan, shard, translate, request, buffer=buffer, watch=watch)
                translated.append(shard)
    if all(_is_complete(folder, shard) for shard in range(number)):
        with FileLock(folder / "plan.lock"):
            _merge(target, folder)
    return Progress(tuple(translated), done=_is_done(folder))


def _is_done(folder: Path) -> bool:
    plan = _read_plan(folder / "plan.json")
    return plan is not None and plan.done


def _is_complete(folder: Path, shard: int) -> bool:
    """Whether a shard needs no more work. The marks are removed when the output is written."""
    return (folder / f"{shard:05}.json").exists() or _is_done(folder)


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Whether this process got the lock, which it holds during the block."""
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _plan(
    source: Path, target: Path, folder: Path, settings: dict[str, Any], *, shards: int, processes: int
) -> Plan:
    """The plan in `folder`, or a new one. All processes make the same, so it does not matter who is first."""
    path = folder / "plan.json"
    existing = _read_plan(path)
    if not shards and existing is not None and not existing.done:
        shards = len(existing.starts)
    plan = replace(_made(source, shards, processes), settings=json.loads(json.dumps(settings)))
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "plan.lock"):
        existing = _read_plan(path)
        if existing is not None and replace(existing, done=False) == plan:
            if not existing.done or target.exists():
                return existing
        elif existing is not None and not existing.done:
            raise UsageError(
                f"{folder}: shards of another input, other settings or another number of shards found, "
                f"expected those of {source}: delete the folder to begin anew"
            )
        files.write_json(path, asdict(plan))
    return plan


def _read_plan(path: Path) -> Plan | None:
    if not path.exists():
        return None
    values = files.read_json(path, error=RunError)
    try:
        return Plan(**{**values, "starts": tuple((line, byte) for line, byte in values["starts"])})
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{path}: no plan found, expected one: delete the folder to begin anew") from None


def _made(source: Path, shards: int, processes: int) -> Plan:
    """The plan of an input, in two passes: the lines are counted, then the shards are found."""
    try:
        with source.open("rb") as file:
            if not source.is_file():
                raise DataError(f"{source}: not a file, expected one that is read at any place")
            hashed, lines = hashlib.sha256(), 0
            for raw in _lines(file):
                hashed.update(raw)
                lines += 1
            number = shards or max(-(-lines // SHARD_LINES), processes, 1)
            firsts = [shard * lines // number + 1 for shard in range(number)]
            return Plan(file.tell(), hashed.hexdigest(), {}, _starts(file, firsts), lines)
    except OSError as error:
        raise DataError(
            f"{source}: cannot be read ({error.strerror or error}), expected a text file"
        ) from None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.readline(LONGEST), b"")


def _starts(file: BinaryIO, firsts: list[int]) -> tuple[tuple[int, int], ...]:
    """The first byte of each of the lines `firsts`, which ascend."""
    file.seek(0)
    starts, byte, number = list[tuple[int, int]](), 0, 1
    for first in firsts:
        for raw in islice(_lines(file), first - number):
            byte += len(raw)
        number = first
        starts.append((first, byte))
    return tuple(starts)


def _translate(
    source: Path,
    folder: Path,
    plan: Plan,
    shard: int,
    translate: Translate,
    request: Request,
    *,
    buffer: int,
    watch: Watch | None,
) -> None:
    """Write the translation of a shard, then its mark."""
    line, byte = plan.starts[shard]
    path, expected = folder / f"{shard:05}.txt", plan.lines_of(shard)
    with source.open("rb") as file, files.replacing(path) as output:
        file.seek(byte)
        lines = Lines(file, name=request.name, first=line)
        pieces = pieces_of_lines(lines, request, lambda all_, _: read_plain(islice(all_, expected), request))
        texts = write_pieces(pieces, output, translate, buffer=buffer, watch=watch)
    if texts != expected:
        raise RunError(f"{path}: {texts} lines translated, expected {expected}")
    files.write_json(folder / f"{shard:05}.json", {"lines": texts, "sha256": files.sha256(path)})


def _merge(target: Path, folder: Path) -> None:
    """Write the output from all shards, in order, unless another process did."""
    plan = _read_plan(folder / "plan.json")
    if plan is None or plan.done:
        return
    paths = [folder / f"{shard:05}.txt" for shard in range(len(plan.starts))]
    lines = 0
    with files.replacing(target) as output:
        for path in paths:
            mark = files.read_json(path.with_suffix(".json"), error=RunError)
            hashed = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    hashed.update(chunk)
                    output.write(chunk)
            if hashed.hexdigest() != mark["sha256"]:
                raise RunError(
                    f"{path}: changed after it was complete; delete {path.with_suffix('.json').name}"
                )
            lines += mark["lines"]
        if lines != plan.lines:
            raise RunError(f"{target}: {lines} lines translated, expected {plan.lines} as in the input")
    files.write_json(folder / "plan.json", asdict(replace(plan, done=True)))
    for path in paths:
        for suffix in (".txt", ".json", ".lock"):
            path.with_suffix(suffix).unlink(missing_ok=True)
    for path in folder.glob(".seq2seq-*"):  # of processes that were killed
        path.unlink(missing_ok=True)


def processes_of_launcher() -> tuple[int, int]:
    """How many processes a launcher such as torchrun started, and the number of this one, from 0.

    They stand in WORLD_SIZE and RANK; without them, (1, 0). Raises UsageError if they are no such numbers.
    """
    values = [os.environ.get(name, default) for name, default in (("WORLD_SIZE", "1"), ("RANK", "0"))]
    if not all(value.isascii() and value.isdigit() for value in values) or int(values[1]) >= int(values[0]):
        raise UsageError(
            f"WORLD_SIZE is {values[0]!r} and RANK {values[1]!r}, expected whole numbers, RANK from 0 to "
            "WORLD_SIZE - 1, as torchrun sets them"
        )
    return int(values[0]), int(values[1])
