"""Reranking with a model of the opposite direction: a good translation leads back to its source.

    score(Y) + weight * log P(X|Y) / |X|                       (noisy channel; Yee et al., 2019, without its
                                                                language model)

|X| is the number of tokens of the source, EOS included, so that one weight serves short and long sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn.utils.rnn import pad_sequence

from seq2seq.decoding import search
from seq2seq.decoding.engine import Engine
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.search import SearchOptions
from seq2seq.text.tokenizer import Tokenizer

_OPTIONS = SearchOptions(bos=Tokenizer.bos_id, eos=Tokenizer.eos_id)
_BATCH = 256  # pairs that are scored together


@dataclass(frozen=True)
class ReverseModel:
    """A model that translates in the opposite direction.

    Attributes:
        engine: runs its network.
        source, target: its tokenizers: `source` encodes our translations, `target` our sources.
        weight: of its scores.
        tag: ids that it needs in front of each of its sources, such as the tag of its target language.
    """

    engine: Engine
    source: Tokenizer
    target: Tokenizer
    weight: float
    tag: tuple[int, ...] = ()

    def rerank(
        self,
        sources: Sequence[str],
        hypotheses: Sequence[Sequence[Hypothesis]],
        texts: Sequence[Sequence[str]],
    ) -> list[list[Hypothesis]]:
        """The hypotheses of each source with both scores added, best first. `texts` are their texts."""
        pairs = [(text, source) for source, of_one in zip(sources, texts, strict=True) for text in of_one]
        scores = iter(self.mean_log_probs(pairs))
        added = [
            [replace(one, score=one.score + self.weight * next(scores)) for one in found]
            for found in hypotheses
        ]
        return [sorted(found, key=lambda one: -one.score) for found in added]

    @torch.inference_mode()
    def mean_log_probs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """log P(target|source) / |target| of each (source, target) of this model; natural logarithm."""
        sources = [
            [*self.tag, *ids, Tokenizer.eos_id] for ids in self.source.encode_batch([s for s, _ in pairs])
        ]
        targets = self.target.encode_batch([target for _, target in pairs])
        order = sorted(range(len(pairs)), key=lambda row: (len(targets[row]), len(sources[row])))
        scores = [0.0] * len(pairs)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            given = pad_sequence(
                [torch.tensor(targets[row], dtype=torch.int64) for row in rows],
                batch_first=True,
                padding_value=Tokenizer.eos_id,
            ).to(self.engine.device)
            state = self.engine.start([sources[row] for row in rows])
            for row, one in zip(rows, search.force(self.engine.step, state, _OPTIONS, given), strict=True):
                scores[row] = one.log_prob / (len(targets[row]) + 1)
        return scores
