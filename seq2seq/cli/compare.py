"""`seq2seq compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seq2seq.cli.messages import say
from seq2seq.cli.options import Decoding, Origin, Paths
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

    Repeat the command after an interruption: runs that have ended are kept, the others go on.
    """

    setting: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A row of the table, "NAME: part.key=value, …", such as "lstm: model.cell=lstm". The others are tested
    against the first one. "NAME @1,2,3: …" gives it seeds of its own. Repeat the option; default: gru, lstm
    and rnn."""
    seeds: tuple[int, ...] = ()
    """Seeds to train each setting with; default: training.seed."""
    train: Paths = ()
    """Training data, as in `train`; without it, the sample corpus."""
    valid: Paths = ()
    """Validation data, in the same forms."""
    test: tuple[str, ...] = ()
    """Test data: one path, two paths of aligned text, or hf:OWNER/NAME[:CONFIG]."""
    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target; it chooses the tokeniser of BLEU."""
    out: Path = Path("runs/compare")
    """Directory for the runs, each NAME-seedN, and comparison.md, .json and .png."""
    recipe: str = ""
    """Settings that all start from: the name of a recipe, or a TOML file. Options override the recipe, and
    --setting overrides the options."""
    jobs: int = 1
    """Trainings that run at once."""
    device: str = "auto"
    """Where to compute: auto (a GPU if there is one), cpu, cuda."""
    threads: int = 0
    """CPU threads of each training; 0: as many as torch chooses."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: Decoding = field(default_factory=DecodingConfig)

    @classmethod
    def default(cls, arguments: Sequence[str]) -> Compare:
        """The values that other options override: the settings of the recipe."""
        name, settings = Origin.parse(arguments).settings()
        return cls(recipe=name, **{part.name: getattr(settings, part.name) for part in fields(settings)})

    def run(self) -> int:
        """Train and print the table; returns the exit code."""
        from seq2seq.experiments.comparison import Experiment
        from seq2seq.experiments.comparison_table import markdown
        from seq2seq.experiments.setting import parse_settings

        use_threads(self.threads)
        find_device(self.device)
        if self.jobs < 1:
            raise UsageError(f"--jobs is {self.jobs}, expected 1 or more")
        base = Settings(self.model, self.data, self.training, self.decoding)
        rows = self.setting or tuple(f"{cell}: model.cell={cell}" for cell in ("gru", "lstm", "rnn"))
        settings = parse_settings(rows, base, self.seeds or (self.training.seed,))
        corpora, test = self._data()
        experiment = Experiment(settings, corpora, test, self.out, self.device, self.threads)
        try:
            stopped = experiment.run(say, parallel=self.jobs)
        except RunError:  # some runs failed: show the others
            print(markdown(experiment.report()), end="")
            raise
        if stopped:
            say("stopped, and the running trainings were saved; repeat the command to go on")
            return 128 + stopped
        print(markdown(experiment.report()), end="")
        return 0

    def _data(self) -> tuple[Corpora, tuple[str, ...]]:
        """Training and test data; the sample corpus if none is given."""
        from seq2seq.data.sample import write_sample
        from seq2seq.training.run import Corpora
        from seq2seq.training_data.arguments import make_corpora, split_direction

        if self.train or self.valid or self.test:
            if not (self.train and self.test):
                raise UsageError(
                    "--train and --test belong together; without both, the sample corpus is used"
                )
            corpora = make_corpora(self.train, self.valid, (self.source_lang, self.target_lang))
            if len(corpora.directions) > 1:
                raise UsageError("--train has several directions, expected one: compare scores a direction")
            named, test = split_direction(self.test)
            if named and named != corpora.languages:
                raise UsageError(
                    f"--test is named {'-'.join(named)}, expected {'-'.join(corpora.languages)} as --train"
                )
            return corpora, test
        say("NO DATA GIVEN: comparing on the sample corpus (English to French, generated; see --train)")
        paths = {name: str(path) for name, path in write_sample(self.out / "sample").items()}
        return Corpora(((paths["train"],),), ((paths["valid"],),), ("en", "fr")), (paths["test"],)
