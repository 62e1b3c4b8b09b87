"""The settings and corpora of a run, as training.json stores them, and the rule for resuming.

Its paths are absolute, so that a run can be resumed from any folder. `valid_sha256` is that of the validation
pairs. A run is resumed with the settings it was started with. Only the limits in `CHANGEABLE` may differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from seq2seq import files
from seq2seq.config import Settings, from_dict, to_dict
from seq2seq.config.corpora import Corpora, read_corpora
from seq2seq.errors import DataError, ModelError, SeqError, UsageError
from seq2seq.pairs import SentencePair
from seq2seq.training.optimization import check_schedule

SETTINGS = "training.json"
LIMITS = ("epochs", "steps", "minutes", "patience", "save_every", "keep_checkpoints")
CHANGEABLE = tuple(f"training.{name}" for name in LIMITS)
"""The settings that may change when a run is resumed."""
_CORPORA = ("train", "valid", "train_directions", "valid_directions", "init_from")
NOT_GIVEN_IF_EMPTY = (*_CORPORA, "source_lang", "target_lang")


@dataclass(frozen=True)
class Difference:
    """A setting that differs from that of a stored run. `name` is such as "training.steps" or "train"."""

    name: str
    value: Any
    stored: Any


def describe(settings: Settings, corpora: Corpora) -> dict[str, Any]:
    """Settings and corpora as plain values, as in training.json."""
    return {"settings": to_dict(settings), "corpora": asdict(corpora)}


def pairs_sha256(pairs: Sequence[SentencePair]) -> str:
    """SHA-256 of the texts of `pairs`."""
    digest = hashlib.sha256()
    for pair in pairs:
        direction = [pair.direction] if pair.direction else []
        digest.update(json.dumps([pair.source, pair.target, *direction]).encode())
    return digest.hexdigest()


def check_validation_data(valid: Sequence[SentencePair], corpora: Corpora, out: Path) -> None:
    """Raise DataError if the validation data is not that of the run in `out`, by the SHA-256 that it stores.

    Scores before and after would not be comparable, and the best model would be chosen by both. Runs of
    earlier versions store none.
    """
    stored = files.read_json(out / SETTINGS).get("valid_sha256")
    if stored is not None and pairs_sha256(valid) != stored:
        names = ", ".join(" and ".join(paths) for paths in corpora.valid) or str(out / "valid.json")
        raise DataError(
            f"{names}: the validation data has changed since the run was started ({len(valid)} pairs found); "
            "restore it to resume, or start a new run with another --out"
        )


def stored_run(out: Path) -> tuple[Settings, Corpora]:
    """Settings and corpora of the run in `out`. ModelError if there is none, or if it is damaged."""
    path = out / SETTINGS
    if not path.exists():
        raise ModelError(
            f"{out}: no run to resume here, there is no {SETTINGS}; leave out --resume to start a new run"
        )
    stored = files.read_json(path)
    try:
        settings = from_dict(Settings, stored["settings"], where=str(path))
        return settings, read_corpora(stored["corpora"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        reason = error if isinstance(error, SeqError) else f"{type(error).__name__}: {error}"
        raise ModelError(f"{path}: not the settings of a run ({reason})") from None


def stored_recipe(out: Path) -> dict[str, Any] | None:
    """Where the settings of the run in `out` come from; None if it does not say so."""
    recipe = files.read_json(out / SETTINGS).get("recipe")
    return recipe if isinstance(recipe, dict) else None


def differences(
    settings: Settings | None, corpora: Corpora, stored: tuple[Settings, Corpora]
) -> list[Difference]:
    """In what `settings` and `corpora` differ from a stored run.

    Not given, and so no difference: settings that are None, paths that are empty, a language that is "", and
    a `batch_tokens` of 0 (auto), because the run stores the number that was chosen.
    """
    for name in ("train", "valid", "init_from"):
        if getattr(corpora.absolute(), name) == getattr(stored[1].absolute(), name):
            corpora = replace(corpora, **{name: getattr(stored[1], name)})
    before = _values(*stored)
    return [
        Difference(name, value, before[name])
        for name, value in _values(settings, corpora).items()
        if value != before[name] and (value or name not in (*NOT_GIVEN_IF_EMPTY, "training.batch_tokens"))
    ]


def _values(settings: Settings | None, corpora: Corpora) -> dict[str, Any]:
    """Corpora and settings by name."""
    values: dict[str, Any] = {name: getattr(corpora, name) for name in _CORPORA}
    values["source_lang"], values["target_lang"] = corpora.languages
    for part, table in to_dict(settings).items() if settings is not None else ():
        values |= {f"{part}.{name}": value for name, value in table.items()}
    return values


def resumed_run(settings: Settings | None, corpora: Corpora, out: Path) -> tuple[Settings, Corpora]:
    """Settings and corpora to resume the run in `out` with: the stored ones, with the limits of `settings`.

    Raises UsageError if anything differs that may not.
    """
    stored = stored_run(out)
    for difference in differences(settings, corpora, stored):
        if difference.name not in CHANGEABLE:
            raise UsageError(
                f"{difference.name} is {difference.value!r}, but {difference.stored!r} in the run that {out} "
                f"holds: only {', '.join(CHANGEABLE)} may change when a run is resumed"
            )
    resumed, corpora = stored
    if settings is not None:
        limits = {name: getattr(settings.training, name) for name in LIMITS}
        resumed = replace(resumed, training=replace(resumed.training, **limits))
        check_schedule(resumed.training)
    return resumed, corpora
