"""`seq2seq train`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from seq2seq.cli.memory import check_address_space
from seq2seq.cli.messages import say
from seq2seq.cli.options import Decoding, Origin, Paths, optional
from seq2seq.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    Settings,
    TrainingConfig,
    find_recipe,
    recipe_names,
)
from seq2seq.devices import reuse_memory, use_threads
from seq2seq.errors import UsageError

if TYPE_CHECKING:
    from seq2seq.cli.preflight import Data
    from seq2seq.config.corpora import Corpora
    from seq2seq.processes.interruption import Interruption
    from seq2seq.training.run_state import RunState

AUTO = "auto"
"""The recipe that is no file: settings chosen by the data and the machine (see `planning.choosing`)."""


@dataclass(frozen=True)
class Train:
    """Train a translator from parallel text. Without data, train on a generated sample corpus."""

    train: Paths = ()
    """Training data: one path (TSV, CSV, JSONL, TMX, Parquet; .gz too), two paths of aligned text, or
    hf:OWNER/NAME[:CONFIG]. Repeat the option for several corpora. For a model of several directions, name
    that of each corpus: en-de=train.en,train.de."""
    valid: Paths = ()
    """Validation data, in the same forms. Without it, part of the training data is held out."""
    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target, such as fr. It also decides how BLEU splits text into words."""
    out: Path = Path("runs/sample")
    """Directory of the run: settings, log, checkpoints and the best model. Without this option: runs/ and the
    name of the training data."""
    recipe: str = ""
    """Settings to start from: the name of a recipe, or a TOML file. Other options override them. Without it,
    they are chosen by the amount of data, its texts and the machine (auto), and shown with the reasons."""
    init_from: str = ""
    """Fine-tune a model: a model directory, a run, or a direction that is bundled, such as en-fr. Training
    starts from its weights and keeps its network and vocabulary. Recipe: adapt, unless --recipe is given."""
    resume: bool = False
    """Continue the run in --out from its newest checkpoint. Its settings stay; only limits may change:
    epochs, steps, minutes, patience."""
    preflight: bool = True
    """Look at data and machine first: say what was found and what to expect, and refuse what cannot work."""
    dry_run: bool = False
    """Do the preflight, print it with all settings and the number of parameters as JSON (on a terminal: only
    the report), and stop."""
    device: str = "auto"
    """Where to compute: auto (a GPU if there is one), cpu, cuda, cuda:N."""
    threads: int = 0
    """CPU threads. 0: torch's choice, one per core."""
    seed: Annotated[int | None, optional("INT")] = None
    """Seed of initial weights, order of data, sampling and dropout: the same as --training.seed."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: Decoding = field(default_factory=DecodingConfig)

    @classmethod
    def default(cls, arguments: Sequence[str]) -> Train:
        """The values that other options override: settings of the recipe, of the run that is resumed, or
        those chosen by the data.
        """
        origin = Origin.parse(arguments)
        named = origin.recipe not in ("", AUTO)
        stored = origin.resume or (not origin.dry_run and (origin.directory / "training.json").exists())
        if stored and not named:
            from seq2seq.training.run import stored_run

            name, settings = "", stored_run(origin.directory)[0]
        elif origin.train and not (named or origin.init_from or {"-h", "--help"} & set(arguments)):
            name, settings = AUTO, cls._auto(arguments, origin)
        else:
            name, settings = replace(origin, recipe=origin.recipe if named else "").settings()
        return cls._with(name, settings, origin)

    @classmethod
    def _with(cls, name: str, settings: Settings, origin: Origin) -> Train:
        """The values of `settings`, with the run directory and the seed of --seed."""
        if origin.seed is not None:
            settings = replace(settings, training=replace(settings.training, seed=origin.seed))
        parts = {part.name: getattr(settings, part.name) for part in fields(settings)}
        return cls(recipe=name, out=origin.directory, **parts)

    @classmethod
    def _auto(cls, arguments: Sequence[str], origin: Origin) -> Settings:
        """Settings chosen by the data and the machine. All other options are read first, so that a wrong one
        is reported before the data is read."""
        import tyro

        base = find_recipe("default")
        given = tyro.cli(
            cls, args=list(arguments), default=cls._with(AUTO, base, origin), prog="seq2seq train"
        )
        check_address_space("train")
        use_threads(given.threads)
        given._check()
        from seq2seq.cli.preflight import chosen, said_once
        from seq2seq.planning.choosing import settings_of

        with said_once():
            if (data := given._data()) is None:
                return base
            choices = chosen(data, device=given.device, out=given.out, checked=given.preflight)
            return settings_of(choices, base)

    def run(self) -> int:
        """Train; returns the exit code."""
        from seq2seq.processes.interruption import Interruption

        interruption = Interruption()
        with interruption.watch():  # from the start: the imports take seconds
            return self._run(interruption)

    def _run(self, interruption: Interruption) -> int:
        from seq2seq.cli.going_on import goes_on
        from seq2seq.monitoring.progress import Progress
        from seq2seq.training.run import count_weights, train

        interruption.check()
        use_threads(self.threads)
        reuse_memory()
        self._check()
        settings = Settings(self.model, self.data, self.training, self.decoding)
        corpora = self._corpora()
        message = "" if self.resume or self.dry_run else goes_on(settings, corpora, self.out)
        resume = self.resume or bool(message)
        if message:
            say(message)
        recipe, found = ({}, {}) if resume else self._look(settings, interruption.check)
        if self.resume and self.dry_run:
            from seq2seq.cli.preflight import would_resume

            recipe = would_resume(settings, corpora, self.out)
        interruption.check()
        if self.init_from:
            from seq2seq.bundle.starting import check_start, load_start

            check_start(load_start(self.init_from), settings, name=self.init_from)
        if self.dry_run:
            plan = {"parameters": count_weights(settings), "settings": asdict(settings)}
            plan |= {"recipe": recipe, "preflight": found, "recipes": recipe_names()}
            if not (found and sys.stdout.isatty()):  # there, the report is to be read
                print(json.dumps(plan, indent=2))
            return 0
        progress = Progress()
        state = train(
            settings,
            corpora,
            self.out,
            recipe=recipe,
            resume=resume,
            device=self.device,
            progress=progress,
            interruption=interruption,
        )
        if interruption.signal:
            command = f"seq2seq train --resume --out {shlex.quote(str(self.out))}"
            progress.say(f"stopped at step {state.step} and saved; continue with: {command}")
            return 128 + interruption.signal
        for line in self._closing_lines(state):
            progress.say(line)
        return 0

    def _corpora(self) -> Corpora:
        """What the training is given."""
        from seq2seq.training_data.arguments import make_corpora

        return make_corpora(self.train, self.valid, (self.source_lang, self.target_lang), self.init_from)

    def _data(self) -> Data | None:
        """The data for a first look; None if there is none, or if it cannot be read twice."""
        from seq2seq.cli.preflight import Data
        from seq2seq.training.run import languages_of

        if not self.train:
            return None
        corpora = self._corpora()
        data = Data.of(replace(corpora, languages=languages_of(corpora)), self.data)
        return data if data.readable else None

    def _look(self, settings: Settings, check: Callable[[], None]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The preflight. Returns the recipe with the reasons, for the record, and what was found."""
        from seq2seq.cli.preflight import check_start, chosen, preflight, said_once

        with said_once():
            check_start(settings, None if self.dry_run else self.out)
            if (data := self._data()) is None:
                return {"name": self.recipe}, {}
            choices = []
            if self.recipe == AUTO:
                choices = chosen(data, device=self.device, out=self.out, checked=self.preflight)
            recipe = {"name": self.recipe, "reasons": {choice.title: choice.reason for choice in choices}}
            if not self.preflight:
                return recipe, {}
            return recipe, preflight(data, settings, choices, device=self.device, out=self.out, check=check)

    def _check(self) -> None:
        """Raise UsageError for options that contradict each other or lack a value."""
        if self.seed is not None and self.seed != self.training.seed:
            both = f"--seed is {self.seed} and --training.seed {self.training.seed}"
            raise UsageError(f"{both}, expected only one of them")
        for name, corpora in (("--train", self.train), ("--valid", self.valid)):
            if () in corpora:
                raise UsageError(f"{name} has no value, expected one path, two paths, or hf:OWNER/NAME")

    def _closing_lines(self, state: RunState) -> list[str]:
        """How the training ended, and the commands that use the model."""
        from seq2seq.training.run import stored_run

        sample, model = self.out / "sample" / "test.tsv", shlex.quote(str(self.out))
        test = shlex.quote(str(sample)) if sample.exists() else "TEST.tsv"
        columns = shlex.join(("--columns", *self.data.columns)) if self.data.columns else ""
        directions, name, into = stored_run(self.out)[1].directions, "", ""
        if directions:
            name, into = f"{'-'.join(directions[-1])}=", f" --target-lang {directions[-1][1]}"
        return [
            f"done ({state.stopped}): best greedy BLEU {state.best_bleu:.2f} at step {state.best_step}",
            f"evaluate:   seq2seq evaluate --model {model} --test {name}{test} {columns}".rstrip(),
            f"translate:  seq2seq translate --model {model}{into} < in.txt > out.txt",
            f"web page:   seq2seq serve --model {model}",
        ]
