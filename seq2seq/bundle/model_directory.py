"""A model directory: weights, tokenizers, settings, scores and model card, all of them data without code.

config.json        format, directions, settings of the network and of decoding
model.safetensors  weights; a shared weight is stored once
joint.model, or source.model and target.model
metrics.json       the record: scores with signatures, data, seed, versions, facts (see `record`)
README.md          the model card, written from metrics.json (see `card`)

Compatibility. `format` in config.json says what a reader must understand:

1  One direction, in `source_language` and `target_language`. `directions` repeats it; models that were made
   before `directions` existed lack it and load unchanged. All versions read format 1.
2  Several directions, in `directions`, and a tag of the target language in front of each source. Versions
   that do not know `directions` refuse it, because without the tag they would translate into any language.

A version reads its newest format and all earlier ones, and writes the earliest one that can hold the model.
All settings of the network and of decoding are stored. A missing one has its default, which means the same as
before the setting existed. An unknown one is an error that names it: an older version refuses a model with
settings that it does not know, and never misreads it. Other unknown keys are ignored.
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
from seq2seq.bundle.card import render
from seq2seq.bundle.directions import Directions, config_directions, direction_names
from seq2seq.bundle.record import is_rendered
from seq2seq.config import DecodingConfig, ModelConfig, from_dict, to_dict
from seq2seq.errors import ModelError, UsageError
from seq2seq.nn.model import Seq2Seq, build_on_meta, count_parameters
from seq2seq.text.tokenizer import Tokenizer

FORMATS = (1, 2)
TOKENIZERS = ("joint.model", "source.model", "target.model")
FILES = {"config.json", "model.safetensors", "metrics.json", "README.md", *TOKENIZERS}


@dataclass(frozen=True)
class Bundle:
    """All parts of a model directory, in memory.

    `source` and `target` are the same object when the vocabulary is joint. `directions` is empty when the
    languages are unknown. `metrics` is the content of metrics.json. `card` is the text of README.md; an empty
    one is written from `metrics` when the model is saved.
    """

    model: Seq2Seq
    source: Tokenizer
    target: Tokenizer
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    directions: Directions = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""

    @property
    def source_language(self) -> str:
        """Source language of the first direction; "" if unknown."""
        return self.directions[0][0] if self.directions else ""

    @property
    def target_language(self) -> str:
        """Target language of the first direction; "" if unknown."""
        return self.directions[0][1] if self.directions else ""


def unique_weights(model: Seq2Seq) -> dict[str, Tensor]:
    """The weights by name. A shared weight has its first name only."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def save(directory: Path, bundle: Bundle, *, half: bool = False) -> None:
    """Write a model directory atomically. `half` stores weights in float16, at half the size.

    The entry `model` of metrics.json is set, and the card is written from metrics.json. A card that was
    written by hand is kept. An existing model is replaced. A folder with anything else in it is a UsageError.
    """
    _refuse_other_files(directory)
    dtype = torch.float16 if half else torch.float32
    weights = {
        name: value.to("cpu", dtype).contiguous() for name, value in unique_weights(bundle.model).items()
    }
    metrics = dict(bundle.metrics) | {"model": _describe(bundle, half=half)}
    card = render(metrics) if is_rendered(bundle.card, bundle.metrics) else bundle.card
    with files.new_directory(directory) as scratch:
        save_file(weights, scratch / "model.safetensors")
        if bundle.source is bundle.target:
            bundle.source.save(scratch / "joint.model")
        else:
            bundle.source.save(scratch / "source.model")
            bundle.target.save(scratch / "target.model")
        files.write_json(scratch / "config.json", _config(bundle))
        files.write_json(scratch / "metrics.json", metrics)
        files.write_text(scratch / "README.md", card)


def _config(bundle: Bundle) -> dict[str, Any]:
    """The content of config.json. Only format 1 names one source and one target language."""
    several = len(bundle.directions) > 1
    languages = {"source_language": bundle.source_language, "target_language": bundle.target_language}
    return {
        "format": 2 if several else 1,
        **({} if several else languages),
        "directions": [list(direction) for direction in bundle.directions],
        "model": to_dict(bundle.model.config),
        "decoding": to_dict(bundle.decoding),
    }


def _describe(bundle: Bundle, *, half: bool) -> dict[str, Any]:
    """What the record says about the network itself."""
    config = bundle.model.config
    return {
        "directions": [list(direction) for direction in bundle.directions],
        "network": config.summary,
        "parameters": count_parameters(bundle.model),
        "source_vocabulary": config.source_vocab_size,
        "target_vocabulary": config.target_vocab_size,
        "joint": bundle.source is bundle.target,
        "weights": "float16" if half else "float32",
    }


def _refuse_other_files(directory: Path) -> None:
    """Raise UsageError unless `directory` is new, or holds only files of a model. Its content is replaced."""
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: is a file, expected a new folder or the folder of a model")
    others = sorted({entry.name for entry in directory.iterdir()} - FILES) if directory.exists() else []
    if others:
        names = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
        raise UsageError(f"{directory}: holds {names}, expected a new folder or the folder of a model")


def load(directory: Path) -> Bundle:
    """Read a model directory. Weights become float32.

    Raises ModelError with the file, what it holds and what was expected.
    """
    where = f"{directory}/config.json"
    config = files.read_json(directory / "config.json")
    if config.get("format") not in FORMATS:
        raise ModelError(f"{where}: format {config.get('format')!r}, this version reads {_formats()}")
    try:
        model_config = from_dict(ModelConfig, config["model"], where=f"{where}: model")
        decoding = from_dict(DecodingConfig, config["decoding"], where=f"{where}: decoding")
    except (UsageError, KeyError, AttributeError) as error:
        raise ModelError(f"{where}: {error}") from None
    source, target = _load_tokenizers(directory, model_config)
    directions = config_directions(config, where=where)
    _check_tags(directions, source, where=where)
    card = directory / "README.md"
    return Bundle(
        model=load_weights(directory / "model.safetensors", model_config),
        source=source,
        target=target,
        decoding=decoding,
        directions=directions,
        metrics=files.read_json(directory / "metrics.json"),
        card=card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
    )


def _formats() -> str:
    return " and ".join(map(str, FORMATS))


def _load_tokenizers(directory: Path, config: ModelConfig) -> tuple[Tokenizer, Tokenizer]:
    """The source and the target tokenizer, one object if the vocabulary is joint."""
    joint = directory / "joint.model"
    if joint.exists():
        source = target = Tokenizer.load(joint)
    else:
        source = Tokenizer.load(directory / "source.model")
        target = Tokenizer.load(directory / "target.model")
    for name, size, tokenizer in (
        ("source", config.source_vocab_size, source),
        ("target", config.target_vocab_size, target),
    ):
        if size != tokenizer.vocab_size:
            raise ModelError(
                f"{directory}: the model expects {size} {name} pieces, its tokenizer has "
                f"{tokenizer.vocab_size}"
            )
    return source, target


def _check_tags(directions: Directions, source: Tokenizer, *, where: str) -> None:
    """With several directions, the tokenizer needs a tag for each target language."""
    missing = {target for _, target in directions} - set(source.tag_ids) if len(directions) > 1 else set()
    if missing:
        raise ModelError(
            f"{where}: directions {direction_names(directions)}, but the source tokenizer has no tag for "
            f"{', '.join(sorted(missing))}"
        )


def load_weights(path: Path, config: ModelConfig) -> Seq2Seq:
    """The model of `config` with the weights in `path`. Shapes are compared before memory is allocated."""
    try:
        with safe_open(path, framework="pt") as stored:
            shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
            model = _empty(config, path, most_layers=len(shapes))
            expected = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
            if shapes != expected:
                raise ModelError(f"{path}: does not fit its config ({_difference(shapes, expected)})")
            weights = {name: stored.get_tensor(name).to(torch.float32) for name in expected}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    return _fill(model, weights).eval()


def _empty(config: ModelConfig, path: Path, *, most_layers: int) -> Seq2Seq:
    """A model without storage. Each layer has weights, so a file of few tensors cannot fit many layers."""
    if config.encoder_layers + config.decoder_layers > most_layers:
        raise ModelError(f"{path}: does not fit its config (the file has {most_layers} tensors, too few)")
    try:
        return build_on_meta(config)
    except UsageError as error:
        raise ModelError(f"{path}: its config describes no network ({error})") from None


def _fill(model: Seq2Seq, weights: Mapping[str, Tensor]) -> Seq2Seq:
    """Give a model without storage its weights; shared weights stay shared. No random number is drawn."""
    real = {id(empty): nn.Parameter(weights[name]) for name, empty in model.named_parameters()}
    for module in model.modules():
        for name, empty in list(module.named_parameters(recurse=False)):
            setattr(module, name, real[id(empty)])
    return model


def _difference(shapes: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> str:
    """The first name whose shape differs, for a message."""
    for name in sorted(shapes.keys() | expected.keys()):
        if shapes.get(name) != expected.get(name):
            return f"{name} is {shapes.get(name, 'missing')}, expected {expected.get(name, 'nothing')}"
    return "no difference"
