"""Data for comparisons, and torch's number of threads, which jobs change for the whole process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from seq2seq.experiments.job import Job
from seq2seq.experiments.worker import run_job
from tests.experiments.experiment_data import job, write_data


@pytest.fixture(autouse=True)
def restored_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with train.tsv, valid.tsv and test.tsv."""
    return write_data(tmp_path, train=60, valid=5, test=40)


@pytest.fixture(scope="module")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for tests that only read it."""
    return write_data(tmp_path_factory.mktemp("data"), train=80, valid=6, test=8)


@pytest.fixture(scope="module")
def finished(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that has ended."""
    done = job(shared_data, tmp_path_factory.mktemp("jobs") / "finished")
    threads = torch.get_num_threads()
    assert run_job(done) == 0
    torch.set_num_threads(threads)
    return done
