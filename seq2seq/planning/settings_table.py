"""The chosen settings as a table for a terminal: what, the value as it will be used, and the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seq2seq.config import Settings, to_dict
from seq2seq.planning.choosing import Choice
from seq2seq.planning.lines import table

Values = Mapping[str, Any]


def settings_table(choices: Sequence[Choice], settings: Settings) -> list[str]:
    """The lines of the table. A choice that an option overrides has the reason "as given"."""
    values = values_of(settings)
    rows = []
    for choice in choices:
        given = sorted(name for name, value in choice.values.items() if values[name] != value)
        more = f" and {len(given) - 1} more" if len(given) > 1 else ""
        reason = f"as given ({given[0]}{more})" if given else choice.reason
        rows.append((choice.title, _SHOWN[choice.title](values), reason))
    return table(rows)


def values_of(settings: Settings) -> dict[str, Any]:
    """All settings by name, such as "model.dropout"."""
    return {
        f"{part}.{name}": value
        for part, fields in to_dict(settings).items()
        for name, value in fields.items()
    }


def _network(values: Values) -> str:
    layers = (
        f"{values[f'model.{side}_layers']} × {values[f'model.{side}_size']}"
        for side in ("encoder", "decoder")
    )
    return f"{values['model.cell'].upper()} {' and '.join(layers)}"


def _vocabulary(values: Values) -> str:
    pieces = f"{values['data.vocab_size']:,} pieces"
    return pieces + ("" if values["data.joint"] else " a side")


def _dropout(values: Values) -> str:
    names = ("dropout", "embedding_dropout", "word_dropout")
    return ", ".join(f"{values[f'model.{name}']:g}" for name in names)


def _added(values: Values) -> str:
    names = {"noise": "noise", "placeholders": "copies", "phrases": "phrases"}
    return ", ".join(shown for name, shown in names.items() if values[f"data.{name}"]) or "none"


def _rate(values: Values) -> str:
    return f"{values['training.learning_rate']:g}, {values['training.schedule']}"


def _end(values: Values) -> str:
    limits = [
        f"{values[f'training.{name}']:g} {name if values[f'training.{name}'] != 1 else name[:-1]}"
        for name in ("epochs", "steps", "minutes")
        if values[f"training.{name}"]
    ]
    return " or ".join(limits) or "patience"


_SHOWN: dict[str, Callable[[Values], str]] = {
    "network": _network,
    "vocabulary": _vocabulary,
    "dropout": _dropout,
    "R-Drop": lambda values: f"{values['training.consistency']:g}",
    "longest text": lambda values: f"{values['data.max_length']} tokens",
    "added text": _added,
    "batch": lambda values: f"{values['training.batch_tokens']:,} tokens",
    "learning rate": _rate,
    "end": _end,
    "products": lambda values: str(values["training.precision"]),
}
"""How each choice is shown, by its title."""
