"""`seq2seq gradients`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from seq2seq.cli.messages import say
from seq2seq.devices import use_threads
from seq2seq.errors import UsageError
from seq2seq.experiments.gradients import Reach, Recall

CELLS = ("rnn", "gru", "lstm")


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
        from seq2seq.bundle.versions import versions
        from seq2seq.evaluation import figures
        from seq2seq.experiments import gradients
        from seq2seq.files import write_json

        use_threads(self.threads)
        if bool(self.model) != bool(self.test) or self.tokens < 1:
            raise UsageError("--model and --test belong together, with --tokens from 1")
        models = self._models()
        cells = self.cells or (() if models else CELLS)
        untrained = gradients.initial(cells, self.task)
        after = gradients.trained(cells, self.task, say)
        parts = {"initial": untrained, "trained": after, "models": models}
        results = {name: [reach.to_dict() for reach in part] for name, part in parts.items()}
        about = {"task": asdict(self.task), "versions": versions()}
        write_json(self.out / "gradients.json", about | results)
        for found in filter(None, ([*untrained, *after], models)):
            print(gradients.table(found))
        picture = figures.draw_panels(gradients.panels(untrained, after, models))
        figures.save(picture, self.out / "gradients.png")
        return 0

    def _models(self) -> list[Reach]:
        """What is found in the decoders of the models."""
        from seq2seq.evaluation.test_sets import read_test
        from seq2seq.experiments import gradients
        from seq2seq.translator import Translator

        found = []
        for name in self.model:
            translator = Translator.from_pretrained(name)
            languages = (translator.source_language, translator.target_language)
            pairs = read_test(self.test, languages=languages)
            found.append(gradients.of_model(translator, pairs, self.tokens))
        return found
