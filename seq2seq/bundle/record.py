"""metrics.json: the record of a model, from which its card is written.

model       directions, network, parameters, vocabulary; set whenever the model is saved
validation  the validation that chose this model
tests       scores with signatures, decoding settings and versions, by the name of the test set
data        corpora, and the numbers of training and validation pairs
seed, settings, versions  of the training
init_from   the model that a fine-tuning started from: its name and its facts
facts       what a person says: licence, attribution, limits (see `facts`)

Programs write this file, nobody edits it: the training and `save` write it first, `seq2seq export --facts`
adds the facts, `seq2seq evaluate --record` adds the scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.bundle.card import render
from seq2seq.bundle.facts import Facts, facts_dict
from seq2seq.bundle.versions import versions
from seq2seq.confidence import Confidence
from seq2seq.config import DecodingConfig, to_dict
from seq2seq.errors import ModelError, UsageError

KEYS = ("model", "validation", "tests", "data", "seed", "settings", "versions", "init_from", "facts")


def with_facts(record: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """`record` with `facts` in place of its earlier facts.

    Older models have entries that were written by hand: a text as `data`, one set of scores as `test`, and
    others. They are dropped, because the facts say the same.
    """
    kept = {key: value for key, value in record.items() if key in KEYS}
    if isinstance(kept.get("data"), str):
        del kept["data"]
    return kept | {"facts": facts_dict(facts)}


def record_scores(
    directory: Path, evaluation: Mapping[str, Any], *, test: str, decoding: DecodingConfig
) -> bool:
    """Add scores to the metrics.json of the model `directory`, and write its card again.

    `evaluation` is what `Evaluation.to_dict` returns, `test` the name of the test set, `decoding` the
    settings that were used. Earlier scores under that name are replaced, and a missing metrics.json is made.
    Each of the two files is replaced atomically, metrics.json first.

    Returns whether the card was written. A card that differs from `render(metrics.json)` was written by hand
    and stays as it is. Raises ModelError if metrics.json cannot be read, RunError if it cannot be written,
    UsageError if it is a link, as in the cache of the Hugging Face Hub, whose files must not change.
    """
    path, card = directory / "metrics.json", directory / "README.md"
    _refuse_link(path)
    record = files.read_json(path) if path.exists() else {}
    rendered = not card.is_file() or is_rendered(card.read_text(encoding="utf-8", errors="replace"), record)
    scores = {key: value for key, value in evaluation.items() if key not in ("seconds", "model")}
    entry = scores | {"decoding": to_dict(decoding), "versions": versions()}
    tests = record.get("tests")
    record["tests"] = (tests if isinstance(tests, dict) else {}) | {test: entry}
    files.write_json(path, record)
    if rendered:
        files.write_text(card, render(record))
    return rendered


def record_confidence(directory: Path, confidence: Confidence) -> None:
    """Write `confidence` into the config.json of the model `directory`; nothing else changes.

    Raises ModelError if config.json cannot be read, RunError if it cannot be written, UsageError if it is a
    link, as in the cache of the Hugging Face Hub.
    """
    path = directory / "config.json"
    _refuse_link(path)
    files.write_json(path, files.read_json(path) | {"confidence": confidence.to_dict()})


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise UsageError(f"{path}: is a link, expected a model of your own; copy it with `seq2seq export`")


def is_rendered(card: str, record: Mapping[str, Any]) -> bool:
    """Whether `card` is empty or was written from `record`, so that it may be written again."""
    return not card or card == render(record)


def check_replacing(directory: Path, record: Mapping[str, Any]) -> None:
    """Raise UsageError if the model in `directory` has facts, such as a licence, and `record` has none.

    A model that replaces it would lose the attribution that the licence of its data demands.
    """
    try:
        replaced = files.read_json(directory / "metrics.json")
    except ModelError:  # there is no model, or a damaged one
        return
    if replaced.get("facts") and not record.get("facts"):
        raise UsageError(
            f"{directory}: its model has facts (licence, attribution), the new one has none; expected "
            "--facts FILE, or a new folder"
        )
