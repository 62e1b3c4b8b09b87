"""Help of the options: complete, and without the line breaks of the source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import pytest

from seq2seq.cli import main
from seq2seq.cli.help_texts import add_help_texts, field_docs
from seq2seq.config import DataConfig, DecodingConfig


@dataclass
class Inner:
    """A part."""

    size: int = 1
    """Text of
    two lines."""


@dataclass
class Outer:
    """A whole."""

    inner: Inner = field(default_factory=Inner)
    name: str = ""
    """A name."""
    silent: int = 0


def test_the_text_below_a_field_is_its_help() -> None:
    add_help_texts(Outer)
    assert [f.metadata.get("help") for f in fields(Outer)] == [None, "A name.", None]
    assert fields(Inner)[0].metadata["help"] == "Text of two lines."


def test_inherited_fields_have_their_text() -> None:
    docs = field_docs(DataConfig)
    assert docs["drop_empty"] == "Drop pairs with a blank side." and "vocab_size" in docs


def test_docs_are_the_sentences_below_the_fields() -> None:
    docs = field_docs(DecodingConfig)
    assert list(docs) == [f.name for f in fields(DecodingConfig)]
    assert all(text.endswith(".") for text in docs.values())


@pytest.mark.parametrize("name", ["train", "evaluate", "translate", "compare", "info", "plot", "serve"])
def test_every_option_has_a_text(name: str) -> None:
    command = main.load_command(name)
    docs = field_docs(command)
    parts = ("model", "data", "training", "decoding") if name in ("train", "compare") else ("decoding",)
    assert [f.name for f in fields(command) if f.name not in docs and f.name not in parts] == []
    assert all(text.endswith(".") for text in docs.values())


def test_help_breaks_lines_at_the_width_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["train", "--help"]) == 0
    lines = [line.strip("│ \n") for line in capsys.readouterr().out.split("\n")]
    start = next(i for i, line in enumerate(lines) if line.startswith("Training data: one path"))
    assert all(len(line) > 60 for line in lines[start : start + 2])
