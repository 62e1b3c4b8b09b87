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
from seq2seq.engines.support import engine_models, onnx_models
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.padding import pad


@dataclass(frozen=True)
class OnnxState:
    """What the step reads besides its tokens: memory per sentence and recurrent state per hypothesis."""

    lengths: np.ndarray  # (B,) int64
    memory: Mapping[str, np.ndarray]  # keys (B,S,A), values (B,S,M), mask (B,1,S)
    recurrent: tuple[np.ndarray, ...]  # (B,K,H) each
    listed: Candidates | None = None

    def select(self, sentences: np.ndarray, hypotheses: np.ndarray) -> OnnxState:
        """Keep the rows `sentences` (B',) of the memory and `hypotheses` (B',K') of the recurrent state."""
        recurrent = tuple(part.reshape(-1, part.shape[2]).take(hypotheses, 0) for part in self.recurrent)
        stay = len(sentences) == len(self.lengths)  # search only ever removes sentences
        kept = slice(None) if stay else sentences
        listed = self.listed and self.listed.select(kept, hypotheses.shape[1])
        if stay:
            return OnnxState(self.lengths, self.memory, recurrent, listed)
        lengths = self.lengths[kept]
        longest = int(lengths.max(initial=0))  # the others read no further
        memory = {name: part[kept, :longest] for name, part in self.memory.items() if name != "mask"}
        return OnnxState(
            lengths, {**memory, "mask": self.memory["mask"][kept, :, :longest]}, recurrent, listed
        )


@dataclass(frozen=True)
class Candidates:
    """The shortlists of a batch, with the part of the output layer that they need."""

    ids: Tensor  # (B,C)
    inputs: Mapping[str, np.ndarray]  # weight, bias and so on, and places: see `output`

    def select(self, kept: np.ndarray | slice, width: int) -> Candidates:
        """Those of the sentences `kept`, with `width` hypotheses each."""
        places = self.inputs["places"]
        if isinstance(kept, slice) and places.shape[1] == width:
            return self
        ids = self.ids if isinstance(kept, slice) else self.ids[torch.from_numpy(kept)]
        return Candidates(ids, {**self.inputs, "places": np.repeat(places[kept, :1], width, 1)})


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
        self.number_type, self.batches_at_once = number_type, torch.get_num_threads()
        self.shortlist = shortlist
        if shortlist is None:
            whole = onnx_models(model, number_type)
            self.encoder, self.whole_step = _session(whole.encoder), _session(whole.step)
            self.step_names = [one.name for one in self.whole_step.get_outputs()]
        else:
            parts = engine_models(model, number_type)
            self.encoder, self.decoder = _session(parts.encoder), _session(parts.decoder)
            self.output, self.columns = _session(parts.output.output), _session(parts.output.columns)
            self.listed_output = _session(parts.output.shortlist)
            self.column_names = [one.name for one in self.columns.get_outputs()]
        names = [one.name for one in self.encoder.get_outputs()]
        self.memory, self.states = names[:3], names[3:]

    def start(self, sources: Sequence[Sequence[int]]) -> OnnxState:
        """Encode `sources`, token ids that end in EOS."""
        tokens, lengths = (part.numpy() for part in pad(sources))
        results = self.encoder.run(None, {"tokens": tokens, "lengths": lengths})
        memory = dict(zip(self.memory, results, strict=False))
        return OnnxState(lengths, memory, tuple(results[len(memory) :]))

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
        inputs = {**dict(zip(self.column_names, weights, strict=True)), "places": places[:, None]}
        return Candidates(torch.from_numpy(ids), inputs)

    def step(self, tokens: np.ndarray, state: OnnxState) -> StepOutput:
        """Scores of the token after `tokens` (B,K)."""
        feeds = {"tokens": np.ascontiguousarray(tokens), **state.memory}
        feeds.update(zip(self.states, state.recurrent, strict=True))
        listed = state.listed
        if self.shortlist is None:
            logits, log_normaliser, weights, *recurrent = self.whole_step.run(self.step_names, feeds)
        else:
            hidden, weights, *recurrent = self.decoder.run(None, feeds)
            output = self.output if listed is None else self.listed_output
            inputs = {"hidden": hidden, **(listed.inputs if listed else {})}
            logits, log_normaliser = output.run(None, inputs)
        return StepOutput(
            logits=logits,
            log_normaliser=log_normaliser,
            candidates=None if listed is None else listed.ids,
            weights=weights,
            state=OnnxState(state.lengths, state.memory, tuple(recurrent), listed),
        )


def _session(model: bytes) -> Any:
    """A session that computes in the thread that runs it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised
    options.enable_mem_pattern = False  # it would keep a plan for each shape of a batch, for ever
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
