"""Sentences in, hypotheses out: sorts sentences by length, searches them in batches, restores their order.
Equal sentences are searched once.

The result for a sentence does not depend on the other sentences of its batch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding import search
from seq2seq.decoding.agreement import Growing, grown
from seq2seq.decoding.constraints import Constraint, configured_constraints
from seq2seq.decoding.engine import Engine, SearchState
from seq2seq.decoding.hypotheses import Hypotheses, Hypothesis
from seq2seq.decoding.min_length import MinLength
from seq2seq.decoding.penalties import add_coverage
from seq2seq.decoding.placeholders import Placeholders
from seq2seq.decoding.repetition import LimitRepeats
from seq2seq.decoding.search import SearchOptions
from seq2seq.text.tokenizer import Tokenizer

_FEW = 8  # sentences that are not worth another thread
FORBIDDEN = (Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id)
"""Symbols of every vocabulary that are no part of a translation."""
LISTED = (LimitRepeats, MinLength, Placeholders)
"""The constraints that a shortlist suffices for. Others, such as a given beginning, may need any token."""


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
    best_only: bool = False,
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
        best_only: only the first hypothesis is wanted, and no other is returned, unless there is a coverage
            penalty, which needs all of them.

    Returns:
        For each source its `n_best` hypotheses, best first: of a search different ones, or as many samples,
        which may be equal.

    Raises:
        UsageError: a coverage penalty, but an engine without attention.
    """
    ended = [[*ids, Tokenizer.eos_id] for ids in sources]
    merge = not constraints if merge is None else merge
    first = {tuple(ids): row for row, ids in reversed(list(enumerate(ended)))} if merge else {}
    order = sorted(first.values() if merge else range(len(ended)), key=lambda row: (len(ended[row]), row))
    constraints = (*constraints, *configured_constraints(config, sources))
    results: list[list[Hypothesis]] = [[] for _ in ended]
    workers = getattr(engine, "batches_at_once", 1)
    size = _sentences_at_once(config, len(order), workers)
    options = _options(config, forbidden, best_only=best_only)
    batches = [order[start : start + size] for start in range(0, len(order), size)]

    def search_batch(rows: list[int]) -> Hypotheses:
        selected = [constraint.select(rows) for constraint in constraints]
        return _search(engine, [ended[row] for row in rows], config, options, selected)

    for rows, hypotheses in zip(batches, _side_by_side(search_batch, batches, workers), strict=True):
        for row, best in zip(rows, hypotheses, strict=True):
            results[row] = best
    return [results[first[tuple(ids)]] for ids in ended] if merge else results


def _sentences_at_once(config: DecodingConfig, sentences: int, workers: int) -> int:
    """Sentences of a batch. Each of `workers` threads gets its share of few sentences. With many samples of
    each there are no more rows than with a beam."""
    most = min(config.batch_size, max(_FEW, math.ceil(sentences / workers)))
    rows = config.batch_size * config.beam_size
    return min(most, max(1, rows // config.n_best)) if config.sampling else most


def _side_by_side(
    run: Callable[[list[int]], Hypotheses], batches: Sequence[list[int]], workers: int
) -> Iterator[Hypotheses]:
    """The results of `run` for each of `batches`, in order; computed in `workers` threads."""
    if workers == 1 or len(batches) == 1:
        yield from map(run, batches)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        yield from pool.map(run, batches)


@torch.inference_mode()
def _search(
    engine: Engine,
    sources: Sequence[Sequence[int]],
    config: DecodingConfig,
    options: SearchOptions,
    constraints: Sequence[Constraint],
) -> Hypotheses:
    """The hypotheses of a batch of `sources`, which end in EOS."""
    limits = length_limits(sources, config).to(engine.device)
    state = _start(engine, sources, config, constraints)
    if config.sampling:
        ids = [_number_of(ids) for ids in sources]
        found = search.sample(engine.step, state, options, limits, ids=ids, constraints=constraints)
    else:
        run = search.greedy if config.beam_size == 1 else search.beam
        found = run(engine.step, state, options, limits, constraints=constraints)
    return [_covering(*pair, config) for pair in zip(found, sources, strict=True)]


def _options(config: DecodingConfig, forbidden: Sequence[int], *, best_only: bool = False) -> SearchOptions:
    """How to search with these settings."""
    every = config.coverage_penalty and not config.sampling  # the coverage penalty changes their order
    return SearchOptions(
        bos=Tokenizer.bos_id,
        eos=Tokenizer.eos_id,
        beam_size=config.beam_size,
        n_best=config.beam_size if every else config.n_best,
        length_penalty=config.length_penalty,
        length_normalisation=config.length_normalisation,
        forbidden=tuple(forbidden),
        best_only=best_only and not config.coverage_penalty,
        keep_weights=True,
        temperature=config.temperature or 1.0,
        top_k=config.top_k,
        top_p=config.top_p,
        seed=config.sampling_seed,
    )


def _covering(
    hypotheses: list[Hypothesis], source: Sequence[int], config: DecodingConfig
) -> list[Hypothesis]:
    """`hypotheses` of `source` with the coverage penalty, if there is one, best first."""
    if not config.coverage_penalty:
        return hypotheses
    scored = add_coverage(hypotheses, weight=config.coverage_penalty, length=len(source) - 1)
    return scored[: config.n_best]


def _start(
    engine: Engine, sources: Sequence[Sequence[int]], config: DecodingConfig, rules: Sequence[Constraint]
) -> SearchState:
    """The first state: with the shortlist of the engine, unless a rule may need any token."""
    full = config.sampling or not config.shortlist or not all(isinstance(rule, LISTED) for rule in rules)
    return engine.start(sources) if full else getattr(engine, "start_listed", engine.start)(sources)


def _number_of(ids: Sequence[int]) -> int:
    """A number that depends on `ids` alone: it seeds the samples of a sentence."""
    return int.from_bytes(hashlib.sha256(" ".join(map(str, ids)).encode()).digest()[:8], "big")


def growing(
    engine: Engine,
    source: Sequence[int],
    config: DecodingConfig,
    *,
    forbidden: Sequence[int] = FORBIDDEN,
    constraints: Sequence[Constraint] = (),
) -> Iterator[Growing]:
    """`decode` for one source: yields the translation as it grows, at last the hypotheses.

    Samples do not grow: they are there at the end.
    """
    if config.sampling:
        yield grown(decode(engine, [source], config, forbidden=forbidden, constraints=constraints)[0])
        return
    rules = (*constraints, *configured_constraints(config, [source]))
    ended, selected = [[*source, Tokenizer.eos_id]], [rule.select([0]) for rule in rules]
    state, limits = _start(engine, ended, config, selected), length_limits(ended, config).to(engine.device)
    options = _options(config, forbidden)
    for now in search.growing(engine.step, state, options, limits, constraints=selected):
        yield grown(_covering(list(now.found), ended[0], config)) if now.found else now
