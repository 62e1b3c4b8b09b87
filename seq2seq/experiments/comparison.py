"""Several settings trained on the same data, seeds and budget: one table, one figure.

Each training is a job of its own (see `jobs`), and a run directory that anything else can use. What has ended
is kept, what was interrupted goes on: repeat the command. Differences to the first setting are tested by
paired bootstrap resampling (Koehn, 2004) of the two outputs of the same seed.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.bundle.versions import versions
from seq2seq.config import Settings, from_dict, to_dict
from seq2seq.data.pairs import SentencePair
from seq2seq.errors import RunError, SeqError, UsageError
from seq2seq.evaluation import figures
from seq2seq.evaluation.figures import Curve, Panel
from seq2seq.evaluation.metrics import Comparison, paired_significance
from seq2seq.evaluation.test_sets import read_test
from seq2seq.experiments.worker import LONGER, RESULT, Job, digest, directory_lock, run_all
from seq2seq.training.run import Corpora, check
from seq2seq.training.run_directory import RunDirectory

LEVEL = 0.05
FORM = "expected 'NAME', 'NAME: part.key=value, …' or 'NAME @SEED,SEED: part.key=value'"
MEANS = ("bleu", "chrf", "ter", "tokens_per_second", "minutes", "step", "best_bleu", "peak_memory")


@dataclass(frozen=True)
class Setting:
    """A row of the table: what differs from the common settings, and the seeds to train with."""

    name: str
    settings: Settings
    changes: Mapping[str, Any]
    seeds: tuple[int, ...]

    def directory(self, seed: int) -> str:
        """Name of the run directory of one seed."""
        return f"{_file_name(self.name)}-seed{seed}"


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.]+", "-", name.lower()).strip("-.")


def parse_setting(text: str, base: Settings, seeds: Sequence[int]) -> Setting:
    """The setting that a text such as `lstm @1,2: model.cell=lstm` stands for; without seeds, `seeds`."""
    head, _, tail = text.partition(":")
    name, at, numbers = (" ".join(part.split()) for part in head.partition("@"))
    if not _file_name(name) or "=" in name:
        raise UsageError(f"setting {text!r}: it has no name, {FORM}")
    if at and not re.fullmatch(r"\d+([\s,]+\d+)*", numbers):
        raise UsageError(f"setting {text!r}: its seeds are {numbers!r}, {FORM}")
    own = tuple(int(number) for number in re.findall(r"\d+", numbers)) or tuple(seeds)
    if len(set(own)) < len(own) or not own:
        raise UsageError(f"setting {text!r}: its seeds are {own}, expected one or more, each once")
    changes = _changes(tail.strip(), where=f"setting {text!r}")
    settings = from_dict(Settings, changes, where=f"setting {name!r}", base=base)
    try:
        check(settings)
    except UsageError as error:
        raise UsageError(f"setting {name!r}: {error}") from None
    return Setting(name, settings, changes, own)


def _changes(text: str, *, where: str) -> dict[str, dict[str, Any]]:
    """`part.key=value, part.key=value` as a table of tables."""
    found: dict[str, dict[str, Any]] = {}
    for change in re.split(r"[,\s]+(?=[\w-]+\.[\w-]+\s*=)", text) if text else ():
        key, equals, value = (part.strip() for part in change.partition("="))
        part, dot, option = key.replace("-", "_").partition(".")
        if not equals or not dot:
            raise UsageError(f"{where}: {change!r} is no change, {FORM}")
        if (part, option) == ("training", "seed"):
            raise UsageError(f"{where}: seeds stand behind an @, {FORM}")
        found.setdefault(part, {})[option] = _value(value)
    return found


def _value(text: str) -> Any:
    """A number, truth value or list in the form of JSON; anything else is a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def parse_settings(texts: Sequence[str], base: Settings, seeds: Sequence[int]) -> list[Setting]:
    """All settings, in their order; UsageError when two would share a run directory."""
    found: dict[str, Setting] = {}
    for text in texts:
        setting = parse_setting(text, base, seeds)
        key = _file_name(setting.name)
        if key in found:
            raise UsageError(
                f"settings {found[key].name!r} and {setting.name!r}: their names are too much alike"
            )
        found[key] = setting
    if not found:
        raise UsageError("no setting to train, expected at least one")
    return list(found.values())


@dataclass
class Experiment:
    """The settings, what they share, and the results so far: `results` by setting and seed, `troubles` by
    the name of the run."""

    settings: Sequence[Setting]
    corpora: Corpora
    test: tuple[str, ...]
    out: Path
    device: str = "auto"
    threads: int = 0
    results: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    tests: dict[tuple[str, int], Comparison] = field(default_factory=dict)

    def __post_init__(self) -> None:
        languages = self.corpora.languages
        columns = self.settings[0].settings.data.columns
        self.pairs: list[SentencePair] = read_test(
            self.test, languages=languages, columns=columns, split="test"
        )
        self.digest = digest(self.pairs)

    def jobs(self) -> list[tuple[Setting, int, Job]]:
        """All trainings: the first seed of every setting, then the second, so that a picture comes early."""
        longest = max(len(setting.seeds) for setting in self.settings)
        return [
            (setting, setting.seeds[turn], self.job(setting, setting.seeds[turn]))
            for turn in range(longest)
            for setting in self.settings
            if turn < len(setting.seeds)
        ]

    def job(self, setting: Setting, seed: int) -> Job:
        """The training of one setting with one seed."""
        settings = replace(setting.settings, training=replace(setting.settings.training, seed=seed))
        out = self.out / setting.directory(seed)
        return Job(settings, self.corpora, self.test, out, self.device, self.threads)

    def run(self, say: Callable[[str], None], *, parallel: int = 1) -> int:
        """Train what is not trained yet; 0, or the signal that stopped it. RunError when a run failed."""
        with directory_lock(self.out, say) as lock:
            jobs = self.jobs()
            for setting, seed, job in jobs:
                job.check()
                self._note(setting, seed, job)
            left = {job.name: (setting, seed) for setting, seed, job in jobs if job.result() is None}
            say(f"{len(jobs)} runs, {len(jobs) - len(left)} of them done")
            if self.results:
                self.write(say)

            def done(job: Job, trouble: str) -> None:
                if trouble:
                    self.troubles[job.name] = trouble
                self._note(*left[job.name], job)
                say(f"{job.name}: {trouble or 'done'}")
                self.write(say)

            todo = [job for _, _, job in jobs if job.name in left]
            stopped = run_all(todo, done, say, parallel=parallel, keep=lock)
        if self.troubles and not stopped:
            told = "; ".join(f"{name}: {trouble}" for name, trouble in self.troubles.items())
            raise RunError(
                f"{len(self.troubles)} of {len(jobs)} runs failed ({told}); repeat the command to try again"
            )
        return stopped

    def _note(self, setting: Setting, seed: int, job: Job) -> None:
        """Keep the result of a job, if it has one, with its validations."""
        result = job.result()
        if result is None:
            return
        if result.get("test_digest", self.digest) != self.digest:
            raise UsageError(
                f"{' and '.join(self.test)}: not the test set that {job.out / RESULT} is about: choose "
                "another --out, or delete that file to score the run again"
            )
        records = RunDirectory(job.out).records()
        names = ("step", "seconds", "loss", "bleu")
        curve = [
            {name: record[name] for name in names} for record in records if record["event"] == "validation"
        ]
        self.results[setting.name, seed] = result | {"validations": curve}

    # What they say together

    def report(self) -> dict[str, Any]:
        """Everything, for JSON."""
        first = self.settings[0].settings
        return {
            "test": list(self.test),
            "sentences": len(self.pairs),
            "corpora": asdict(self.corpora),
            "settings": to_dict(first),
            "versions": versions(),
            "rows": [self.row(setting) for setting in self.settings],
        }

    def row(self, setting: Setting) -> dict[str, Any]:
        """One setting: its runs, their means and standard deviations, and how it compares to the first."""
        runs: list[dict[str, Any]] = []
        for seed in setting.seeds:
            result = self.results.get((setting.name, seed))
            if result is not None:
                hidden = ("settings", "test", "test_digest", "model", "translations")
                plain = {name: value for name, value in result.items() if name not in hidden}
                runs.append({"seed": seed, "directory": setting.directory(seed)} | plain)
        values = {name: [_number(run[name]) for run in runs] for name in MEANS} if runs else {}
        return {
            "name": setting.name,
            "changes": dict(setting.changes),
            "seeds": list(setting.seeds),
            "limits": _limits(setting.settings),
            "parameters": runs[0]["parameters"] if runs else None,
            "mean": {name: statistics.fmean(found) for name, found in values.items()},
            "deviation": {name: statistics.stdev(found) for name, found in values.items() if len(found) > 1},
            "against_first": [
                {"seed": run["seed"]} | asdict(self._test(setting, run["seed"]))
                for run in runs
                if setting is not self.settings[0] and (self.settings[0].name, run["seed"]) in self.results
            ],
            "runs": runs,
            "troubles": {
                str(seed): self.troubles[setting.directory(seed)]
                for seed in setting.seeds
                if setting.directory(seed) in self.troubles
            },
        }

    def _test(self, setting: Setting, seed: int) -> Comparison:
        """The first setting (a) against this one (b), of one seed."""
        key = setting.name, seed
        if key not in self.tests:
            first, this = self.results[self.settings[0].name, seed], self.results[key]
            references = [pair.target for pair in self.pairs]
            self.tests[key] = paired_significance(
                first["translations"],
                this["translations"],
                references,
                language=this["target_language"],
            )
        return self.tests[key]

    def write(self, say: Callable[[str], None]) -> None:
        """Replace `comparison.json`, `.md` and `.png`. That nothing can be drawn is said, and no reason to
        fail."""
        report = self.report()
        files.write_json(self.out / "comparison.json", report)
        files.write_text(self.out / "comparison.md", markdown(report))
        try:
            figures.save(figures.draw_panels(panels(report)), self.out / "comparison.png")
        except SeqError as error:
            say(f"no curves drawn: {error}")


def _limits(settings: Settings) -> str:
    """When a training ends, such as `steps 2500`."""
    names = [name.removeprefix("training.") for name in LONGER]
    limits = {name: getattr(settings.training, name) for name in names}
    return ", ".join(f"{name} {value:g}" for name, value in limits.items() if value) or "none"


def _memory(run: Mapping[str, Any]) -> int:
    """Bytes that a training held at most: on a GPU those of its tensors there."""
    return int(run["device_memory"] if run["device"].startswith("cuda") else run["peak_memory"])


def _number(value: Any) -> float:
    """A figure of a run; scores come with their signature."""
    return float(value["score"] if isinstance(value, Mapping) else value)


COLUMNS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "setting": lambda row: row["name"].replace("|", "\\|"),
    "seeds": lambda row: _seeds(row).replace("|", "\\|"),
    "BLEU": lambda row: _spread(row, "bleu", 1),
    "Δ": lambda row: _difference(row),
    "p": lambda row: ", ".join(f"{test['p_value']:.3f}" for test in row["against_first"]),
    "chrF": lambda row: _spread(row, "chrf", 1),
    "parameters": lambda row: f"{row['parameters']:,}",
    "tokens/s": lambda row: f"{row['mean']['tokens_per_second']:,.0f}",
    "memory, MB": lambda row: f"{max(map(_memory, row['runs'])) / 1e6:,.0f}",
    "minutes": lambda row: _spread(row, "minutes", 1),
    "updates": lambda row: f"{row['mean']['step']:,.0f}",
    "validation BLEU": lambda row: _spread(row, "best_bleu", 1),
}


def markdown(report: Mapping[str, Any]) -> str:
    """The table, and below it what its columns mean and how it was made."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for row in report["rows"]:
        cells = [
            column(row) if row["runs"] or name in ("setting", "seeds") else ""
            for name, column in COLUMNS.items()
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n" + "\n\n".join(_notes(report)) + "\n"


def _seeds(row: Mapping[str, Any]) -> str:
    """The seeds that have ended; of the others, what became of them."""
    ended = {run["seed"] for run in row["runs"]}
    others: dict[str, list[str]] = {}
    for seed in row["seeds"]:
        if seed not in ended:
            others.setdefault(row["troubles"].get(str(seed), "to come"), []).append(str(seed))
    names = [str(seed) for seed in row["seeds"] if seed in ended]
    return " ".join([*names, *(f"({', '.join(seeds)}: {why})" for why, seeds in others.items())])


def _spread(row: Mapping[str, Any], name: str, digits: int) -> str:
    """The mean, with several seeds ± their standard deviation."""
    mean, deviation = row["mean"][name], row["deviation"].get(name)
    return f"{mean:.{digits}f}" + ("" if deviation is None else f" ± {deviation:.{digits}f}")


def _difference(row: Mapping[str, Any]) -> str:
    """Mean difference to the first setting over the seeds that both have."""
    differences = [test["score_b"] - test["score_a"] for test in row["against_first"]]
    return f"{statistics.fmean(differences):+.1f}" if differences else ""


def _notes(report: Mapping[str, Any]) -> list[str]:
    runs = [run for row in report["rows"] for run in row["runs"]]
    notes = [
        f"Test set: {' '.join(report['test'])}, {report['sentences']:,} sentences. Several seeds: mean ± "
        "standard deviation. Δ and p: against the first setting, the mean difference and, seed by seed, "
        f"paired bootstrap resampling (Koehn, 2004; below {LEVEL:g}: more than chance).",
        "Tokens/s: target tokens in training, validations left out. Memory: the most that a training process "
        "held, on a GPU its tensors there. Minutes: training with its validations. Validation BLEU: greedy, "
        "the best.",
    ]
    if runs:
        limits = _each({row["name"]: row["limits"] for row in report["rows"]})
        told = {
            "ended by": {run["stopped"] for run in runs},
            "Device": {run["device"] for run in runs},
            "threads": {str(run["threads"]) for run in runs},
            "torch": {run["versions"]["torch"] for run in runs},
            "BLEU:": {f"`{run['bleu']['signature']}`" for run in runs},
        }
        ended, device, threads, torch, bleu = (
            f"{name} {', '.join(sorted(values))}" for name, values in told.items()
        )
        notes.append(f"Limits: {limits}; {ended}. {device}, {threads}, {torch}. {bleu}.")
    return notes


def _each(values: Mapping[str, str]) -> str:
    """The value, or where there are several, each with its name."""
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return "; ".join(f"{name}: {value}" for name, value in values.items())


def panels(report: Mapping[str, Any]) -> list[Panel]:
    """Validation BLEU and loss against updates and against minutes, a curve for each run."""
    shown = []
    for name, label in (("bleu", "validation BLEU"), ("loss", "validation loss (nats a token)")):
        for unit, axis, length in (("step", "updates", 1), ("seconds", "minutes", 60)):
            curves = [
                Curve(
                    [record[unit] / length for record in run["validations"]],
                    [record[name] for record in run["validations"]],
                    colour=number,
                    label=row["name"],
                    marker="o" if len(run["validations"]) < 30 else "",
                )
                for number, row in enumerate(report["rows"])
                for run in row["runs"]
            ]
            shown.append(Panel("", axis, label, curves, zero=name == "bleu"))
    return shown
