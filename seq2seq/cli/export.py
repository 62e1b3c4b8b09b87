"""`seq2seq export`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from seq2seq.cli.options import optional
from seq2seq.errors import UsageError

if TYPE_CHECKING:
    from seq2seq.engines.shortlist import Shortlist
    from seq2seq.text.tokenizer import Tokenizer

NumberType: TypeAlias = Literal["float32", "float16", "int8"]
"""As in `bundle.weights`, which loads torch: help answers without it."""


@dataclass(frozen=True)
class Export:
    """Copy a model into a directory of its own, by default with float16 weights. A model with int8 weights
    keeps them."""

    model: str
    """A model directory, a run, or a direction that is bundled, such as en-fr."""
    out: Path
    """The new model directory."""
    half: bool = True
    """Store weights in float16, at half the size of float32."""
    weights: Annotated[NumberType | None, optional("{float32,float16,int8}")] = None
    """Store weights in this number type, whatever --half says. int8 has half the size of float16; about one
    translation in thirty differs."""
    onnx: bool = False
    """Also write the folder onnx/: the network for ONNX Runtime, which seq2seq/portable.py translates with,
    without torch."""
    onnx_type: Literal["int8", "float32"] = "int8"
    """Number type of the products in onnx/. int8 needs a quarter of the space and time of float32."""
    shortlist: str = ""
    """A file of training pairs: a table of the likely pieces of each source piece is made of them, which
    makes translating with ONNX Runtime faster (see docs/how-to/engine.md). The confidence has to be
    calibrated again. Default: the table that the model has, if any."""
    facts: Path | None = None
    """A TOML file with licence, attribution, data and limits of the model. They are stored in metrics.json,
    and the model card is written from it."""

    def run(self) -> int:
        """Export; returns the exit code."""
        from seq2seq.bundle import finding, model_directory
        from seq2seq.bundle.facts import read_facts
        from seq2seq.bundle.onnx_files import onnx_files, write_onnx
        from seq2seq.bundle.record import check_replacing, with_facts
        from seq2seq.bundle.weights import stored_type

        number_type = self._number_type()
        facts = read_facts(self.facts) if self.facts is not None else None
        directory = finding.locate(self.model).directory
        bundle = model_directory.load(directory)
        if number_type is None:
            is_small = stored_type(directory / "model.safetensors") == "int8"
            number_type = "int8" if is_small else "float16"
        if facts is not None:
            bundle = replace(bundle, metrics=with_facts(bundle.metrics, facts), card="")
        if self.shortlist:
            table = self._shortlist(bundle.source, bundle.target)
            bundle = replace(bundle, shortlist=table, confidence=None)  # it has other probabilities
        check_replacing(self.out, bundle.metrics)
        graphs = onnx_files(bundle, self.onnx_type) if self.onnx else {}
        model_directory.save(self.out, bundle, weights=number_type)
        if graphs:
            write_onnx(self.out, graphs)
        print(self.out)
        return 0

    def _shortlist(self, source: Tokenizer, target: Tokenizer) -> Shortlist:
        """The table of the pairs in the file that --shortlist names."""
        from seq2seq.data.readers import read_pairs
        from seq2seq.engines.shortlist import SIZE, SMALLEST, train_shortlist

        table = train_shortlist(list(read_pairs([self.shortlist])), source, target)
        if table is None:
            pieces = f"the vocabulary has {target.vocab_size} pieces, expected at least {SMALLEST * SIZE}"
            raise UsageError(f"--shortlist: {pieces}: a smaller one would gain little")
        return table

    def _number_type(self) -> NumberType | None:
        """The number type that --weights and --half ask for; None for the default."""
        if not self.half and self.weights not in (None, "float32"):
            raise UsageError(f"--no-half means --weights float32, but --weights is {self.weights}")
        return self.weights or (None if self.half else "float32")
