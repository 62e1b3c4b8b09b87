"""model.safetensors in three number types, and the files that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from seq2seq.bundle.weights import SMALLEST, load_weights, quantise, save_weights, stored_type, unique_weights
from seq2seq.errors import ModelError, UsageError
from seq2seq.nn.model import Seq2Seq
from tests import tiny

TABLE, RECURRENT, BIAS = "source.table.weight", "decoder.layers.0.kernel.weight_hh_l0", "decoder.readout.bias"
NUMBER_TYPES: list[Any] = ["float32", "float16", "int8"]


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    """An untrained network with matrices on both sides of the smallest size."""
    return tiny.bundle(decoder_size=24).model


def stored(model: Seq2Seq, path: Path, number_type: Any = "int8") -> dict[str, Tensor]:
    """The tensors in a file of `model`."""
    save_weights(path, unique_weights(model), number_type)
    return load_file(path)


def test_matrices_take_a_byte_a_weight_and_the_rest_two(model: Seq2Seq, tmp_path: Path) -> None:
    file = stored(model, tmp_path / "w")
    large = [n for n, w in unique_weights(model).items() if w.dim() == 2 and w.numel() >= SMALLEST]
    small = [n for n, w in unique_weights(model).items() if n not in large]
    assert {TABLE, RECURRENT} <= set(large) and BIAS in small
    assert any(len(file[name].shape) == 2 for name in small)
    assert file.keys() == {*large, *small, *(f"{name}.scale" for name in large)}
    assert {file[name].dtype for name in large} == {torch.int8}
    assert {file[name].dtype for name in small} == {torch.float16}
    for name in large:
        scale = file[f"{name}.scale"]
        assert scale.dtype == torch.float16 and scale.shape == file[name].shape[:1]


def test_a_loaded_weight_is_the_number_times_the_scale_of_its_row(model: Seq2Seq, tmp_path: Path) -> None:
    file = {name: tensor.numpy() for name, tensor in stored(model, tmp_path / "w").items()}
    loaded = unique_weights(load_weights(tmp_path / "w", model.config))
    for name, weight in loaded.items():
        expected = file[name].astype(np.float32)
        if file[name].dtype == np.int8:
            expected = expected * file[f"{name}.scale"].astype(np.float32).reshape(-1, 1)
        assert weight.dtype == torch.float32
        np.testing.assert_array_equal(weight.numpy(), expected)


def test_no_weight_is_off_by_more_than_half_a_step_of_its_row(model: Seq2Seq, tmp_path: Path) -> None:
    """With a step of 1/127 of the row's largest weight, and clipping by at most 4 %."""
    save_weights(tmp_path / "w", unique_weights(model), "int8")
    loaded = unique_weights(load_weights(tmp_path / "w", model.config))
    for name, weight in unique_weights(model).items():
        if weight.dim() == 2 and weight.numel() >= SMALLEST:
            largest = weight.abs().amax(dim=1, keepdim=True)
            inside = weight.abs() <= 0.955 * largest
            error = (loaded[name] - weight).abs()
            assert (error[inside] <= (0.5005 / 127 * largest).expand_as(weight)[inside]).all(), name
            assert (error <= 0.045 * largest).all(), name


def test_numbers_and_scales_worked_out_by_hand() -> None:
    """In binary fractions, so that a row of whole steps is exact: steps of 1/128 and of 1."""
    steps = torch.tensor([[127.0, -64.0, 1.0, 0.0], [-127.0, 3.4, -3.6, 126.5]])
    numbers, scale = quantise(steps * torch.tensor([[1 / 128], [1.0]]), "w")
    assert scale.tolist() == [1 / 128, 1.0]
    assert numbers.tolist() == [[127, -64, 1, 0], [-127, 3, -4, 126]]


def test_the_scale_has_no_larger_error_than_that_of_the_largest_weight() -> None:
    """Against numpy in float64. Long rows with one large weight gain by clipping it."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(50, 4000, generator=generator)
    numbers, scale = quantise(weight, "w")
    exact = weight.numpy().astype(np.float64)

    def error(step: np.ndarray) -> np.ndarray:
        rounded = np.clip(np.rint(exact / step), -127, 127)
        return ((rounded * step - exact) ** 2).sum(axis=1)

    chosen = numbers.numpy() * scale.numpy().astype(np.float64)[:, None]
    squared = ((chosen - exact) ** 2).sum(axis=1)
    unclipped = error((np.abs(exact).max(axis=1, keepdims=True) / 127).astype(np.float16).astype(np.float64))
    assert (squared <= unclipped * (1 + 1e-4)).all()
    assert (squared < 0.99 * unclipped).sum() >= 10


@pytest.mark.parametrize("factor", [0.0, 1e-30, 1e-6, 1e-4, 1.0, 1e4])
def test_rows_of_any_size_are_kept(factor: float) -> None:
    """Within a step, or 127 rounding errors of the scale where float16 has few digits left for it."""
    weight = factor * torch.linspace(-1, 1, 64).repeat(2, 1)
    numbers, scale = quantise(weight, "w")
    assert (scale > 0).all()
    restored = numbers * scale.float()[:, None]
    assert (restored - weight).abs().max() <= max(factor / 127, 127 * 2.0**-25)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_a_weight_that_int8_cannot_hold_is_refused(value: float, model: Seq2Seq, tmp_path: Path) -> None:
    damaged = {name: weight.clone() for name, weight in unique_weights(model).items()}
    damaged[TABLE][3, 5] = value
    with pytest.raises(ModelError, match=r"source\.table\.weight: has weights that are not finite"):
        save_weights(tmp_path / "w", damaged, "int8")
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("number_type", "value"), [("float32", float("nan")), ("float16", float("inf")), ("float16", 1e5)]
)
def test_a_weight_that_a_float_cannot_hold_is_refused(
    number_type: Any, value: float, model: Seq2Seq, tmp_path: Path
) -> None:
    """The largest float16 is 65,504."""
    damaged = {name: weight.clone() for name, weight in unique_weights(model).items()}
    damaged[BIAS][3] = value
    with pytest.raises(ModelError, match=rf"decoder\.readout\.bias: .* too large for {number_type}"):
        save_weights(tmp_path / "w", damaged, number_type)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("number_type", NUMBER_TYPES)
def test_what_was_loaded_is_stored_as_it_was(number_type: Any, model: Seq2Seq, tmp_path: Path) -> None:
    save_weights(tmp_path / "one", unique_weights(model), number_type)
    again = load_weights(tmp_path / "one", model.config)
    save_weights(tmp_path / "two", unique_weights(again), number_type)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert stored_type(tmp_path / "one") == number_type


def test_an_unknown_number_type_is_refused(model: Seq2Seq, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="weights is 'int4', expected one of float32, float16, int8"):
        stored(model, tmp_path / "w", "int4")


def damage(file: dict[str, Tensor], name: str, value: Tensor | None) -> dict[str, Tensor]:
    return {k: v for k, v in file.items() if k != name} | ({} if value is None else {name: value})


def scale_with(value: float) -> Tensor:
    return torch.where(torch.arange(72) == 7, value, 0.01).half()


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        (f"{RECURRENT}.scale", None, f"{RECURRENT}.scale is missing, expected (72,)"),
        (f"{RECURRENT}.scale", torch.ones(71).half(), f"{RECURRENT}.scale is (71,), expected (72,)"),
        (f"{RECURRENT}.scale", torch.ones(72, 1).half(), f"{RECURRENT}.scale is (72, 1), expected (72,)"),
        (f"{RECURRENT}.scale", torch.ones(1).half(), f"{RECURRENT}.scale is (1,), expected (72,)"),
        (f"{RECURRENT}.scale", torch.ones(72).to(torch.int8), f"{RECURRENT}.scale is of type I8, expected "),
        (
            f"{RECURRENT}.scale",
            torch.ones(72).to(torch.int32),
            f"{RECURRENT}.scale is of type I32, expected ",
        ),
        (
            f"{RECURRENT}.scale",
            scale_with(float("nan")),
            f"{RECURRENT}.scale: row 7 has nan, expected a finite",
        ),
        (
            f"{RECURRENT}.scale",
            scale_with(float("inf")),
            f"{RECURRENT}.scale: row 7 has inf, expected a finite",
        ),
        (f"{RECURRENT}.scale", scale_with(-0.25), f"{RECURRENT}.scale: row 7 has -0.25, expected a finite"),
        (f"{RECURRENT}.scale", scale_with(0.0), f"{RECURRENT}.scale: row 7 has 0, expected a finite"),
        (RECURRENT, None, f"{RECURRENT} is missing, expected (72, 24)"),
        (RECURRENT, torch.zeros(72, 24), f"{RECURRENT}.scale is (72,), expected nothing"),
        (RECURRENT, torch.zeros(72, 24).to(torch.uint8), f"{RECURRENT}.scale is (72,), expected nothing"),
        (RECURRENT, torch.zeros(24, 72).to(torch.int8), f"{RECURRENT} is (24, 72), expected (72, 24)"),
        (BIAS, torch.zeros(12).to(torch.int16), f"{BIAS} is of type I16, expected one of F16"),
        (BIAS, torch.zeros(12).to(torch.int8), f"{BIAS}.scale is missing"),
        (f"{BIAS}.scale", torch.ones(12).half(), f"{BIAS}.scale is (12,), expected nothing"),
        ("more.scale", torch.ones(12).half(), "more.scale is (12,), expected nothing"),
    ],
)
def test_a_damaged_file_is_an_error_that_names_file_and_tensor(
    model: Seq2Seq, tmp_path: Path, name: str, value: Tensor | None, complaint: str
) -> None:
    path = tmp_path / "model.safetensors"
    save_file(damage(stored(model, path), name, value), path)
    with pytest.raises(ModelError) as error:
        load_weights(path, model.config)
    assert complaint in str(error.value) and str(error.value).startswith(f"{path}: ")


def test_a_vector_in_int8_is_refused_even_with_a_scale(model: Seq2Seq, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    file = damage(stored(model, path), BIAS, torch.zeros(12).to(torch.int8))
    save_file(file | {f"{BIAS}.scale": torch.ones(12).half()}, path)
    with pytest.raises(ModelError, match=r"decoder\.readout\.bias is of type I8, expected one of F16"):
        load_weights(path, model.config)


def test_integers_without_scales_are_not_taken_for_weights(model: Seq2Seq, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    file = stored(model, path, "float32")
    save_file(file | {TABLE: file[TABLE].to(torch.int32)}, path)
    with pytest.raises(ModelError, match=r"source\.table\.weight is of type I32, expected one of F16"):
        load_weights(path, model.config)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float64])
def test_other_floats_are_read(model: Seq2Seq, tmp_path: Path, kind: torch.dtype) -> None:
    path = tmp_path / "model.safetensors"
    file = stored(model, path, "float32")
    save_file({name: weight.to(kind) for name, weight in file.items()}, path)
    loaded = unique_weights(load_weights(path, model.config))
    assert all(torch.equal(loaded[name], file[name].to(kind).float()) for name in file)


def test_scales_may_be_float32(model: Seq2Seq, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    file = stored(model, path)
    expected = unique_weights(load_weights(path, model.config))
    wide = {name: tensor.float() if name.endswith(".scale") else tensor for name, tensor in file.items()}
    save_file(wide, path)
    loaded = unique_weights(load_weights(path, model.config))
    assert all(torch.equal(loaded[name], weight) for name, weight in expected.items())


def test_translations_change_little(model: Seq2Seq, tmp_path: Path) -> None:
    sources, targets = [[299, 290, 280], [298]], [[288, 281], [270, 271, 272]]
    save_weights(tmp_path / "w", unique_weights(model), "int8")
    scores = tiny.forced_log_probs(load_weights(tmp_path / "w", model.config), sources, targets)
    assert scores == pytest.approx(tiny.forced_log_probs(model, sources, targets), abs=0.05)


def test_the_header_alone_tells_the_number_type(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2).bfloat16(), "b": torch.zeros(2)}, tmp_path / "w")
    assert stored_type(tmp_path / "w") == "BF16, float32"
    (tmp_path / "w").write_bytes(b"no header")
    with pytest.raises(ModelError, match="w: cannot be read"):
        stored_type(tmp_path / "w")
