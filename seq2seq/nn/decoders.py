"""The kinds of decoder. They differ in the order of recurrence and attention.

`DecoupledDecoder` is the default. No recurrence runs through attention, so training computes all T steps of
each layer in one call. In `InputFeedingDecoder`, `BahdanauDecoder` and `ConditionalDecoder`, as in their
papers, attention changes the next state, so they step through the target.

To add a kind, write its class, add it to `DECODERS`, and add its name to `ModelConfig.decoder` in
`seq2seq.config.model`. Letters are as in `decoder`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seq2seq.nn.attention import Memory
from seq2seq.nn.decoder import Decoder, DecoderOutput, DecoderSizes, DecoderState, LayerMasks, run_layer
from seq2seq.nn.encoder import EncoderOutput
from seq2seq.nn.recurrence import Recurrent


class DecoupledDecoder(Decoder):
    """Attention outside the recurrence; layers in the order of GNMT v2.

    s¹_1..T  = RNN¹(y_0..T-1)                       first layer, over the whole target
    c_t      = attend(s¹_t, memory)                 attention, for all steps at once
    sˡ_1..T  = RNNˡ([sˡ⁻¹_t ; c_t])                 layers above read the context
    o_t      = tanh(W [sᴸ_t ; c_t ; y_{t-1}])       deep output
    p(y_t)   = softmax(E o_t + b)                   E: the target embeddings if tied
    """

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        embedded = self.embedding(tokens)
        hidden, first_state = self.layers[0](embedded, state.cells[0])
        hidden = self.dropout(hidden)
        context, weights, attention_state = self.attend(hidden, state.attention, memory)
        hidden, upper_states = self.upper_layers(hidden, context, state.cells[1:])
        vector = self.apply_readout(hidden, context, embedded)
        output = DecoderOutput(vector, context, weights, self.copy_gate(hidden, context, embedded))
        return output, DecoderState((first_state, *upper_states), None, attention_state)


@dataclass(frozen=True)
class DecodedToken:
    """One step of a stepwise decoder.

    `hidden` (N,1,H) is what the readout reads of the recurrence; `context` (N,1,C); `weights` (N,1,S);
    `state` is the state after the step.
    """

    hidden: Tensor
    context: Tensor
    weights: Tensor | None
    state: DecoderState


class StepwiseDecoder(Decoder):
    """Steps through the target, because attention is part of the recurrence. A subclass defines
    `decode_token`.

    Embeddings, keys and, unless it is fed back, the readout are computed for all steps at once. The first
    layer's product with the embeddings is not, because a CPU is as fast on the rows of one step.
    """

    def decode_token(
        self, embedded: Tensor, state: DecoderState, memory: Memory, masks: LayerMasks
    ) -> DecodedToken:
        """One step, from the embedding (N,1,E) of the last token."""
        raise NotImplementedError

    def forward(
        self, tokens: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[DecoderOutput, DecoderState]:
        embedded = self.embedding(tokens)
        steps: list[DecodedToken] = []
        attentional: list[Tensor] = []
        masks: LayerMasks = {}
        for vector in embedded.split(1, 1):
            steps.append(self.decode_token(vector, state, memory, masks))
            state = steps[-1].state
            if state.attentional is not None:
                attentional.append(state.attentional.unsqueeze(1))
        hidden = torch.cat([step.hidden for step in steps], 1)
        context = torch.cat([step.context for step in steps], 1)
        weights = [step.weights for step in steps if step.weights is not None]
        if attentional:
            vector = torch.cat(attentional, 1)
        else:
            vector = self.apply_readout(hidden, context, embedded)
        gate = self.copy_gate(hidden, context, embedded)
        return DecoderOutput(vector, context, torch.cat(weights, 1) if weights else None, gate), state


class InputFeedingDecoder(StepwiseDecoder):
    """Attention above the top layer; its result is an input of the first layer at the next step (Luong et
    al., 2015, eq. 5 and section 3.3):

    s_t = RNNs([y_{t-1} ; h̃_{t-1}])        all layers
    c_t = attend(s_t, memory)
    h̃_t = tanh(W [s_t ; c_t])              h̃_0 = 0
    p(y_t) = softmax(W_s h̃_t)
    """

    @staticmethod
    def layer_inputs(sizes: DecoderSizes) -> list[int]:
        return [sizes.embedding + sizes.readout] + [sizes.hidden] * (sizes.layers - 1)

    @staticmethod
    def readout_input(sizes: DecoderSizes) -> int:
        return sizes.hidden + sizes.context

    def start(self, encoded: EncoderOutput, memory: Memory) -> DecoderState:
        zeros = encoded.outputs.new_zeros(len(encoded.outputs), self.readout_size)
        return DecoderState(self.bridge(encoded), zeros, self.attention.start(memory))

    def decode_token(
        self, embedded: Tensor, state: DecoderState, memory: Memory, masks: LayerMasks
    ) -> DecodedToken:
        assert state.attentional is not None
        inputs = torch.cat([embedded, state.attentional.unsqueeze(1)], -1)
        hidden, first_state = run_layer(self.layers[0], inputs, state.cells[0], masks)
        no_context = hidden[..., :0]
        hidden, upper_states = self.upper_layers(self.dropout(hidden), no_context, state.cells[1:], masks)
        context, weights, attention_state = self.attend(hidden, state.attention, memory)
        vector = self.apply_readout(hidden, context)
        new_state = DecoderState((first_state, *upper_states), vector.squeeze(1), attention_state)
        return DecodedToken(hidden, context, weights, new_state)


class BahdanauDecoder(StepwiseDecoder):
    """Attention before the state is updated (Bahdanau et al., 2015, appendix A.2.2):

    c_t = attend(s_{t-1}, memory)          s: the output of the top layer, without residual connection
    s_t = RNNs([y_{t-1} ; c_t])            all layers
    o_t = readout [s_{t-1} ; c_t ; y_{t-1}]
    p(y_t) = softmax(W_o o_t)
    """

    @staticmethod
    def layer_inputs(sizes: DecoderSizes) -> list[int]:
        return [sizes.embedding + sizes.context] + [sizes.hidden] * (sizes.layers - 1)

    def decode_token(
        self, embedded: Tensor, state: DecoderState, memory: Memory, masks: LayerMasks
    ) -> DecodedToken:
        top = self.layers[-1]
        previous = top.output_of(state.cells[-1][0].transpose(0, 1))  # type: ignore[operator]  # (N, 1, H)
        context, weights, attention_state = self.attend(previous, state.attention, memory)
        inputs = torch.cat([embedded, context], -1)
        hidden, first_state = run_layer(self.layers[0], inputs, state.cells[0], masks)
        no_context = hidden[..., :0]
        _, upper_states = self.upper_layers(self.dropout(hidden), no_context, state.cells[1:], masks)
        new_state = DecoderState((first_state, *upper_states), None, attention_state)
        return DecodedToken(self.dropout(previous), context, weights, new_state)


class ConditionalDecoder(StepwiseDecoder):
    """Two recurrent layers with attention between them (cGRU of Nematus: Sennrich et al., 2017, section 3.2).
    Layers above read the context (BiDeep: Miceli Barone et al., 2017):

        s'_t = RNN(y_{t-1}, s_{t-1})
        c_t  = attend(s'_t, memory)
        s_t  = RNN'(c_t, s'_t)
        o_t  = readout [s_t ; c_t ; y_{t-1}]
    """

    def __init__(self, sizes: DecoderSizes, *, build: Callable[[int, int], Recurrent], **parts: Any) -> None:
        super().__init__(sizes, build=build, **parts)
        self.second = build(sizes.context, sizes.hidden)

    def decode_token(
        self, embedded: Tensor, state: DecoderState, memory: Memory, masks: LayerMasks
    ) -> DecodedToken:
        query, query_state = run_layer(self.layers[0], embedded, state.cells[0], masks)
        context, weights, attention_state = self.attend(query, state.attention, memory)
        hidden, first_state = run_layer(self.second, context, query_state, masks)
        hidden, upper_states = self.upper_layers(self.dropout(hidden), context, state.cells[1:], masks)
        new_state = DecoderState((first_state, *upper_states), None, attention_state)
        return DecodedToken(hidden, context, weights, new_state)


DECODERS: dict[str, type[Decoder]] = {
    "decoupled": DecoupledDecoder,
    "input_feeding": InputFeedingDecoder,
    "bahdanau": BahdanauDecoder,
    "conditional": ConditionalDecoder,
}
