"""`seq2seq compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seq2seq.cli.messages import say
from seq2seq.cli.options import Paths, recipe_settings
from seq2seq.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    Settings,
    TrainingConfig,
)
from seq2seq.devices import find_device, use_threads
from seq2seq.errors import RunError, UsageError

if TYPE_CHECKING:
    from seq2seq.training.run import Corpora


@dataclass(frozen=True)
class Compare:
    """Train several settings on the same data, seeds and budget, and write one table and one figure.

    What has ended is kept and what was interrupted goes on: repeat the command.
    """

    setting: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A row of the table, "NAME: part.key=value, …", such as "lstm: model.cell=lstm"; the first is what the
    others are tested against. "NAME @1,2,3: …" gives it seeds of its own. Repeat the option; default: gru,
    lstm and rnn."""
    seeds: tuple[int, ...] = ()
    """Seeds to train each setting with; default: training.seed."""
    train: Paths = ()
    """Training data, as in `train`; without it, the sample corpus."""
    valid: Paths = ()
    """Validation data, in the same forms."""
    test: tuple[str, ...] = ()
    """Test data: one path, two paths of aligned text, or hf:NAME[:CONFIG]."""
    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target; it chooses the tokeniser of BLEU."""
    out: Path = Path("runs/compare")
    """Directory for the runs, each NAME-seedN, and comparison.md, .json and .png."""
    recipe: str = ""
    """Settings that all start from: a recipe's name or a TOML file. Options override it, --setting those."""
    jobs: int = 1
    """Trainings at once."""
    device: str = "auto"
    """Where to compute: auto (a GPU if there is one), cpu, cuda."""
    threads: int = 0
    """CPU threads of each training; 0: as many as torch finds."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    @classmethod
    def default(cls, arguments: Sequence[str]) -> Compare:
        """What the other options change: the settings of the recipe."""
        name, settings = recipe_settings(arguments)
        return cls(recipe=name, **{part.name: getattr(settings, part.name) for part in fields(settings)})

    def run(self) -> int:
        """Train and print the table; returns the exit code."""
        from seq2seq.experiments import comparison

        use_threads(self.threads)
        find_device(self.device)
        if self.jobs < 1:
            raise UsageError(f"--jobs is {self.jobs}, expected 1 or more")
        base = Settings(self.model, self.data, self.training, self.decoding)
        asked = self.setting or tuple(f"{cell}: model.cell={cell}" for cell in ("gru", "lstm", "rnn"))
        settings = comparison.parse_settings(asked, base, self.seeds or (self.training.seed,))
        corpora, test = self._data()
        experiment = comparison.Experiment(settings, corpora, test, self.out, self.device, self.threads)
        try:
            stopped = experiment.run(say, parallel=self.jobs)
        except RunError:  # of some runs: the others are shown
            print(comparison.markdown(experiment.report()), end="")
            raise
        if stopped:
            say("stopped, and saved what was at work; repeat the command to go on")
            return 128 + stopped
        print(comparison.markdown(experiment.report()), end="")
        return 0

    def _data(self) -> tuple[Corpora, tuple[str, ...]]:
        """Training and test data, made if none is given."""
        from seq2seq.data.sample import write_sample
        from seq2seq.training.run import Corpora

        if self.train or self.valid or self.test:
            if not (self.train and self.test):
                raise UsageError(
                    "--train and --test belong together; without both, the sample corpus is used"
                )
            return Corpora(self.train, self.valid, (self.source_lang, self.target_lang)), self.test
        say("NO DATA GIVEN: comparing on the sample corpus (English to French, generated; see --train)")
        paths = {name: str(path) for name, path in write_sample(self.out / "sample").items()}
        return Corpora(((paths["train"],),), ((paths["valid"],),), ("en", "fr")), (paths["test"],)
