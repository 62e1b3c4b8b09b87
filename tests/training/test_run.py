"""A whole run: its data, its directory, how it is stopped, how it is resumed, and failures before it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seq2seq.config import Settings
from seq2seq.data.store import load_dataset
from seq2seq.errors import DataError, ModelError, RunError, SeqError, UsageError
from seq2seq.processes.directory_lock import directory_lock
from seq2seq.processes.interruption import Interruption
from seq2seq.training import run, trainer
from seq2seq.training.run import languages_of, train
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import Corpora, stored_run
from seq2seq.translator import Translator
from tests import tiny
from tests.tiny import RecordingProgress


def settings(**changes: Any) -> Settings:
    """A run of four steps; the vocabulary is still to be learned."""
    base = tiny.settings(**({"steps": 4, "save_every": 2} | changes))
    return replace(base, model=replace(base.model, source_vocab_size=0, target_vocab_size=0))


def write(path: Path, number: int, *, seed: int = 0) -> str:
    """A TSV file with `number` pairs."""
    lines = (f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(number, seed=seed))
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Corpora:
    """Training and validation data."""
    folder = tmp_path_factory.mktemp("data")
    files = write(folder / "train.tsv", 150), write(folder / "valid.tsv", 6, seed=9)
    return Corpora(((files[0],),), ((files[1],),), ("en", "fr"))


@pytest.fixture(scope="module")
def finished(data: Corpora, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A run that has ended, and its messages."""
    out, progress = tmp_path_factory.mktemp("runs") / "finished", RecordingProgress()
    state = train(settings(), data, out, device="cpu", progress=progress)
    assert state.stopped == "steps"
    return out, progress.messages


def test_a_run_directory_has_all_its_parts(finished: tuple[Path, list[str]], data: Corpora) -> None:
    out, messages = finished
    names = {"training.json", "log.jsonl", "bundles", "best.json", "checkpoints", "data", "joint.model"}
    names |= {"words.source.txt", "words.target.txt"}
    assert names | {"lengths.npy", "learning-curves.png", ".lock"} == set(os.listdir(out))
    stored = json.loads((out / "training.json").read_text())
    assert stored["corpora"]["languages"] == ["en", "fr"]
    assert stored["corpora"]["train"] == [list(data.train[0])]
    assert stored["settings"]["training"]["steps"] == 4
    assert stored_run(out) == (settings(), data)
    assert any("150 pairs read" in message for message in messages)
    assert any("pieces" in message for message in messages)
    assert any("6 for validation" in message for message in messages)
    translator = Translator.from_pretrained(out)
    assert (translator.source_language, translator.target_language) == ("en", "fr")
    assert translator.bundle.metrics["data"]["train"] == [data.train[0][0]]


def test_an_existing_run_is_not_overwritten(finished: tuple[Path, list[str]], data: Corpora) -> None:
    before = (finished[0] / "log.jsonl").read_bytes()
    with pytest.raises(UsageError, match="holds a run already: add --resume"):
        train(settings(), data, finished[0], device="cpu", progress=RecordingProgress())
    assert (finished[0] / "log.jsonl").read_bytes() == before


def test_validation_data_without_training_data_is_refused(tmp_path: Path, data: Corpora) -> None:
    with pytest.raises(UsageError, match="--valid was given without --train"):
        train(settings(), replace(data, train=()), tmp_path / "run", progress=RecordingProgress())
    assert not (tmp_path / "run").exists()


def test_resuming_without_a_run_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no run to resume here"):
        train(None, Corpora(), tmp_path / "run", resume=True, progress=RecordingProgress())
    assert not (tmp_path / "run").exists()


# Failures before the first update leave no run behind


def start(out: Path, corpora: Corpora, changed: Settings | None = None) -> Any:
    return train(changed or settings(), corpora, out, device="cpu", progress=RecordingProgress())


def corpus(folder: Path, content: str) -> Corpora:
    """Training data of this content, and no validation data."""
    (folder / "wrong.tsv").write_text(content, encoding="utf-8")
    return Corpora(((str(folder / "wrong.tsv"),),), (), ("en", "fr"))


@pytest.mark.parametrize(
    "content",
    [
        None,  # no such file
        "",
        "one\tun\ntwo\n",  # a line without a second column
        "\t\n\t\n",
        "one\tun\n" * 50,  # duplicates
        f"{'one ' * 150}\t{'un ' * 150}\n{'two ' * 150}\t{'deux ' * 150}\n" * 2,  # longer than max_length
    ],
)
def test_after_data_that_cannot_be_used_the_corrected_command_works(
    tmp_path: Path, data: Corpora, content: str | None
) -> None:
    wrong = corpus(tmp_path, content) if content is not None else replace(data, train=(("typo.tsv",),))
    with pytest.raises(DataError):
        start(tmp_path / "run", wrong)
    assert start(tmp_path / "run", data).step == 4
    assert stored_run(tmp_path / "run") == (settings(), data)


def test_after_wrong_validation_data_the_corrected_command_works(tmp_path: Path, data: Corpora) -> None:
    with pytest.raises(DataError):
        start(tmp_path / "run", replace(data, valid=(("typo.tsv",),)))
    assert start(tmp_path / "run", data).step == 4


@pytest.mark.parametrize("name", ["train_tokenizers", "token_lengths"])
def test_after_an_error_in_the_preparation_the_corrected_command_works(
    tmp_path: Path, data: Corpora, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DataError("the tokenizer cannot be trained")

    with monkeypatch.context() as patch, pytest.raises(DataError):
        patch.setattr(f"seq2seq.training_data.prepared.{name}", fail)
        start(tmp_path, data)
    assert not (tmp_path / "training.json").exists()
    assert start(tmp_path, data).step == 4


def test_after_a_first_update_without_memory_the_corrected_command_works(
    tmp_path: Path, data: Corpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 TB")

    with monkeypatch.context() as patch, pytest.raises(RunError, match=r"out of memory at step 1, .*\(60\)"):
        patch.setattr(trainer.TrainStep, "update", full)
        start(tmp_path, data)
    assert start(tmp_path, data, settings(batch_tokens=50)).step == 4


def test_prepared_data_of_a_failed_start_is_replaced(
    tmp_path: Path, data: Corpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start prepares other data with one vocabulary, the second one has two vocabularies."""

    def fail(*_: Any, **__: Any) -> None:
        raise RunError("no memory for the network")

    other = replace(data, train=((write(tmp_path / "other.tsv", 90, seed=7),),), valid=())
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(RunError):
        patch.setattr(run, "Trainer", fail)
        start(out, other)
    assert (out / "joint.model").exists() and (out / "valid.json").exists()
    two = settings(model={"tie_source": False}, data={"joint": False})
    start(out, data, two)
    assert not (out / "joint.model").exists() and not (out / "valid.json").exists()
    translator = Translator.from_pretrained(out)
    assert translator.source_tokenizer is not translator.target_tokenizer
    assert len(load_dataset(out / "data")) == len({(p.source, p.target) for p in tiny.pairs(150)})


@pytest.mark.parametrize("name", ["log.jsonl", "checkpoints", "bundles", "best.json", "config.json"])
def test_a_part_of_a_run_or_a_model_is_not_overwritten(tmp_path: Path, data: Corpora, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match=f"holds {name} but no training"):
        start(tmp_path, data)
    assert (tmp_path / name).exists()


def test_a_data_folder_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    """With `--out .` the run directory is that of the user's project, which may well have a `data` folder."""
    (tmp_path / "data").mkdir()
    path = write(tmp_path / "data" / "train.tsv", 60)
    with pytest.raises(UsageError, match="data is in the way"):
        start(tmp_path, Corpora(((path,),)))
    assert Path(path).exists()


# One process at a time


def test_a_second_process_is_refused_with_the_id_of_the_first(
    tmp_path: Path, finished: tuple[Path, list[str]], data: Corpora
) -> None:
    """A resumed run, while another process trains in the same directory; the log stays as it is."""
    out = finished[0]
    code = (
        "import sys, time, pathlib\nfrom seq2seq.processes.directory_lock import directory_lock\n"
        f"with directory_lock(pathlib.Path({str(out)!r})):\n"
        "    print('locked', flush=True)\n    time.sleep(60)"
    )
    before = (out / "log.jsonl").read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as other:
        try:
            assert other.stdout and other.stdout.readline() == b"locked\n"
            for changed, resume in ((settings(steps=9), True), (settings(), False)):
                with pytest.raises(RunError, match=f"process {other.pid} works in .*finished") as error:
                    train(changed, data, out, resume=resume, device="cpu", progress=RecordingProgress())
                assert error.value.exit_code == 5
        finally:
            other.kill()
    assert (out / "log.jsonl").read_bytes() == before
    train(None, Corpora(), out, resume=True, device="cpu", progress=RecordingProgress())  # it was killed


def test_a_run_may_be_started_by_the_process_that_has_the_lock(tmp_path: Path, data: Corpora) -> None:
    """As jobs do, which lock the directory before they look at what is in it."""
    with directory_lock(tmp_path):
        assert start(tmp_path, data).step == 4


# Stopping and resuming


def steps(out: Path) -> list[tuple[int, Any]]:
    """(step, loss) of the log."""
    return [(r["step"], r["loss"]) for r in RunDirectory(out).records() if r["event"] == "step"]


def interrupted_train(out: Path, data: Corpora, *, after: int, **options: Any) -> Interruption:
    """Train until a signal that comes during step `after`."""
    interruption = Interruption()

    class Signal(RecordingProgress):
        count = 0

        def update(self, outlook: Any, *, tokens: int, loss: float) -> None:
            self.count += 1
            if self.count == after:
                signal.raise_signal(signal.SIGTERM)

    state = train(
        settings(), data, out, device="cpu", progress=Signal(), interruption=interruption, **options
    )
    assert state.stopped == "interrupted"
    return interruption


def test_a_run_stopped_by_a_signal_is_resumed(
    tmp_path: Path, finished: tuple[Path, list[str]], data: Corpora
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert interrupted_train(tmp_path, data, after=3).signal == signal.SIGTERM
    assert not (tmp_path / "learning-curves.png").exists()  # drawing takes seconds
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(steps(tmp_path)) == 3
    state = train(settings(), data, tmp_path, resume=True, device="cpu", progress=RecordingProgress())
    assert (state.stopped, state.step) == ("steps", 4)
    assert steps(tmp_path) == steps(finished[0])


def test_a_signal_before_the_first_update_leaves_a_run_that_is_resumed(
    tmp_path: Path, finished: tuple[Path, list[str]], data: Corpora
) -> None:
    class Signal(RecordingProgress):
        def start(self, outlook: Any) -> None:
            signal.raise_signal(signal.SIGTERM)

    state = train(settings(), data, tmp_path, device="cpu", progress=Signal())
    assert (state.stopped, state.step) == ("interrupted", 0)
    assert train(None, Corpora(), tmp_path, resume=True, device="cpu", progress=RecordingProgress()).step == 4
    assert steps(tmp_path) == steps(finished[0])


def test_a_run_is_resumed_from_another_folder(
    tmp_path: Path, data: Corpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are given from the current folder, which is another one when the run is resumed."""
    (tmp_path / "here").mkdir()
    write(tmp_path / "here" / "train.tsv", 60)
    write(tmp_path / "here" / "valid.tsv", 6, seed=9)
    monkeypatch.chdir(tmp_path / "here")
    near = Corpora((("train.tsv",),), (("valid.tsv",),), ("en", "fr"))
    start(tmp_path / "run", near, settings(steps=1))
    assert Translator.from_pretrained(tmp_path / "run").bundle.metrics["data"]["train"] == ["train.tsv"]
    monkeypatch.chdir(tmp_path)
    far = replace(near, train=(("here/train.tsv",),), valid=(("here/valid.tsv",),))
    for steps, corpora in ((2, Corpora()), (3, far)):
        resumed = train(
            settings(steps=steps),
            corpora,
            tmp_path / "run",
            resume=True,
            device="cpu",
            progress=RecordingProgress(),
        )
        assert resumed.step == steps


def test_changed_validation_data_is_refused_when_a_run_is_resumed(tmp_path: Path, data: Corpora) -> None:
    path = tmp_path / "valid.tsv"
    write(path, 6, seed=9)
    start(tmp_path / "run", replace(data, valid=((str(path),),)), settings(steps=1))
    text = path.read_text()
    write(path, 6, seed=10)
    assert "valid.tsv: the validation data has changed" in resume_error(tmp_path / "run", DataError)
    path.write_text(text)
    start(tmp_path / "held out", replace(data, valid=()), settings(steps=1))
    held_out = tmp_path / "held out" / "valid.json"
    held_out.write_text(json.dumps(json.loads(held_out.read_text())[1:]))
    assert "valid.json: the validation data has changed" in resume_error(tmp_path / "held out", DataError)
    train(None, Corpora(), tmp_path / "run", resume=True, device="cpu", progress=RecordingProgress())


def test_only_limits_may_change_when_a_run_is_resumed(tmp_path: Path, data: Corpora) -> None:
    train(settings(steps=1), data, tmp_path, device="cpu", progress=RecordingProgress())
    resume: Callable[..., Any] = lambda changed, corpora=data: train(  # noqa: E731
        changed, corpora, tmp_path, resume=True, device="cpu", progress=RecordingProgress()
    )
    with pytest.raises(UsageError, match=r"training\.batch_tokens is 61, but 60 in the run"):
        resume(settings(steps=2, batch_tokens=61))
    with pytest.raises(UsageError, match=r"model\.cell is 'lstm', but 'gru'"):
        resume(settings(steps=2, model={"cell": "lstm"}))
    with pytest.raises(UsageError, match="target_lang is 'de', but 'fr'"):
        resume(None, replace(data, languages=("", "de")))
    with pytest.raises(UsageError, match=r"train is .*other\.tsv.*, but .*train\.tsv"):
        resume(None, replace(data, train=(("other.tsv",),)))
    assert resume(settings(steps=2)).step == 2
    assert resume(None, Corpora()).step == 2  # the new limit is stored
    assert resume(settings(steps=3), Corpora()).step == 3


@pytest.mark.parametrize("gone", [["lengths.npy"], ["valid.json"], ["data", "joint.model", "lengths.npy"]])
def test_missing_prepared_data_is_made_again_when_a_run_is_resumed(
    tmp_path: Path, data: Corpora, gone: list[str]
) -> None:
    held_out = replace(data, valid=())
    train(settings(steps=1), held_out, tmp_path, device="cpu", progress=RecordingProgress())
    files = [name for name in ("lengths.npy", "joint.model", "valid.json") if (tmp_path / name).exists()]
    before = {name: (tmp_path / name).read_bytes() for name in files}
    for name in gone:
        (tmp_path / name).rename(tmp_path / f"gone-{name}")
    state = train(
        settings(steps=2), Corpora(), tmp_path, resume=True, device="cpu", progress=RecordingProgress()
    )
    assert state.step == 2
    assert {name: (tmp_path / name).read_bytes() for name in files} == before


def resume_error(out: Path, kind: type[SeqError]) -> str:
    with pytest.raises(kind) as error:
        train(None, Corpora(), out, resume=True, device="cpu", progress=RecordingProgress())
    return str(error.value)


def test_damaged_lengths_are_an_error(tmp_path: Path, data: Corpora) -> None:
    train(settings(steps=1), data, tmp_path, device="cpu", progress=RecordingProgress())
    path = tmp_path / "lengths.npy"
    content = path.read_bytes()
    for damaged in (b"", content[:50], content[:-2]):
        path.write_bytes(damaged)
        assert "lengths.npy: cannot be read" in resume_error(tmp_path, DataError)
    np.save(path, np.zeros((3, 2), np.uint16))
    assert "of shape (3, 2), expected (" in resume_error(tmp_path, DataError)


@pytest.mark.parametrize("content", ["", "{}", "[5]", '[["a", 5]]', '[["a"]]', "[" * 100_000])
def test_damaged_held_out_pairs_are_an_error(tmp_path: Path, data: Corpora, content: str) -> None:
    train(settings(steps=1), replace(data, valid=()), tmp_path, device="cpu", progress=RecordingProgress())
    (tmp_path / "valid.json").write_text(content)
    assert "valid" in resume_error(tmp_path, DataError)


@pytest.mark.parametrize("line", ['{"event": "step", "step": "two", "loss": 1.0}', '{"event": "step"}', "no"])
def test_a_damaged_log_is_named_and_does_not_stop_a_resumed_run(
    tmp_path: Path, data: Corpora, line: str
) -> None:
    train(settings(steps=1), data, tmp_path, device="cpu", progress=RecordingProgress())
    log = tmp_path / "log.jsonl"
    log.write_text(line.ljust(log.stat().st_size - 1) + "\n")
    progress = RecordingProgress()
    assert train(settings(steps=2), data, tmp_path, resume=True, device="cpu", progress=progress).step == 2
    (message,) = [
        message for message in progress.messages if message.startswith("no learning curves drawn: ")
    ]
    assert "log.jsonl:1" in message


def test_a_signal_while_data_is_prepared_stops_at_once(tmp_path: Path, data: Corpora) -> None:
    """There is nothing to resume yet, and the same command starts again."""

    class Signal(RecordingProgress):
        def say(self, message: str) -> None:
            if message.startswith("data:"):
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        train(settings(), data, tmp_path, device="cpu", progress=Signal())
    assert stop.value.code == 143
    assert not (tmp_path / "checkpoints").exists()
    assert "no run to resume here" in resume_error(tmp_path, ModelError)
    assert start(tmp_path, data).step == 4


def test_a_run_that_an_earlier_version_left_while_it_prepared_data_is_resumed(
    tmp_path: Path, finished: tuple[Path, list[str]]
) -> None:
    """Earlier versions wrote training.json first."""
    (tmp_path / "training.json").write_text((finished[0] / "training.json").read_text())
    assert train(None, Corpora(), tmp_path, resume=True, device="cpu", progress=RecordingProgress()).step == 4
    assert steps(tmp_path) == steps(finished[0])


def test_training_outside_the_main_thread(tmp_path: Path, data: Corpora) -> None:
    """Python delivers signals to the main thread only; a notebook or a server may train in another one."""
    states: list[Any] = []
    thread = threading.Thread(target=lambda: states.append(start(tmp_path, data, settings(steps=1))))
    thread.start()
    thread.join()
    assert states[0].step == 1


# Data


def test_without_validation_data_some_pairs_are_held_out(tmp_path: Path, data: Corpora) -> None:
    progress = RecordingProgress()
    train(settings(steps=1), replace(data, valid=()), tmp_path, device="cpu", progress=progress)
    held = json.loads((tmp_path / "valid.json").read_text())
    assert any(message.startswith("no validation data given: ") for message in progress.messages)
    assert 0 < len(held) < 30
    kept = load_dataset(tmp_path / "data")
    assert not {source for source, _ in held} & set(kept["source"])
    assert len(kept) + len(held) == len({(p.source, p.target) for p in tiny.pairs(150)})


def test_pairs_that_are_too_long_are_counted(tmp_path: Path) -> None:
    lines = [f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(60)]
    long = [f"{'one two ' * n}\t{'un deux ' * n}\n" for n in (60, 61, 62)]
    (tmp_path / "train.tsv").write_text("".join(lines + long), encoding="utf-8")
    (tmp_path / "valid.tsv").write_text("".join(lines[:4] + long[:1]), encoding="utf-8")
    corpora = Corpora(((str(tmp_path / "train.tsv"),),), ((str(tmp_path / "valid.tsv"),),), ("en", "fr"))
    progress, out = RecordingProgress(), tmp_path / "run"
    changed = settings(steps=1, data={"max_characters": 0})
    train(changed, corpora, out, device="cpu", progress=progress)
    reason = "(more than data.max_length = 100 tokens)"
    different = len({(p.source, p.target) for p in tiny.pairs(60)})
    summary = [
        f"left out: 3 of {different + 3} training pairs {reason}",
        f"left out of the validation loss: 1 of 5 pairs {reason}",
    ]
    assert any("; ".join(summary) in message for message in progress.messages)
    data = Translator.from_pretrained(out).bundle.metrics["data"]
    assert (data["pairs"], data["too_long"], data["valid"]) == (different + 3, 3, 5)


@pytest.mark.parametrize(
    ("paths", "given", "expected"),
    [
        (("train.en", "train.de"), ("", ""), ("en", "de")),
        (("a/train.en.gz", "a/train.zh-Hans.gz"), ("", ""), ("en", "zh-Hans")),
        (("train.fil", "train.en"), ("", ""), ("fil", "en")),
        (("train.en", "train.de"), ("", "nds"), ("en", "nds")),
        (("train.en", "train.de"), ("fr", "it"), ("fr", "it")),
        (("source.txt", "target.txt"), ("", ""), ("", "")),
        (("train.src", "train.tgt"), ("", ""), ("", "")),
        (("source", "target"), ("", ""), ("", "")),
        (("train.tsv",), ("", ""), ("", "")),
        (("train.tsv",), ("en", ""), ("en", "")),
    ],
)
def test_languages_come_from_file_names(
    paths: tuple[str, ...], given: tuple[str, str], expected: tuple[str, str]
) -> None:
    assert languages_of(Corpora(train=(paths,), languages=given)) == expected


def test_two_aligned_files(tmp_path: Path) -> None:
    pairs = tiny.pairs(60)
    for side, suffix in (("source", "en"), ("target", "fr")):
        text = "".join(getattr(pair, side) + "\n" for pair in pairs)
        (tmp_path / f"train.{suffix}").write_text(text, encoding="utf-8")
    paths = (str(tmp_path / "train.en"), str(tmp_path / "train.fr"))
    start(tmp_path / "run", Corpora((paths,), (paths,)), settings(steps=1))
    assert Translator.from_pretrained(tmp_path / "run").target_language == "fr"


def test_several_corpora_are_read_one_after_the_other(tmp_path: Path, data: Corpora) -> None:
    more = write(tmp_path / "more.tsv", 50, seed=5)
    progress = RecordingProgress()
    both = replace(data, train=(*data.train, (more,)))
    train(settings(steps=1), both, tmp_path / "run", device="cpu", progress=progress)
    assert any("200 pairs read" in message for message in progress.messages)


def test_the_data_of_a_killed_start_is_removed(tmp_path: Path, data: Corpora) -> None:
    """SIGKILL while the data is written, then the same command again."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from seq2seq.training import run\n"
        "from tests.training.test_run import settings, Corpora\n"
        "def killed(pairs, *_, **__):\n"
        "    yield from list(pairs)[:9]\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "read_train = run.read_train\n"
        "run.read_train = lambda *a, **k: killed(read_train(*a, **k))\n"
        f"run.train(settings(), Corpora({data.train!r}, {data.valid!r}), Path(sys.argv[1]), device='cpu')\n"
    )
    root, out = Path(__file__).parents[2], tmp_path / "run"
    killed = subprocess.run([sys.executable, "-c", code, str(out)], cwd=root, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert list(out.glob(".data-*"))
    start(out, data)
    assert not list(out.glob(".data-*")) and (out / "data" / "state.json").exists()


@pytest.mark.parametrize("removed", [".", "training.json"])
def test_a_run_directory_that_is_removed_ends_the_run(tmp_path: Path, data: Corpora, removed: str) -> None:
    out = tmp_path / "run"

    class Remove(RecordingProgress):
        def update(self, outlook: Any, *, tokens: int, loss: float) -> None:
            path = out / removed
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    with pytest.raises(RunError, match="the run directory was removed or moved") as error:
        train(settings(steps=9), data, out, device="cpu", progress=Remove())
    assert error.value.exit_code == 5
    assert removed != "." or not out.exists()


@pytest.mark.parametrize("content", ["", "\t\n", " \t \n"])
def test_empty_validation_data_is_an_error(tmp_path: Path, data: Corpora, content: str) -> None:
    (tmp_path / "valid.tsv").write_text(content)
    with pytest.raises(DataError, match=r"valid\.tsv"):
        start(tmp_path / "run", replace(data, valid=((str(tmp_path / "valid.tsv"),),)))


def test_without_data_the_sample_corpus_is_used(tmp_path: Path) -> None:
    progress = RecordingProgress()
    small = settings(steps=1, data={"vocab_size": 400})
    train(small, Corpora(), tmp_path, device="cpu", progress=progress)
    assert "SAMPLE CORPUS" in progress.messages[0].upper()
    assert stored_run(tmp_path)[1].languages == ("en", "fr")
    assert (tmp_path / "sample" / "test.tsv").exists()


def test_without_matplotlib_no_curves_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, progress = RunDirectory(tmp_path), RecordingProgress()
    directory.log({"event": "step", "step": 1, "loss": 1.0})
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run.draw_curves(directory, progress)
    assert "needs matplotlib" in progress.messages[0]
