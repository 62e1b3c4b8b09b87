"""The ONNX form of a model, beside its weights: what `portable` translates with, without torch.

onnx/encoder.onnx   the encoder (see `engines.encoder`)
onnx/step.onnx      a step of the decoder (see `engines.step`)
onnx/portable.json  ids of symbols, tokenizer files, settings of decoding, and the SHA-256 of the networks and
                    tokenizers by file name, which `portable` compares
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import to_dict
from seq2seq.decoding.decode import forbidden_tokens
from seq2seq.engines.graph import NumberType
from seq2seq.engines.support import OnnxModels, onnx_models

FOLDER = "onnx"
FORMAT = 2
"""Of portable.json: raised when older copies of `portable` could not read it."""


def onnx_files(bundle: Bundle, number_type: NumberType) -> dict[str, bytes | dict[str, Any]]:
    """The files of the folder by name. Raises UsageError if the network cannot be exported to ONNX."""
    models: OnnxModels = onnx_models(bundle.model, number_type)
    networks = {"encoder.onnx": models.encoder, "step.onnx": models.step}
    about = _description(bundle, number_type)
    read = networks | {about[side]: getattr(bundle, side).to_bytes() for side in ("source", "target")}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in read.items()}
    return {**networks, "portable.json": {**about, "sha256": sums}}


def write_onnx(directory: Path, contents: dict[str, bytes | dict[str, Any]]) -> None:
    """Write the folder into the model directory `directory`."""
    with files.new_directory(directory / FOLDER) as scratch:
        for name, content in contents.items():
            if isinstance(content, bytes):
                files.write_bytes(scratch / name, content)
            else:
                files.write_json(scratch / name, content)


def _description(bundle: Bundle, number_type: NumberType) -> dict[str, Any]:
    """The content of portable.json. The paths are relative to the model directory."""
    source, target = bundle.source, bundle.target
    joint = source is target
    several = len(bundle.directions) > 1
    return {
        "format": FORMAT,
        "type": number_type,
        "source": "joint.model" if joint else "source.model",
        "target": "joint.model" if joint else "target.model",
        "normalization": source.normalization,
        "bos": target.bos_id,
        "eos": target.eos_id,
        "forbidden": [*forbidden_tokens(target), *target.placeholder_ids],
        "tags": {target: source.tag_ids[target] for _, target in bundle.directions} if several else {},
        "decoding": to_dict(bundle.decoding),
    }
