"""What the gates of recurrent layers do at each word: how much of the state is kept, and how much written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from seq2seq.errors import UsageError
from seq2seq.explain.heat_maps import HeatMap, draw_heat_maps
from seq2seq.explain.one_sentence import Sentence, Unit
from seq2seq.explain.result import Explanation
from seq2seq.nn.cells import GRU, LSTM, SSRU, GRUResetBefore, LayerNormGRU, LayerNormLSTM
from seq2seq.nn.encoder import AlternatingLayer, BidirectionalLayer, DirectedLayer
from seq2seq.nn.model import Seq2Seq
from seq2seq.nn.recurrence import Recurrent, State
from seq2seq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
GateValues = dict[str, Tensor]


@dataclass(frozen=True)
class UnitChange:
    """A number of the state, `unit`, before and after a word."""

    unit: int
    before: float
    after: float


@dataclass(frozen=True)
class LayerGates:
    """The gates of one layer in one direction. H numbers in its state, P pieces read or written.

    Attributes:
        name: such as "encoder 1 →"; the arrow is the direction of reading.
        side: whose words `units` are: the encoder reads the "source", the decoder writes the "target".
        units: the words, in the order of the text.
        gates: by name (P,H), from 0 to 1. `kept`: share of the old state that stays; `written`: of the new
            candidate that comes in. Cells with two more gates: `reset` (GRU: of the old state that the
            candidate reads) or `shown` (LSTM: of the state that goes out). Forgotten is 1 − kept.
        before, after: (P,H) the state around each piece: C of an LSTM, else h.
        backward: whether the layer reads from the end.
    """

    name: str
    side: Literal["source", "target"]
    units: tuple[Unit, ...]
    gates: Mapping[str, Array]
    before: Array
    after: Array
    backward: bool = False

    def mean(self, gate: str) -> Array:
        """The mean of a gate over the state and the pieces of each unit: (number of units,)."""
        values = self.gates[gate]
        return np.array([values[unit.pieces.start : unit.pieces.stop].mean() for unit in self.units])

    def changed(self, unit: int, *, n: int = 5) -> tuple[UnitChange, ...]:
        """The `n` numbers of the state that unit number `unit` changed most, largest change first."""
        pieces = self.units[unit].pieces
        first, last = (pieces[-1], pieces[0]) if self.backward else (pieces[0], pieces[-1])
        before, after = self.before[first], self.after[last]
        most = np.argsort(-np.abs(after - before), kind="stable")[:n]
        return tuple(UnitChange(int(k), float(before[k]), float(after[k])) for k in most)


@dataclass(frozen=True)
class Gates(Explanation):
    """The gates of all `layers`, encoder first."""

    layers: tuple[LayerGates, ...]

    def figure(self) -> Figure:
        """For each side a map: a row for each layer and gate, a column for each word."""
        maps = []
        for side, title in (("source", "the encoder reads"), ("target", "the decoder writes")):
            layers = [layer for layer in self.layers if layer.side == side]
            rows = [f"{layer.name} {gate}" for layer in layers for gate in layer.gates]
            values = np.stack([layer.mean(gate) for layer in layers for gate in layer.gates])
            maps.append(HeatMap(title, rows, [unit.text for unit in layers[0].units], values))
        return draw_heat_maps(maps, note="Means over the state: 1 keeps or writes all of it, 0 nothing.")

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each layer, word and gate."""
        rows = (
            (layer.name, number, unit.text, gate, float(mean))
            for layer in self.layers
            for gate in layer.gates
            for number, (unit, mean) in enumerate(zip(layer.units, layer.mean(gate), strict=True))
        )
        return ("layer", "number", "word", "gate", "mean"), rows


@torch.no_grad()
def gates(sentence: Sentence) -> Gates:
    """The gates of each layer while the network reads the source and writes the translation.

    Raises UsageError for an ensemble, and for a cell without gates.
    """
    model = sentence.network
    if next((cell for cell in model.modules() if isinstance(cell, tuple(GATES))), None) is None:
        raise UsageError(f"model.cell is {model.config.cell!r}, expected a cell with gates, such as 'gru'")
    # Hooks go to a copy that shares the weights: other threads may use the model meanwhile.
    model = copy.deepcopy(model, {id(weight): weight for weight in model.parameters()})
    recorded: dict[Recurrent, list[tuple[Tensor, State | None]]] = {}

    def record(cell: Any, args: tuple[Any, ...], kwargs: dict[str, Any], _: Any) -> None:
        state = args[1] if len(args) > 1 else kwargs.get("state")
        recorded.setdefault(cell, []).append((args[0], state))

    layers = [*_encoder_layers(model), *_decoder_layers(model)]
    for _, cell, _, _ in layers:
        cell.register_forward_hook(record, with_kwargs=True)
    _run(model, sentence)
    made = [
        one
        for name, cell, side, backward in layers
        for one in _layer_gates(name, cell, recorded[cell], side, backward, sentence)
    ]
    return Gates(tuple(made))


def _run(model: Seq2Seq, sentence: Sentence) -> None:
    """Read the source and write the translation."""
    device = next(model.parameters()).device
    tokens = torch.tensor([sentence.source_ids], device=device)
    inputs = torch.tensor([[Tokenizer.bos_id, *sentence.target_ids[:-1]]], device=device)
    memory, state = model.encode(tokens, torch.tensor([tokens.shape[1]], device=device))
    model.decoder(inputs, state, memory)


Layer = tuple[str, Recurrent, Literal["source", "target"], bool]
"""Name, cell, side, and whether it reads from the end."""


def _encoder_layers(model: Seq2Seq) -> Iterator[Layer]:
    for number, layer in enumerate(model.encoder.layers, start=1):
        if isinstance(layer, BidirectionalLayer):
            yield f"encoder {number} →", layer.ahead, "source", False
            yield f"encoder {number} ←", layer.back, "source", True
        elif isinstance(layer, AlternatingLayer):
            odd = layer.index % 2 == 1
            for cell, backward in ((layer.first, odd), (layer.second, not odd)):
                yield f"encoder {number} {'←' if backward else '→'}", cell, "source", backward
        elif isinstance(layer, DirectedLayer):
            yield f"encoder {number} {'←' if layer.backward else '→'}", layer.cell, "source", layer.backward


def _decoder_layers(model: Seq2Seq) -> Iterator[Layer]:
    cells: list[Any] = list(model.decoder.layers)
    second = getattr(model.decoder, "second", None)  # of the conditional decoder, above its first layer
    if second is not None:
        cells.insert(1, second)
    for number, cell in enumerate(cells, start=1):
        yield f"decoder {number}", cell, "target", False


def _layer_gates(
    name: str,
    cell: Recurrent,
    calls: Sequence[tuple[Tensor, State | None]],
    side: Literal["source", "target"],
    backward: bool,
    sentence: Sentence,
) -> Iterator[LayerGates]:
    """The gates of a layer; with several cells for each step, those of each of them."""
    steps = [step for inputs, state in calls for step in _steps(cell, inputs, state)]
    cells = 1 + len(cell.transitions)
    for index in range(cells):
        own = steps[index::cells][:: -1 if backward else 1]
        yield LayerGates(
            name=name if cells == 1 else f"{name} cell {index + 1}",
            side=side,
            units=sentence.sources if side == "source" else sentence.targets,
            gates={gate: _array([values[gate] for values, _, _ in own]) for gate in own[0][0]},
            before=_array([before for _, before, _ in own]),
            after=_array([after for _, _, after in own]),
            backward=backward,
        )


def _steps(cell: Recurrent, inputs: Tensor, state: State | None) -> list[tuple[GateValues, Tensor, Tensor]]:
    """For each cell of each step its gates, and the state before and after it: (1,H) tensors."""
    state = state or (inputs.new_zeros(1, 1, cell.hidden_size),) * cell.state_tensors
    current: State = tuple(part.squeeze(0) for part in state)
    transitions: list[Any] = list(cell.transitions)
    later = [(one, one.input_products(None)) for one in transitions]
    steps = []
    for products in cell.input_products(inputs).unbind(1):
        for one, part in ((cell, products), *later):
            before, gates = current, GATES[type(one)](one, part, current[0])
            current = one.step(part, current, current[0])
            steps.append((gates, before[-1], current[-1]))
    return steps


def _array(rows: Sequence[Tensor]) -> Array:
    return torch.cat(list(rows)).float().cpu().numpy()


def _gru(cell: Any, part: Tensor, h: Tensor) -> GateValues:
    size = 2 * cell.hidden_size
    r, z = torch.sigmoid(part[..., :size] + cell.state_products(h)[..., :size]).chunk(2, -1)
    return {"kept": z, "written": 1 - z, "reset": r}


def _gru_reset_before(cell: Any, part: Tensor, h: Tensor) -> GateValues:
    r, z = torch.sigmoid(part[..., : 2 * cell.hidden_size] + cell.state_products(h)).chunk(2, -1)
    return {"kept": 1 - z, "written": z, "reset": r}


def _layernorm_gru(cell: Any, part: Tensor, h: Tensor) -> GateValues:
    size = 2 * cell.hidden_size
    past = cell.norm_past_gates(cell.state_products(h)[..., :size])
    r, z = torch.sigmoid(part[..., :size] + past).chunk(2, -1)
    return {"kept": 1 - z, "written": z, "reset": r}


def _lstm_gates(products: Tensor) -> GateValues:
    i, f, _, o = torch.sigmoid(products).chunk(4, -1)
    return {"kept": f, "written": i, "shown": o}


def _lstm(cell: Any, part: Tensor, h: Tensor) -> GateValues:
    return _lstm_gates(part + cell.state_products(h))


def _layernorm_lstm(cell: Any, part: Tensor, h: Tensor) -> GateValues:
    return _lstm_gates(part + cell.norm_past(cell.state_products(h)))


def _ssru(cell: Any, part: Tensor, h: Tensor) -> GateValues:
    f, _ = part.chunk(2, -1)
    return {"kept": f, "written": 1 - f}


GATES: dict[type, Callable[[Any, Tensor, Tensor], GateValues]] = {
    GRU: _gru,
    GRUResetBefore: _gru_reset_before,
    LayerNormGRU: _layernorm_gru,
    LSTM: _lstm,
    LayerNormLSTM: _layernorm_lstm,
    SSRU: _ssru,
}
"""The gates of each kind of cell, from the input's part of the products and h (see `nn.cells`)."""
