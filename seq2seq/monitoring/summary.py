"""The line that a training begins with."""

from __future__ import annotations

from seq2seq.data.batching import Batches


def summary(batches: Batches, valid: Batches, *, valid_pairs: int, parameters: int) -> str:
    """What is trained on, and what is left out.

    `valid` are the batches of the validation loss, made from the first of all `valid_pairs` pairs.
    """
    reason = f"(more than data.max_length = {batches.max_length} tokens)"
    used, skipped, read = len(batches.rows), batches.skipped, len(valid.lengths)
    parts = [f"training on {used:,} pairs, {valid_pairs:,} for validation; {parameters:,} parameters"]
    if batches.shares is not None:
        parts.append(f"an epoch has {batches.pairs:,} pairs (data.mix)")
    if skipped:
        parts.append(f"left out: {skipped:,} of {used + skipped:,} training pairs {reason}")
    if valid.skipped:
        parts.append(f"left out of the validation loss: {valid.skipped:,} of {read:,} pairs {reason}")
    if valid_pairs > read:
        parts.append(f"the validation loss is that of the first {read:,} pairs")
    return "; ".join(parts)
