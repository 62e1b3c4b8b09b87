"""The module without torch: its translations are those of the package, and it imports nothing else of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seq2seq import portable
from seq2seq.bundle import model_directory
from seq2seq.bundle.model_directory import Bundle
from seq2seq.bundle.onnx_files import onnx_files, write_onnx
from seq2seq.cli.main import run
from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode, forbidden_tokens
from seq2seq.engines.onnx_engine import OnnxEngine
from seq2seq.portable import PortableError, PortableModel
from tests import tiny

DECODING = DecodingConfig(beam_size=3, max_length_factor=1.0, max_length_extra=4, max_repeats=0, batch_size=7)


def write(directory: Path, bundle: Bundle) -> Path:
    model_directory.save(directory, bundle)
    write_onnx(directory, onnx_files(bundle, "int8"))
    return directory


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return replace(tiny.bundle(cell="lstm", encoder_layers=2), decoding=DECODING)


@pytest.fixture(scope="module")
def directory(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("portable") / "m", bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"beam_size": 1},
        {"length_penalty": 0.0},
        {"length_penalty": 0.6, "length_normalisation": "wu"},
        {"length_normalisation": "none", "beam_size": 5},
    ],
    ids=str,
)
def test_translations_are_those_of_the_package(
    bundle: Bundle, tmp_path: Path, changes: dict[str, Any]
) -> None:
    bundle = replace(bundle, decoding=replace(DECODING, **changes))
    model = PortableModel(write(tmp_path / "m", bundle))
    texts = ["", "  ", "▁", "naïve ▁ café 🙂", *(pair.source for pair in tiny.pairs(40, seed=8))]
    tokenizer, translations = bundle.source, model.translate(texts)
    ids = [tokenizer.encode(text) for text in texts]
    assert [model.encode(text) for text in texts[2:]] == ids[2:]
    engine = OnnxEngine(bundle.model, "int8")
    best = decode(engine, ids, bundle.decoding, forbidden=forbidden_tokens(tokenizer))
    expected = [" ".join(tokenizer.decode(one.tokens).split()) for (one, *_) in best]
    assert translations == ["", "", *expected[2:]]


def test_long_lines_are_translated_in_parts(bundle: Bundle, tmp_path: Path) -> None:
    bundle = replace(bundle, decoding=replace(DECODING, max_source_length=4))
    model = PortableModel(write(tmp_path / "m", bundle))
    text = "one two three four five six seven"
    ids = model.encode(text)
    parts = [bundle.source.decode(ids[at : at + 4]) for at in range(0, len(ids), 4)]
    whole = PortableModel(write(tmp_path / "whole", replace(bundle, decoding=DECODING)))
    assert model.translate([text])[0].split() == " ".join(whole.translate(parts)).split()


def test_the_target_language_is_chosen_by_its_tag(tmp_path: Path) -> None:
    several = tiny.bundle_of_directions(("en", "fr"), ("en", "de"))
    directory = write(tmp_path / "m", several)
    models = [PortableModel(directory), PortableModel(directory, target_language="de")]
    assert [model.tag for model in models] == [[several.source.tag_ids[name]] for name in ("fr", "de")]
    with pytest.raises(PortableError, match="target language is 'es', expected one of: fr, de"):
        PortableModel(directory, target_language="es")


@pytest.fixture
def alone(tmp_path: Path) -> Any:
    """Runs a copy of the file in a folder of its own, where torch cannot be imported."""
    shutil.copy(portable.__file__, tmp_path / "portable.py")
    for name in ("torch", "seq2seq", "onnx"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not on this machine')\n")

    def start(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, tmp_path / "portable.py", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ""},
            check=False,
        )

    return start


def test_a_copy_of_the_file_translates_lines_without_torch(alone: Any, directory: Path) -> None:
    lines = [pair.source for pair in tiny.pairs(12, seed=9)]
    result = alone(directory, "--threads", "1", stdin="\r\n".join([*lines, "", "one"]).encode())
    assert result.stderr == b"" and result.returncode == 0
    expected = PortableModel(directory).translate([*lines, "", "one"])
    assert result.stdout.decode().split("\n") == [*expected, ""]


def test_errors_are_one_line(alone: Any, directory: Path, tmp_path: Path) -> None:
    for arguments, stdin, code, complaint in (
        ((tmp_path / "none",), b"", 4, "expected a directory made by `seq2seq export --onnx`"),
        ((directory,), b"one\ncaf\xe9\n", 3, "stdin is not UTF-8"),
        ((directory, "--target-lang", "de"), b"", 4, "expected one of: none: the model has one"),
    ):
        result = alone(*arguments, stdin=stdin)
        assert result.returncode == code and result.stdout == b""
        assert complaint in result.stderr.decode() and result.stderr.count(b"\n") == 1


def test_a_newer_format_is_refused(directory: Path, tmp_path: Path) -> None:
    shutil.copytree(directory, tmp_path / "m")
    path = tmp_path / "m" / "onnx" / "portable.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(PortableError, match="format 99, this version reads 2"):
        PortableModel(tmp_path / "m")


@pytest.mark.parametrize("name", ["onnx/encoder.onnx", "onnx/step.onnx", "joint.model"])
def test_any_flipped_bit_is_refused_with_the_name_of_the_file(
    directory: Path, tmp_path: Path, name: str
) -> None:
    shutil.copytree(directory, tmp_path / "m")
    path = tmp_path / "m" / name
    content = path.read_bytes()
    for place in range(0, len(content), len(content) // 20):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(PortableError, match=f"{name}: cannot be read .damaged or changed: its SHA-256"):
            PortableModel(tmp_path / "m")
    path.write_bytes(content)
    PortableModel(tmp_path / "m")


def test_models_of_earlier_versions_have_no_checksums(directory: Path, tmp_path: Path) -> None:
    shutil.copytree(directory, tmp_path / "m")
    path = tmp_path / "m" / "onnx" / "portable.json"
    about = json.loads(path.read_text())
    assert about.pop("sha256").keys() == {"encoder.onnx", "step.onnx", "joint.model"}
    path.write_text(json.dumps(about))
    assert PortableModel(tmp_path / "m").translate(["one"]) == PortableModel(directory).translate(["one"])


# seq2seq export --onnx


def test_export_writes_the_folder_and_replaces_it(bundle: Bundle, tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", bundle)
    arguments = ["export", "--model", str(tmp_path / "m"), "--out", str(tmp_path / "out")]
    assert run([*arguments, "--onnx"]) == 0
    files = {path.name: path.stat().st_size for path in (tmp_path / "out" / "onnx").iterdir()}
    assert files.keys() == {"encoder.onnx", "step.onnx", "portable.json"}
    assert run([*arguments, "--onnx", "--onnx-type", "float32"]) == 0
    about = json.loads((tmp_path / "out" / "onnx" / "portable.json").read_text())
    assert about["type"] == "float32" and about["decoding"]["beam_size"] == 3
    assert (tmp_path / "out" / "onnx" / "step.onnx").stat().st_size > files["step.onnx"]
    assert run(arguments) == 0
    assert not (tmp_path / "out" / "onnx").exists()  # a stale network would translate differently


def test_a_network_that_cannot_be_exported_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle(attention="coverage"))
    arguments = ["export", "--model", str(tmp_path / "m"), "--out", str(tmp_path / "out"), "--onnx"]
    assert run(arguments) == 2
    assert "model.attention is 'coverage', expected one of additive" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
