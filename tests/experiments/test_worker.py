"""Jobs: a result says what the run's own files say; a kill costs nothing; nobody works on a run twice."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
import torch

from seq2seq.errors import ModelError, UsageError
from seq2seq.experiments import worker
from seq2seq.experiments.worker import (
    JOB,
    RESULT,
    Job,
    Voice,
    Worker,
    digest,
    directory_lock,
    run_all,
    run_job,
)
from seq2seq.training import checkpoint
from seq2seq.training.progress import Progress
from seq2seq.training.run import Corpora, train
from seq2seq.training.run_directory import RunDirectory
from seq2seq.translator import Translator
from tests import tiny


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Jobs set torch's threads for the whole process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train.tsv, valid.tsv and test.tsv."""
    folder = tmp_path_factory.mktemp("data")
    for name, number, seed in (("train", 80, 0), ("valid", 6, 9), ("test", 8, 5)):
        lines = (f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(number, seed=seed))
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def job(data: Path, out: Path, **training: Any) -> Job:
    """A training of a few steps."""
    settings = tiny.settings(**({"steps": 4, "save_every": 2, "validate_every": 2} | training))
    settings = replace(settings, model=replace(settings.model, source_vocab_size=0, target_vocab_size=0))
    corpora = Corpora(((str(data / "train.tsv"),),), ((str(data / "valid.tsv"),),), ("en", "fr"))
    return Job(settings, corpora, (str(data / "test.tsv"),), out, "cpu", 1)


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that has ended."""
    found = job(data, tmp_path_factory.mktemp("jobs") / "finished")
    threads = torch.get_num_threads()
    assert run_job(found) == 0
    torch.set_num_threads(threads)
    return found


def steps(out: Path) -> list[tuple[int, float]]:
    """(step, loss) of the log."""
    return [(r["step"], r["loss"]) for r in RunDirectory(out).records() if r["event"] == "step"]


def test_a_result_says_what_the_files_of_the_run_say(finished: Job) -> None:
    result = finished.result()
    assert result is not None
    translator = Translator.from_pretrained(finished.out)
    pairs = tiny.pairs(8, seed=5)
    texts = [str(translation) for translation in translator.translate([pair.source for pair in pairs])]
    assert result["translations"] == texts and result["sentences"] == 8
    expected = sacrebleu.corpus_bleu(texts, [[pair.target for pair in pairs]]).score
    assert result["bleu"]["score"] == pytest.approx(expected)
    assert result["parameters"] == sum(p.numel() for p in translator.model.parameters())
    records = [r for r in RunDirectory(finished.out).records() if r["event"] == "step"]
    seconds = sum(r["tokens"] / r["tokens_per_second"] for r in records)
    assert result["tokens_per_second"] == pytest.approx(sum(r["tokens"] for r in records) / seconds)
    assert records[-1]["seconds"] / 60 <= result["minutes"] < records[-1]["seconds"] / 60 + 1
    assert (result["step"], result["stopped"], result["threads"]) == (4, "steps", 1)
    assert result["target_language"] == "fr" and result["best_step"] in (2, 4)
    assert result["peak_memory"] > 50e6  # torch alone is more


def test_a_job_is_read_as_it_was_written(data: Path, tmp_path: Path) -> None:
    written = job(data, tmp_path / "run", learning_rate=0.25)
    assert Job.read(written.write()) == written


def test_a_result_counts_for_its_own_settings_and_test_alone(finished: Job, tmp_path: Path) -> None:
    longer = replace(finished.settings, training=replace(finished.settings.training, steps=5))
    result = finished.result()
    assert result is not None and result["test_digest"] == digest(tiny.pairs(8, seed=5))
    assert digest(tiny.pairs(8, seed=6)) != digest(tiny.pairs(8, seed=5)) != digest(tiny.pairs(7, seed=5))
    assert replace(finished, settings=longer).result() is None
    assert replace(finished, test=("other.tsv",)).result() is None
    assert replace(finished, out=tmp_path).result() is None
    for content in ("", "{}", "[]", "[" * 100_000, '{"settings": 1, "test": 2}'):
        (tmp_path / RESULT).write_text(content)
        assert replace(finished, out=tmp_path).result() is None


def test_a_run_goes_on_with_later_limits_only(finished: Job, data: Path, tmp_path: Path) -> None:
    finished.check()
    job(data, finished.out, steps=9, patience=3, save_every=7).check()
    job(data, tmp_path / "nothing").check()
    with pytest.raises(UsageError, match=r"finished holds a run whose training\.steps is 4, not 3"):
        job(data, finished.out, steps=3).check()
    with pytest.raises(UsageError, match=r"training\.minutes is 0\.0, not 1\.0"):  # it may have taken longer
        job(data, finished.out, minutes=1.0).check()
    with pytest.raises(UsageError, match=r"finished holds a run whose training\.seed is 1, not 2: call"):
        job(data, finished.out, seed=2).check()
    with pytest.raises(UsageError, match=r"corpora\.train is"):
        replace(finished, corpora=replace(finished.corpora, train=(("x.tsv",),))).check()
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(ModelError, match=r"training\.json"):
        replace(finished, out=tmp_path).check()


def test_a_rate_that_has_fallen_does_not_rise_again(data: Path, tmp_path: Path) -> None:
    short = job(data, tmp_path / "run", steps=2, schedule="linear")
    assert run_job(short) == 0
    short.check()
    with pytest.raises(UsageError, match=r"training\.steps is 2, not 4"):
        job(data, tmp_path / "run", steps=4, schedule="linear").check()


@pytest.mark.parametrize("languages", [("", ""), ("en", ""), ("", "de")])
def test_languages_from_file_names_are_found_again(
    data: Path, tmp_path: Path, languages: tuple[str, str]
) -> None:
    """A run notes the languages that its files are called by; who repeats the command need not name them."""
    for name, number, seed in (("train", 40, 0), ("valid", 4, 9), ("test", 4, 5)):
        for language, side in (("en", "source"), ("de", "target")):
            text = "".join(f"{getattr(pair, side)}\n" for pair in tiny.pairs(number, seed=seed))
            (tmp_path / f"{name}.{language}").write_text(text, encoding="utf-8")
    files = {
        name: (str(tmp_path / f"{name}.en"), str(tmp_path / f"{name}.de")) for name in ("train", "valid")
    }
    corpora = Corpora((files["train"],), (files["valid"],), languages)
    test = (str(tmp_path / "test.en"), str(tmp_path / "test.de"))
    first = replace(job(data, tmp_path / "run", steps=2), corpora=corpora, test=test)
    assert run_job(first) == 0
    first.check()
    with pytest.raises(UsageError, match=r"corpora\.target_lang is 'de', not 'fr'"):
        replace(first, corpora=replace(corpora, languages=("", "fr"))).check()


def test_more_steps_go_on_from_the_last(data: Path, tmp_path: Path) -> None:
    done, straight = job(data, tmp_path / "run"), job(data, tmp_path / "straight", steps=6)
    assert run_job(done) == 0
    before = steps(done.out)
    longer = job(data, done.out, steps=6)
    assert longer.result() is None and run_job(longer) == 0
    result = longer.result()
    assert result is not None and result["step"] == 6
    assert run_job(straight) == 0
    assert steps(done.out)[:4] == before and steps(done.out) == steps(straight.out)


def test_errors_are_lines_and_codes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_stop_when_alone", lambda: None)  # it would read what pytest calls stdin
    broken = replace(job(data, tmp_path / "run"), corpora=Corpora((("no.tsv",),)))
    assert worker.main(broken.write()) == 3
    assert capsys.readouterr().err.startswith("error: no.tsv: cannot be read")


def test_messages_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        monkeypatch.setattr(sys, "stderr", nobody)
        voice = Voice()
        voice.say("is anybody there?")
        voice.say("no")
        assert not voice.show
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # what is left in the buffer goes nowhere


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_peak_memory_grows_by_what_is_held() -> None:
    before = worker._peak_memory()
    held_now = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    more = torch.ones((before - held_now + 64_000_000) // 4)
    assert 60e6 < worker._peak_memory() - before < 80e6 and more.numel()


def test_the_peak_of_a_run_is_that_of_all_its_processes(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text(json.dumps({"peak_memory": 10**15}))
    assert worker._note_memory(tmp_path)["peak_memory"] == 10**15
    assert json.loads((tmp_path / "memory.json").read_text())["peak_memory"] == 10**15
    assert 0 < worker._note_memory(tmp_path / "nothing")["peak_memory"] < 10**15


def test_one_at_a_time_in_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    said, entered = list[str](), threading.Event()

    def enter() -> None:
        with directory_lock(tmp_path, said.append):
            entered.set()

    with directory_lock(tmp_path, said.append) as keep:
        assert len(keep) == 1 and said == []
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.2)
        assert said == [f"another process is at work in {tmp_path}: waiting for its end"]
    assert entered.wait(10)
    other.join()


# As processes


def wait_for_step(out: Path, step: int, worker: Worker) -> None:
    """Until the run in `out` has logged `step`."""
    while not (records := steps(out) if out.exists() else []) or records[-1][0] < step:
        assert worker.process.poll() is None, worker.error
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_job_goes_on_and_ends_as_if_nothing_had_been(data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    endless = Worker(job(data, tmp_path / "run", steps=100_000), said.append)
    wait_for_step(endless.job.out, 5, endless)
    endless.process.kill()
    while not endless.ended():
        time.sleep(0.02)
    endless.let_go()
    assert endless.trouble() == f"killed by signal {signal.SIGKILL.value}"
    reached = steps(tmp_path / "run")[-1][0] + 3
    last, ended = job(data, tmp_path / "run", steps=reached), dict[str, str]()
    assert run_all([last], lambda job, trouble: ended.update({job.name: trouble}), said.append) == 0
    assert ended == {"run": ""} and any("run: resumed at step" in line for line in said)
    result = last.result()
    assert result is not None and result["step"] == reached
    torch.set_num_threads(1)
    straight = job(data, tmp_path / "straight", steps=reached)
    train(straight.settings, straight.corpora, straight.out, device="cpu", progress=Progress(show=False))
    assert steps(last.out) == steps(straight.out)


@pytest.mark.slow
def test_a_job_whose_starter_is_gone_saves_and_ends(data: Path, tmp_path: Path) -> None:
    worker = Worker(job(data, tmp_path / "run", steps=100_000, save_every=100_000), lambda _: None)
    wait_for_step(worker.job.out, 5, worker)
    worker.let_go()
    assert worker.process.wait(60) == 143
    assert worker.ended() and worker.trouble() == "stopped by signal 15"
    ((step, _),) = checkpoint.stored(worker.job.out / "checkpoints")
    assert step == steps(worker.job.out)[-1][0] >= 5


@pytest.mark.slow
def test_jobs_beside_each_other_and_one_that_fails(data: Path, tmp_path: Path) -> None:
    good = [job(data, tmp_path / name, steps=3) for name in ("a", "b")]
    bad = replace(job(data, tmp_path / "bad"), corpora=Corpora((("no.tsv",),)))
    ended: dict[str, str] = {}
    said: list[str] = []
    code = run_all(
        [good[0], bad, good[1]],
        lambda job, trouble: ended.update({job.name: trouble}),
        said.append,
        parallel=2,
    )
    assert code == 0 and ended.keys() == {"a", "b", "bad"}
    assert (ended["a"], ended["b"]) == ("", "") and ended["bad"].startswith("no.tsv: cannot be read")
    assert any(line.startswith("bad: error: no.tsv") for line in said)


@pytest.mark.slow
def test_a_signal_stops_all_of_them_saved(data: Path, tmp_path: Path) -> None:
    endless = [job(data, tmp_path / name, steps=100_000, save_every=100_000) for name in ("a", "b", "c")]

    def interrupt() -> None:
        while not all(one.out.exists() and len(steps(one.out)) > 5 for one in endless[:2]):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    code = run_all(endless, lambda job, trouble: pytest.fail(trouble), lambda _: None, parallel=2)
    assert code == signal.SIGINT and not endless[2].out.exists()
    for one in endless[:2]:
        ((step, _),) = checkpoint.stored(one.out / "checkpoints")
        assert step == steps(one.out)[-1][0] and not (one.out / RESULT).exists()
        assert (one.out / JOB).exists()
