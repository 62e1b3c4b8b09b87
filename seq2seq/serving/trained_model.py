"""The model of a training that runs, served beside the others from its first validation on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from seq2seq.serving.service import Direction, TranslationService, served_directions
from seq2seq.serving.training_runs import TrainingRuns
from seq2seq.translator import Translator

KEPT = 2  # the newest ones: requests that came before it may still use the one before


class TrainedModel:
    """Adds the best model so far to a service, under a name with its step."""

    def __init__(self, service: TranslationService, runs: TrainingRuns) -> None:
        self.service, self.runs = service, runs
        self.names: list[list[str]] = []
        self.lock = threading.Lock()

    def serve(self) -> dict[str, Any] | None:
        """What the page must know about the newest model, None if there is none."""
        with self.lock:
            best = self.runs.best()
            if best is None or self.runs.current is None:
                return None
            name = f"{_name(self.runs)} · {best['step']}"
            if not self.names or self.names[-1][0] != name:
                translator = Translator.from_pretrained(self.runs.run, engine="torch")
                self._add(served_directions({name: translator}))
            return _facts(self.names[-1][0], self.service.directions[self.names[-1][0]])

    def _add(self, new: dict[str, Direction]) -> None:
        old = {name for names in self.names[: 1 - KEPT] for name in names}
        self.names = [*self.names[1 - KEPT :], list(new)]
        kept = {name: one for name, one in self.service.directions.items() if name not in old}
        self.service.directions = {**kept, **new}


def _name(runs: TrainingRuns) -> str:
    """Name of the corpus and the time of the start, such as "mine 14:05:30"."""
    assert runs.current is not None and runs.plan is not None
    clock = runs.current.name.partition("-")[2][:6]
    return f"{Path(runs.plan.corpus).stem} {':'.join(clock[at : at + 2] for at in (0, 2, 4))}"


def _facts(name: str, direction: Direction) -> dict[str, Any]:
    languages = {"source": direction.source_language, "target": direction.target_language}
    return {"name": name, **languages, "beam": direction.beam_size}
