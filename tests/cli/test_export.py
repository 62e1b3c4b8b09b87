"""`seq2seq export`: a copy of a model, and the facts in its card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq import files
from seq2seq.bundle import model_directory
from seq2seq.bundle.card import render
from seq2seq.bundle.finding import bundled
from seq2seq.cli.main import run
from seq2seq.training.run_directory import RunDirectory
from tests import tiny

FACTS = Path(__file__).parents[2] / "docs" / "models" / "en-fr.facts.toml"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A run as the training leaves it: a model with metrics, whose card has no facts."""
    metrics = {"validation": {"bleu": 1.5}, "data": {"train": ["train.tsv"], "pairs": 5}}
    model = replace(tiny.bundle(), metrics=metrics, card="")
    RunDirectory(tmp_path / "run").keep(model, step=7, validation={})
    return tmp_path / "run"


def test_a_rebuilt_model_keeps_licence_and_attribution(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands of BENCHMARKS.md: export with facts, then again without them."""
    assert run(["export", "--model", str(trained), "--out", str(tmp_path / "m"), "--facts", str(FACTS)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'm'}\n"
    assert run(["export", "--model", str(tmp_path / "m"), "--out", str(tmp_path / "copy")]) == 0
    for folder in (tmp_path / "m", tmp_path / "copy"):
        record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert card == render(record)
        assert "license: cc-by-2.0" in card and "CC BY 2.0 FR" in card and "Name Tatoeba" in card
        assert record["validation"] == {"bleu": 1.5} and record["data"]["pairs"] == 5
        assert record["model"]["weights"] == "float16"


def test_a_model_with_facts_is_not_replaced_by_one_without(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "m")
    assert run(["export", "--model", str(trained), "--out", out, "--facts", str(FACTS)]) == 0
    before = files.sha256(tmp_path / "m" / "README.md")
    assert run(["export", "--model", str(trained), "--out", out]) == 2
    assert "expected --facts FILE, or a new folder" in capsys.readouterr().err
    assert files.sha256(tmp_path / "m" / "README.md") == before
    assert run(["export", "--model", str(trained), "--out", out, "--facts", str(FACTS)]) == 0


def test_wrong_facts_are_reported_before_the_model_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "facts.toml").write_text('license = "mit"')
    arguments = ["--model", "no such model", "--out", str(tmp_path / "m"), "--facts"]
    assert run(["export", *arguments, str(tmp_path / "facts.toml")]) == 2
    assert "facts.toml: unknown key 'license'; did you mean 'licence'?" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_the_weights_of_bundled_models_are_exported_bit_for_bit(tmp_path: Path) -> None:
    for name, folder in bundled().items():
        assert run(["export", "--model", str(folder), "--out", str(tmp_path / name)]) == 0
        for file in ("model.safetensors", "joint.model"):
            assert files.sha256(tmp_path / name / file) == files.sha256(folder / file)


def test_no_half_keeps_float32(trained: Path, tmp_path: Path) -> None:
    assert run(["export", "--model", str(trained), "--out", str(tmp_path / "m"), "--no-half"]) == 0
    sizes = [
        (folder / "model.safetensors").stat().st_size
        for folder in (tmp_path / "m", trained / "bundles" / "step-7")
    ]
    assert sizes[0] == sizes[1]
    assert model_directory.load(tmp_path / "m").metrics["model"]["weights"] == "float32"


@pytest.mark.parametrize(
    ("options", "number_type", "bytes_a_weight"),
    [
        ([], "float16", 2),
        (["--half"], "float16", 2),
        (["--weights", "float16"], "float16", 2),
        (["--no-half"], "float32", 4),
        (["--weights", "float32"], "float32", 4),
        (["--no-half", "--weights", "float32"], "float32", 4),
        (["--weights", "int8"], "int8", 1),
    ],
)
def test_weights_are_stored_as_asked(
    tmp_path: Path, options: list[str], number_type: str, bytes_a_weight: int
) -> None:
    """In int8, biases, scales and the header add up to 15 %, more in this small network than in others."""
    model_directory.save(tmp_path / "m", tiny.bundle(embedding_size=64, encoder_size=64, decoder_size=64))
    assert run(["export", "--model", str(tmp_path / "m"), "--out", str(tmp_path / "copy"), *options]) == 0
    model = json.loads((tmp_path / "copy" / "metrics.json").read_text(encoding="utf-8"))["model"]
    size = (tmp_path / "copy" / "model.safetensors").stat().st_size
    assert model["weights"] == number_type
    assert 1 <= size / (bytes_a_weight * model["parameters"]) < 1.15


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--no-half", "--weights", "int8"], "--no-half means --weights float32, but --weights is int8"),
        (["--no-half", "--weights", "float16"], "--no-half means --weights float32"),
        (["--weights", "int4"], "int4"),
    ],
)
def test_wrong_number_types_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    arguments = ["--model", "no such model", "--out", str(tmp_path / "m")]
    assert run(["export", *arguments, *options]) == 2
    assert complaint in capsys.readouterr().err


def test_a_shortlist_needs_a_large_vocabulary(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pairs.tsv").write_text("one\tun\n")
    arguments = ["--out", str(tmp_path / "m"), "--shortlist", str(tmp_path / "pairs.tsv")]
    assert run(["export", "--model", str(trained), *arguments]) == 2
    assert "--shortlist: the vocabulary has 300 pieces, expected at least 6144" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()
