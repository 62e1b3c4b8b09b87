"""Scheduled sampling (Bengio et al., 2015): the decoder reads some of its own predictions in training, as it
does when it translates.

This is the version in two passes of Mihaylova & Martins (2019), without a loop over the target. The first
pass reads the true target and predicts a token at each place. The second, which is trained, reads a mix of
the true and the predicted tokens. No gradient goes through the first.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from seq2seq.data.batching import Batch
from seq2seq.nn.model import Seq2Seq
from seq2seq.text.tokenizer import Tokenizer


def share_at(step: int, *, share: float, steps: int) -> float:
    """The share of predicted tokens at update `step`: it rises linearly from 0 to `share` in `steps`
    updates."""
    return share * min(1.0, step / steps) if steps else share


@torch.no_grad()
def mix_predictions(model: Seq2Seq, batch: Batch, share: float) -> Batch:
    """`batch`, in whose `target` each token but BOS is replaced, with probability `share`, by what `model`
    predicts in its place. The labels stay the same.

    Predictions are drawn from the model's distribution without dropout, with torch's global generator of the
    device. A predicted end of the sentence is not read, because no translation goes on after it. Switches
    `model` to evaluation.
    """
    model.eval()
    logits = model(batch.source, batch.lengths, batch.target, batch.real)
    predicted = torch.full_like(batch.labels, Tokenizer.eos_id)
    predicted[batch.real] = torch.multinomial(logits.float().softmax(-1), 1).squeeze(1)
    predicted = predicted[:, :-1]  # the prediction of one place is read at the next
    chosen = torch.rand(predicted.shape, device=predicted.device) < share
    chosen &= batch.real[:, 1:] & (predicted != Tokenizer.eos_id)
    target = batch.target.clone()
    target[:, 1:] = torch.where(chosen, predicted, target[:, 1:])
    return replace(batch, target=target)
