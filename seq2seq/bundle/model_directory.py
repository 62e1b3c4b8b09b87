"""A model directory: weights, tokenizers, settings, scores, model card. Weights are data: safetensors, JSON.

config.json        format, languages, model and decoding settings
model.safetensors  weights, each shared one stored once
joint.model, or source.model and target.model
metrics.json       scores with signatures, data, seed, versions
README.md          model card
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from seq2seq import files
from seq2seq.config import DecodingConfig, ModelConfig, from_dict, to_dict
from seq2seq.errors import ModelError, UsageError
from seq2seq.nn.model import Seq2Seq, build_empty
from seq2seq.text.tokenizer import Tokenizer

FORMAT = 1
TOKENIZERS = ("joint.model", "source.model", "target.model")
FILES = {"config.json", "model.safetensors", "metrics.json", "README.md", *TOKENIZERS}


@dataclass(frozen=True)
class Bundle:
    """All parts of a model directory, in memory. `source` and `target` are one object when the vocabulary is
    joint."""

    model: Seq2Seq
    source: Tokenizer
    target: Tokenizer
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    directions: tuple[tuple[str, str], ...] = (("", ""),)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""


def unique_weights(model: Seq2Seq) -> dict[str, Tensor]:
    """The weights by name, each shared one under its first name only."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def save(directory: Path, bundle: Bundle, *, half: bool = False) -> None:
    """Write a model directory, complete or not at all. `half` stores weights in float16, at half the size.

    A model that stands there is replaced. A folder that holds anything else is a UsageError.
    """
    _refuse_others(directory)
    dtype = torch.float16 if half else torch.float32
    weights = {
        name: value.to("cpu", dtype).contiguous() for name, value in unique_weights(bundle.model).items()
    }
    config = {
        "format": FORMAT,
        "source_language": bundle.directions[0][0],
        "target_language": bundle.directions[0][1],
        "directions": [list(direction) for direction in bundle.directions],
        "model": to_dict(bundle.model.config),
        "decoding": to_dict(bundle.decoding),
    }
    with files.new_directory(directory) as scratch:
        save_file(weights, scratch / "model.safetensors")
        if bundle.source is bundle.target:
            bundle.source.save(scratch / "joint.model")
        else:
            bundle.source.save(scratch / "source.model")
            bundle.target.save(scratch / "target.model")
        files.write_json(scratch / "config.json", config)
        files.write_json(scratch / "metrics.json", dict(bundle.metrics))
        files.write_text(scratch / "README.md", bundle.card)


def _refuse_others(directory: Path) -> None:
    """Replacing a folder removes what is in it: make sure that only the files of a model are."""
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: a file stands there, expected a new folder or that of a model")
    others = sorted({entry.name for entry in directory.iterdir()} - FILES) if directory.exists() else []
    if others:
        shown = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
        raise UsageError(f"{directory}: holds {shown}, expected a new folder, or a model's to replace")


def load(directory: Path) -> Bundle:
    """Read a model directory; weights become float32. What does not fit is a ModelError that says what."""
    config = files.read_json(directory / "config.json")
    if config.get("format") != FORMAT:
        raise ModelError(
            f"{directory}/config.json: format {config.get('format')!r}, this version reads {FORMAT}"
        )
    try:
        model_config = from_dict(ModelConfig, config["model"], where=f"{directory}/config.json: model")
        decoding = from_dict(DecodingConfig, config["decoding"], where=f"{directory}/config.json: decoding")
    except (UsageError, KeyError, AttributeError) as error:
        raise ModelError(f"{directory}/config.json: {error}") from None
    joint = directory / "joint.model"
    if joint.exists():
        source = target = Tokenizer.load(joint)
    else:
        source, target = (
            Tokenizer.load(directory / "source.model"),
            Tokenizer.load(directory / "target.model"),
        )
    for name, size, tokenizer in (
        ("source", model_config.source_vocab_size, source),
        ("target", model_config.target_vocab_size, target),
    ):
        if size != tokenizer.vocab_size:
            raise ModelError(
                f"{directory}: the model expects {size} {name} pieces, its tokenizer has "
                f"{tokenizer.vocab_size}"
            )
    card = directory / "README.md"
    return Bundle(
        model=load_weights(directory / "model.safetensors", model_config),
        source=source,
        target=target,
        decoding=decoding,
        directions=_directions(config, directory),
        metrics=files.read_json(directory / "metrics.json"),
        card=card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
    )


def _directions(config: Mapping[str, Any], directory: Path) -> tuple[tuple[str, str], ...]:
    """The (source, target) pairs of a config. One written before there were directions has its two
    languages."""
    single = [config.get("source_language", ""), config.get("target_language", "")]
    pairs = config.get("directions", [single])
    right = isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(language, str) for language in pair)
        for pair in pairs
    )
    if not right or not pairs:
        raise ModelError(f"{directory}/config.json: directions is {pairs!r}, expected pairs of languages")
    return tuple((source, target) for source, target in pairs)


def load_weights(path: Path, config: ModelConfig) -> Seq2Seq:
    """The model of `config` with the weights of `path`. Shapes are compared before any memory is taken."""
    try:
        with safe_open(path, framework="pt") as stored:
            found = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            model = _empty(config, path, most_layers=len(found))
            expected = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
            if found != expected:
                raise ModelError(f"{path}: does not fit its config ({_difference(found, expected)})")
            weights = {name: stored.get_tensor(name).to(torch.float32) for name in expected}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    return _fill(model, weights).eval()


def _empty(config: ModelConfig, path: Path, *, most_layers: int) -> Seq2Seq:
    """A model without storage. Each layer has weights: few tensors in the file cannot fit many layers."""
    if config.encoder_layers + config.decoder_layers > most_layers:
        raise ModelError(f"{path}: does not fit its config (it holds {most_layers} tensors, too few)")
    try:
        return build_empty(config)
    except UsageError as error:
        raise ModelError(f"{path}: its config describes no network ({error})") from None


def _fill(model: Seq2Seq, weights: Mapping[str, Tensor]) -> Seq2Seq:
    """Give a model without storage its weights; shared weights stay shared. No random number is drawn."""
    real = {id(empty): nn.Parameter(weights[name]) for name, empty in model.named_parameters()}
    for module in model.modules():
        for name, empty in list(module.named_parameters(recurse=False)):
            setattr(module, name, real[id(empty)])
    return model


def _difference(found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> str:
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            return f"{name} is {found.get(name, 'missing')}, expected {expected.get(name, 'nothing')}"
    return "no difference"
