"""Several settings trained on the same data, with the same seeds and budget, in one table and one figure.

Each training is a job of its own (see job.py). Jobs that have ended are kept, and interrupted ones go on,
when the command is repeated. The difference to the first setting is tested by paired bootstrap resampling
(Koehn, 2004) of the two outputs of the same seed.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.bundle.versions import versions
from seq2seq.config import Settings
from seq2seq.errors import RunError, SeqError, UsageError
from seq2seq.evaluation import figures
from seq2seq.evaluation.significance import Comparison, paired_significance
from seq2seq.evaluation.test_sets import read_test
from seq2seq.experiments.comparison_table import markdown, panels
from seq2seq.experiments.job import EXTENSIBLE, RESULT, Job, logged, number
from seq2seq.experiments.setting import Setting
from seq2seq.experiments.worker_pool import run_jobs
from seq2seq.pairs import SentencePair
from seq2seq.processes.directory_lock import directory_lock
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import Corpora, describe, pairs_sha256

MEANS = ("bleu", "chrf", "ter", "tokens_per_second", "minutes", "step", "best_bleu", "peak_memory")
# Parts of a result that are in result.json only.
NOT_REPORTED = ("settings", "test", "test_digest", "model", "translations")


@dataclass
class Experiment:
    """Settings to compare, what they share, and the results so far.

    Attributes:
        settings: the rows of the table; the others are tested against the first one.
        corpora, test: training, validation and test data.
        out: directory of the runs and of the table.
        device, threads: where each training computes; 0 threads leave the number to torch.
        results: by name of the setting and seed.
        failures: why a run failed, by the name of its directory.
        tests: significance tests against the first setting, by name of the setting and seed.
    """

    settings: Sequence[Setting]
    corpora: Corpora
    test: tuple[str, ...]
    out: Path
    device: str = "auto"
    threads: int = 0
    results: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    tests: dict[tuple[str, int], Comparison] = field(default_factory=dict)

    def __post_init__(self) -> None:
        languages = self.corpora.languages
        columns = self.settings[0].settings.data.columns
        self.pairs: list[SentencePair] = read_test(
            self.test, languages=languages, columns=columns, split="test"
        )
        self.digest = pairs_sha256(self.pairs)

    def jobs(self) -> list[tuple[Setting, int, Job]]:
        """All trainings: the first seed of every setting, then the second, so that a table comes early."""
        most_seeds = max(len(setting.seeds) for setting in self.settings)
        return [
            (setting, setting.seeds[index], self.job(setting, setting.seeds[index]))
            for index in range(most_seeds)
            for setting in self.settings
            if index < len(setting.seeds)
        ]

    def job(self, setting: Setting, seed: int) -> Job:
        """The training of one setting with one seed."""
        settings = replace(setting.settings, training=replace(setting.settings.training, seed=seed))
        out = self.out / setting.directory(seed)
        return Job(settings, self.corpora, self.test, out, self.device, self.threads)

    def run(self, say: Callable[[str], None], *, parallel: int = 1) -> int:
        """Train what is not trained yet, `parallel` runs at once, and write the table after each.

        Returns 0, or the signal that stopped it. Raises RunError if runs failed, after all others.
        """
        with directory_lock(self.out, wait=say):
            jobs = self.jobs()
            for setting, seed, job in jobs:
                job.check()
                self.read_result(setting, seed, job)
            left = {job.name: (setting, seed, job) for setting, seed, job in jobs if job.result() is None}
            say(f"{len(jobs)} runs, {len(jobs) - len(left)} of them done")
            for _, _, job in left.values():
                if (job.out / RESULT).exists():
                    say(f"{job.name}: {RESULT} is damaged or of another setting, so the run goes on")
            if self.results:
                self.write(say)

            def on_end(job: Job, failure: str) -> None:
                if failure:
                    self.failures[job.name] = failure
                self.read_result(*left[job.name])
                say(f"{job.name}: {failure or 'done'}")
                self.write(say)

            stopped = run_jobs([job for _, _, job in left.values()], on_end, say, parallel=parallel)
        if self.failures and not stopped:
            reasons = "; ".join(f"{name}: {failure}" for name, failure in self.failures.items())
            raise RunError(
                f"{len(self.failures)} of {len(jobs)} runs failed ({reasons}); "
                "repeat the command to try again"
            )
        return stopped

    def read_result(self, setting: Setting, seed: int, job: Job) -> None:
        """Add the result of a job and its validations to `results`, if the job has ended.

        Raises UsageError for a result of another test set, DataError for a damaged log.
        """
        result = job.result()
        if result is None:
            return
        if result.get("test_digest", self.digest) != self.digest:
            raise UsageError(
                f"{' and '.join(self.test)}: not the test set of {job.out / RESULT}: choose another --out, "
                "or delete that file to score the run again"
            )
        run = RunDirectory(job.out)
        validations = logged(run, "validation", ("step", "seconds"), or_none=("loss", "bleu"))
        self.results[setting.name, seed] = result | {"validations": validations}

    def report(self) -> dict[str, Any]:
        """Everything as plain values, for JSON and for the table."""
        return {
            "test": list(self.test),
            "sentences": len(self.pairs),
            **describe(self.settings[0].settings, self.corpora),
            "versions": versions(),
            "rows": [self.row(setting) for setting in self.settings],
        }

    def row(self, setting: Setting) -> dict[str, Any]:
        """One setting: its runs, their means and standard deviations, and the tests against the first one."""
        runs = self._runs(setting)
        values = {name: [number(run[name]) for run in runs] for name in MEANS} if runs else {}
        first = self.settings[0]
        return {
            "name": setting.name,
            "changes": dict(setting.changes),
            "seeds": list(setting.seeds),
            "limits": _limits(setting.settings),
            "parameters": runs[0]["parameters"] if runs else None,
            "mean": {name: statistics.fmean(numbers) for name, numbers in values.items()},
            "deviation": {
                name: statistics.stdev(numbers) for name, numbers in values.items() if len(numbers) > 1
            },
            "against_first": [
                {"seed": run["seed"]} | asdict(self._significance(setting, run["seed"]))
                for run in runs
                if setting is not first and (first.name, run["seed"]) in self.results
            ],
            "runs": runs,
            "troubles": {
                str(seed): self.failures[setting.directory(seed)]
                for seed in setting.seeds
                if setting.directory(seed) in self.failures
            },
        }

    def _runs(self, setting: Setting) -> list[dict[str, Any]]:
        """The results of a setting, without what is long or the same in all."""
        runs: list[dict[str, Any]] = []
        for seed in setting.seeds:
            result = self.results.get((setting.name, seed))
            if result is not None:
                reported = {name: value for name, value in result.items() if name not in NOT_REPORTED}
                runs.append({"seed": seed, "directory": setting.directory(seed)} | reported)
        return runs

    def _significance(self, setting: Setting, seed: int) -> Comparison:
        """The first setting (a) against `setting` (b), with the same seed."""
        key = setting.name, seed
        if key not in self.tests:
            first, other = self.results[self.settings[0].name, seed], self.results[key]
            self.tests[key] = paired_significance(
                first["translations"],
                other["translations"],
                [pair.target for pair in self.pairs],
                language=other["target_language"],
            )
        return self.tests[key]

    def write(self, say: Callable[[str], None]) -> None:
        """Replace `comparison.json`, `.md` and `.png`; without matplotlib, say that there is no picture."""
        report = self.report()
        files.write_json(self.out / "comparison.json", report)
        files.write_text(self.out / "comparison.md", markdown(report))
        try:
            figures.save(figures.draw_panels(panels(report)), self.out / "comparison.png")
        except SeqError as error:
            say(f"no curves drawn: {error}")


def _limits(settings: Settings) -> str:
    """When a training ends, such as `steps 2500`."""
    names = [name.removeprefix("training.") for name in EXTENSIBLE]
    limits = {name: getattr(settings.training, name) for name in names}
    return ", ".join(f"{name} {value:g}" for name, value in limits.items() if value) or "none"
