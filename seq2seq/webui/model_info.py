"""What the page shows about a model. It is read from `Translator.info`, where any of it may be missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seq2seq.serving.service import Direction
from seq2seq.text.languages import language_name

MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class ModelInfo:
    """Facts about one direction of a model.

    Attributes:
        name: what requests call it.
        model: name of the model, the same for all of its directions.
        source, target: codes of the languages, such as "en"; "" if unknown.
        beam_size: default of its requests.
        reverse: name of the direction between the same languages the other way round; None if there is none.
        parameters: number of weights.
        network: a line about its layers; "" if unknown.
        data: what it was trained on; "" if unknown.
        bleu: score on the `measured` set ("test" or "validation"), None if it was not measured.
        signature: of the score, by sacreBLEU; "" if unknown.
        card: text of the model card, Markdown.
    """

    name: str
    model: str
    source: str
    target: str
    beam_size: int
    reverse: str | None = None
    parameters: int = 0
    network: str = ""
    data: str = ""
    bleu: float | None = None
    signature: str = ""
    measured: str = ""
    card: str = ""

    @property
    def languages(self) -> str:
        """Names of the languages, such as "English → French"."""
        return f"{language_name(self.source)} → {language_name(self.target)}"


def read_model_info(name: str, direction: Direction, *, reverse: str | None = None) -> ModelInfo:
    """What to show about the direction that is served as `name`. `reverse` is that of the opposite one."""
    info = direction.translator.info
    metrics: Mapping[str, Any] = info.get("metrics") or {}
    bleu, signature, measured = _bleu(metrics)
    config, card = info.get("model"), str(info.get("card", ""))
    return ModelInfo(
        name=name,
        model=direction.model,
        source=direction.source_language,
        target=direction.target_language,
        beam_size=direction.beam_size,
        reverse=reverse,
        parameters=int(info.get("parameters", 0)),
        network="" if config is None else config.summary,
        data=_training_data(metrics, card),
        bleu=bleu,
        signature=signature,
        measured=measured,
        card=card,
    )


def _bleu(metrics: Mapping[str, Any]) -> tuple[float | None, str, str]:
    """Score, signature and set: of the first test set if there is one, else of the validation set."""
    tests = list(_table(metrics, "tests").values())
    for measured, scores in (
        *(("test", scores) for scores in tests if isinstance(scores, Mapping)),
        ("test", _table(metrics, "test")),  # models of before there were several test sets
        ("validation", _table(metrics, "validation")),
    ):
        score = scores.get("bleu")
        if isinstance(score, Mapping):  # with its signature, as `evaluate` writes it
            scores, score = score, score.get("score")
        if isinstance(score, int | float):
            return float(score), str(scores.get("signature", "")), measured
    return None, "", ""


def _training_data(metrics: Mapping[str, Any], card: str) -> str:
    """What the model was trained on: from its facts, else from its training, else from its card.

    Of a path, the file and its folder are kept; of a Markdown link, its text.
    """
    data = _table(metrics, "facts").get("data") or metrics.get("data")
    if isinstance(data, Mapping):
        corpora = data.get("train")
        names = ", ".join(map(str, corpora)) if isinstance(corpora, list) else ""
        pairs = data.get("pairs")
        data = f"{names}: {pairs:,} pairs" if names and isinstance(pairs, int) else names
    if not isinstance(data, str) or not data:
        label = "| training data |"
        data = next((line[len(label) : -1] for line in card.split("\n") if line.startswith(label)), "")
    data = MARKDOWN_LINK.sub(r"\1", data)
    return " ".join(word if "://" in word else "/".join(word.split("/")[-2:]) for word in data.split())


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under `name`, an empty one if there is none."""
    value = values.get(name)
    return value if isinstance(value, Mapping) else {}
