"""Settings of the training: optimisation, schedule, validation and what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seq2seq.config.checks import BELOW_ONE, LARGEST_SEED, above, check_fields, real, require, whole

_RANGES = {
    "epochs": whole(0),
    "steps": whole(0),
    "minutes": real(0),
    "batch_tokens": whole(0),
    "accumulation": whole(1),
    "learning_rate": above(0),
    "warmup_steps": whole(0),
    "final_rate": real(0, 1),
    "beta2": BELOW_ONE,
    "weight_decay": real(0),
    "clip_norm": real(0),
    "label_smoothing": BELOW_ONE,
    "consistency": real(0),
    "cut_tokens": BELOW_ONE,
    "cut_features": BELOW_ONE,
    "scheduled_sampling": real(0, 1),
    "scheduled_sampling_steps": whole(0),
    "guided_alignment": real(0),
    "guided_alignment_steps": whole(0),
    "minimum_risk": whole(0, 1000),
    "average": whole(0, 100),
    "ema": BELOW_ONE,
    "validate_every": whole(0),
    "validation_sentences": whole(1),
    "patience": whole(0),
    "save_every": whole(1),
    "keep_checkpoints": whole(1),
    "seed": whole(0, LARGEST_SEED),
}


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation, schedule, validation and what is kept."""

    epochs: int = 0
    """Stop after this many passes over the data. 0: no limit."""
    steps: int = 0
    """Stop after this many updates of the weights. 0: no limit."""
    minutes: float = 0.0
    """Stop after this many minutes of training, including validation. 0: no limit. If this limit comes first,
    linear and cosine follow the clock, and the run is not bit-for-bit reproducible."""
    batch_tokens: int = 2000
    """Size of a batch in tokens: sentences × length of the longest source or target, including padding. auto
    (or 0): the largest one that fits into memory and suits the data."""
    accumulation: int = 1
    """Number of batches whose gradients are added for one update of the weights."""
    optimizer: Literal["adam", "adamw", "muon"] = "adam"
    """Adam (Kingma & Ba, 2015), AdamW (Loshchilov & Hutter, 2019), or Muon (Jordan et al., 2024) for the
    matrices of the layers with AdamW for the rest, at AdamW's learning rates (Liu et al., 2025)."""
    learning_rate: float = 1e-3
    """Highest learning rate, reached after the warm-up."""
    warmup_steps: int = 400
    """Updates over which the learning rate rises from 0 to its highest value."""
    schedule: Literal["constant", "inverse_sqrt", "linear", "cosine"] = "inverse_sqrt"
    """How the learning rate falls after the warm-up. linear and cosine reach --training.final-rate at the end
    of the steps, epochs or minutes."""
    final_rate: float = 0.02
    """Learning rate at the end of linear and cosine, as a share of the highest."""
    beta2: float = 0.98
    """Adam's decay rate of the squared gradients."""
    weight_decay: float = 0.0
    """Weight decay: decoupled (adamw, muon), or added to the gradient (adam). 0: none."""
    clip_norm: float = 1.0
    """Scale down gradients whose norm is larger than this (Pascanu et al., 2013). 0: no clipping."""
    label_smoothing: float = 0.1
    """Share of the target probability that is spread over the vocabulary (Szegedy et al., 2016). 0: none."""
    consistency: float = 0.0
    """Weight α of R-Drop (Liang et al., 2021): each batch is predicted twice with different dropout, and the
    predictions are pulled together. An update then takes about twice as long. 0: no R-Drop."""
    consistency_kind: Literal["r_drop", "simcut"] = "r_drop"
    """How --training.consistency pulls predictions together. r_drop: both readings learn the target; simcut
    (Gao et al., 2022): the second one, which lacks tokens, only follows the first (paper: weight 3, 0.05 of
    the tokens cut)."""
    cut_tokens: float = 0.0
    """Probability that a token of source or target is cut from the second reading of --training.consistency
    (Cutoff; Shen et al., 2020). 0: none."""
    cut_features: float = 0.0
    """Probability that a feature of the token vectors is cut from a whole sentence in the second reading
    (Cutoff; Shen et al., 2020). 0: none."""
    scheduled_sampling: float = 0.0
    """Share of target tokens that the decoder reads as the model predicts them (scheduled sampling; Bengio et
    al., 2015), in two passes (Mihaylova & Martins, 2019). 0: none."""
    scheduled_sampling_steps: int = 2000
    """Updates over which this share rises from 0."""
    guided_alignment: float = 0.0
    """Weight of a loss that pulls attention to a word alignment of the training pairs (guided alignment; Chen
    et al., 2016). 0: none."""
    guided_alignment_steps: int = 0
    """Updates over which this weight falls to 0. 0: it stays."""
    minimum_risk: int = 0
    """Train for the expected sentence BLEU of this many drawn translations of each sentence and the reference
    (minimum-risk training; Shen et al., 2016), to improve a trained model (--init-from). 0: cross entropy."""
    ema: float = 0.0
    """Decay of an exponential moving average of the weights. The average is validated and saved. 0: none."""
    average: int = 0
    """At the end, validate the mean of the weights of this many best validations (Junczys-Dowmunt et al.,
    2016), and keep it if it is not worse than the best model. 0 or 1: no mean."""
    validate_every: int = 0
    """Updates between validations. 0: once per epoch."""
    validation_sentences: int = 1000
    """Largest number of sentences translated for the validation BLEU."""
    patience: int = 10
    """Stop after this many validations in a row without a better BLEU. 0: never."""
    save_every: int = 500
    """Updates between checkpoints."""
    keep_checkpoints: int = 2
    """Number of checkpoints to keep. Older ones are deleted."""
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    """Number type of matrix products. bfloat16: half precision (autocast), about twice as fast with hardware
    for it; auto: bfloat16 if the GPU or CPU has such hardware."""
    seed: int = 1
    """Seed of the random numbers: initial weights, order of data, sampling and dropout."""

    def __post_init__(self) -> None:
        check_fields(self, _RANGES, prefix="training.")
        self._check_cutting()
        for name in ("consistency", "scheduled_sampling", "guided_alignment") if self.minimum_risk else ():
            expected = (
                f"0, because training.minimum_risk is {self.minimum_risk}, which replaces the cross entropy"
            )
            require(not getattr(self, name), f"training.{name}", getattr(self, name), expected)

    def _check_cutting(self) -> None:
        """UsageError for a second reading that is cut although there is none, and for SimCut without cuts."""
        cuts = max(self.cut_tokens, self.cut_features)
        for name in ("cut_tokens", "cut_features"):
            value = getattr(self, name)
            expected = "0, because there is no second reading to cut without training.consistency"
            require(self.consistency > 0 or not value, f"training.{name}", value, expected)
        if self.consistency_kind == "simcut":
            expected = "above 0, because training.consistency_kind is 'simcut'"
            require(self.consistency > 0, "training.consistency", self.consistency, expected)
            require(cuts > 0, "training.cut_tokens", self.cut_tokens, expected)
