"""The equations of `nn/cells.py` in numpy, line by line, and translators of small models."""

from __future__ import annotations

from typing import Any

import numpy as np

from seq2seq.explain import Sentence, sentence
from seq2seq.translator import Translator
from tests import tiny

Array = Any
TEXT = "six seven two"


def small(seed: int = 3, **changes: Any) -> Translator:
    """An untrained model with two layers on either side; its source embedding is not that of the target."""
    changes = {"encoder_layers": 2, "decoder_layers": 2, "tie_source": False, **changes}
    return Translator(tiny.bundle(seed=seed, **changes))


def explained(translator: Translator, text: str = TEXT) -> Sentence:
    return sentence(translator, text, max_length_extra=3, max_length_factor=1.0, beam_size=3)


def numpy_of(module: Any) -> dict[str, Array]:
    return {name: value.detach().double().numpy() for name, value in module.state_dict().items()}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def layer_norm(x: Array, gain: Array, bias: Array | float = 0.0) -> Array:
    return gain * (x - x.mean()) / np.sqrt(x.var() + 1e-5) + bias


def run_cell(kind: str, cell: Any, inputs: Array, state: list[Array]) -> tuple[Array, dict[str, Array]]:
    """Outputs (T,H), and gates and states (T,H) by name, of a layer that starts from `state`."""
    weights = numpy_of(cell)
    outputs, noted = [], dict[str, list[Array]]()
    for x in inputs:
        before = state
        state, gates = STEPS[kind](weights, x, state)
        values = {**gates, "before": before[-1], "after": state[-1]}
        for name, value in values.items():
            noted.setdefault(name, []).append(value)
        outputs.append(np.maximum(state[0], 0) if kind == "ssru" else state[0])
    return np.array(outputs), {name: np.array(value) for name, value in noted.items()}


def gru(w: Any, x: Array, state: list[Array]) -> Any:
    (h,) = state
    w_r, w_z, w_n = np.split(w["kernel.weight_ih_l0"], 3)
    u_r, u_z, u_n = np.split(w["kernel.weight_hh_l0"], 3)
    b_r, b_z, b_n = np.split(w["kernel.bias_ih_l0"], 3)
    c_r, c_z, c_n = np.split(w["kernel.bias_hh_l0"], 3)
    r = sigmoid(w_r @ x + b_r + u_r @ h + c_r)
    z = sigmoid(w_z @ x + b_z + u_z @ h + c_z)
    candidate = np.tanh(w_n @ x + b_n + r * (u_n @ h + c_n))
    return [(1 - z) * candidate + z * h], {"kept": z, "written": 1 - z, "reset": r}


def lstm(w: Any, x: Array, state: list[Array]) -> Any:
    h, c = state
    products = w["kernel.weight_ih_l0"] @ x + w["kernel.bias_ih_l0"]
    products = products + w["kernel.weight_hh_l0"] @ h + w["kernel.bias_hh_l0"]
    i, f, candidate, o = np.split(products, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
    return [sigmoid(o) * np.tanh(c), c], {"kept": sigmoid(f), "written": sigmoid(i), "shown": sigmoid(o)}


def gru_reset_before(w: Any, x: Array, state: list[Array]) -> Any:
    (h,) = state
    p_r, p_z, p_n = np.split(w["kernel.weight_ih_l0"] @ x + w["kernel.bias_ih_l0"], 3)
    u_r, u_z = np.split(w["kernel.weight_hh_l0"], 2)
    r, z = sigmoid(p_r + u_r @ h), sigmoid(p_z + u_z @ h)
    candidate = np.tanh(p_n + w["kernel.weight_hh_candidate"] @ (r * h))
    return [(1 - z) * h + z * candidate], {"kept": 1 - z, "written": z, "reset": r}


def layernorm_lstm(w: Any, x: Array, state: list[Array]) -> Any:
    h, c = state
    given = layer_norm(w["kernel.weight_ih_l0"] @ x, w["norm_given.weight"])
    past = layer_norm(w["kernel.weight_hh_l0"] @ h, w["norm_past.weight"])
    i, f, candidate, o = np.split(given + past + w["kernel.bias_ih_l0"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
    shown = np.tanh(layer_norm(c, w["norm_state.weight"], w["norm_state.bias"]))
    return [sigmoid(o) * shown, c], {"kept": sigmoid(f), "written": sigmoid(i), "shown": sigmoid(o)}


def layernorm_gru(w: Any, x: Array, state: list[Array]) -> Any:
    (h,) = state
    size = 2 * len(h)
    x_gates, x_new = np.split(w["kernel.weight_ih_l0"] @ x, [size])
    h_gates, h_new = np.split(w["kernel.weight_hh_l0"] @ h, [size])
    b_gates, b_new = np.split(w["kernel.bias_ih_l0"], [size])
    gates = layer_norm(x_gates, w["norm_given.0.weight"]) + b_gates
    r, z = np.split(sigmoid(gates + layer_norm(h_gates, w["norm_past_gates.weight"])), 2)
    past = layer_norm(h_new, w["norm_past.weight"], w["norm_past.bias"])
    candidate = np.tanh(layer_norm(x_new, w["norm_given.1.weight"]) + b_new + r * past)
    return [(1 - z) * h + z * candidate], {"kept": 1 - z, "written": z, "reset": r}


def ssru(w: Any, x: Array, state: list[Array]) -> Any:
    f = sigmoid(w["forget.weight"] @ x + w["forget.bias"])
    return [f * state[0] + (1 - f) * (w["value.weight"] @ x)], {"kept": f, "written": 1 - f}


STEPS: dict[str, Any] = {
    "gru": gru,
    "lstm": lstm,
    "gru_reset_before": gru_reset_before,
    "layernorm_lstm": layernorm_lstm,
    "layernorm_gru": layernorm_gru,
    "ssru": ssru,
}
