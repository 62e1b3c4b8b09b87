"""The process of a job: results, peak memory, errors as lines and exit codes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sacrebleu
import torch

from seq2seq.experiments import worker
from seq2seq.experiments.job import MEMORY, Job
from seq2seq.experiments.worker import WorkerProgress, run_job
from seq2seq.planning.machine import peak_memory
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import Corpora
from seq2seq.translator import Translator
from tests import tiny
from tests.experiments.experiment_data import job, logged_steps


def test_result_agrees_with_the_files_of_the_run(finished: Job) -> None:
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
    assert result["peak_memory"] > 50e6  # torch alone takes more


def test_more_steps_go_on_from_the_last_one(shared_data: Path, tmp_path: Path) -> None:
    done, uninterrupted = job(shared_data, tmp_path / "run"), job(shared_data, tmp_path / "whole", steps=6)
    assert run_job(done) == 0
    before = logged_steps(done.out)
    longer = job(shared_data, done.out, steps=6)
    assert longer.result() is None and run_job(longer) == 0
    result = longer.result()
    assert result is not None and result["step"] == 6
    assert run_job(uninterrupted) == 0
    assert logged_steps(done.out)[:4] == before
    assert logged_steps(done.out) == logged_steps(uninterrupted.out)


@pytest.fixture
def without_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker would read the stdin of pytest."""
    monkeypatch.setattr(worker, "_stop_with_parent", lambda: None)


@pytest.mark.usefixtures("without_parent")
def test_errors_are_lines_and_exit_codes(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = replace(job(shared_data, tmp_path / "run"), corpora=Corpora((("no.tsv",),)))
    assert worker.main(broken.write()) == 3
    assert capsys.readouterr().err.startswith("error: no.tsv: cannot be read")


@pytest.mark.usefixtures("without_parent")
@pytest.mark.parametrize(("name", "code"), [("job.json", 5), ("memory.json", 5), ("training.json", 4)])
def test_damaged_files_are_an_error_line_and_an_exit_code(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    path = job(shared_data, tmp_path / "run").write()
    (tmp_path / "run" / name).write_text('{"peak_memory": "much"}')
    assert worker.main(path) == code
    err = capsys.readouterr().err
    assert err.startswith("error: ") and name in err and "Traceback" not in err


@pytest.mark.usefixtures("without_parent")
@pytest.mark.parametrize("step", ["train", "_result"])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "out of memory; lower decoding.batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory; lower"),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
    ],
)
def test_lack_of_memory_and_system_errors_have_an_exit_code(
    shared_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: Exception,
    message: str,
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(worker, step, fail)
    assert worker.main(job(shared_data, tmp_path / "run").write()) == 5
    err = capsys.readouterr().err
    assert f"error: {message}" in err and "Traceback" not in err


def test_messages_that_nobody_reads_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        monkeypatch.setattr(sys, "stderr", closed)
        progress = WorkerProgress()
        progress.say("is anybody there?")
        progress.say("no")
        assert not progress.show
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), write)  # for what is left in the buffer


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_peak_memory_grows_by_what_is_held() -> None:
    before = peak_memory()
    held_now = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    more = torch.ones((before - held_now + 64_000_000) // 4)
    assert 60e6 < peak_memory() - before < 80e6 and more.numel()


def test_peak_of_a_run_is_that_of_all_its_processes(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / MEMORY).write_text(json.dumps({"peak_memory": 10**15}))
    one = job(shared_data, tmp_path / "run", steps=2)
    assert run_job(one) == 0
    result = one.result()
    assert result is not None and result["peak_memory"] == 10**15
    assert json.loads((tmp_path / "run" / MEMORY).read_text()) == {"peak_memory": 10**15}
    assert 0 < worker._peak_memory({})["peak_memory"] < 10**15
