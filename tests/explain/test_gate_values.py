"""Gates equal a line-by-line reference of the equations in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seq2seq import explain
from seq2seq.errors import UsageError
from seq2seq.explain import LayerGates, Sentence
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.translator import Translator
from tests.explain.reference import STEPS, explained, numpy_of, run_cell, small


def embedded(module: Any, ids: list[int]) -> np.ndarray:
    table = numpy_of(module)["table.weight"]
    return table[ids] * np.sqrt(table.shape[1])


def expect_equal(layer: LayerGates, reference: dict[str, np.ndarray], *, flip: bool = False) -> None:
    values = {**layer.gates, "before": layer.before, "after": layer.after}
    assert values.keys() == reference.keys()
    for name, value in values.items():
        assert value == pytest.approx(reference[name][:: -1 if flip else 1], abs=2e-5), name


def encode(sentence: Sentence, kind: str, layers: tuple[LayerGates, ...]) -> np.ndarray:
    """The encoder in numpy, layer by layer: checks its gates, and returns its outputs (S,M)."""
    model = sentence.network
    outputs = embedded(model.source, list(sentence.source_ids))
    for number, layer in enumerate(model.encoder.layers):
        zeros = [np.zeros(layer.ahead.hidden_size)] * layer.ahead.state_tensors  # type: ignore
        ahead, reference = run_cell(kind, layer.ahead, outputs, zeros)
        expect_equal(layers[2 * number], reference)
        back, reference = run_cell(kind, layer.back, outputs[::-1], zeros)
        expect_equal(layers[2 * number + 1], reference, flip=True)
        both = np.concatenate([ahead, back[::-1]], 1)
        outputs = outputs + both if number and model.config.residual else both
    return outputs


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_gates_of_a_whole_network_equal_the_equations(kind: str) -> None:
    sentence = explained(small(cell=kind))
    layers = explain.gates(sentence).layers
    assert [layer.name for layer in layers] == [
        *("encoder 1 →", "encoder 1 ←", "encoder 2 →", "encoder 2 ←"),
        *("decoder 1", "decoder 2"),
    ]
    encoded, decoder, config = (
        encode(sentence, kind, layers),
        sentence.network.decoder,
        sentence.network.config,
    )
    bridge = numpy_of(decoder.bridge)
    start = np.tanh(bridge["project.weight"] @ encoded.mean(0) + bridge["project.bias"])
    tensors, size = decoder.bridge.state_tensors, config.decoder_size
    states = start.reshape(2, tensors, size)
    inputs = embedded(decoder.embedding, [Tokenizer.bos_id, *sentence.target_ids[:-1]])
    hidden, reference = run_cell(kind, decoder.layers[0], inputs, list(states[0]))
    expect_equal(layers[4], reference)
    assert sentence.translation.attention is not None
    context = sentence.translation.attention.astype(float) @ encoded  # additive attention averages them
    _, reference = run_cell(kind, decoder.layers[1], np.concatenate([hidden, context], 1), list(states[1]))
    expect_equal(layers[5], reference)


@pytest.mark.parametrize("kind", STEPS)
def test_gates_of_each_cell_equal_its_equations(kind: str) -> None:
    sentence = explained(small(cell=kind, encoder_layers=1, decoder_layers=1))
    encode(sentence, kind, explain.gates(sentence).layers)


@pytest.mark.parametrize("decoder", ["input_feeding", "bahdanau", "conditional"])
@pytest.mark.parametrize("depth", [1, 2])
def test_other_decoders_and_deep_cells_have_gates(decoder: str, depth: int) -> None:
    """Two neighbouring cells of a deep step pass their state on; the conditional decoder has one more."""
    sentence = explained(small(decoder=decoder, cell_depth=depth))
    layers = [layer for layer in explain.gates(sentence).layers if layer.side == "target"]
    assert len(layers) == (3 if decoder == "conditional" else 2) * depth
    assert all(layer.after.shape == (len(sentence.target_ids), 16) for layer in layers)
    if depth == 2:
        first, second = layers[:2]
        assert [first.name, second.name] == ["decoder 1 cell 1", "decoder 1 cell 2"]
        assert np.array_equal(first.after, second.before)
    if decoder == "conditional" and depth == 1:  # the second cell reads what the first one wrote
        assert np.allclose(layers[0].after, layers[1].before, atol=1e-6)
        assert np.allclose(layers[1].after[:-1], layers[0].before[1:], atol=1e-6)


@pytest.mark.parametrize("shape", ["forward", "backward", "gnmt", "alternating"])
def test_layers_that_read_from_the_end_say_so(shape: str) -> None:
    """The state before the first step is 0, and each state is the one before the next step."""
    sentence = explained(small(encoder_shape=shape, bridge="mean"))
    for layer in explain.gates(sentence).layers:
        if layer.side == "source":
            before, after = (v[:: -1 if layer.backward else 1] for v in (layer.before, layer.after))
            assert not before[0].any() and np.array_equal(after[:-1], before[1:])
            assert layer.backward == ("←" in layer.name)


def test_means_and_changes_are_those_of_words() -> None:
    sentence = explained(small(cell="lstm"), "zero zero nine")
    layer = explain.gates(sentence).layers[1]  # reads from the end
    pieces = [unit.pieces for unit in layer.units]
    assert [piece for span in pieces for piece in span] == list(range(len(sentence.source_ids)))
    span = pieces[1]
    assert layer.mean("kept")[1] == pytest.approx(layer.gates["kept"][list(span)].mean())
    changed = layer.changed(1, n=3)
    moved = layer.after[span.start] - layer.before[span.stop - 1]
    assert [one.unit for one in changed] == np.argsort(-np.abs(moved))[:3].tolist()
    assert changed[0].after - changed[0].before == pytest.approx(moved[changed[0].unit])


def test_table_has_a_row_for_each_mean() -> None:
    gates = explain.gates(explained(small(cell="gru")))
    lines = gates.csv().split("\n")
    assert lines[0] == "layer,number,word,gate,mean"
    kept = gates.layers[0].mean("kept")
    assert lines[1] == f"encoder 1 →,0,six,kept,{kept[0]:.6g}"
    assert len(lines) == 2 + sum(len(layer.gates) * len(layer.units) for layer in gates.layers)


def test_gates_do_not_touch_the_model() -> None:
    translator = small(cell="lstm")
    explain.gates(explained(translator))
    assert not any(module._forward_hooks for module in translator.model.modules())


def test_cells_without_gates_and_ensembles_are_refused() -> None:
    with pytest.raises(UsageError, match="'rnn', expected a cell with gates"):
        explain.gates(explained(small(cell="rnn")))
    one = small()
    ensemble = Translator(one.bundle, others=[one.bundle], name="two")
    with pytest.raises(UsageError, match="two is an ensemble"):
        explain.gates(explained(ensemble))
