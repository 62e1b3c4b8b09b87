"""What a command may write: no file that it also reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seq2seq.errors import UsageError


def check_outputs(outputs: Sequence[Path], sources: Sequence[str]) -> None:
    """UsageError if a file is to be written that is also read, or that is named twice."""
    different = {path.resolve() for path in outputs}
    if len(different) < len(outputs):
        raise UsageError(f"{outputs[0]}: the same file is written twice, expected two different ones")
    for source in sources:
        for path in outputs:
            if Path(source).exists() and path.exists() and path.samefile(source):
                raise UsageError(f"{path} is read and would be written, expected another file to write")
