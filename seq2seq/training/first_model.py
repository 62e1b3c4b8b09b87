"""The model that a training starts from (`--init-from`): its copy in the run, and its trainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seq2seq.bundle.model_directory import Bundle, load
from seq2seq.config.corpora import Corpora
from seq2seq.nn.model import Seq2Seq
from seq2seq.training.run_directory import FIRST_MODEL, RunDirectory
from seq2seq.training.trainer import Trainer
from seq2seq.training_data.vocabulary import Vocabulary


def first_model(corpora: Corpora, run: RunDirectory) -> Bundle | None:
    """The model that the run starts from, read from its copy in the run; None for random weights."""
    return load(run.path / FIRST_MODEL) if corpora.init_from else None


def vocabulary_of(first: Bundle | None) -> Vocabulary | None:
    """The tokenizers and words of the model, if there is one."""
    if first is None:
        return None
    return Vocabulary(first.source, first.target, first.source_words, first.target_words)


class FineTuner(Trainer):
    """A trainer whose network starts with the weights of the model `first`, which is called `name`."""

    def __init__(self, *arguments: Any, first: Bundle, name: str, **options: Any) -> None:
        self.first, self.name = first, name
        super().__init__(*arguments, **options)

    def _new_model(self) -> Seq2Seq:
        model = super()._new_model()
        model.load_state_dict(self.first.model.state_dict())
        return model

    def _metrics(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record also names the first model, and the attribution that its data demands."""
        facts = self.first.metrics.get("facts")
        return super()._metrics(record) | {"init_from": {"name": self.name, "facts": facts or {}}}
