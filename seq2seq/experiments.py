"""The subcommands that measure instead of serving one model: their options, as in `commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seq2seq.commands import Paths, recipe_settings, use_threads
from seq2seq.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    RunError,
    Settings,
    TrainingConfig,
    UsageError,
)
from seq2seq.gradients import Reach, Recall

if TYPE_CHECKING:
    from seq2seq.pipeline import Corpora

CELLS = ("rnn", "gru", "lstm")


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
        from seq2seq import comparison, distributed

        use_threads(self.threads)
        distributed.device(self.device)
        if self.jobs < 1:
            raise UsageError(f"--jobs is {self.jobs}, expected 1 or more")
        base = Settings(self.model, self.data, self.training, self.decoding)
        asked = self.setting or tuple(f"{cell}: model.cell={cell}" for cell in ("gru", "lstm", "rnn"))
        settings = comparison.parse_settings(asked, base, self.seeds or (self.training.seed,))
        corpora, test = self._data()
        experiment = comparison.Experiment(settings, corpora, test, self.out, self.device, self.threads)
        try:
            stopped = experiment.run(_say, parallel=self.jobs)
        except RunError:  # of some runs: the others are shown
            print(comparison.markdown(experiment.report()), end="")
            raise
        if stopped:
            _say("stopped, and saved what was at work; repeat the command to go on")
            return 128 + stopped
        print(comparison.markdown(experiment.report()), end="")
        return 0

    def _data(self) -> tuple[Corpora, tuple[str, ...]]:
        """Training and test data, made if none is given."""
        from seq2seq.pipeline import Corpora
        from seq2seq.sample import write_sample

        if self.train or self.valid or self.test:
            if not (self.train and self.test):
                raise UsageError(
                    "--train and --test belong together; without both, the sample corpus is used"
                )
            return Corpora(self.train, self.valid, (self.source_lang, self.target_lang)), self.test
        _say("NO DATA GIVEN: comparing on the sample corpus (English to French, generated; see --train)")
        paths = {name: str(path) for name, path in write_sample(self.out / "sample").items()}
        return Corpora(((paths["train"],),), ((paths["valid"],),), ("en", "fr")), (paths["test"],)


@dataclass(frozen=True)
class Gradients:
    """Measure how far gradients reach back in time, for cells on a task of memory and for trained models."""

    cells: tuple[str, ...] = ()
    """Cells to compare on the task; default: rnn, gru, lstm, or none when --model is given."""
    model: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A model or run directory whose decoder to measure; repeat the option for several."""
    test: tuple[str, ...] = ()
    """With --model: sentences to measure on. One path, two paths of aligned text, or hf:NAME[:CONFIG]."""
    tokens: int = 15
    """With --model: greatest distance in time."""
    task: Recall = field(default_factory=Recall)
    out: Path = Path("runs/gradients")
    """Directory for gradients.json, with every figure, and gradients.png."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Measure, print a table of shares, and write the files; returns the exit code."""
        from seq2seq import gradients, plots
        from seq2seq.card import versions
        from seq2seq.files import write_json

        use_threads(self.threads)
        if bool(self.model) != bool(self.test) or self.tokens < 1:
            raise UsageError("--model and --test belong together, with --tokens from 1")
        models = self._models()
        cells = self.cells or (() if models else CELLS)
        untrained = gradients.initial(cells, self.task)
        after = gradients.trained(cells, self.task, _say)
        parts = {"initial": untrained, "trained": after, "models": models}
        results = {name: [reach.to_dict() for reach in part] for name, part in parts.items()}
        about = {"task": asdict(self.task), "versions": versions()}
        write_json(self.out / "gradients.json", about | results)
        for found in filter(None, ([*untrained, *after], models)):
            print(gradients.table(found))
        picture = plots.draw_panels(gradients.panels(untrained, after, models))
        plots.save(picture, self.out / "gradients.png")
        return 0

    def _models(self) -> list[Reach]:
        """What is found in the decoders of the models."""
        from seq2seq import gradients
        from seq2seq.pipeline import read_test
        from seq2seq.translator import Translator

        found = []
        for name in self.model:
            translator = Translator.from_pretrained(name)
            languages = (translator.source_language, translator.target_language)
            pairs = read_test(self.test, languages=languages)
            found.append(gradients.of_model(translator, pairs, self.tokens))
        return found


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
