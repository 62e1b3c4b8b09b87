"""What an early verdict must know of a run, from its settings and its data."""

from __future__ import annotations

import math

import numpy as np

from seq2seq.config import TrainingConfig
from seq2seq.data.batching import Batches
from seq2seq.monitoring.early import Facts
from seq2seq.monitoring.unigram import SENTENCES, token_counts, unigram_loss


def facts_of(batches: Batches, config: TrainingConfig, *, show: tuple[str, str] = ("", "")) -> Facts:
    """The facts of a training on `batches`. `show` are the commands that print training and validation pairs.

    The unigram loss is that of some training pairs, spread evenly over the data.
    """
    chosen = np.linspace(0, len(batches.rows) - 1, min(SENTENCES, len(batches.rows))).astype(int)
    texts = batches.data[batches.rows[chosen].tolist()]["target"]
    counts = token_counts(texts, batches.target)
    return Facts(
        guessing=math.log(len(counts)),
        unigram=unigram_loss(counts, smoothing=config.label_smoothing),
        warmup=config.warmup_steps,
        learning_rate=config.learning_rate,
        show_train=show[0],
        show_valid=show[1],
    )
