"""Token ids in, hypotheses out: the one decode path, between a model and the search that knows nothing of it.

Sentences are sorted by length and searched in batches; the answer to a sentence does not depend on its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.config import DecodingConfig
from seq2seq.decoding import search
from seq2seq.decoding.search import Hypothesis, SearchOptions, StepOutput
from seq2seq.nn.attention import Memory
from seq2seq.nn.decoder import DecoderState
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.padding import pad
from seq2seq.text.tokenizer import Tokenizer

FORBIDDEN = (Tokenizer.pad_id, Tokenizer.unk_id, Tokenizer.bos_id)


@dataclass(frozen=True)
class NetworkState:
    """What the search carries without looking inside: memory per sentence, recurrent state per hypothesis."""

    memory: Memory
    decoder: DecoderState

    def select(self, sentences: Tensor, hypotheses: Tensor) -> NetworkState:
        """Keep `sentences` (B',) of the memory and rows `hypotheses` (B',K') of the recurrent state."""
        same = len(sentences) == len(self.memory.values)  # the search only ever drops sentences
        memory = self.memory if same else self.memory.select(sentences)
        return NetworkState(memory, self.decoder.select(hypotheses.flatten()))


class Network:
    """A model as the search sees it: `start` and `step`."""

    def __init__(self, model: Seq2Seq) -> None:
        self.model = model
        self.device = next(model.parameters()).device

    def start(self, sources: Sequence[Sequence[int]]) -> NetworkState:
        """Encode `sources`, token lists that end in EOS."""
        tokens, lengths = pad(sources)
        memory, state = self.model.encode(tokens.to(self.device), lengths.to(self.device))
        return NetworkState(memory, state)

    def step(self, tokens: Tensor, state: NetworkState) -> StepOutput:
        """Scores of the token after `tokens` (B,K)."""
        sentences, beam = tokens.shape
        decoder = self.model.decoder
        output, after = decoder(tokens.reshape(-1, 1), state.decoder, state.memory)
        logits = decoder.logits(output, state.memory).float().view(sentences, beam, -1)
        return StepOutput(
            logits=logits,
            log_normaliser=logits.logsumexp(-1),
            candidates=None,
            weights=None if output.weights is None else output.weights.view(sentences, beam, -1),
            state=NetworkState(state.memory, after),
        )


def length_limits(sources: Sequence[Sequence[int]], config: DecodingConfig) -> Tensor:
    """Most target tokens, EOS included, of each source (which ends in EOS)."""
    return torch.tensor(
        [int(config.max_length_factor * (len(ids) - 1)) + config.max_length_extra for ids in sources]
    )


@torch.inference_mode()
def decode(
    model: Seq2Seq, sources: Sequence[Sequence[int]], config: DecodingConfig
) -> list[list[Hypothesis]]:
    """The `n_best` hypotheses of each source (token ids without EOS), best first, in the order given."""
    network = Network(model)
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
        limits = length_limits(batch, config).to(network.device)
        for row, found in zip(rows, run(network.step, network.start(batch), options, limits), strict=True):
            results[row] = found
    return results


@torch.inference_mode()
def score(model: Seq2Seq, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[float]:
    """Log probability (natural, EOS included) of each target given its source, all time steps at once."""
    totals = []
    device = next(model.parameters()).device
    for source, target in zip(sources, targets, strict=True):
        tokens, lengths = pad([[*source, Tokenizer.eos_id]])
        given = torch.tensor([[Tokenizer.bos_id, *target]], device=device)
        labels = torch.tensor([*target, Tokenizer.eos_id], device=device)
        real = torch.ones_like(given, dtype=torch.bool)
        logits = model(tokens.to(device), lengths.to(device), given, real).float()
        totals.append(float(logits.log_softmax(-1).gather(1, labels.unsqueeze(1)).sum()))
    return totals


@torch.inference_mode()
def greedy_stream(model: Seq2Seq, source: Sequence[int], config: DecodingConfig) -> Iterator[list[int]]:
    """The greedy translation of `source` (ids without EOS), yielded after each new token."""
    network = Network(model)
    ended = [*source, Tokenizer.eos_id]
    state, token, tokens = network.start([ended]), Tokenizer.bos_id, list[int]()
    for _ in range(int(length_limits([ended], config)[0]) - 1):
        output = network.step(torch.tensor([[token]], device=network.device), state)
        logits, state = output.logits[0, 0], output.state
        logits[list(FORBIDDEN)] = -torch.inf
        token = int(logits.argmax())
        if token == Tokenizer.eos_id:
            return
        tokens.append(token)
        yield list(tokens)
