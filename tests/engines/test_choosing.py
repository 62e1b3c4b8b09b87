"""Engines by name: which one is taken, what is refused, and copies of translators that use them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from seq2seq.engines import choosing
from seq2seq.engines.choosing import build_engine, has_int8_products
from seq2seq.engines.onnx_engine import OnnxEngine
from seq2seq.engines.torch_engine import TorchEngine
from seq2seq.errors import UsageError
from seq2seq.translator import Translator
from tests import tiny


@pytest.fixture
def processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the flags of the processor."""

    def say(flags: str) -> None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : fpu {flags} ht\n")
        has_int8_products.cache_clear()

    monkeypatch.setattr(choosing, "_PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    yield say
    has_int8_products.cache_clear()


@pytest.mark.parametrize(
    ("flags", "number_type"),
    [
        ("avx2 avx512_vnni", "int8"),
        ("avx2 avx_vnni", "int8"),
        ("asimd asimddp", "int8"),
        ("avx2 avx512f", "float32"),
    ],
)
def test_auto_takes_int8_where_the_processor_has_such_products(
    processor: Any, flags: str, number_type: str
) -> None:
    processor(flags)
    engine = build_engine([tiny.bundle().model], "auto")
    assert isinstance(engine, OnnxEngine) and engine.number_type == number_type


def test_auto_falls_back_to_torch(processor: Any) -> None:
    processor("avx512_vnni")
    for model in (tiny.bundle(attention="coverage").model, tiny.bundle().model.double()):
        assert isinstance(build_engine([model], "auto"), TorchEngine)


def test_engines_by_name() -> None:
    model = tiny.bundle().model
    assert isinstance(build_engine([model], "torch"), TorchEngine)
    for name, number_type in (("onnx", "int8"), ("onnx-float32", "float32")):
        engine = build_engine([model], name)  # type: ignore[arg-type]
        assert isinstance(engine, OnnxEngine) and engine.number_type == number_type


@pytest.mark.parametrize(
    ("model", "name", "complaint"),
    [
        (tiny.bundle().model, "jax", r"engine is 'jax', expected one of auto, torch, onnx, onnx-float32"),
        (
            tiny.bundle(cell="ssru").model,
            "onnx",
            "model.cell is 'ssru', expected one of gru.*; expected 'torch'",
        ),
        (tiny.bundle().model.double(), "onnx-float32", "the model is in float64 on cpu; expected 'torch'"),
    ],
)
def test_what_is_not_possible_is_refused(model: Any, name: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        build_engine([model], name)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="onnxruntime is not installed"):
        build_engine([tiny.bundle().model], "onnx")


def test_copies_of_a_translator_have_its_engine() -> None:
    translator = Translator(tiny.bundle(cell="lstm"), engine="onnx")
    copy = pickle.loads(pickle.dumps(translator))
    assert isinstance(copy.engine, OnnxEngine) and copy.engine is not translator.engine
    texts = [pair.source for pair in tiny.pairs(10)]
    assert copy.translate(texts) == translator.translate(texts)
