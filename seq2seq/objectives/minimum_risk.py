"""Minimum-risk training (Shen et al., 2016): the expected error of whole translations is minimised instead of
the cross entropy of tokens.

For each source, the model draws K translations. With the reference y* they are the candidates Y, each once.
The risk is their mean error, weighted by their probabilities P to the power α:

    Q(y) = P(y)^α / Σ_{y' in Y} P(y')^α        R = Σ_{y in Y} Q(y) Δ(y, y*)        Δ = 1 − sentence BLEU

It is meant for going on from a trained model. A batch is read once to draw, and K + 1 times to train.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sacrebleu.metrics.bleu import BLEU
from torch import Tensor

from seq2seq.data.batching import Batch
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.padding import pad
from seq2seq.text.tokenizer import Tokenizer

ALPHA = 5e-3
"""α of the paper: nearly the mean of all candidates."""
LONGEST = 1.5
"""A drawn translation ends at so many times the length of the longest reference."""


@dataclass(frozen=True)
class Candidates:
    """The candidates of a batch of B sources, C in all.

    `batch` has a row for each: its source, and the candidate as target. `sources` (C,) are the rows of their
    sources in the original batch, `errors` (C,) are Δ; `is_reference` (C,) is true for y*.
    """

    batch: Batch
    sources: Tensor
    errors: Tensor
    is_reference: Tensor


@torch.no_grad()
def draw(model: Seq2Seq, batch: Batch, number: int) -> list[list[int]]:
    """`number` random translations of each source, in the order of the sources, without EOS.

    They are drawn token by token from the model's distribution without dropout, with torch's global generator
    of the device. Switches `model` to evaluation.
    """
    model.eval()
    rows = torch.arange(len(batch.source), device=batch.source.device).repeat_interleave(number)
    memory, state = model.encode(batch.source, batch.lengths)
    state = state.select(rows)
    tokens = torch.full((len(rows), 1), Tokenizer.bos_id, device=rows.device)
    ended, steps = torch.zeros_like(rows, dtype=torch.bool), list[Tensor]()
    for _ in range(round(LONGEST * batch.labels.shape[1])):
        output, state = model.decoder(tokens, state, memory)
        scores = model.decoder.logits(output, memory)[:, -1].float()
        tokens = torch.multinomial(scores.softmax(-1), 1).masked_fill(ended.unsqueeze(1), Tokenizer.eos_id)
        ended |= tokens.squeeze(1) == Tokenizer.eos_id
        steps.append(tokens)
        if ended.all():
            break
    return [_before_end(row) for row in torch.cat(steps, 1).tolist()]


def _before_end(ids: Sequence[int]) -> list[int]:
    """`ids` up to the first EOS."""
    ids = list(ids)
    return ids[: ids.index(Tokenizer.eos_id)] if Tokenizer.eos_id in ids else ids


def candidates(batch: Batch, drawn: Sequence[Sequence[int]]) -> Candidates:
    """Of each source the reference and the different ones of its `drawn` translations, as many for each."""
    number = len(drawn) // len(batch.labels)
    targets, sources, errors = list[list[int]](), list[int](), list[float]()
    for row, (labels, real) in enumerate(zip(batch.labels, batch.real, strict=True)):
        reference = _before_end(labels[real].tolist())
        mine = drawn[number * row : number * (row + 1)]
        unique = dict.fromkeys([tuple(reference), *map(tuple, mine)])
        targets += map(list, unique)
        sources += [row] * len(unique)
        errors += [error(one, reference) for one in unique]
    rows = torch.tensor(sources, device=batch.source.device)
    labels, lengths = pad([[*target, Tokenizer.eos_id] for target in targets])
    start = torch.full((len(labels), 1), Tokenizer.bos_id)
    real = (torch.arange(labels.shape[1]) < lengths.unsqueeze(1)).to(rows.device)
    real &= batch.real.any(1)[rows].unsqueeze(1)  # a process without a sentence computes without effect
    made = Batch(
        source=batch.source[rows],
        lengths=batch.lengths[rows],
        target=torch.cat([start, labels[:, :-1]], 1).to(rows.device),
        labels=labels.to(rows.device),
        real=real,
        tokens=batch.tokens,
        sentences=batch.sentences,
        rows=batch.rows,
    )
    is_reference = rows != torch.cat([rows[:1] - 1, rows[:-1]])  # the first one of its source
    return Candidates(made, rows, torch.tensor(errors, device=rows.device) * real.any(1), is_reference)


_BLEU = BLEU(tokenize="none", smooth_method="add-k", smooth_value=1, effective_order=False)


def error(hypothesis: Sequence[int], reference: Sequence[int]) -> float:
    """Δ: 1 minus the sentence BLEU of token ids, with 1 added to the counts of n-grams of two and more tokens
    (Lin & Och, 2004). 0 to 1."""
    text, expected = (" ".join(map(str, ids)) for ids in (hypothesis, reference))
    return 1 - _BLEU.corpus_score([text], [[expected]]).score / 100


def expected_risk(logits: Tensor, made: Candidates) -> tuple[Tensor, Tensor]:
    """Two sums over the sources, from the scores (N,V) of all real tokens of `made.batch`: the cross entropy
    of the references in nats, without a gradient; and the risk R, to minimise."""
    labels, real = made.batch.labels, made.batch.real
    log_probs = -torch.nn.functional.cross_entropy(logits.float(), labels[real], reduction="none")
    rows = torch.arange(len(labels), device=labels.device).unsqueeze(1).expand_as(labels)[real]
    totals = log_probs.new_zeros(len(labels)).index_add(0, rows, log_probs)  # log P
    scores = ALPHA * totals
    number = int(made.sources.max()) + 1
    highest = scores.detach().new_full((number,), -torch.inf)
    highest = highest.scatter_reduce(0, made.sources, scores.detach(), "amax")
    weights = (scores - highest[made.sources]).exp()
    sums = weights.new_zeros(number).index_add(0, made.sources, weights)
    risk = (weights / sums[made.sources] * made.errors).sum()
    return -totals.detach()[made.is_reference].sum(), risk
