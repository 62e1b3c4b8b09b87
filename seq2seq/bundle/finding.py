"""Where a model comes from: a folder, the models inside the package, or the Hugging Face Hub."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from seq2seq.errors import ModelError

DEFAULT = "en-fr"
BEST = "best.json"  # in a run directory: which of its bundles is the best


def bundled() -> dict[str, Path]:
    """The models that come with the package, by name."""
    folder = Path(str(resources.files("seq2seq"))) / "models"
    if not folder.is_dir():
        return {}
    return {entry.name: entry for entry in sorted(folder.iterdir()) if (entry / "config.json").exists()}


def locate(name_or_path: str) -> Path:
    """The model directory that a name stands for: a folder (bundle or run), a bundled name, a Hub id with a
    "/"."""
    path = Path(name_or_path)
    if path.is_dir():
        found = resolve(path)
        if not (found / "config.json").exists():
            if (path / "training.json").exists():
                raise ModelError(
                    f"{path}: this run has kept no model yet, it does so at its first validation"
                )
            raise ModelError(
                f"{path}: holds no config.json and no {BEST}, expected a model or a run directory"
            )
        return found
    if name_or_path in bundled():
        return bundled()[name_or_path]
    if name_or_path.count("/") == 1 and not name_or_path.startswith((".", "/")):
        return _from_hub(name_or_path)
    known = ", ".join(bundled()) or "none"
    raise ModelError(f"{name_or_path}: no such folder, and no bundled model of that name (bundled: {known})")


def _from_hub(name: str) -> Path:
    """Download a model of the Hub into its cache, or find it there: weights, tokenizers and JSON only."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=["*.json", "*.safetensors", "*.model", "README.md"]
            )
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{name}: no such folder, and the Hub does not give it ({reason})") from None


def resolve(path: Path) -> Path:
    """The model directory that `path` stands for: itself, or the best bundle of a run directory."""
    pointer = path / BEST
    if not pointer.exists():
        return path
    try:
        name = json.loads(pointer.read_text(encoding="utf-8"))["bundle"]
        target = (path / name).resolve()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{pointer}: cannot be read ({error})") from None
    if not target.is_relative_to(path.resolve()):
        raise ModelError(f"{pointer}: points out of its run directory")
    if not target.is_dir():
        raise ModelError(f"{pointer}: points to {name}, which is not there")
    return target
