"""`seq2seq train`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from seq2seq.cli.options import Decoding, Origin, Paths, optional
from seq2seq.config import DataConfig, DecodingConfig, ModelConfig, Settings, TrainingConfig, recipe_names
from seq2seq.devices import use_threads
from seq2seq.errors import UsageError

if TYPE_CHECKING:
    from seq2seq.training.interruption import Interruption
    from seq2seq.training.run_state import RunState


@dataclass(frozen=True)
class Train:
    """Train a translator from parallel text. Without data, train on a generated sample corpus."""

    train: Paths = ()
    """Training data: one path (TSV, CSV, JSONL, TMX, Parquet; .gz too), two paths of aligned text, or
    hf:OWNER/NAME[:CONFIG]. Repeat the option for several corpora."""
    valid: Paths = ()
    """Validation data, in the same forms. Without it, part of the training data is held out."""
    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target, such as fr. It also decides how BLEU splits text into words."""
    out: Path = Path("runs/sample")
    """Directory of the run: settings, log, checkpoints and the best model."""
    recipe: str = ""
    """Settings to start from: the name of a recipe, or a TOML file. Other options override them."""
    init_from: str = ""
    """Fine-tune a model: a model directory, a run, or a direction that is bundled, such as en-fr. Training
    starts from its weights and keeps its network and vocabulary. Recipe: adapt, unless --recipe is given."""
    resume: bool = False
    """Continue the run in --out from its newest checkpoint. Its settings stay; only limits may change:
    epochs, steps, minutes, patience."""
    dry_run: bool = False
    """Print the settings and the number of parameters, and stop."""
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
        """The values that other options override: settings of the recipe, or of the run that is resumed."""
        origin = Origin.parse(arguments)
        if origin.resume and not origin.recipe:
            from seq2seq.training.run import stored_run

            name, settings = "", stored_run(origin.out)[0]
        else:
            name, settings = origin.settings()
        if origin.seed is not None:
            settings = replace(settings, training=replace(settings.training, seed=origin.seed))
        return cls(recipe=name, **{part.name: getattr(settings, part.name) for part in fields(settings)})

    def run(self) -> int:
        """Train; returns the exit code."""
        from seq2seq.training.interruption import Interruption

        interruption = Interruption()
        with interruption.watch():  # from the start: the imports take seconds
            return self._run(interruption)

    def _run(self, interruption: Interruption) -> int:
        from seq2seq.monitoring.progress import Progress
        from seq2seq.training.run import Corpora, count_weights, train

        interruption.check()
        use_threads(self.threads)
        self._check()
        settings = Settings(self.model, self.data, self.training, self.decoding)
        if self.dry_run:
            plan = {"parameters": count_weights(settings), "settings": asdict(settings)}
            print(json.dumps(plan | {"recipes": recipe_names()}, indent=2))
            return 0
        languages = (self.source_lang, self.target_lang)
        corpora = Corpora(self.train, self.valid, languages, self.init_from)
        progress = Progress()
        state = train(
            settings,
            corpora,
            self.out,
            resume=self.resume,
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
        sample, model = self.out / "sample" / "test.tsv", shlex.quote(str(self.out))
        test = shlex.quote(str(sample)) if sample.exists() else "TEST.tsv"
        columns = shlex.join(("--columns", *self.data.columns)) if self.data.columns else ""
        return [
            f"done ({state.stopped}): best greedy BLEU {state.best_bleu:.2f} at step {state.best_step}",
            f"evaluate:   seq2seq evaluate --model {model} --test {test} {columns}".rstrip(),
            f"translate:  seq2seq translate --model {model} < in.txt > out.txt",
            f"web page:   seq2seq serve --model {model}",
        ]
