"""Sentences in, hypotheses out: sorts sentences by length, searches them in batches, and restores their
order.

The answer to a sentence does not depend on its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding import search
from seq2seq.decoding.constraints import Constraint, NoRepeatNgrams
from seq2seq.decoding.engine import Engine
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.search import SearchOptions
from seq2seq.text.tokenizer import Tokenizer

FORBIDDEN = (Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id)


def length_limits(sources: Sequence[Sequence[int]], config: DecodingConfig) -> Tensor:
    """Most target tokens, EOS included, for each of `sources` (token ids that end in EOS): (B,) int64."""
    return torch.tensor(
        [int(config.max_length_factor * (len(ids) - 1)) + config.max_length_extra for ids in sources]
    )


@torch.inference_mode()
def decode(
    engine: Engine,
    sources: Sequence[Sequence[int]],
    config: DecodingConfig,
    *,
    constraints: Sequence[Constraint] = (),
) -> list[list[Hypothesis]]:
    """The `n_best` hypotheses of each source, best first, in the order of `sources`.

    Sources are token ids without EOS. `constraints` change the scores of each step; their sentence numbers
    are positions in `sources`.
    """
    if config.no_repeat_ngram:
        constraints = [*constraints, NoRepeatNgrams(config.no_repeat_ngram)]
    ended = [[*ids, Tokenizer.eos_id] for ids in sources]
    order = sorted(range(len(ended)), key=lambda index: len(ended[index]))
    options = SearchOptions(
        bos=Tokenizer.bos_id,
        eos=Tokenizer.eos_id,
        beam_size=config.beam_size,
        n_best=config.n_best,
        length_penalty=config.length_penalty,
        forbidden=FORBIDDEN,
        keep_weights=True,
    )
    run = search.greedy if config.beam_size == 1 else search.beam
    results: list[list[Hypothesis]] = [[] for _ in ended]
    for start in range(0, len(order), config.batch_size):
        rows = order[start : start + config.batch_size]
        batch = [ended[row] for row in rows]
        limits = length_limits(batch, config).to(engine.device)
        own = [constraint.select(rows) for constraint in constraints]
        hypotheses = run(engine.step, engine.start(batch), options, limits, constraints=own)
        for row, best in zip(rows, hypotheses, strict=True):
            results[row] = best
    return results


@torch.inference_mode()
def greedy_stream(engine: Engine, source: Sequence[int], config: DecodingConfig) -> Iterator[list[int]]:
    """Yield the greedy translation of `source` (ids without EOS) after each new token."""
    ended = [*source, Tokenizer.eos_id]
    state, token, tokens = engine.start([ended]), Tokenizer.bos_id, list[int]()
    for _ in range(int(length_limits([ended], config)[0]) - 1):
        output = engine.step(torch.tensor([[token]], device=engine.device), state)
        logits, state = output.logits[0, 0], output.state
        logits[list(FORBIDDEN)] = -torch.inf
        token = int(logits.argmax())
        if token == Tokenizer.eos_id:
            return
        tokens.append(token)
        yield list(tokens)
