"""Jobs in processes of their own: killed, stopped, failing, several at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seq2seq.experiments.job import JOB, RESULT
from seq2seq.experiments.worker_pool import WorkerProcess, run_jobs
from seq2seq.monitoring.progress import Progress
from seq2seq.training import checkpoint
from seq2seq.training.run import train
from seq2seq.training.run_settings import Corpora
from tests.experiments.experiment_data import job, logged_steps


def wait_for_step(out: Path, step: int, worker: WorkerProcess) -> None:
    """Wait until the run in `out` has logged `step`."""
    while not (records := logged_steps(out) if out.exists() else []) or records[-1][0] < step:
        assert worker.process.poll() is None, worker.error
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_job_goes_on_and_ends_as_an_uninterrupted_one(shared_data: Path, tmp_path: Path) -> None:
    messages: list[str] = []
    endless = WorkerProcess(job(shared_data, tmp_path / "run", steps=100_000), messages.append)
    wait_for_step(endless.job.out, 5, endless)
    endless.process.kill()
    while not endless.has_ended():
        time.sleep(0.02)
    endless.close()
    assert endless.failure() == f"killed by signal {signal.SIGKILL.value}"
    reached = logged_steps(tmp_path / "run")[-1][0] + 3
    last, failures = job(shared_data, tmp_path / "run", steps=reached), dict[str, str]()
    code = run_jobs([last], lambda job, failure: failures.update({job.name: failure}), messages.append)
    assert code == 0 and failures == {"run": ""}
    assert any("run: resumed at step" in line for line in messages)
    result = last.result()
    assert result is not None and result["step"] == reached
    torch.set_num_threads(1)
    whole = job(shared_data, tmp_path / "whole", steps=reached)
    train(whole.settings, whole.corpora, whole.out, device="cpu", progress=Progress(show=False))
    assert logged_steps(last.out) == logged_steps(whole.out)


@pytest.mark.slow
def test_job_without_its_parent_saves_and_ends(shared_data: Path, tmp_path: Path) -> None:
    endless = job(shared_data, tmp_path / "run", steps=100_000, save_every=100_000)
    worker = WorkerProcess(endless, lambda _: None)
    wait_for_step(endless.out, 5, worker)
    worker.close()
    assert worker.process.wait(60) == 143
    assert worker.has_ended() and worker.failure() == "stopped by signal 15"
    *_, (step, _) = checkpoint.stored(endless.out / "checkpoints")
    assert step == logged_steps(endless.out)[-1][0] >= 5


@pytest.mark.slow
def test_second_worker_waits_for_the_first_one_of_the_same_run(shared_data: Path, tmp_path: Path) -> None:
    """After its parent was killed, a worker is still saving when the command is repeated."""
    endless = job(shared_data, tmp_path / "run", steps=100_000, save_every=100_000)
    first = WorkerProcess(endless, lambda _: None)
    wait_for_step(endless.out, 5, first)
    messages: list[str] = []
    second = WorkerProcess(endless, messages.append)
    while not any("works in" in message for message in messages):
        assert second.process.poll() is None, messages
        time.sleep(0.02)
    assert first.process.poll() is None
    first.close()
    assert first.process.wait(60) == 143
    while not any("resumed at step" in message for message in messages):
        assert second.process.poll() is None, messages
        time.sleep(0.02)
    second.close()
    assert second.process.wait(60) == 143
    steps = [step for step, _ in logged_steps(endless.out)]
    assert steps == list(range(1, len(steps) + 1))


@pytest.mark.slow
def test_jobs_run_beside_one_that_fails(shared_data: Path, tmp_path: Path) -> None:
    good = [job(shared_data, tmp_path / name, steps=3) for name in ("a", "b")]
    bad = replace(job(shared_data, tmp_path / "bad"), corpora=Corpora((("no.tsv",),)))
    failures: dict[str, str] = {}
    messages: list[str] = []
    code = run_jobs(
        [good[0], bad, good[1]],
        lambda job, failure: failures.update({job.name: failure}),
        messages.append,
        parallel=2,
    )
    assert code == 0 and failures.keys() == {"a", "b", "bad"}
    assert (failures["a"], failures["b"]) == ("", "") and failures["bad"].startswith("no.tsv: cannot be read")
    assert any(line.startswith("bad: error: no.tsv") for line in messages)


@pytest.mark.slow
def test_signal_stops_and_saves_all_jobs(shared_data: Path, tmp_path: Path) -> None:
    endless = [
        job(shared_data, tmp_path / name, steps=100_000, save_every=100_000) for name in ("a", "b", "c")
    ]

    def interrupt() -> None:
        while not all(one.out.exists() and len(logged_steps(one.out)) > 5 for one in endless[:2]):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    code = run_jobs(endless, lambda job, failure: pytest.fail(failure), lambda _: None, parallel=2)
    assert code == signal.SIGINT and not endless[2].out.exists()
    for one in endless[:2]:
        *_, (step, _) = checkpoint.stored(one.out / "checkpoints")
        assert step == logged_steps(one.out)[-1][0] and not (one.out / RESULT).exists()
        assert (one.out / JOB).exists()
