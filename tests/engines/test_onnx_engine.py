"""Networks in ONNX Runtime: float32 has torch's scores, int8 is near and the same in any batch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode
from seq2seq.decoding.engine import Engine, StepOutput
from seq2seq.engines.onnx_engine import OnnxEngine
from seq2seq.engines.support import obstacle, onnx_models
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.errors import UsageError
from seq2seq.nn.model import Seq2Seq
from tests import tiny

SOURCES = [[5, 9, 12, 40, 7, 3], [8, 3], [61, 62, 63, 3]]
NETWORKS: list[dict[str, Any]] = [
    *({"cell": cell} for cell in ("gru", "lstm", "rnn", "rnn_relu", "gru_reset_before")),
    *(
        {"attention": kind, "bridge": bridge}
        for kind, bridge in (
            ("normalised_additive", "zero"),
            ("dot", "projected"),
            ("scaled_dot", "backward"),
            ("general", "mean"),
        )
    ),
    *(
        {"encoder_shape": shape, "encoder_layers": layers, "cell": cell}
        for shape, layers, cell in (
            ("bidirectional", 3, "gru"),
            ("forward", 2, "lstm"),
            ("backward", 1, "rnn"),
            ("gnmt", 3, "lstm"),
            ("alternating", 2, "gru"),
        )
    ),
    {"residual": False, "decoder_layers": 3, "encoder_layers": 2},
    {"decoder_layers": 1, "readout": "maxout", "cell": "lstm"},
    {"readout": "none", "tie_output": False},
    {"tie_output": False, "readout_size": 20, "tie_source": False},
    {"cell_depth": 2, "cell": "lstm"},
    {"cell_depth": 3, "cell": "gru"},
    {"bridge": "last", "encoder_layers": 2, "cell": "lstm", "cell_depth": 2},
    {"bridge": "last", "encoder_layers": 2, "encoder_shape": "alternating", "cell": "gru_reset_before"},
]


def network(**changes: Any) -> Seq2Seq:
    return tiny.bundle(seed=4, **changes).model


def two_steps(engine: Engine, sources: list[list[int]], tokens: list[list[int]]) -> StepOutput:
    """The output of the second step, with a hypothesis of each sentence for each entry in its `tokens`."""
    output = engine.step(np.full((len(sources), 1), 2), engine.start(sources))
    width = len(tokens[0])
    rows = np.arange(len(sources))
    state = output.state.select(rows, np.repeat(rows[:, None], width, 1))
    return engine.step(np.array(tokens), state)


def log_probs(output: StepOutput) -> torch.Tensor:
    return torch.as_tensor(output.logits) - torch.as_tensor(output.log_normaliser).unsqueeze(-1)


@pytest.mark.parametrize("changes", NETWORKS, ids=str)
@torch.inference_mode()
def test_float32_has_the_scores_of_torch(changes: dict[str, Any]) -> None:
    model = network(**changes)
    tokens = [[10, 11], [12, 13], [14, 15]]
    expected = two_steps(TorchEngine(model), SOURCES, tokens)
    output = two_steps(OnnxEngine(model, "float32"), SOURCES, tokens)
    torch.testing.assert_close(log_probs(output), log_probs(expected), atol=1e-4, rtol=0)
    assert expected.weights is not None and output.weights is not None
    torch.testing.assert_close(torch.as_tensor(output.weights), expected.weights, atol=1e-5, rtol=0)
    assert (output.weights[1, :, 2:] == 0).all()


@pytest.mark.parametrize("changes", NETWORKS, ids=str)
@torch.inference_mode()
def test_int8_is_near_and_the_same_alone_and_in_a_batch(changes: dict[str, Any]) -> None:
    model = network(**changes)
    tokens = [[10, 11], [12, 13], [14, 15]]
    engine = OnnxEngine(model, "int8")
    together = two_steps(engine, SOURCES, tokens)
    expected = log_probs(two_steps(TorchEngine(model), SOURCES, tokens))
    assert (log_probs(together) - expected).abs().mean() < 0.03 * expected.std()
    for row, (source, pair) in enumerate(zip(SOURCES, tokens, strict=True)):
        alone = two_steps(engine, [source], [pair])
        assert np.array_equal(alone.logits[0], together.logits[row])
        assert alone.weights is not None and together.weights is not None
        assert np.array_equal(alone.weights[0], together.weights[row, :, : len(source)])
        for one, all_rows in zip(alone.state.recurrent, together.state.recurrent, strict=True):
            assert np.array_equal(one[0], all_rows[row])


def test_float32_gives_the_translations_of_torch() -> None:
    model = network(cell="lstm", encoder_layers=2, decoder_layers=2)
    sources = [tiny.tokenizer().encode(pair.source) for pair in tiny.pairs(200, seed=3)]
    config = DecodingConfig(beam_size=3, max_length_factor=1.0, max_length_extra=5)
    expected = decode(TorchEngine(model), sources, config)
    results = decode(OnnxEngine(model, "float32"), sources, config)
    assert [best.tokens for best, *_ in results] == [best.tokens for best, *_ in expected]


@pytest.mark.parametrize("beam_size", [1, 4])
def test_int8_gives_the_same_translation_and_score_in_any_batch(beam_size: int) -> None:
    engine = OnnxEngine(network(cell="lstm", encoder_layers=2), "int8")
    sources = [tiny.tokenizer().encode(pair.source) for pair in tiny.pairs(40, seed=5)]
    config = DecodingConfig(beam_size=beam_size, max_length_factor=1.0, max_length_extra=5)
    alone = list(itertools.chain.from_iterable(decode(engine, [source], config) for source in sources))
    for size in (3, 40):
        together = decode(engine, sources, DecodingConfig(**{**vars(config), "batch_size": size}))
        assert together == alone  # tokens and all floats, bit for bit


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cell": "layernorm_gru"}, "model.cell is 'layernorm_gru', expected one of gru, lstm"),
        ({"attention": "coverage"}, "model.attention is 'coverage', expected one of additive"),
        ({"decoder": "bahdanau"}, "model.decoder is 'bahdanau', expected one of decoupled"),
        ({"copying": True}, "model.copying is true"),
    ],
)
def test_other_networks_are_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    model = network(**changes)
    assert reason in obstacle(model.config)
    with pytest.raises(UsageError, match="cannot be exported to ONNX") as error:
        onnx_models(model, "int8")
    assert reason in str(error.value)
