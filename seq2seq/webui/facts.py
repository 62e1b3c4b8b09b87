"""What the page says of a model: read from `Translator.info`, which may lack any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Languages that people train translators for; another one is shown by its code.
NAMES = """
    ar Arabic, bg Bulgarian, bn Bengali, ca Catalan, cs Czech, da Danish, de German, el Greek, en
    English, eo Esperanto, es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish, fr French, ga
    Irish, gl Galician, he Hebrew, hi Hindi, hr Croatian, hu Hungarian, hy Armenian, id Indonesian, is
    Icelandic, it Italian, ja Japanese, ka Georgian, km Khmer, ko Korean, la Latin, lo Lao, lt
    Lithuanian, lv Latvian, mk Macedonian, mr Marathi, ms Malay, my Burmese, nb Norwegian, nl Dutch, no
    Norwegian, pl Polish, pt Portuguese, ro Romanian, ru Russian, sk Slovak, sl Slovenian, sq Albanian,
    sr Serbian, sv Swedish, sw Swahili, ta Tamil, th Thai, tl Tagalog, tr Turkish, uk Ukrainian, ur
    Urdu, vi Vietnamese, zh Chinese
"""
LANGUAGES: dict[str, str] = dict(name.split() for name in NAMES.split(","))


@dataclass(frozen=True)
class Facts:
    """Facts of a model. `data` and `signature` may be empty, `bleu` None."""

    name: str
    source: str
    target: str
    parameters: int
    network: str
    data: str
    bleu: float | None
    signature: str
    measured: str


def language(code: str) -> str:
    """The English name of a language, or its code."""
    return LANGUAGES.get(code.partition("-")[0].partition("_")[0].lower(), code) or "?"


def read(name: str, info: Mapping[str, Any]) -> Facts:
    """What to say of a model, from `Translator.info` under the name that it is served by."""
    metrics: Mapping[str, Any] = info.get("metrics") or {}
    bleu, signature, measured = _bleu(metrics)
    config = info.get("model")
    return Facts(
        name=name,
        source=str(info.get("source_language", "")),
        target=str(info.get("target_language", "")),
        parameters=int(info.get("parameters", 0)),
        network="" if config is None else config.summary,
        data=_data(metrics, str(info.get("card", ""))),
        bleu=bleu,
        signature=signature,
        measured=measured,
    )


def _bleu(metrics: Mapping[str, Any]) -> tuple[float | None, str, str]:
    """Score, signature and set: of the test set if there is one, else of validation."""
    for measured in ("test", "validation"):
        part: Mapping[str, Any] = metrics.get(measured) or {}
        found = part.get("bleu")
        if isinstance(found, Mapping):  # with its signature, as `evaluate` writes it
            part, found = found, found.get("score")
        if isinstance(found, int | float):
            return float(found), str(part.get("signature", "")), measured
    return None, "", ""


def _data(metrics: Mapping[str, Any], card: str) -> str:
    """What the model was trained on: as its metrics say, else the card's table. A path keeps one folder."""
    data = metrics.get("data", "")
    if not isinstance(data, str) or not data:
        mark = "| training data |"
        data = next((line[len(mark) : -1] for line in card.split("\n") if line.startswith(mark)), "")
    return " ".join(word if "://" in word else "/".join(word.split("/")[-2:]) for word in data.split())
