"""All settings of a training run together: what a recipe holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from seq2seq.config.checks import check_fields
from seq2seq.config.data import DataConfig
from seq2seq.config.decoding import DecodingConfig
from seq2seq.config.model import ModelConfig
from seq2seq.config.training import TrainingConfig
from seq2seq.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """All settings of a training run: what a recipe holds."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def __post_init__(self) -> None:
        check_fields(self, {})
        if self.model.tie_source and not self.data.joint:
            raise UsageError(
                "data.joint is False, expected True with model.tie_source: source and target then share one "
                "embedding table"
            )
