"""A network in ONNX Runtime as an engine of search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from seq2seq.decoding.engine import StepOutput
from seq2seq.engines.graph import NumberType
from seq2seq.engines.support import onnx_models
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.padding import pad


@dataclass(frozen=True)
class OnnxState:
    """What the step reads besides its tokens: memory per sentence and recurrent state per hypothesis."""

    lengths: np.ndarray  # (B,) int64
    keys: np.ndarray  # (B,S,A)
    values: np.ndarray  # (B,S,M)
    recurrent: tuple[np.ndarray, ...]  # (B*K,H) each

    def select(self, sentences: Tensor, hypotheses: Tensor) -> OnnxState:
        """Keep the rows `sentences` (B',) of the memory and `hypotheses` (B',K') of the recurrent state."""
        rows = hypotheses.numpy().reshape(-1)
        recurrent = tuple(part.take(rows, 0) for part in self.recurrent)
        if len(sentences) == len(self.lengths):  # search only ever removes sentences
            return OnnxState(self.lengths, self.keys, self.values, recurrent)
        kept = sentences.numpy()
        lengths = self.lengths[kept]
        longest = int(lengths.max(initial=0))  # the others read no further
        keys, values = self.keys[kept, :longest], self.values[kept, :longest]
        return OnnxState(lengths, keys, values, recurrent)


class OnnxEngine:
    """Runs the network `model`, whose weights are copied: later changes of them have no effect.

    `number_type` is that of the matrix products. With "int8", a sentence has the same scores in any batch,
    bit for bit. A step is computed on one thread, because it is too short for more. As many batches as torch
    had threads when the engine was made are computed side by side.
    """

    device = torch.device("cpu")

    def __init__(self, model: Seq2Seq, number_type: NumberType = "int8") -> None:
        models = onnx_models(model, number_type)
        self.number_type, self.batches_at_once = number_type, torch.get_num_threads()
        self.encoder, self.decoder = _session(models.encoder), _session(models.step)
        names = [one.name for one in self.encoder.get_outputs()]
        self.states = [name for name in names if name.startswith("state_")]

    def start(self, sources: Sequence[Sequence[int]]) -> OnnxState:
        """Encode `sources`, token ids that end in EOS."""
        tokens, lengths = (part.numpy() for part in pad(sources))
        keys, values, *recurrent = self.encoder.run(None, {"tokens": tokens, "lengths": lengths})
        return OnnxState(lengths, keys, values, tuple(recurrent))

    def step(self, tokens: Tensor, state: OnnxState) -> StepOutput:
        """Scores of the token after `tokens` (B,K)."""
        feeds = {
            "tokens": np.ascontiguousarray(tokens.numpy()),
            "lengths": state.lengths,
            "keys": state.keys,
            "values": state.values,
            **dict(zip(self.states, state.recurrent, strict=True)),
        }
        logits, log_normaliser, weights, *recurrent = self.decoder.run(None, feeds)
        return StepOutput(
            logits=torch.from_numpy(logits),
            log_normaliser=torch.from_numpy(log_normaliser),
            candidates=None,
            weights=torch.from_numpy(weights),
            state=OnnxState(state.lengths, state.keys, state.values, tuple(recurrent)),
        )


def _session(model: bytes) -> Any:
    """A session that computes in the thread that runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
