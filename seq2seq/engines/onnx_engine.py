"""A network in ONNX Runtime as an engine of search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from seq2seq.decoding.engine import StepOutput
from seq2seq.engines.graph import NumberType
from seq2seq.engines.shortlist import Shortlist
from seq2seq.engines.support import engine_models
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.padding import pad


@dataclass(frozen=True)
class OnnxState:
    """What the step reads besides its tokens: memory per sentence and recurrent state per hypothesis."""

    lengths: np.ndarray  # (B,) int64
    keys: np.ndarray  # (B,S,A)
    values: np.ndarray  # (B,S,M)
    recurrent: tuple[np.ndarray, ...]  # (B*K,H) each
    listed: Candidates | None = None

    def select(self, sentences: Tensor, hypotheses: Tensor) -> OnnxState:
        """Keep the rows `sentences` (B',) of the memory and `hypotheses` (B',K') of the recurrent state."""
        rows = hypotheses.numpy().reshape(-1)
        recurrent = tuple(part.take(rows, 0) for part in self.recurrent)
        if len(sentences) == len(self.lengths):  # search only ever removes sentences
            return replace(self, recurrent=recurrent)
        kept = sentences.numpy()
        lengths = self.lengths[kept]
        longest = int(lengths.max(initial=0))  # the others read no further
        keys, values = self.keys[kept, :longest], self.values[kept, :longest]
        listed = None if self.listed is None else self.listed.select(kept)
        return OnnxState(lengths, keys, values, recurrent, listed)


@dataclass(frozen=True)
class Candidates:
    """The shortlists of a batch, with the part of the output layer that they need."""

    ids: Tensor  # (B,C)
    inputs: Mapping[str, np.ndarray]  # weight, bias and so on, and places: see `output`

    def select(self, kept: np.ndarray) -> Candidates:
        """Those of the sentences `kept`."""
        inputs = {**self.inputs, "places": self.inputs["places"][kept]}
        return Candidates(self.ids[torch.from_numpy(kept)], inputs)


class OnnxEngine:
    """Runs the network `model`, whose weights are copied: later changes of them have no effect.

    `number_type` is that of the matrix products. With "int8", a sentence has the same scores in any batch,
    bit for bit. A step is computed on one thread, because it is too short for more. As many batches as torch
    had threads when the engine was made are computed side by side.
    """

    device = torch.device("cpu")

    def __init__(
        self, model: Seq2Seq, number_type: NumberType = "int8", shortlist: Shortlist | None = None
    ) -> None:
        models = engine_models(model, number_type)
        self.number_type, self.batches_at_once = number_type, torch.get_num_threads()
        self.shortlist = shortlist
        self.encoder, self.decoder = _session(models.encoder), _session(models.decoder)
        self.output = _session(models.output.output)
        self.columns, self.listed_output = _session(models.output.columns), _session(models.output.shortlist)
        self.column_names = [one.name for one in self.columns.get_outputs()]
        names = [one.name for one in self.encoder.get_outputs()]
        self.states = [name for name in names if name.startswith("state_")]

    def start(self, sources: Sequence[Sequence[int]]) -> OnnxState:
        """Encode `sources`, token ids that end in EOS."""
        tokens, lengths = (part.numpy() for part in pad(sources))
        keys, values, *recurrent = self.encoder.run(None, {"tokens": tokens, "lengths": lengths})
        return OnnxState(lengths, keys, values, tuple(recurrent))

    def start_listed(self, sources: Sequence[Sequence[int]]) -> OnnxState:
        """As `start`; the steps score the shortlist of each sentence alone, if there is a table for it."""
        state = self.start(sources)
        return state if self.shortlist is None else replace(state, listed=self._listed(sources))

    def _listed(self, sources: Sequence[Sequence[int]]) -> Candidates:
        assert self.shortlist is not None
        ids = np.stack([self.shortlist.candidates(source) for source in sources])
        used = np.zeros(ids.max() + 1, bool)
        used[ids] = True
        union = np.flatnonzero(used)
        places = (np.cumsum(used, dtype=np.int32) - np.int32(1))[ids]
        weights = self.columns.run(None, {"union": union})
        inputs = {**dict(zip(self.column_names, weights, strict=True)), "places": places}
        return Candidates(torch.from_numpy(ids), inputs)

    def step(self, tokens: Tensor, state: OnnxState) -> StepOutput:
        """Scores of the token after `tokens` (B,K)."""
        numbers = np.ascontiguousarray(tokens.numpy())
        feeds = {
            "tokens": numbers,
            "lengths": state.lengths,
            "keys": state.keys,
            "values": state.values,
            **dict(zip(self.states, state.recurrent, strict=True)),
        }
        hidden, weights, *recurrent = self.decoder.run(None, feeds)
        listed, given = state.listed, {"tokens": numbers, "hidden": hidden}
        if listed is None:
            logits, log_normaliser = self.output.run(None, given)
        else:
            logits, log_normaliser = self.listed_output.run(None, {**given, **listed.inputs})
        return StepOutput(
            logits=torch.from_numpy(logits),
            log_normaliser=torch.from_numpy(log_normaliser),
            candidates=None if listed is None else listed.ids,
            weights=torch.from_numpy(weights),
            state=replace(state, recurrent=tuple(recurrent)),
        )


def _session(model: bytes) -> Any:
    """A session that computes in the thread that runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
