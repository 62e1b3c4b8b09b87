"""What `seq2seq train` decides and checks before it trains: settings without a recipe, and the preflight.

The planning room says what is chosen and what is wrong; here it is put together and printed on stderr. The
speed is measured here, because an update belongs to the training room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from seq2seq.cli.messages import say
from seq2seq.config import DataConfig, Settings
from seq2seq.config.corpora import Corpora
from seq2seq.data.batching import Batches, PairColumns
from seq2seq.devices import find_device
from seq2seq.errors import SeqError, is_out_of_memory
from seq2seq.nn.model import build_model, build_on_meta, count_parameters
from seq2seq.planning.choosing import Choice, choose
from seq2seq.planning.directions import all_warnings, check_all, look_at
from seq2seq.planning.lines import entry
from seq2seq.planning.look import Look, can_be_read_twice
from seq2seq.planning.machine import Machine, find_machine
from seq2seq.planning.needs import disk_needed, memory_needed
from seq2seq.planning.pieces import Pieces, cut_into_pieces
from seq2seq.planning.problems import check_machine
from seq2seq.planning.report import Preflight, report
from seq2seq.planning.settings_table import settings_table

_MEASURED_SECONDS = 5.0
_MOST_UPDATES = 12
_READING = ("columns", "split", "valid_split", "mix", "drop_empty", "max_characters", "max_ratio")
_READING_TOO = ("drop_duplicates", "drop_identical")


@dataclass(frozen=True)
class Data:
    """The data of a training: corpora, languages, and the settings that decide which pairs are kept."""

    corpora: Corpora
    reading: DataConfig

    @classmethod
    def of(cls, corpora: Corpora, config: DataConfig) -> Data:
        """Leave out of `config` what does not change which pairs are kept."""
        kept = {name: getattr(config, name) for name in (*_READING, *_READING_TOO)}
        return cls(corpora, DataConfig(**kept))

    @property
    def readable(self) -> bool:
        """Whether the data can be read now and again in the training."""
        return can_be_read_twice((*self.corpora.train, *self.corpora.valid))

    def look(self) -> Look:
        """A first look at the data. Its result is kept, because choosing and checking both need it."""
        paths = (path for paths in (*self.corpora.train, *self.corpora.valid) for path in paths)
        return _look(self, tuple(_stamp(path) for path in paths))


def _stamp(path: str) -> tuple[int, int]:
    """Size and time of a file: another stamp is another content."""
    try:
        status = Path(path).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=1)
def _look(data: Data, stamps: tuple[tuple[int, int], ...]) -> Look:
    return look_at(data.corpora, data.reading)


@lru_cache(maxsize=1)
def _machine(device: str, out: Path) -> Machine:
    return find_machine(device, out)


def is_first_process() -> bool:
    """Whether this is the only process, or the first of those that torchrun has started."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def said_once() -> Iterator[None]:
    """Let only the first of several processes report an error of the block; the others end with its code."""
    try:
        yield
    except SeqError as error:
        if is_first_process():
            raise
        raise SystemExit(error.exit_code) from None


def check_start(settings: Settings, out: Path | None) -> None:
    """Raise what is wrong without any look at the data: settings, and a folder `out` that is not free."""
    from seq2seq.training.run import check
    from seq2seq.training.run_directory import RunDirectory

    check(settings)
    if out is not None and is_first_process():
        RunDirectory(out).check_is_free()


def would_resume(settings: Settings, corpora: Corpora, out: Path) -> dict[str, Any]:
    """Say where the run in `out` would go on; returns where its settings come from.

    Raises what resuming would raise, if `settings` or `corpora` do not fit the run.
    """
    from seq2seq.training import checkpoint
    from seq2seq.training.run_directory import RunDirectory
    from seq2seq.training.run_settings import resumed_run, stored_recipe

    resumed_run(settings, corpora, out)
    steps = checkpoint.stored(RunDirectory(out).checkpoints)
    place = f"after update {steps[-1][0]:,}" if steps else "from the start, because it has no checkpoint"
    say(f"dry run: {out} would go on {place}, with its own data and settings; neither is looked at again")
    return stored_recipe(out) or {}


def chosen(data: Data, *, device: str, out: Path, checked: bool) -> list[Choice]:
    """The settings for `data` on this machine. Raises what is wrong with the data, if it is to be checked."""
    machine = _machine(device, out)
    found = data.look()
    if checked or not found.sample:
        check_all(found, data.corpora)
    return choose(found, machine)


def preflight(
    data: Data,
    settings: Settings,
    choices: Sequence[Choice],
    *,
    device: str,
    out: Path,
    check: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Check data and machine, and print what is known before the training; returns it as plain values.

    Raises DataError or RunError for what cannot work. Only the first process measures and prints. `check` is
    called between the parts and in long ones; what it raises ends the preflight.
    """
    found, machine = data.look(), _machine(device, out)
    check()
    check_all(found, data.corpora)
    if not is_first_process():
        return {}
    if choices:
        _print([f"Settings for {found.pairs:,} pairs (an option or a recipe overrides):"])
        _print(settings_table(choices, settings))
    settings = _with_batch(settings, found)
    pieces = cut_into_pieces(found.sample, settings.data, seed=settings.training.seed, check=check)
    model = replace(
        settings.model,
        source_vocab_size=pieces.source.vocab_size,
        target_vocab_size=pieces.target.vocab_size,
    )
    settings = replace(settings, model=model)
    checked = _checked(found, pieces, machine, settings, data)
    speed, busy = measure_speed(settings, pieces, found, device, check)
    checked = replace(checked, speed=speed, busy=busy)
    _print(["Preflight:", *report(checked)])
    for warning in all_warnings(found, pieces, settings, data.corpora):
        _print(entry("warning:", warning, indent=0, column=9))
    if machine.memory and checked.memory > machine.memory:
        few = "less memory is free than the training may need: a smaller --training.batch-tokens needs less"
        _print(entry("warning:", few, indent=0, column=9))
    return checked.to_json()


def _with_batch(settings: Settings, found: Look) -> Settings:
    """`settings` with a size of batches near the one that the training will choose, if that is auto."""
    from seq2seq.training import batch_fitting as fitting

    if settings.training.batch_tokens != fitting.AUTO:
        return settings
    size = fitting.CPU_TOKENS_LARGE if found.pairs >= fitting.LARGE else fitting.CPU_TOKENS
    return replace(settings, training=replace(settings.training, batch_tokens=size))


def _checked(found: Look, pieces: Pieces, machine: Machine, settings: Settings, data: Data) -> Preflight:
    """What is known without an update; RunError if memory or disk are too small."""
    weights = count_parameters(build_on_meta(settings.model))
    memory = memory_needed(
        settings,
        weights=weights,
        vocabulary=settings.model.target_vocab_size,
        gpu=bool(machine.gpu),
        bfloat16=machine.bfloat16 and settings.training.precision != "float32",
    )
    text = found.characters / max(found.counts.kept, 1) * found.stored * 1.2  # bytes a character
    disk = disk_needed(settings, weights=weights, text_bytes=int(text))
    check_machine(machine, weights=weights, disk=disk)
    return Preflight(
        found=found,
        pieces=pieces,
        machine=machine,
        settings=settings,
        languages=data.corpora.languages,
        weights=weights,
        memory=memory,
        disk=disk,
        speed=0.0,
        busy=False,
        valid_given=bool(data.corpora.valid),
    )


def measure_speed(
    settings: Settings, pieces: Pieces, found: Look, device: str, check: Callable[[], None]
) -> tuple[float, bool]:
    """Target tokens a second of a few updates of a network that is thrown away; 0 if memory is missing.

    The first update is not counted: it prepares products, memory and threads. `check` is called before each
    update. Also returns whether the process had less than two thirds of one processor, because others run.
    """
    from seq2seq.training.train_step import TrainStep

    step = TrainStep(build_model(settings.model), settings.training, find_device(device))
    batches = Batches(
        PairColumns(found.sample),
        source=pieces.source,
        target=pieces.target,
        lengths=pieces.lengths,
        batch_tokens=settings.training.batch_tokens,
        max_length=settings.data.max_length,
        seed=settings.training.seed,
    )
    tokens, begin, used = 0, time.perf_counter(), time.process_time()
    try:
        for number, batch in enumerate(batches.epoch(0)):
            check()
            result = step.update([batch], rate=1e-5, step=number + 1)  # `loss` was read, so a GPU is done
            if number == 0:
                begin, used = time.perf_counter(), time.process_time()
                continue
            tokens += result.tokens
            if number == _MOST_UPDATES or time.perf_counter() - begin > _MEASURED_SECONDS:
                break
    except Exception as error:
        if is_out_of_memory(error):
            return 0.0, False
        raise
    seconds = max(time.perf_counter() - begin, 1e-9)
    waited = time.process_time() - used < seconds * 2 / 3
    return tokens / seconds, waited and step.device.type == "cpu"


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        say(line)
