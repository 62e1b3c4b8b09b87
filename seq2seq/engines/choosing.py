"""The engines by name, and which one `auto` takes."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import torch

from seq2seq.decoding.engine import Engine
from seq2seq.decoding.ensemble import as_one
from seq2seq.engines.shortlist import Shortlist
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.errors import UsageError
from seq2seq.nn.model import Seq2Seq

EngineName: TypeAlias = Literal["auto", "torch", "onnx", "onnx-float32"]
"""torch: as in training. onnx: ONNX Runtime on a CPU with int8 products; onnx-float32: with float32 products.
auto: for networks that can be exported and are on a CPU, onnx if the processor has int8 products, else
onnx-float32; for the others torch."""

_FLAGS = {"avx512_vnni", "avx_vnni", "asimddp"}  # sums of four int8 products in one instruction, exactly
_PROCESSOR = Path("/proc/cpuinfo")


def build_engine(
    models: Sequence[Seq2Seq], name: EngineName = "auto", shortlist: Shortlist | None = None
) -> Engine:
    """The engine `name` for a model or an ensemble, on the device of the models. ONNX Runtime uses the table
    `shortlist`, for a single model.

    Raises UsageError for an unknown name, and if onnx was asked for but is not possible.
    """
    if name not in get_args(EngineName):
        raise UsageError(f"engine is {name!r}, expected one of {', '.join(get_args(EngineName))}")
    return as_one([_build(model, name, shortlist) for model in models])


def _build(model: Seq2Seq, name: EngineName, shortlist: Shortlist | None) -> Engine:
    reason = "" if name == "torch" else _obstacle(model)
    if name == "torch" or (name == "auto" and reason):
        return TorchEngine(model)
    if reason:
        raise UsageError(f"engine is {name!r}, which is not possible here: {reason}; expected 'torch'")
    from seq2seq.engines.onnx_engine import OnnxEngine

    if name == "auto":
        name = "onnx" if has_int8_products() else "onnx-float32"
    return OnnxEngine(model, "int8" if name == "onnx" else "float32", shortlist)


def runs_in_onnx(model: Seq2Seq) -> bool:
    """Whether ONNX Runtime can compute the network `model`, which is on a CPU."""
    return not _obstacle(model)


def _obstacle(model: Seq2Seq) -> str:
    """Why `model` cannot run in ONNX Runtime; "" if it can."""
    weight = next(model.parameters())
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return f"the model is in {str(weight.dtype).removeprefix('torch.')} on {weight.device}"
    for package in ("onnxruntime", "onnx"):
        if find_spec(package) is None:
            return f"{package} is not installed"
    from seq2seq.engines.support import obstacle

    return obstacle(model.config)


@cache
def has_int8_products() -> bool:
    """Whether the processor says that it has fast and exact int8 products. Without them int8 gains little,
    and on old x86 processors sums of products are cut off."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    try:
        return not _FLAGS.isdisjoint(_PROCESSOR.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False
