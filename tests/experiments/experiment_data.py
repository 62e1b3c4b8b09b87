"""Data, jobs and results for the tests of comparisons."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seq2seq.config import to_dict
from seq2seq.experiments.comparison import Experiment
from seq2seq.experiments.job import RESULT, Job
from seq2seq.experiments.setting import parse_settings
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import Corpora
from tests import tiny

BASE = replace(tiny.settings(steps=3), model=tiny.model_config(source_vocab_size=0, target_vocab_size=0))


def write_data(folder: Path, *, train: int, valid: int, test: int) -> Path:
    """Write train.tsv, valid.tsv and test.tsv with so many pairs each."""
    for name, number, seed in (("train", train, 0), ("valid", valid, 9), ("test", test, 5)):
        lines = (f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(number, seed=seed))
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def corpora_in(data: Path) -> Corpora:
    return Corpora(((str(data / "train.tsv"),),), ((str(data / "valid.tsv"),),), ("en", "fr"))


def job(data: Path, out: Path, **training: Any) -> Job:
    """A training of a few steps."""
    settings = tiny.settings(**({"steps": 4, "save_every": 2, "validate_every": 2} | training))
    settings = replace(settings, model=replace(settings.model, source_vocab_size=0, target_vocab_size=0))
    return Job(settings, corpora_in(data), (str(data / "test.tsv"),), out, "cpu", 1)


def logged_steps(out: Path) -> list[tuple[int, float]]:
    """(step, loss) of the log of a run."""
    return [(r["step"], r["loss"]) for r in RunDirectory(out).records() if r["event"] == "step"]


def experiment(data: Path, *texts: str) -> Experiment:
    """A comparison of settings in `data`/out."""
    settings = parse_settings(texts, BASE, (1,))
    return Experiment(settings, corpora_in(data), (str(data / "test.tsv"),), data / "out", "cpu", 1)


def write_result(job: Job, bleu: float, *, wrong: int = 0, **changes: Any) -> None:
    """Write the result of a job that never ran. Its translations are the references, but for the first
    `wrong`."""
    texts = [pair.target for pair in tiny.pairs(40, seed=5)]
    result = {
        "settings": to_dict(job.settings),
        "test": list(job.test),
        "bleu": {"score": bleu, "signature": "b"},
        "chrf": {"score": 2 * bleu, "signature": "c"},
        "ter": {"score": 50.0, "signature": "t"},
        "target_language": "fr",
        "parameters": 1234,
        "tokens_per_second": 1000.0,
        "minutes": 2.0,
        "step": 30,
        "stopped": "steps",
        "best_bleu": 20.0,
        "peak_memory": 500_000_000,
        "device": "cpu",
        "threads": 1,
        "versions": {"torch": "2"},
        "translations": ["zut"] * wrong + texts[wrong:],
    }
    job.out.mkdir(parents=True, exist_ok=True)
    (job.out / RESULT).write_text(json.dumps(result | changes))
    run = RunDirectory(job.out)
    run.log({"event": "step", "step": 1, "loss": 5.0, "seconds": 1.0})
    run.log({"event": "validation", "step": 10, "loss": 3.0, "bleu": bleu / 2, "seconds": 60.0})
    run.log({"event": "validation", "step": 30, "loss": None, "bleu": bleu, "seconds": 120.0})
    run.close()


def read_results(comparison: Experiment) -> Experiment:
    """Read the results that are on disk."""
    for setting, seed, job in comparison.jobs():
        comparison.read_result(setting, seed, job)
    return comparison


class FakeRunJobs:
    """In place of `run_jobs`: jobs end at once with a written result; those of `failing` fail."""

    def __init__(self, *failing: str) -> None:
        self.failing, self.names, self.tables = failing, list[str](), list[str]()

    def __call__(
        self, jobs: Sequence[Job], on_end: Callable[[Job, str], None], say: object, **options: Any
    ) -> int:
        for one in jobs:
            self.names.append(one.name)
            if one.name not in self.failing:
                write_result(one, 25.0)
            on_end(one, "killed by signal 9" if one.name in self.failing else "")
            self.tables.append((one.out.parent / "comparison.md").read_text(encoding="utf-8"))
        return 0
