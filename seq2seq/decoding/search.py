"""Search: turns a step function into translations. Greedy, beam, sampling, forced decoding.

A step takes the newest token of every hypothesis and says how likely each next one is. Search decides which
hypotheses live on, which end, and when a sentence is done. It knows nothing of networks (`SearchState` is
opaque to it) and nothing of text (tokens are numbers): `translator` owns both.

All four are one loop, `_Search`, with another way to choose the next tokens. Every operation works row by
row: batch mates change no answer.

Letters: B sentences, K hypotheses of each (K' before the step), V candidate tokens, S source positions.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional as F

_NEVER = -math.inf  # log-probability of a dead hypothesis, logit of an impossible token
_BLOCK = 64  # logits under one maximum in `_best`


class SearchState(Protocol):
    """What the network carries from step to step: memory per sentence, recurrent state per hypothesis."""

    def select(self, sentences: Tensor, hypotheses: Tensor) -> Self:
        """Keep `sentences` (B',), rows of the B so far, and for each its `hypotheses` (B', K).

        Hypotheses are flat numbers of the old B * K' rows; one may be taken several times. Sentences ascend:
        if there are as many as before, none has left and the memory can stay as it is.
        """


@dataclass(frozen=True)
class StepOutput:
    """Scores of the next token. `logits` belong to the search from here on: it overwrites some of them."""

    logits: Tensor  # (B, K, V) float32, not normalised; -inf is an impossible token
    log_normaliser: Tensor  # (B, K); log-probability = logit - log_normaliser
    candidates: Tensor | None  # (V,) ids of a shortlist, EOS among them; None: candidate v is token v
    weights: Tensor | None  # (B, K, S) attention behind these scores
    state: Any  # the SearchState after the step


Step = Callable[[Tensor, Any], StepOutput]
"""step(tokens (B, K) int64, state). The first call has BOS alone: K = 1 (sampling: as many as are drawn)."""


@dataclass(frozen=True)
class SearchOptions:
    """How to search. The length limit is no option: it comes per sentence, with the call."""

    bos: int  # fed first
    eos: int  # ends a hypothesis
    beam_size: int = 5  # K of `beam`
    n_best: int = 1  # hypotheses returned a sentence: up to beam_size; for `sample`, the number drawn
    length_penalty: float = (
        1.0  # alpha of score = log_prob / length ** alpha, EOS counted; 0 is the plain sum
    )
    forbidden: tuple[int, ...] = ()  # tokens never chosen: padding, BOS, unknown
    keep_weights: bool = False  # return attention
    temperature: float = 1.0  # sampling: logits are divided by it
    top_k: int = 0  # sampling: only among the k likeliest tokens; 0 is all
    top_p: float = 1.0  # sampling: only among the likeliest tokens that together reach this probability
    seed: int = 0  # sampling: same seed and sentence, same draw

    def __post_init__(self) -> None:
        _require(self.beam_size >= 1, "beam_size", self.beam_size, "1 or more")
        _require(self.n_best >= 1, "n_best", self.n_best, "1 or more")
        _require(0 <= self.length_penalty < math.inf, "length_penalty", self.length_penalty, "0 or more")
        _require(self.eos not in self.forbidden, "forbidden", self.forbidden, f"EOS ({self.eos}) not in it")
        _require(0 < self.temperature < math.inf, "temperature", self.temperature, "above 0")
        _require(self.top_k >= 0, "top_k", self.top_k, "0 or more")
        _require(0 < self.top_p <= 1, "top_p", self.top_p, "above 0, at most 1")


@dataclass(frozen=True)
class Hypothesis:
    """One answer. EOS is not among `tokens`, yet is counted and stands last in everything else."""

    tokens: tuple[int, ...]
    log_prob: float  # natural log of the step's own probability, whatever temperature or tokens forbidden
    score: float  # log_prob / (tokens + 1) ** length_penalty: what ranks
    token_log_probs: tuple[float, ...]
    weights: Tensor | None = field(
        default=None, compare=False
    )  # (T, S) attention, a row for each token and EOS
    finished: bool = True  # False: EOS was not chosen but forced, at the length limit


Found = list[list[Hypothesis]]  # per sentence, best first


def greedy(step: Step, state: SearchState, options: SearchOptions, max_lengths: Tensor) -> Found:
    """The likeliest token at each step: `beam` of width 1. One hypothesis a sentence."""
    return beam(step, state, replace(options, beam_size=1, n_best=1), max_lengths)


def beam(step: Step, state: SearchState, options: SearchOptions, max_lengths: Tensor) -> Found:
    """Beam search; up to `n_best` different hypotheses a sentence.

    Each step keeps the K likeliest continuations; an ending counts if it is no less likely than the last of
    these. `max_lengths` (B,) int, 1 or more, EOS included: there a hypothesis is closed by EOS, whose
    probability counts. Among equals the ending goes first, then the lower hypothesis, then the lower column.
    ValueError for scores that are not finite and for a sentence without any possible hypothesis.
    """
    _require(options.n_best <= options.beam_size, "n_best", options.n_best, f"at most {options.beam_size}")
    return _Search(step, state, options, max_lengths).run(partial(_choose_best, options.beam_size))


def sample(
    step: Step, state: SearchState, options: SearchOptions, max_lengths: Tensor, *, ids: Sequence[int] = ()
) -> Found:
    """Draw `n_best` hypotheses a sentence, sorted by score; the same one may be drawn twice.

    Chance depends on the seed and a sentence's entry in `ids` alone; without `ids`, on its row in the batch.
    """
    options = replace(options, beam_size=options.n_best)
    noise = _noise(options, ids or range(len(max_lengths)), max_lengths)
    search = _Search(step, state, options, max_lengths, options.n_best)
    return search.run(partial(_choose_drawn, options, noise))


def force(step: Step, state: SearchState, options: SearchOptions, targets: Tensor) -> list[Hypothesis]:
    """Score given tokens, forbidden or not: `targets` (B, T) int64, without BOS, filled up with EOS."""
    targets = F.pad(targets, (0, 1), value=options.eos)
    lengths = (targets != options.eos).cumprod(1).sum(1) + 1
    search = _Search(step, state, replace(options, beam_size=1, n_best=1), lengths)
    return [found[0] for found in search.run(partial(_choose_given, targets))]


class _Scores(NamedTuple):
    """What a choice is made from: a step on top of the hypotheses so far."""

    base: Tensor  # (B, K') float64; base + logit = log-probability of the hypothesis with that token
    logits: Tensor  # (B, K', V)
    endings: Tensor  # (B, K') log-probability of the hypothesis with EOS
    candidates: Tensor | None  # (V,)
    blocked: Tensor  # columns of the forbidden tokens and, last, EOS
    sentences: Tensor  # (B,) their numbers
    length: int  # of a hypothesis that ends here, EOS included


class _Choice(NamedTuple):
    """How the hypotheses go on."""

    totals: Tensor  # (B, K) float64 log-probabilities; -inf: dead
    parents: Tensor | None  # (B, K) which of the K' each continues; None: each its own
    columns: Tensor  # (B, K) the candidate each takes
    ends: Tensor  # (B, K') bool: which of the K' end here


class _Record(NamedTuple):
    """A step in the notes of the search: tables with a row for each sentence."""

    rows: dict[int, int]  # sentence number -> row
    tokens: list[list[int]]  # of the K
    totals: list[list[float]]  # of the K
    parents: list[list[int]] | None
    ends: list[list[bool]]  # of the K'
    endings: list[list[float]]  # of the K', -inf where nothing ended; without rows: nowhere
    weights: Tensor | None  # (B, K', S)


class _Search:
    """A search under way. Sentences that are done leave, so B shrinks; `rows` says where each one is.

    A sentence is done at its length limit, and when its n-th best ending scores no less than

    - what any live hypothesis can still reach: log_prob / max_length ** alpha, log-probabilities only fall;
    - or, once there are K endings, what any live one has at its present length. This can miss one that makes
      up for its past (alpha > 0), on purpose: else width 1 would go on after the greedy answer, and far
      limits be walked to for repetition loops, whose tokens are nearly certain.
    """

    def __init__(
        self, step: Step, state: SearchState, options: SearchOptions, max_lengths: Tensor, width: int = 1
    ) -> None:
        limits, size, device = max_lengths.tolist(), len(max_lengths), max_lengths.device
        _require(min(limits, default=1) >= 1, "max_lengths", limits, "1 or more")
        self.step, self.state, self.options, self.max_lengths = step, state, options, max_lengths
        self.everyone = self.sentences = torch.arange(size, device=device)  # (B,) numbers
        self.rows = {number: number for number in range(size)}
        self.tokens = torch.full((size, width), options.bos, device=device)  # (B, K)
        self.live = torch.zeros(size, width, dtype=torch.float64, device=device)  # (B, K) log-probabilities
        self.best = self.live.new_full((size, options.beam_size), _NEVER)  # scores of endings, falling
        self.quiet = min(limits, default=1)  # before this step, and before any ending, nobody is done
        self.records: list[_Record] = []

    @torch.inference_mode()
    def run(self, choose: Callable[[_Scores], _Choice]) -> Found:
        """Let hypotheses go on as `choose` says until all sentences are done."""
        size, width = self.tokens.shape
        if width > 1 and size:
            self.state = self.state.select(self.everyone, self.everyone.unsqueeze(1).expand(-1, width))
        while len(self.sentences):
            output = self.step(self.tokens, self.state)
            scores = self.score(output)
            choice = choose(scores)
            endings, done = self.close(choice, scores)
            self.tokens = choice.columns if output.candidates is None else output.candidates[choice.columns]
            self.live, self.state = choice.totals, output.state
            self.note(choice, endings, output.weights if self.options.keep_weights else None)
            self.go_on(choice, done)
        return _answers(self.records, self.options, size)

    def score(self, output: StepOutput) -> _Scores:
        # A NaN or +inf among the logits shows in their normaliser: no need to look at each.
        if not math.isfinite(output.log_normaliser.sum().item()):
            bad = self.sentences[~output.log_normaliser.isfinite().all(1)].tolist()
            raise ValueError(f"log_normaliser of sentences {bad} is not finite, expected finite scores")
        tokens = (*self.options.forbidden, self.options.eos)
        blocked, eos = _columns(tokens, output.candidates, output.logits.device)
        base = self.live - output.log_normaliser
        endings = base + output.logits[..., eos]
        length = len(self.records) + 1
        return _Scores(base, output.logits, endings, output.candidates, blocked, self.sentences, length)

    def close(self, choice: _Choice, scores: _Scores) -> tuple[Tensor | None, Tensor | None]:
        """The endings of this step (B, K') and who is done (B,); None for nothing and nobody."""
        if scores.length < self.quiet and not choice.ends.any().item():
            return None, None
        self.quiet = 0
        closing = self.max_lengths <= scores.length
        endings = scores.endings.masked_fill(~(choice.ends | closing.unsqueeze(1)), _NEVER)
        alpha = self.options.length_penalty
        penalty = float(scores.length) ** alpha
        self.best = torch.cat([self.best, endings / penalty], 1).topk(self.best.shape[1]).values
        hope, mark = choice.totals.amax(1), self.best[:, self.options.n_best - 1]
        beaten = (hope / penalty <= mark) & (self.best[:, -1] > _NEVER)
        return endings, closing | beaten | (hope / self.max_lengths.double() ** alpha <= mark)

    def note(self, choice: _Choice, endings: Tensor | None, weights: Tensor | None) -> None:
        parents = None if choice.parents is None else choice.parents.tolist()
        ended = [] if endings is None else endings.tolist()
        tables = self.tokens.tolist(), choice.totals.tolist(), parents, choice.ends.tolist(), ended
        self.records.append(_Record(self.rows, *tables, weights))

    def go_on(self, choice: _Choice, done: Tensor | None) -> None:
        """Bring the state to the chosen hypotheses, and let sentences that are done (B,) leave."""
        size, before = choice.ends.shape
        rows, parents = self.everyone[:size], choice.parents
        if done is not None and (gone := int(done.sum())):
            self.live = self.live.masked_fill(done.unsqueeze(1), _NEVER)
            if gone * 8 >= size:  # leaving copies the memory of those who stay: for one in eight at least
                rows = (~done).nonzero().squeeze(1)
                parents = torch.arange(before, device=rows.device) if parents is None else parents[rows]
                self.tokens, self.live, self.best = self.tokens[rows], self.live[rows], self.best[rows]
                self.sentences, self.max_lengths = self.sentences[rows], self.max_lengths[rows]
                self.rows = {number: row for row, number in enumerate(self.sentences.tolist())}
        if parents is not None and len(rows):
            self.state = self.state.select(rows, parents + rows.unsqueeze(1) * before)


@lru_cache(maxsize=8)
def _columns(tokens: tuple[int, ...], candidates: Tensor | None, device: torch.device) -> tuple[Tensor, int]:
    """Columns of tokens, and that of the last, EOS. Tensors hash by identity: worked out once a shortlist."""
    columns = list(tokens)
    if candidates is not None:
        places = {token: place for place, token in enumerate(candidates.tolist())}
        _require(tokens[-1] in places, "candidates", list(places), f"EOS ({tokens[-1]}) among them")
        columns = [places[token] for token in tokens if token in places]
    return torch.tensor(columns, device=device), columns[-1]


def _choose_best(width: int, scores: _Scores) -> _Choice:
    """The K likeliest continuations without EOS, and the endings no less likely than the last of them."""
    logits = scores.logits.index_fill_(-1, scores.blocked, _NEVER)
    if width == 1:  # argmax takes the first of equals too, and one sentence (V 8,000) is done 0.1 ms sooner
        columns = logits.argmax(-1)
        totals, parents = scores.base + logits.gather(-1, columns.unsqueeze(-1)).squeeze(-1), None
    else:
        totals, parents, columns = _best(scores.base, logits, width)
    return _Choice(totals, parents, columns, scores.endings >= totals[:, -1:])


def _choose_drawn(options: SearchOptions, noise: Tensor, scores: _Scores) -> _Choice:
    """One token a hypothesis: where its distribution function passes a uniform random number."""
    logits, order = scores.logits.index_fill_(-1, scores.blocked[:-1], _NEVER), None
    if options.top_k or options.top_p < 1:
        logits, order = logits.sort(dim=-1, descending=True, stable=True)
        logits = logits[..., : options.top_k or None]
    shares = (logits.double() / options.temperature).softmax(-1)
    reached = shares.cumsum(-1)
    # A token stays if those before it fall short of top_p; what the last of these reaches is the whole.
    whole = reached.masked_fill(reached - shares >= options.top_p, 0).amax(-1, keepdim=True)
    points = noise[scores.sentences, scores.length - 1].unsqueeze(-1) * whole  # (B, K, 1)
    drawn = torch.searchsorted(reached, points, right=True).clamp(max=logits.shape[-1] - 1)
    totals = scores.base + logits.gather(-1, drawn).squeeze(-1)
    columns = (drawn if order is None else order.gather(-1, drawn)).squeeze(-1)
    ends = columns == scores.blocked[-1]
    return _Choice(totals.masked_fill(ends, _NEVER), None, columns, ends)


def _choose_given(targets: Tensor, scores: _Scores) -> _Choice:
    """The token that stands in `targets` (B, T); outside a shortlist it is impossible."""
    tokens = targets[scores.sentences, scores.length - 1].unsqueeze(1)  # (B, 1)
    ids = scores.candidates
    if ids is None:
        ids = torch.arange(scores.logits.shape[-1], device=tokens.device)
    logits, columns = scores.logits.masked_fill(ids != tokens.unsqueeze(-1), _NEVER).max(-1)
    ends = (columns == scores.blocked[-1]) & (logits > _NEVER)
    return _Choice((scores.base + logits).masked_fill(ends, _NEVER), None, columns, ends)


def _best(base: Tensor, logits: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The `size` highest of base (B, K) + logits (B, K, V) a sentence: sums, hypotheses, columns (B, size).

    Not all K * V are ranked: the highest lie in as many blocks, those with the highest maxima.
    """
    vocabulary = logits.shape[-1]
    padded = max(math.ceil(vocabulary / _BLOCK), size) * _BLOCK
    if padded > vocabulary:
        logits = F.pad(logits, (0, padded - vocabulary), value=_NEVER)
    blocks = logits.unflatten(-1, (-1, _BLOCK))  # (B, K, V / block, block)
    maxima = (base.unsqueeze(-1) + blocks.amax(-1)).flatten(1)
    chosen = (maxima - _setbacks(maxima.shape[1], base.device)).topk(size).indices
    chosen = chosen.sort(1).values  # (B, size), so that places keep their order
    inside = blocks.flatten(1, 2).gather(1, chosen.unsqueeze(-1).expand(-1, -1, _BLOCK))
    sums = (base.gather(1, chosen // blocks.shape[2]).unsqueeze(-1) + inside).flatten(1)
    places = (sums - _setbacks(sums.shape[1], base.device)).topk(size).indices
    flat = chosen.gather(1, places // _BLOCK) * _BLOCK + places % _BLOCK
    # The dead may stand beyond the vocabulary, and are fed to the step all the same.
    return sums.gather(1, places), flat // padded, (flat % padded).clamp(max=vocabulary - 1)


@lru_cache(maxsize=64)
def _setbacks(size: int, device: torch.device) -> Tensor:
    """What each place costs, so that of equals the first goes first: topk alone orders equals as it likes.

    Less than float32 scores differ by, more than float64 rounds off. A stable sort would cost much more.
    """
    return torch.arange(size, dtype=torch.float64, device=device) * 1e-13


def _noise(options: SearchOptions, ids: Sequence[int], lengths: Tensor) -> Tensor:
    """Uniform random numbers (B, T, K), each sentence's from a generator of its own, at most 1 - 2 ** -24."""
    _require(len(ids) == len(lengths), "ids", ids, f"{len(lengths)} numbers")
    noise = torch.zeros(len(ids), max(lengths.tolist(), default=0), options.n_best, dtype=torch.float64)
    for row, number, length in zip(noise, ids, lengths.tolist(), strict=True):
        digest = hashlib.sha256(f"{options.seed} {number}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big", signed=True))
        row[:length] = torch.rand(length, options.n_best, generator=generator)  # float32
    return noise.to(lengths.device)


def _answers(records: list[_Record], options: SearchOptions, size: int) -> Found:
    """The best endings of each sentence; of equals the earlier step, then the lower hypothesis, first."""
    endings: list[list[tuple[float, int, int, float]]] = [[] for _ in range(size)]
    for step, record in enumerate(records):
        penalty = float(step + 1) ** options.length_penalty
        for sentence, row in record.rows.items():
            found = enumerate(record.endings[row] if record.endings else ())
            endings[sentence] += [(-total / penalty, step, k, total) for k, total in found if total > _NEVER]
    for sentence, ranked in enumerate(endings):
        _require(bool(ranked), f"probability of every hypothesis of sentence {sentence}", 0, "one above 0")
        ranked.sort()
    return [
        [_traced(records[: step + 1], sentence, k, log_prob, score=-rank) for rank, step, k, log_prob in best]
        for sentence, best in enumerate(ranked[: options.n_best] for ranked in endings)
    ]


def _traced(records: list[_Record], sentence: int, k: int, log_prob: float, *, score: float) -> Hypothesis:
    """The hypothesis that was the k-th going into the last of the records and ended there."""
    last = records[-1]
    row = last.rows[sentence]
    finished = last.ends[row][k]
    tokens, sums, weights = [], [log_prob], [] if last.weights is None else [last.weights[row, k]]
    for record in reversed(records[:-1]):
        row = record.rows[sentence]
        tokens.append(record.tokens[row][k])
        sums.append(record.totals[row][k])
        k = k if record.parents is None else record.parents[row][k]
        if record.weights is not None:  # as wide as the last: wider batch mates may have left since
            weights.append(record.weights[row, k, : len(weights[0])])
    return Hypothesis(
        tokens=tuple(reversed(tokens)),
        log_prob=log_prob,
        score=score,
        token_log_probs=tuple(after - before for before, after in pairwise([0.0, *reversed(sums)])),
        weights=torch.stack(weights[::-1]) if weights else None,
        finished=finished,
    )


def _require(condition: bool, name: str, value: object, expected: str) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}, expected {expected}")
