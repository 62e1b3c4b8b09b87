"""Several models for one translation: those of an ensemble, and the reverse model that reranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seq2seq.bundle.directions import Direction, direction_name, direction_names
from seq2seq.bundle.finding import locate
from seq2seq.bundle.model_directory import Bundle, load
from seq2seq.config import DecodingConfig
from seq2seq.decoding.engine import Engine
from seq2seq.decoding.reverse import ReverseModel
from seq2seq.errors import UsageError
from seq2seq.nn.model import Seq2Seq
from seq2seq.text.languages import language_code


def load_ensemble(names: Sequence[str | Path]) -> tuple[list[Bundle], Direction | None]:
    """The models of these names (see `finding.locate`), and the direction that the first name asks for.

    Raises ModelError for a model that is not found or cannot be used, and UsageError for models that do not
    fit together.
    """
    if not names:
        raise UsageError("name_or_path is empty, expected at least one model")
    locations = [locate(str(name)) for name in names]
    bundles = [load(location.directory) for location in locations]
    check_ensemble(bundles, list(map(str, names)))
    return bundles, locations[0].direction


def check_ensemble(bundles: Sequence[Bundle], names: Sequence[str]) -> None:
    """Raise UsageError unless all models have the tokenizers and directions of the first."""
    first = bundles[0]
    for other, name in zip(bundles[1:], names[1:], strict=True):
        for side in ("source", "target"):
            if getattr(other, side).to_bytes() != getattr(first, side).to_bytes():
                raise UsageError(
                    f"{names[0]} and {name} have different {side} tokenizers, expected one for all models of "
                    "an ensemble: the probabilities of different pieces cannot be averaged"
                )
        if other.directions != first.directions:
            both = f"{direction_names(first.directions)} and {direction_names(other.directions)}"
            raise UsageError(f"{names[0]} and {name} translate {both}, expected the same directions")


def check_ranking(config: DecodingConfig, models: Sequence[Seq2Seq], *, reversed_too: bool) -> None:
    """Raise UsageError for settings of ranking that these models, with or without a reverse model, cannot
    follow."""
    if config.coverage_penalty and all(model.config.attention == "none" for model in models):
        raise UsageError(
            f"coverage_penalty is {config.coverage_penalty}, expected 0: the model has no attention"
        )
    if config.mbr and reversed_too:
        raise UsageError(f"mbr is {config.mbr}, expected 0 with a reverse model: both choose the best")


def reverse_model(bundle: Bundle, engine: Engine, direction: Direction, weight: float) -> ReverseModel:
    """The model `bundle`, run by `engine`, as the reverse model of translations of `direction`.

    Regions of languages are ignored, and so are unknown languages. Raises UsageError if the model does not
    translate back, and for a weight that is not a number from 0 to 100.
    """
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 100:
        raise UsageError(f"reverse_weight is {weight!r}, expected a number from 0 to 100")
    source, target = direction
    matches = [d for d in bundle.directions if _alike(d[0], target) and _alike(d[1], source)]
    if bundle.directions and not matches:
        raise UsageError(
            f"the reverse model translates {direction_names(bundle.directions)}, expected "
            f"{direction_name((target, source))}"
        )
    tag = (bundle.source.tag_ids[matches[0][1]],) if len(bundle.directions) > 1 else ()
    return ReverseModel(engine, bundle.source, bundle.target, weight, tag)


def _alike(one: str, other: str) -> bool:
    """Whether two tags may mean one language."""
    return not (one and other) or language_code(one) == language_code(other)
