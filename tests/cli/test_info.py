"""`seq2seq info`: the directions of a model and its layers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seq2seq.bundle import model_directory
from seq2seq.bundle.directions import Directions
from seq2seq.cli.main import run
from tests import tiny

SEVERAL = tiny.bundle_of_directions(("en", "fr"), ("fr", "en"))


@pytest.mark.parametrize(
    ("bundle", "line"),
    [
        (tiny.bundle(), "en → fr"),
        (SEVERAL, "en → fr, fr → en"),
        (replace(tiny.bundle(), directions=(("", "fr"),)), "? → fr"),
        (replace(tiny.bundle(), directions=()), "? → ?"),
    ],
)
def test_the_directions_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bundle: model_directory.Bundle, line: str
) -> None:
    model_directory.save(tmp_path / "m", bundle)
    assert run(["info", "--model", str(tmp_path / "m")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'm'}: {line}\n\n")


@pytest.mark.parametrize("directions", [(("en", "fr"), ("fr", "en")), ()])
def test_the_json_form_lists_the_directions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], directions: Directions
) -> None:
    model_directory.save(tmp_path / "m", replace(SEVERAL, directions=directions))
    assert run(["info", "--model", str(tmp_path / "m"), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["directions"] == [list(direction) for direction in directions]
    assert info["model"]["decoder_size"] == 16 and info["layers"]


@pytest.mark.parametrize("number_type", ["float32", "float16", "int8"])
def test_the_number_type_on_disk_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number_type: Any
) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle(), weights=number_type)
    assert run(["info", "--model", str(tmp_path / "m")]) == 0
    assert f"\n\nweights on disk: {number_type}, 0.0 MB\n" in capsys.readouterr().out
    assert run(["info", "--model", str(tmp_path / "m"), "--json"]) == 0
    size = (tmp_path / "m" / "model.safetensors").stat().st_size
    assert json.loads(capsys.readouterr().out)["stored"] == {"type": number_type, "bytes": size}


def test_an_ascii_locale_is_no_obstacle(tmp_path: Path) -> None:
    """The arrow between two languages is not ASCII."""
    model_directory.save(tmp_path / "m", tiny.bundle())
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "seq2seq", "info", "--model", str(tmp_path / "m")],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
    )
    assert done.returncode == 0 and not done.stderr
    assert b": en \xe2\x86\x92 fr\n" in done.stdout or b": en \\u2192 fr\n" in done.stdout
