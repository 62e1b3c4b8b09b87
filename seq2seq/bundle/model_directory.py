"""A model directory: weights, tokenizers, settings, scores and model card, all of them data without code.

config.json        format, directions, settings of the network and of decoding, calibration of confidence,
                   checksums of the weights, tokenizers and word lists (see `checksums`)
model.safetensors  weights in float32, float16 or int8 (see `weights`)
joint.model, or source.model and target.model
shortlist.safetensors  likely target pieces of each source piece (see `shortlist_file`); optional
words.source.txt   words of the training data with their counts, and words.target.txt; optional
metrics.json       the record: scores with signatures, data, seed, versions, facts (see `record`); optional
onnx/              the network for ONNX Runtime (see `onnx_files`); optional
README.md          the model card, written from metrics.json (see `card`)

Compatibility. `format` in config.json says what a reader must understand:

1  One direction, in `source_language` and `target_language`. `directions` repeats it; models that were made
   before `directions` existed lack it and load unchanged. All versions read format 1.
2  Several directions, in `directions`, and a tag of the target language in front of each source. Versions
   that do not know `directions` refuse it, because without the tag they would translate into any language.
3  Like 2, with one direction or several. Matrices may be int8 with a scale for each row. Versions that do not
   know scales refuse it, because whole numbers are not the weights.

A version reads its newest format and all earlier ones, and writes the earliest one that can hold the model.
All settings of the network and of decoding are stored. A missing one has its default, which means the same as
before the setting existed. An unknown one is an error that names it: an older version refuses a model with
settings that it does not know, and never misreads it. Other unknown keys are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from seq2seq import files
from seq2seq.bundle.card import render
from seq2seq.bundle.checksums import ENTRY, check_files, checksums
from seq2seq.bundle.directions import Directions, config_directions, direction_names
from seq2seq.bundle.finding import successor
from seq2seq.bundle.record import is_rendered
from seq2seq.bundle.shortlist_file import SHORTLIST, load_shortlist, save_shortlist
from seq2seq.bundle.weights import NumberType, load_weights, save_weights, unique_weights
from seq2seq.confidence import Confidence, stored_confidence
from seq2seq.config import DecodingConfig, ModelConfig, from_dict, to_dict
from seq2seq.engines.shortlist import Shortlist
from seq2seq.errors import ModelError, UsageError
from seq2seq.nn.model import Seq2Seq, count_parameters
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.text.tokenizer import Tokenizer

T = TypeVar("T")

FORMATS = (1, 2, 3)
TOKENIZERS = ("joint.model", "source.model", "target.model")
WORD_LISTS = ("words.source.txt", "words.target.txt")
FIXED = ("model.safetensors", *TOKENIZERS, *WORD_LISTS, SHORTLIST)
"""The files that have a checksum: nothing changes them after they were written."""
FILES = {"config.json", "metrics.json", "README.md", "onnx", *FIXED}


@dataclass(frozen=True)
class Bundle:
    """All parts of a model directory, in memory.

    `source` and `target` are the same object when the vocabulary is joint. `directions` is empty when the
    languages are unknown. `metrics` is the content of metrics.json. `card` is the text of README.md; an empty
    one is written from `metrics` when the model is saved. `source_words` and `target_words` are the words of
    the training data; they are empty if they are unknown. `confidence` calibrates the confidence of
    translations; None: it is not calibrated. `shortlist` says which pieces are scored; None: all.
    """

    model: Seq2Seq
    source: Tokenizer
    target: Tokenizer
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    directions: Directions = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""
    source_words: Lexicon = field(default_factory=Lexicon)
    target_words: Lexicon = field(default_factory=Lexicon)
    confidence: Confidence | None = None
    shortlist: Shortlist | None = None

    @property
    def source_language(self) -> str:
        """Source language of the first direction; "" if unknown."""
        return self.directions[0][0] if self.directions else ""

    @property
    def target_language(self) -> str:
        """Target language of the first direction; "" if unknown."""
        return self.directions[0][1] if self.directions else ""


def save(directory: Path, bundle: Bundle, *, weights: NumberType | None = None, half: bool = False) -> None:
    """Write a model directory atomically.

    `weights` is the number type of the weights on disk: "float32" (the default), "float16" or "int8". `half`
    is another name for "float16".

    The entry `model` of metrics.json is set, and the card is written from metrics.json. A card that was
    written by hand is kept. An existing model is replaced. A folder with anything else in it is a UsageError,
    and so are an unknown number type and `half` with another one. Weights that are not finite are a
    ModelError.
    """
    if half and weights not in (None, "float16"):
        raise UsageError(
            f"weights is {weights!r} and half is True, which means 'float16'; expected one of them"
        )
    number_type: NumberType = weights if weights is not None else "float16" if half else "float32"
    _refuse_other_files(directory)
    metrics = dict(bundle.metrics) | {"model": _describe(bundle, number_type)}
    card = render(metrics) if is_rendered(bundle.card, bundle.metrics) else bundle.card
    with files.new_directory(directory) as scratch:
        save_weights(scratch / "model.safetensors", unique_weights(bundle.model), number_type)
        if bundle.source is bundle.target:
            bundle.source.save(scratch / "joint.model")
        else:
            bundle.source.save(scratch / "source.model")
            bundle.target.save(scratch / "target.model")
        for name, words in zip(WORD_LISTS, (bundle.source_words, bundle.target_words), strict=True):
            if words:
                files.write_text(scratch / name, str(words))
        if bundle.shortlist:
            save_shortlist(scratch / SHORTLIST, bundle.shortlist)
        config = _config(bundle, number_type) | {ENTRY: checksums(scratch, FIXED)}
        files.write_json(scratch / "config.json", config)
        files.write_json(scratch / "metrics.json", metrics)
        files.write_text(scratch / "README.md", card)


def _config(bundle: Bundle, number_type: NumberType) -> dict[str, Any]:
    """The content of config.json. Only format 1 names one source and one target language."""
    number = 3 if number_type == "int8" else 2 if len(bundle.directions) > 1 else 1
    languages = {"source_language": bundle.source_language, "target_language": bundle.target_language}
    return {
        "format": number,
        **(languages if number == 1 else {}),
        "directions": [list(direction) for direction in bundle.directions],
        "model": to_dict(bundle.model.config),
        "decoding": to_dict(bundle.decoding),
        **({"confidence": bundle.confidence.to_dict()} if bundle.confidence else {}),
    }


def _describe(bundle: Bundle, number_type: NumberType) -> dict[str, Any]:
    """What the record says about the network itself."""
    config = bundle.model.config
    return {
        "directions": [list(direction) for direction in bundle.directions],
        "network": config.summary,
        "parameters": count_parameters(bundle.model),
        "source_vocabulary": config.source_vocab_size,
        "target_vocabulary": config.target_vocab_size,
        "joint": bundle.source is bundle.target,
        "weights": number_type,
    }


def _refuse_other_files(directory: Path) -> None:
    """Raise UsageError unless `directory` is new, or holds only files of a model. Its content is replaced."""
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: is a file, expected a new folder or the folder of a model")
    names_there = [entry.name for entry in directory.iterdir()] if directory.exists() else []
    others = sorted(set(names_there) - FILES)
    if others:
        names = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
        raise UsageError(f"{directory}: holds {names}, expected a new folder or the folder of a model")


def load(directory: Path) -> Bundle:
    """Read a model directory. Weights become float32. If it is the best model of a run that trains, and a
    better one takes its place meanwhile, that one is read.

    Raises ModelError with the file, what it holds and what was expected. The checksums come last, so that a
    fault that can be named is named.
    """
    try:
        return _load(directory)
    except ModelError:
        newer = successor(directory)
        if newer is None:
            raise
    return load(newer)


def _load(directory: Path) -> Bundle:
    """The same as `load`, of a directory that stays."""
    where = f"{directory}/config.json"
    config = files.read_json(directory / "config.json")
    if config.get("format") not in FORMATS:
        raise ModelError(f"{where}: format {config.get('format')!r}, this version reads {_formats()}")
    model_config = _settings(ModelConfig, config, "model", where=where)
    decoding = _settings(DecodingConfig, config, "decoding", where=where)
    source, target = _load_tokenizers(directory, model_config)
    directions = config_directions(config, where=where)
    _check_tags(directions, source, where=where)
    card, metrics = directory / "README.md", directory / "metrics.json"
    bundle = Bundle(
        model=load_weights(directory / "model.safetensors", model_config),
        source=source,
        target=target,
        decoding=decoding,
        directions=directions,
        metrics=files.read_json(metrics) if metrics.exists() else {},
        card=card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
        source_words=Lexicon.load(directory / WORD_LISTS[0]),
        target_words=Lexicon.load(directory / WORD_LISTS[1]),
        confidence=stored_confidence(config, where=where),
        shortlist=load_shortlist(directory / SHORTLIST, source.vocab_size, target.vocab_size),
    )
    check_files(directory, config, FIXED)
    return bundle


def _settings(kind: type[T], config: Mapping[str, Any], name: str, *, where: str) -> T:
    """The table of settings `name` in the content of config.json."""
    try:
        return from_dict(kind, config.get(name), where=f"{where}: {name}")  # type: ignore[arg-type]
    except UsageError as error:
        raise ModelError(str(error)) from None


def _formats() -> str:
    return ", ".join(map(str, FORMATS[:-1])) + f" and {FORMATS[-1]}"


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
