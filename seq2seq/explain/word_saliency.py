"""Saliency: how much each source word counts for each word of the translation, by gradients.

    score of a target word = Σ log P(piece | source, pieces before) over its pieces
    gradient × input:      e_i · ∂score/∂e_i                                    (Denil et al., 2014)
    integrated gradients:  (e_i − e'_i) · ∫_0^1 ∂score(e' + α (e − e'))/∂e_i dα    (Sundararajan et al., 2017)

e_i is the embedding of source piece i. The baseline e' has zeros for the words; tags and the end stay, so
what is attributed is what the words add. Integrated gradients are complete: the values of a target word sum
to its score minus its score with the baseline, up to the error of the numerical integral.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from seq2seq.errors import UsageError
from seq2seq.explain.attention_map import by_words, texts
from seq2seq.explain.heat_maps import HeatMap, draw_heat_maps
from seq2seq.explain.one_sentence import Sentence, Unit
from seq2seq.explain.result import Explanation
from seq2seq.nn.model import Seq2Seq
from seq2seq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
Method = Literal["integrated_gradients", "gradient_x_input"]
METHODS: tuple[Method, ...] = ("integrated_gradients", "gradient_x_input")
STEPS = 16
"""Points of the integral at first."""
MOST_STEPS = 256
TOLERANCE = 0.04
"""Relative error of completeness at which the integral is fine enough."""
_SMALL = 1.0
"""A difference of scores below this, in nats, counts as this in the relative error."""


@dataclass(frozen=True)
class Saliency(Explanation):
    """How much each source word counts for each target word. Positive: it makes the word more likely.

    Attributes:
        sources, targets: the words of both sides with the end: W and V of them.
        values: (V,W) in nats.
        scores: (V,) log probability of each target word, natural logarithm.
        baseline: (V,) the same with zeros for the source words.
        method: "integrated_gradients" or "gradient_x_input".
        steps: points of the integral; 1 for gradient × input.
    """

    sources: tuple[Unit, ...]
    targets: tuple[Unit, ...]
    values: Array
    scores: Array
    baseline: Array
    method: Method
    steps: int

    @property
    def gap(self) -> Array:
        """(V,) relative error of completeness: |Σ values − (score − baseline)| / |score − baseline|, with a
        denominator of at least 1 nat."""
        return _gap(self.values.sum(1), self.scores - self.baseline)

    @property
    def importance(self) -> Array:
        """(W,) the values of each source word summed over the translation: what it adds to the whole."""
        return self.values.sum(0)

    def figure(self) -> Figure:
        """The heat map: a row for each target word, a column for each source word."""
        strongest = max(float(np.abs(self.values).max()), 1e-6)
        title = "saliency: " + self.method.replace("_", " ").replace(" x ", " × ")
        rows, columns = texts(self.targets), texts(self.sources)
        made = HeatMap(title, rows, columns, self.values, low=-strongest, high=strongest)
        note = "Blue source words make the word of the row likelier, red ones less likely; in nats."
        return draw_heat_maps([made], note=note)

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each pair of words."""
        rows = (
            (target.text, source.text, float(self.values[v, w]), float(self.scores[v]))
            for v, target in enumerate(self.targets)
            for w, source in enumerate(self.sources)
        )
        return ("target", "source", self.method, "log_prob_of_target"), rows


def saliency(
    sentence: Sentence, method: Method = "integrated_gradients", *, steps: int | None = None
) -> Saliency:
    """The saliency of the source words of `sentence`.

    Args:
        sentence: see `explain.sentence`.
        method: "integrated_gradients" or "gradient_x_input".
        steps: points of the integral, 1 or more. Default: 16, and as many more, up to 256, as are needed for
            a `gap` of at most 4 % at every word.

    Raises:
        UsageError: an unknown method, steps below 1, or an ensemble.
    """
    if method not in METHODS:
        raise UsageError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    if steps is not None and (type(steps) is not int or steps < 1):
        raise UsageError(f"steps is {steps!r}, expected a whole number from 1")
    if method == "gradient_x_input":
        return replace(_saliency(sentence, torch.ones(1), torch.ones(1)), method=method)
    number = steps or STEPS
    made = _integrated(sentence, number)
    while steps is None and made.gap.max() > TOLERANCE and number < MOST_STEPS:
        number *= 2
        made = _integrated(sentence, number)
    return made


def without_gradients(model: Seq2Seq) -> Seq2Seq:
    """A copy that shares the weights, but computes no gradients of them: half of the work."""
    frozen = {id(one): nn.Parameter(one.detach(), requires_grad=False) for one in model.parameters()}
    return copy.deepcopy(model, frozen)


def _integrated(sentence: Sentence, steps: int) -> Saliency:
    """Integrated gradients with the Gauss-Legendre points of [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return _saliency(sentence, torch.from_numpy((points + 1) / 2), torch.from_numpy(weights / 2))


def _saliency(sentence: Sentence, points: Tensor, weights: Tensor) -> Saliency:
    """The gradients at e' + point · (e − e'), averaged with `weights`, times e − e'."""
    model = without_gradients(sentence.network)
    device = next(model.parameters()).device
    tokens = torch.tensor([sentence.source_ids], device=device)
    words = torch.zeros(1, tokens.shape[1], 1, device=device)
    words[:, len(sentence.way.tag) : -1] = 1.0
    with torch.no_grad():
        whole = model.source(tokens)  # (1,S,E)
    change = whole * words
    # The last two rows are the baseline and the sentence itself, for their scores.
    places = torch.cat([points, torch.tensor([0.0, 1.0])]).to(whole)[:, None, None]
    vectors = (whole - change + places * change).requires_grad_()
    values, scores = [], []
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # cuDNN lacks gradients in eval
        for score in _word_scores(model, vectors, tokens.expand(len(vectors), -1), sentence):
            (slope,) = torch.autograd.grad(score.sum(), vectors, retain_graph=True)
            mean = (slope[:-2].double() * weights.to(device)[:, None, None]).sum(0, keepdim=True)
            values.append((mean * change).sum(-1))
            scores.append(score.detach()[-2:])
    pieces = torch.cat(values).cpu().numpy()  # (V,S)
    rows = tuple(Unit(unit.text, range(n, n + 1)) for n, unit in enumerate(sentence.targets))
    baseline, own = torch.stack(scores, 1).double().cpu().numpy()
    return Saliency(
        sources=sentence.sources,
        targets=sentence.targets,
        values=by_words(pieces, sentence.sources, rows),
        scores=own,
        baseline=baseline,
        method="integrated_gradients",
        steps=len(points),
    )


def _word_scores(model: Seq2Seq, vectors: Tensor, tokens: Tensor, sentence: Sentence) -> Iterator[Tensor]:
    """For each target word its log probability (N,), for N sources given as embeddings (N,S,E)."""
    lengths = torch.full((len(vectors),), vectors.shape[1], device=vectors.device)
    encoded = model.encoder(vectors, lengths)
    memory = model.decoder.attention.project(encoded.outputs, encoded.mask)
    if model.config.copying:
        memory = replace(memory, tokens=tokens)
    target = torch.tensor([sentence.target_ids], device=vectors.device).expand(len(vectors), -1)
    inputs = torch.cat([torch.full_like(target[:, :1], Tokenizer.bos_id), target[:, :-1]], 1)
    output, _ = model.decoder(inputs, model.decoder.start(encoded, memory), memory)
    for unit in sentence.targets:  # the output layer is the largest product: only the pieces of this word
        real = torch.zeros_like(target, dtype=torch.bool)
        real[:, unit.pieces.start : unit.pieces.stop] = True
        log_probs = model.decoder.logits(output, memory, real).float().log_softmax(-1)
        yield log_probs.gather(-1, target[real].unsqueeze(-1)).view(len(vectors), -1).sum(1)


def _gap(sums: Array, differences: Array) -> Array:
    return np.abs(sums - differences) / np.maximum(np.abs(differences), _SMALL)
