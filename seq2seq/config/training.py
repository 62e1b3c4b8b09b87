"""Settings of the training: optimisation, schedule, validation and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import require


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation, its schedule, validation and what is kept."""

    epochs: int = 0
    """Stop after this many passes over the data; 0: no such limit."""
    steps: int = 0
    """Stop after this many updates; 0: no such limit."""
    minutes: float = 0.0
    """Stop after this much training time, validation included; 0: no such limit. Where it is the nearest
    limit, `linear` and `cosine` go by the clock, and a run cannot be had again to the bit."""
    batch_tokens: int = 2000
    """Target tokens of a batch, padding included."""
    accumulation: int = 1
    """Batches of one update."""
    optimizer: Literal["adam", "adamw"] = "adam"
    """Adam (Kingma & Ba, 2015) or AdamW (Loshchilov & Hutter, 2019)."""
    learning_rate: float = 1e-3
    """Highest learning rate."""
    warmup_steps: int = 400
    """Steps over which the rate rises to its highest."""
    schedule: Literal["constant", "inverse_sqrt", "linear", "cosine"] = "inverse_sqrt"
    """Decay after the warm-up. `linear` and `cosine` reach `final_rate` at the end of steps, epochs or
    minutes."""
    final_rate: float = 0.02
    """Share of the learning rate left at the end of `linear` and `cosine`."""
    beta2: float = 0.98
    """Adam's decay of squared gradients."""
    weight_decay: float = 0.0
    """Decoupled (adamw) or added to the gradient (adam)."""
    clip_norm: float = 1.0
    """Greatest gradient norm (Pascanu et al., 2013); 0: no clipping."""
    label_smoothing: float = 0.1
    """Probability given to all other tokens (Szegedy et al., 2016)."""
    consistency: float = 0.0
    """Weight α of R-Drop (Liang et al., 2021): each batch is read twice with other units dropped, and the two
    predictions are drawn to each other; about twice the time an update. 0: read once."""
    ema: float = 0.0
    """Decay of an exponential moving average of the weights, which is what validates and is kept; 0: none."""
    validate_every: int = 0
    """Updates between validations; 0: once an epoch."""
    validation_sentences: int = 1000
    """Sentences translated for the validation BLEU."""
    patience: int = 10
    """Stop after this many validations without a better BLEU; 0: never."""
    save_every: int = 500
    """Updates between checkpoints."""
    keep_checkpoints: int = 2
    """Checkpoints kept, the newest ones."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """bfloat16 runs matrix products in half precision under autocast; auto does so where GPU or CPU has such
    products, which are about twice as fast."""
    seed: int = 1
    """Of initial weights, order of data, sampling and dropout."""

    def __post_init__(self) -> None:
        for name in (
            "batch_tokens",
            "accumulation",
            "save_every",
            "keep_checkpoints",
            "validation_sentences",
        ):
            require(
                getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "a whole number from 1"
            )
        for name in ("epochs", "steps", "minutes", "warmup_steps", "validate_every", "patience", "clip_norm"):
            require(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "0 or more")
        require(self.learning_rate > 0, "training.learning_rate", self.learning_rate, "above 0")
        require(0 <= self.label_smoothing < 1, "training.label_smoothing", self.label_smoothing, "0 <= s < 1")
        require(self.consistency >= 0, "training.consistency", self.consistency, "0 or more")
        require(0 <= self.ema < 1, "training.ema", self.ema, "0 <= d < 1")
