"""A whole run: its data, its directory, how it is stopped and how it goes on."""

from __future__ import annotations

import json
import os
import signal
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
from seq2seq.errors import DataError, ModelError, UsageError
from seq2seq.training import run
from seq2seq.training.interruption import Interruption
from seq2seq.training.progress import Progress
from seq2seq.training.run import Corpora, _languages, train
from seq2seq.training.run_directory import RunDirectory
from seq2seq.translator import Translator
from tests import tiny


class Ear(Progress):
    """Progress that only listens."""

    def __init__(self) -> None:
        super().__init__(show=False)
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def settings(**changes: Any) -> Settings:
    """A run of four steps, the vocabulary still to be learned."""
    base = tiny.settings(**({"steps": 4, "save_every": 2} | changes))
    return replace(base, model=replace(base.model, source_vocab_size=0, target_vocab_size=0))


def write(path: Path, number: int, *, seed: int = 0) -> str:
    """A TSV file of so many pairs."""
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
    """A run that ended, and what was said."""
    out, ear = tmp_path_factory.mktemp("runs") / "finished", Ear()
    state = train(settings(), data, out, device="cpu", progress=ear)
    assert state.stopped == "steps"
    return out, ear.said


def test_a_run_directory_has_all_its_parts(finished: tuple[Path, list[str]], data: Corpora) -> None:
    out, said = finished
    names = {"training.json", "log.jsonl", "bundles", "best.json", "checkpoints", "data", "joint.model"}
    assert names | {"lengths.npy", "learning-curves.png"} == set(os.listdir(out))
    stored = json.loads((out / "training.json").read_text())
    assert stored["corpora"]["languages"] == ["en", "fr"]
    assert stored["corpora"]["train"] == [list(data.train[0])]
    assert stored["settings"]["training"]["steps"] == 4
    assert run.stored_run(out) == (settings(), data)
    assert any("150 pairs read" in message for message in said)
    assert any("pieces" in message for message in said)
    translator = Translator.from_pretrained(out)
    assert (translator.source_language, translator.target_language) == ("en", "fr")
    assert translator.bundle.metrics["data"]["train"] == [data.train[0][0]]


def test_an_existing_run_is_not_written_over(finished: tuple[Path, list[str]], data: Corpora) -> None:
    before = (finished[0] / "log.jsonl").read_bytes()
    with pytest.raises(UsageError, match="holds a run already: add --resume"):
        train(settings(), data, finished[0], device="cpu", progress=Ear())
    assert (finished[0] / "log.jsonl").read_bytes() == before


def test_validation_without_training_data(tmp_path: Path, data: Corpora) -> None:
    with pytest.raises(UsageError, match="--valid was given without --train"):
        train(settings(), replace(data, train=()), tmp_path / "run", progress=Ear())
    assert not (tmp_path / "run").exists()


def test_no_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no run to resume here"):
        train(None, Corpora(), tmp_path, resume=True, progress=Ear())


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"settings": {"model": {"cel": 1}}}', "[" * 100_000])
def test_settings_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(ModelError, match="no run to resume here"):
        run.stored_run(tmp_path)


def steps(out: Path) -> list[tuple[int, Any]]:
    """(step, loss) of the log."""
    return [(r["step"], r["loss"]) for r in RunDirectory(out).records() if r["event"] == "step"]


def interrupted_train(out: Path, data: Corpora, *, after: int, **options: Any) -> Interruption:
    """Train until a signal that comes during step `after`."""
    interruption = Interruption()

    class Signal(Ear):
        def update(self, share: float, *, tokens: int, loss: float) -> None:
            self.count = getattr(self, "count", 0) + 1
            if self.count == after:
                signal.raise_signal(signal.SIGTERM)

    state = train(
        settings(), data, out, device="cpu", progress=Signal(), interruption=interruption, **options
    )
    assert state.stopped == "interrupted"
    return interruption


def test_stopped_by_a_signal_and_resumed(
    tmp_path: Path, finished: tuple[Path, list[str]], data: Corpora
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert interrupted_train(tmp_path, data, after=3).signal == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(steps(tmp_path)) == 3
    state = train(settings(), data, tmp_path, resume=True, device="cpu", progress=Ear())
    assert (state.stopped, state.step) == ("steps", 4)
    assert steps(tmp_path) == steps(finished[0])


def test_only_limits_change_when_a_run_is_resumed(tmp_path: Path, data: Corpora) -> None:
    train(settings(steps=1), data, tmp_path, device="cpu", progress=Ear())
    go_on: Callable[..., Any] = lambda new, corpora=data: train(  # noqa: E731
        new, corpora, tmp_path, resume=True, device="cpu", progress=Ear()
    )
    with pytest.raises(UsageError, match=r"training\.batch_tokens is 61, but 60 in the run"):
        go_on(settings(steps=2, batch_tokens=61))
    with pytest.raises(UsageError, match=r"model\.cell is 'lstm', but 'gru'"):
        go_on(settings(steps=2, model={"cell": "lstm"}))
    with pytest.raises(UsageError, match="target_lang is 'de', but 'fr'"):
        go_on(None, replace(data, languages=("", "de")))
    with pytest.raises(UsageError, match=r"train is .*other\.tsv.*, but .*train\.tsv"):
        go_on(None, replace(data, train=(("other.tsv",),)))
    assert go_on(settings(steps=2)).step == 2
    assert go_on(None, Corpora()).step == 2  # the new limit is remembered
    assert go_on(settings(steps=3), Corpora()).step == 3


@pytest.mark.parametrize("gone", [["lengths.npy"], ["valid.json"], ["data", "joint.model", "lengths.npy"]])
def test_killed_while_the_data_was_prepared(tmp_path: Path, data: Corpora, gone: list[str]) -> None:
    """Whatever was not written yet is made again, and comes out the same."""
    held_out = replace(data, valid=())
    train(settings(steps=1), held_out, tmp_path, device="cpu", progress=Ear())
    files = [name for name in ("lengths.npy", "joint.model", "valid.json") if (tmp_path / name).exists()]
    before = {name: (tmp_path / name).read_bytes() for name in files}
    for name in gone:
        (tmp_path / name).rename(tmp_path / f"gone-{name}")
    assert train(settings(steps=2), Corpora(), tmp_path, resume=True, device="cpu", progress=Ear()).step == 2
    assert {name: (tmp_path / name).read_bytes() for name in files} == before


def test_damaged_lengths(tmp_path: Path, data: Corpora) -> None:
    train(settings(steps=1), data, tmp_path, device="cpu", progress=Ear())
    path = tmp_path / "lengths.npy"
    content = path.read_bytes()
    for damaged in (b"", content[:50], content[:-2]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"lengths\.npy: cannot be read"):
            train(None, Corpora(), tmp_path, resume=True, device="cpu", progress=Ear())
    np.save(path, np.zeros((3, 2), np.uint16))
    with pytest.raises(DataError, match=r"of shape \(3, 2\), expected \(\d+, 2\)"):
        train(None, Corpora(), tmp_path, resume=True, device="cpu", progress=Ear())


def test_a_signal_before_there_is_anything_to_save(tmp_path: Path, data: Corpora) -> None:
    class Impatient(Ear):
        def say(self, message: str) -> None:
            if message.startswith("data:"):
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        train(settings(), data, tmp_path, device="cpu", progress=Impatient())
    assert stop.value.code == 143
    assert not (tmp_path / "checkpoints").exists()
    assert train(None, Corpora(), tmp_path, resume=True, device="cpu", progress=Ear()).step == 4


def test_a_second_signal_stops_at_once() -> None:
    interruption = Interruption()
    interruption.patient = True
    with interruption.watch():
        assert not interruption()
        signal.raise_signal(signal.SIGINT)
        assert interruption() and interruption.signal == signal.SIGINT
        with pytest.raises(SystemExit) as stop:
            signal.raise_signal(signal.SIGTERM)
    assert stop.value.code == 143


def test_training_outside_the_main_thread(tmp_path: Path, data: Corpora) -> None:
    """Signals are the main thread's affair; a notebook or a server may train in another."""
    found: list[Any] = []
    thread = threading.Thread(
        target=lambda: found.append(train(settings(steps=1), data, tmp_path, device="cpu", progress=Ear()))
    )
    thread.start()
    thread.join()
    assert found[0].step == 1


def test_without_validation_data_some_is_held_out(tmp_path: Path, data: Corpora) -> None:
    ear = Ear()
    train(settings(steps=1), replace(data, valid=()), tmp_path, device="cpu", progress=ear)
    held = json.loads((tmp_path / "valid.json").read_text())
    assert any(message.startswith("no validation data given: ") for message in ear.said)
    assert 0 < len(held) < 30
    kept = load_dataset(tmp_path / "data")
    assert not {source for source, _ in held} & set(kept["source"])
    assert len(kept) + len(held) == len({(p.source, p.target) for p in tiny.pairs(150)})


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
def test_languages(paths: tuple[str, ...], given: tuple[str, str], expected: tuple[str, str]) -> None:
    assert _languages(Corpora(train=(paths,), languages=given)) == expected


def test_two_aligned_files(tmp_path: Path) -> None:
    pairs = tiny.pairs(60)
    for side, suffix in (("source", "en"), ("target", "fr")):
        text = "".join(getattr(pair, side) + "\n" for pair in pairs)
        (tmp_path / f"train.{suffix}").write_text(text, encoding="utf-8")
    paths = (str(tmp_path / "train.en"), str(tmp_path / "train.fr"))
    train(settings(steps=1), Corpora((paths,), (paths,)), tmp_path / "run", device="cpu", progress=Ear())
    assert Translator.from_pretrained(tmp_path / "run").target_language == "fr"


def test_several_corpora_are_read_one_after_the_other(tmp_path: Path, data: Corpora) -> None:
    more = write(tmp_path / "more.tsv", 50, seed=5)
    ear = Ear()
    train(
        settings(steps=1),
        replace(data, train=(*data.train, (more,))),
        tmp_path / "run",
        device="cpu",
        progress=ear,
    )
    assert any("200 pairs read" in message for message in ear.said)


@pytest.mark.parametrize("content", ["", "\t\n", " \t \n"])
def test_empty_validation_data(tmp_path: Path, data: Corpora, content: str) -> None:
    (tmp_path / "valid.tsv").write_text(content)
    with pytest.raises(DataError, match=r"valid\.tsv"):
        train(
            settings(),
            replace(data, valid=((str(tmp_path / "valid.tsv"),),)),
            tmp_path / "run",
            device="cpu",
            progress=Ear(),
        )


def test_without_data_the_sample_corpus(tmp_path: Path) -> None:
    ear = Ear()
    train(settings(steps=1, data={"vocab_size": 400}), Corpora(), tmp_path, device="cpu", progress=ear)
    assert "SAMPLE CORPUS" in ear.said[0].upper()
    assert run.stored_run(tmp_path)[1].languages == ("en", "fr")
    assert (tmp_path / "sample" / "test.tsv").exists()


def test_curves_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, ear = RunDirectory(tmp_path), Ear()
    directory.log({"event": "step", "step": 1, "loss": 1.0})
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run.draw_curves(directory, ear)
    assert "needs matplotlib" in ear.said[0]
