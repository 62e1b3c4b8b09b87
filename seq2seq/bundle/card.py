"""The model card: README.md of a model directory, written from the record in metrics.json.

The card says what a model is, what it was trained on, how good it is and where it may be wrong. It holds
nothing that metrics.json does not hold. See `record` for the keys.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

SUMMARY = "A recurrent encoder-decoder with attention, trained with seq2seq."
LIMITS = "It knows the kind of text that it was trained on. It can be wrong, also where it reads well."


def render(record: Mapping[str, Any]) -> str:
    """The card for the content of metrics.json, with the metadata block of the Hugging Face Hub.

    Keys that are missing, or that do not have the expected form, are left out.
    """
    facts = _table(record, "facts")
    rows = "".join(f"| {name} | {_cell(value)} |\n" for name, value in _rows(record) if value)
    sections = [
        _metadata(record),
        f"# {_line(_text(facts, 'title') or _directions(record) or 'Translation model')}",
        _text(facts, "summary") or SUMMARY,
        _example(_text(facts, "name") or "path/to/this/folder", _pairs(record)),
        f"| | |\n|---|---|\n{rows}".rstrip(),
        _licence(facts) or _licence(_table(_table(record, "init_from"), "facts")),
        f"## Limits\n\n{_text(facts, 'limits') or LIMITS}",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _metadata(record: Mapping[str, Any]) -> str:
    """The YAML block at the top. Languages are quoted, because `no` is false in YAML."""
    facts = _table(record, "facts")
    languages = dict.fromkeys(language for pair in _pairs(record) for language in pair if language)
    datasets = [item for item in _list(facts, "datasets") if isinstance(item, str)]
    lines = ["language:", *(f"- {json.dumps(language)}" for language in languages)] if languages else []
    if _text(facts, "licence"):
        lines.append(f"license: {_line(_text(facts, 'licence'))}")
    lines += ["pipeline_tag: translation", "library_name: seq2seq-mt"]
    if datasets:
        lines += ["datasets:", *(f"- {_line(name)}" for name in datasets)]
    return "\n".join(["---", *lines, "---"])


def _example(name: str, pairs: list[list[str]]) -> str:
    into = f", target_language={json.dumps(pairs[-1][1])}" if len(pairs) > 1 else ""
    return (
        "    from seq2seq import Translator\n"
        f"    translator = Translator.from_pretrained({json.dumps(name, ensure_ascii=False)})\n"
        f'    print(translator.translate("…"{into}))'
    )


def _licence(facts: Mapping[str, Any]) -> str:
    licence, attribution = _text(facts, "licence"), _text(facts, "attribution")
    text = attribution or (f"The licence of this model is `{licence}`." if licence else "")
    return f"## Attribution and licence\n\n{text}" if text else ""


def _rows(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The rows of the card's table; a row without a value is left out."""
    facts, model = _table(record, "facts"), _table(record, "model")
    yield "directions", _directions(record)
    yield "network", _text(model, "network")
    yield "parameters", _parameters(model)
    yield "vocabulary", _vocabulary(record)
    yield "training data", _text(facts, "data") or _data(record)
    yield "started from", _first_model(_table(record, "init_from"))
    yield "splits", _text(facts, "splits")
    yield "recipe", _text(facts, "recipe")
    yield "seed", _number(record, "seed", ".0f")
    yield "validation", _validation(_table(record, "validation"))
    for name, scores in _table(record, "tests").items():
        if isinstance(scores, Mapping):
            yield _test_name(name, scores), _test(_text(_table(facts, "tests"), name), scores)
    yield "versions", ", ".join(f"{name} {v}" for name, v in _table(record, "versions").items() if v)
    yield "date", _text(facts, "date")


def _directions(record: Mapping[str, Any]) -> str:
    return ", ".join(" → ".join(language or "?" for language in pair) for pair in _pairs(record))


def _parameters(model: Mapping[str, Any]) -> str:
    count, weights = _number(model, "parameters", ",.0f"), _text(model, "weights")
    return f"{count}, stored in {weights}" if count and weights else count


def _vocabulary(record: Mapping[str, Any]) -> str:
    model = _table(record, "model")
    source, target = (_number(model, f"{side}_vocabulary", ",.0f") for side in ("source", "target"))
    kind = _text(_table(_table(record, "settings"), "data"), "tokenizer")
    kind = f" ({kind})" if kind else ""
    if not source or not target:
        return ""
    if model.get("joint"):
        return f"{source} SentencePiece pieces{kind}, joint"
    return f"{source} source and {target} target SentencePiece pieces{kind}"


def _data(record: Mapping[str, Any]) -> str:
    """The corpora as the training was given them."""
    if isinstance(record.get("data"), str):  # models of before `facts` existed
        return _text(record, "data")
    data = _table(record, "data")
    corpora = ", ".join(str(name) for name in _list(data, "train"))
    pairs = _number(data, "pairs", ",.0f")
    return f"{corpora}: {pairs} pairs after cleaning" if corpora and pairs else corpora


def _first_model(start: Mapping[str, Any]) -> str:
    """The model that a fine-tuning started from, and its licence."""
    licence = _text(_table(start, "facts"), "licence")
    return _text(start, "name") + (f" (licence {licence})" if licence else "")


def _validation(scores: Mapping[str, Any]) -> str:
    bleu, loss, step = (
        _number(scores, name, form) for name, form in (("bleu", ".2f"), ("loss", ".3f"), ("step", ",.0f"))
    )
    each = _table(scores, "directions")
    of_each = ", ".join(f"{name} {_number(_table(each, name), 'score', '.2f')}" for name in each)
    parts = [
        f"greedy BLEU {bleu} (`{_line(_text(scores, 'signature'))}`)" if bleu else "",
        f"of each: {_line(of_each)}" if of_each else "",
        f"loss {loss} nats a token" if loss else "",
        f"after {step} updates" if step else "",
    ]
    return ", ".join(part for part in parts if part)


def _test_name(name: str, scores: Mapping[str, Any]) -> str:
    decoding = _table(scores, "decoding")
    beam, penalty = _number(decoding, "beam_size", ".0f"), _number(decoding, "length_penalty", "g")
    beam = f", beam {beam}" if beam else ""
    penalty = f", length penalty {penalty}" if penalty else ""
    return _cell(f"test: {name}{beam}{penalty}")


def _test(description: str, scores: Mapping[str, Any]) -> str:
    parts = []
    for key, label in (("bleu", "BLEU"), ("chrf", "chrF"), ("ter", "TER")):
        value = _number(_table(scores, key), "score", ".2f")
        if value:
            parts.append(f"{label} {value} (`{_line(_text(_table(scores, key), 'signature'))}`)")
    sentences = _number(scores, "sentences", ",.0f")
    what = description or (f"{sentences} sentences" if sentences else "")
    return ", ".join(parts) + (f"; {what}" if what else "")


# Access to the record. Models of other people may hold anything there.


def _table(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(record: Mapping[str, Any], key: str) -> list[Any]:
    value = record.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    return value.strip() if isinstance(value, str) else ""


def _number(record: Mapping[str, Any], key: str, form: str) -> str:
    value = record.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    try:
        return format(value, form) if math.isfinite(value) else ""
    except OverflowError:  # an integer above the largest float
        return ""


def _pairs(record: Mapping[str, Any]) -> list[list[str]]:
    pairs = (_strings(pair) for pair in _list(_table(record, "model"), "directions"))
    return [pair for pair in pairs if len(pair) == 2]


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def _line(text: str) -> str:
    """`text` without line ends."""
    return re.sub(r"\s+", " ", text)


def _cell(text: str) -> str:
    """`text` for a table. A bar ends a cell, also between backquotes, unless a backslash precedes it."""
    return _line(text).replace("|", "\\|")
