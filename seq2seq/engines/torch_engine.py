"""A network in torch as an engine of search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.engines.prepacked import prepack
from seq2seq.nn.attention import Memory
from seq2seq.nn.decoder import DecoderState
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.padding import pad


@dataclass(frozen=True)
class NetworkState:
    """Memory per sentence and recurrent state per hypothesis."""

    memory: Memory
    decoder: DecoderState

    def select(self, sentences: Array, hypotheses: Array) -> NetworkState:
        """Keep the rows `sentences` (B',) of the memory and `hypotheses` (B',K') of the recurrent state."""
        device = self.memory.values.device
        all_stay = len(sentences) == len(self.memory.values)  # search only ever removes sentences
        memory = self.memory if all_stay else self.memory.select(torch.from_numpy(sentences).to(device))
        return NetworkState(memory, self.decoder.select(torch.from_numpy(hypotheses.ravel()).to(device)))


class TorchEngine:
    """Runs `model`; on a CPU with prepacked weights (see `prepacked`), which do not follow later changes."""

    def __init__(self, model: Seq2Seq) -> None:
        self.model = prepack(model)
        self.device: torch.device = next(model.parameters()).device

    def start(self, sources: Sequence[Sequence[int]]) -> NetworkState:
        """Encode `sources`, token ids that end in EOS."""
        tokens, lengths = pad(sources)
        memory, state = self.model.encode(tokens.to(self.device), lengths.to(self.device))
        return NetworkState(memory, state)

    def step(self, tokens: Array, state: NetworkState) -> StepOutput:
        """Scores of the token after `tokens` (B,K)."""
        sentences, beam = tokens.shape
        decoder = self.model.decoder
        newest = torch.from_numpy(tokens.reshape(-1, 1)).to(self.device)
        output, after = decoder(newest, state.decoder, state.memory)
        logits = decoder.logits(output, state.memory).float().view(sentences, beam, -1)
        return StepOutput(
            logits=logits,
            log_normaliser=logits.logsumexp(-1),
            candidates=None,
            weights=None if output.weights is None else output.weights.float().view(sentences, beam, -1),
            state=NetworkState(state.memory, after),
        )
