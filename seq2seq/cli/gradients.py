"""`seq2seq gradients`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from seq2seq.cli.messages import say
from seq2seq.devices import use_threads
from seq2seq.errors import UsageError
from seq2seq.experiments.recall_task import RecallTask

if TYPE_CHECKING:
    from seq2seq.experiments.gradients import GradientNorms

CELLS = ("rnn", "gru", "lstm")


@dataclass(frozen=True)
class Gradients:
    """Measure how far gradients reach back in time, for cells on a task of memory and for trained models."""

    cells: tuple[str, ...] = ()
    """Cells to compare on the task; default: rnn, gru, lstm, or none when --model is given."""
    model: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A model or run directory whose decoder to measure; repeat the option for several."""
    test: tuple[str, ...] = ()
    """With --model: sentences to measure on: one path, two paths of aligned text, or
    hf:OWNER/NAME[:CONFIG]."""
    tokens: int = 15
    """With --model: greatest distance in time."""
    task: RecallTask = field(default_factory=RecallTask)
    out: Path = Path("runs/gradients")
    """Directory for gradients.json, with all figures, and gradients.png."""
    threads: int = 0
    """CPU threads; 0: as many as torch chooses."""

    def run(self) -> int:
        """Measure, print a table of shares, and write the files; returns the exit code."""
        from seq2seq.bundle.versions import versions
        from seq2seq.evaluation import figures
        from seq2seq.experiments import gradient_report, recall_task
        from seq2seq.files import write_json

        use_threads(self.threads)
        if bool(self.model) != bool(self.test):
            raise UsageError("--model and --test belong together: give both or neither")
        if self.tokens < 1:
            raise UsageError(f"tokens is {self.tokens}, expected a whole number from 1")
        models = self._measure_models()
        cells = self.cells or (() if models else CELLS)
        untrained = recall_task.measure_untrained(cells, self.task)
        trained = recall_task.measure_trained(cells, self.task, say)
        parts = {"initial": untrained, "trained": trained, "models": models}
        results = {name: [result.to_dict() for result in part] for name, part in parts.items()}
        write_json(self.out / "gradients.json", {"task": asdict(self.task), "versions": versions()} | results)
        for rows in filter(None, ([*untrained, *trained], models)):
            print(gradient_report.table(rows))
        figure = figures.draw_panels(gradient_report.panels(untrained, trained, models))
        figures.save(figure, self.out / "gradients.png")
        return 0

    def _measure_models(self) -> list[GradientNorms]:
        """The gradients in the decoders of the models."""
        from seq2seq.evaluation.test_sets import read_test
        from seq2seq.experiments.gradients import decoder_gradient_norms
        from seq2seq.translator import Translator

        results = []
        for name in self.model:
            translator = Translator.from_pretrained(name)
            languages = (translator.source_language, translator.target_language)
            pairs = read_test(self.test, languages=languages)
            results.append(decoder_gradient_norms(translator, pairs, self.tokens))
        return results
