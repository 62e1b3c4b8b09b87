"""A new process, from its start to its first translation."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import seq2seq
from seq2seq.errors import RunError


@dataclass(frozen=True)
class FirstTranslation:
    """Medians of new processes with an engine.

    Attributes:
        total: seconds from the start of the process to the translation.
        imported, loaded, translated: seconds of that to import the package, to load the model, and to
            translate.
        second: seconds of a second translation of the same text, in the same process.
        peak_memory: bytes of the process.
    """

    engine: str
    total: float
    imported: float
    loaded: float
    translated: float
    second: float
    peak_memory: int


def first_translations(
    model: str, engines: Sequence[str], text: str, *, rounds: int
) -> tuple[FirstTranslation, ...]:
    """The figures of each engine, over `rounds` processes that take turns. RunError if one fails."""
    seen: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            seen[engine].append(_one(model, engine, text))
    return tuple(_medians(engine, runs) for engine, runs in seen.items() if runs)


def _medians(engine: str, runs: Sequence[dict[str, float]]) -> FirstTranslation:
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    memory = int(middle.pop("peak_memory"))
    return FirstTranslation(engine, **middle, peak_memory=memory)


def _one(model: str, engine: str, text: str) -> dict[str, float]:
    command = [sys.executable, "-m", "seq2seq.benchmarks.first_translation", model, engine, text]
    paths = [str(Path(seq2seq.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}  # also from another folder
    begin = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()  # says that the translation is there
        total = time.perf_counter() - begin
        output = process.stdout.read()
        if process.wait():
            errors.seek(0)
            raise RunError(f"a new process with the engine {engine} failed: {errors.read()[-500:]}")
    return {"total": total, **json.loads(output)}


def main(model: str, engine: str, text: str) -> None:
    """Translate `text` twice; print a line after the first time, then the figures as JSON."""
    times = [time.perf_counter()]
    from seq2seq.planning.machine import peak_memory
    from seq2seq.translator import Translator

    times.append(time.perf_counter())
    translator = Translator.from_pretrained(model, engine=engine)  # type: ignore[arg-type]
    times.append(time.perf_counter())
    translator.translate(text)
    times.append(time.perf_counter())
    print("translated", flush=True)
    begin = time.perf_counter()
    translator.translate(text)
    names = ("imported", "loaded", "translated")
    figures = {name: end - start for name, start, end in zip(names, times, times[1:], strict=False)}
    second = time.perf_counter() - begin
    print(json.dumps({**figures, "second": second, "peak_memory": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
