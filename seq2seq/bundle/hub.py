"""Download of a model from the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

from seq2seq.errors import ModelError

PATTERNS = ["*.json", "*.safetensors", "*.model", "words.*.txt", "README.md"]
"""The files of a model directory: weights, tokenizers, word lists, JSON, the card. No code is downloaded."""


def download(name: str) -> Path:
    """The directory of the model `name` ("OWNER/NAME") in the local cache, downloaded if necessary.

    Environment variables of huggingface_hub apply: with HF_HUB_OFFLINE=1 only the cache is used. Raises
    ModelError if the model is neither in the cache nor can be downloaded, or is not a model of seq2seq.
    """
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        directory = Path(huggingface_hub.snapshot_download(name, allow_patterns=PATTERNS))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{name}: no such folder, and the Hub does not provide it ({reason})") from None
    if not (directory / "config.json").exists():
        raise ModelError(f"{name}: this repository of the Hub has no config.json, expected a seq2seq model")
    return directory
