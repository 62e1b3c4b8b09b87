"""model.safetensors: the weights of a network in float32, float16 or int8.

float32  as the training leaves them, 4 bytes a weight
float16  2 bytes a weight
int8     float16, except that matrices take 1 byte a weight and 2 bytes a row

In int8, a matrix NAME (R,C) of at least `SMALLEST` weights is stored as whole numbers q from -127 to 127, and
`NAME.scale` (R,) holds one float16 number s for each row: the weight in row i and column j is q[i,j] s[i]. A
row has the scale with the least squared error among a few that clip its largest weights. The page
docs/how-to/sizes.md says what this costs in BLEU.

All of them become float32 when they are read: the number type on disk changes neither the speed nor the
memory of a translation. A shared weight is stored once, under its first name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from seq2seq.config import ModelConfig
from seq2seq.errors import ModelError, UsageError
from seq2seq.nn.model import Seq2Seq, build_on_meta

NumberType: TypeAlias = Literal["float32", "float16", "int8"]
"""How weights are stored."""

SCALE = ".scale"
SMALLEST = 1024
"""A matrix of fewer weights stays in float16: int8 would save less than a kilobyte."""

_LARGEST = 127
_CLIPPING = (1.0, 0.99, 0.98, 0.97, 0.96)
_LEAST_SCALE = 2.0**-24  # the smallest float16 above 0
_FLOATS = ("F16", "BF16", "F32", "F64")


def unique_weights(model: Seq2Seq) -> dict[str, Tensor]:
    """The weights by name. A shared weight has its first name only."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def save_weights(path: Path, weights: Mapping[str, Tensor], number_type: NumberType) -> None:
    """Write `weights` to the file `path`.

    Raises UsageError for an unknown `number_type`, ModelError for a weight that is not finite or too large
    for the number type.
    """
    if number_type not in get_args(NumberType):
        raise UsageError(f"weights is {number_type!r}, expected one of {', '.join(get_args(NumberType))}")
    stored: dict[str, Tensor] = {}
    for name, weight in weights.items():
        weight = weight.to("cpu")
        if number_type == "int8" and weight.dim() == 2 and weight.numel() >= SMALLEST:
            stored[name], stored[name + SCALE] = quantise(weight, name)
        else:
            kind = torch.float32 if number_type == "float32" else torch.float16
            stored[name] = weight.to(kind).contiguous()
            if not _is_finite(stored[name].float()):
                raise ModelError(f"{name}: has weights that are not finite, or too large for {number_type}")
    save_file(stored, path)


def quantise(weight: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """A matrix (R,C) as whole numbers (R,C) int8 and scales (R,) float16.

    Saving what was loaded gives the same numbers again. Raises ModelError with `name` if a weight is not
    finite, or too large for the scale.
    """
    weight = weight.to(torch.float32)
    largest = weight.abs().amax(dim=1)
    least = torch.full_like(largest, torch.inf)
    scale = torch.empty_like(largest)
    for clipping in _CLIPPING:
        candidate = (clipping / _LARGEST * largest).half().float().clamp(min=_LEAST_SCALE)
        error = (_rounded(weight, candidate) * candidate[:, None] - weight).square().sum(dim=1)
        better = error < least
        scale, least = torch.where(better, candidate, scale), torch.where(better, error, least)
    if not least.isfinite().all():
        raise ModelError(f"{name}: has weights that are not finite or too large, int8 cannot hold them")
    return _rounded(weight, scale).to(torch.int8), scale.half()


def _rounded(weight: Tensor, scale: Tensor) -> Tensor:
    """The whole numbers nearest to `weight` (R,C) divided by `scale` (R,)."""
    return (weight / scale[:, None]).round_().clamp_(-_LARGEST, _LARGEST)


def load_weights(path: Path, config: ModelConfig) -> Seq2Seq:
    """The model of `config` with the weights in `path`, in float32.

    Names, shapes and number types are compared before memory is allocated. Raises ModelError with the file,
    the name of the weight and what was expected; also for weights that are not finite.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            entries = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118
            model = _empty(config, path, most_cells=len(entries))
            expected = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
            shapes = {name: tuple(entry.get_shape()) for name, entry in entries.items()}
            types = {name: entry.get_dtype() for name, entry in entries.items()}
            _check(shapes, types, expected, path)
            weights = {}
            for name in expected:
                weight = stored.get_tensor(name).to(torch.float32)
                if types[name] == "I8":
                    weight *= _checked_scale(stored.get_tensor(name + SCALE), f"{path}: {name}{SCALE}")
                if not _is_finite(weight):
                    raise ModelError(f"{path}: {name} has a weight that is NaN or infinite, expected numbers")
                weights[name] = weight
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    return _fill(model, weights).eval()


def stored_type(path: Path) -> str:
    """The number type of the file `path`, read from its header: what `save_weights` takes.

    Types of other programs have the name of safetensors, such as "BF16". Raises ModelError if the file cannot
    be read.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            types = {stored.get_slice(name).get_dtype() for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if "I8" in types:
        return "int8"
    return ", ".join(sorted({"F32": "float32", "F16": "float16"}.get(name, name) for name in types))


def _check(
    shapes: Mapping[str, tuple[int, ...]],
    types: Mapping[str, str],
    expected: Mapping[str, tuple[int, ...]],
    path: Path,
) -> None:
    """Raise ModelError unless the file has exactly the weights of the network, and a scale for each row of
    each matrix in int8."""
    scales = {name + SCALE: shape[:1] for name, shape in expected.items() if types.get(name) == "I8"}
    if shapes != {**expected, **scales}:
        raise ModelError(f"{path}: does not fit its config ({_difference(shapes, {**expected, **scales})})")
    for name, shape in shapes.items():
        allowed = (*_FLOATS, "I8") if len(shape) == 2 else _FLOATS
        if types[name] not in allowed:
            raise ModelError(f"{path}: {name} is of type {types[name]}, expected one of {', '.join(allowed)}")


def _checked_scale(scale: Tensor, where: str) -> Tensor:
    """The scales (R,) as a float32 column (R,1). Raises ModelError unless all are finite and above 0."""
    scale = scale.to(torch.float32)
    wrong = ~((scale > 0) & scale.isfinite())
    if wrong.any():
        row = int(wrong.nonzero()[0])
        raise ModelError(f"{where}: row {row} has {scale[row]:g}, expected a finite number above 0")
    return scale[:, None]


def _is_finite(weight: Tensor) -> bool:
    """Whether all weights are finite. Their sum says so in a seventh of the time, unless it is too large."""
    return math.isfinite(float(weight.sum())) or bool(weight.isfinite().all())


def _empty(config: ModelConfig, path: Path, *, most_cells: int) -> Seq2Seq:
    """A model without storage. Each cell has weights, so a file of few tensors cannot fit many."""
    if config.cells > most_cells:
        raise ModelError(f"{path}: does not fit its config (the file has {most_cells} tensors, too few)")
    try:
        return build_on_meta(config)
    except UsageError as error:
        raise ModelError(f"{path}: its config describes no network ({error})") from None


def _fill(model: Seq2Seq, weights: Mapping[str, Tensor]) -> Seq2Seq:
    """Give a model without storage its weights; shared weights stay shared. No random number is drawn."""
    real = {id(empty): nn.Parameter(weights[name]) for name, empty in model.named_parameters()}
    for module in model.modules():
        for name, empty in list(module.named_parameters(recurse=False)):
            setattr(module, name, real[id(empty)])
    return model


def _difference(shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> str:
    """The first name whose shape differs, for a message."""
    for name in sorted(shapes.keys() | expected.keys()):
        if shapes.get(name) != expected.get(name):
            return f"{name} is {shapes.get(name, 'missing')}, expected {expected.get(name, 'nothing')}"
    return "no difference"
