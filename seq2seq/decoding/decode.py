"""Sentences in, hypotheses out: sorts sentences by length, searches them in batches, restores their order.
Equal sentences are searched once.

The result for a sentence does not depend on the other sentences of its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding import search
from seq2seq.decoding.choices import NEVER, columns_of
from seq2seq.decoding.constraints import Constraint, configured_constraints
from seq2seq.decoding.engine import Engine
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.search import SearchOptions
from seq2seq.text.tokenizer import Tokenizer

FORBIDDEN = (Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id)
"""Symbols of every vocabulary that are no part of a translation."""


def forbidden_tokens(tokenizer: Tokenizer) -> tuple[int, ...]:
    """All tokens of `tokenizer` that are no part of a translation: FORBIDDEN and the language tags."""
    return (*FORBIDDEN, *tokenizer.tag_ids.values())


def length_limits(sources: Sequence[Sequence[int]], config: DecodingConfig) -> Tensor:
    """Most target tokens, EOS included, for each of `sources` (token ids that end in EOS): (B,) int64."""
    return torch.tensor(
        [int(config.max_length_factor * (len(ids) - 1)) + config.max_length_extra for ids in sources],
        dtype=torch.int64,
    )


@torch.inference_mode()
def decode(
    engine: Engine,
    sources: Sequence[Sequence[int]],
    config: DecodingConfig,
    *,
    forbidden: Sequence[int] = FORBIDDEN,
    constraints: Sequence[Constraint] = (),
    merge: bool | None = None,
) -> list[list[Hypothesis]]:
    """Translate token ids.

    Args:
        engine: computes the scores.
        sources: token ids of each source, without EOS.
        config: beam size, length limits and so on.
        forbidden: tokens that are never chosen.
        constraints: rules in addition to those of `config`. Their sentence numbers are positions in
            `sources`.
        merge: decode equal sources once. Default: unless there are `constraints`, which may treat them
            differently; with True, those that depend on nothing but the token ids of a sentence may be given.

    Returns:
        For each source its `n_best` hypotheses, best first.
    """
    ended = [[*ids, Tokenizer.eos_id] for ids in sources]
    merge = not constraints if merge is None else merge
    first = {tuple(ids): row for row, ids in reversed(list(enumerate(ended)))} if merge else {}
    order = sorted(first.values() if merge else range(len(ended)), key=lambda row: (len(ended[row]), row))
    constraints = (*constraints, *configured_constraints(config))
    options = SearchOptions(
        bos=Tokenizer.bos_id,
        eos=Tokenizer.eos_id,
        beam_size=config.beam_size,
        n_best=config.n_best,
        length_penalty=config.length_penalty,
        forbidden=tuple(forbidden),
        keep_weights=True,
    )
    run = search.greedy if config.beam_size == 1 else search.beam
    results: list[list[Hypothesis]] = [[] for _ in ended]
    for start in range(0, len(order), config.batch_size):
        rows = order[start : start + config.batch_size]
        batch = [ended[row] for row in rows]
        limits = length_limits(batch, config).to(engine.device)
        selected = [constraint.select(rows) for constraint in constraints]
        hypotheses = run(engine.step, engine.start(batch), options, limits, constraints=selected)
        for row, best in zip(rows, hypotheses, strict=True):
            results[row] = best
    return [results[first[tuple(ids)]] for ids in ended] if merge else results


@torch.inference_mode()
def greedy_stream(
    engine: Engine,
    source: Sequence[int],
    config: DecodingConfig,
    *,
    forbidden: Sequence[int] = FORBIDDEN,
    constraints: Sequence[Constraint] = (),
) -> Iterator[list[int]]:
    """Yield the tokens of the greedy translation after each new one. The arguments are those of `decode`."""
    ended = [*source, Tokenizer.eos_id]
    state, tokens = engine.start([ended]), [Tokenizer.bos_id]
    rules = [one.select([0]) for one in (*constraints, *configured_constraints(config))]
    sentence = torch.zeros(1, dtype=torch.int64, device=engine.device)
    for _ in range(int(length_limits([ended], config)[0]) - 1):
        output = engine.step(torch.tensor([[tokens[-1]]], device=engine.device), state)
        logits, state = output.logits, output.state
        for rule in rules:
            prefix = torch.tensor([[tokens[1:]]], dtype=torch.int64, device=engine.device)
            logits = rule.apply(logits, prefix, sentence, output.candidates)
        token = _best_token(logits[0, 0], output.candidates, forbidden)
        if token == Tokenizer.eos_id:
            return
        tokens.append(token)
        yield tokens[1:]


def _best_token(logits: Tensor, candidates: Tensor | None, forbidden: Sequence[int]) -> int:
    """The token with the largest of `logits` (V,) that is not forbidden."""
    blocked, _ = columns_of((*forbidden, Tokenizer.eos_id), candidates, logits.device)
    column = int(logits.index_fill(0, blocked[:-1], NEVER).argmax())
    return column if candidates is None else int(candidates[column])
