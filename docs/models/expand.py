"""Write training pairs from templates: English with French or German.

``python docs/models/expand.py --pair en-de --seed 1 --number 12000 > pairs.tsv`` picks a template of
``templates.en-de.tsv`` at random, fills its slots and prints the pair (English, tab, German) unless it was
printed before.

A slot is ``⟦kind⟧``; ``⟦kind.form⟧`` asks for another form of the same value (``⟦country.in⟧``: "en France",
"in der Schweiz"), ``⟦kind:2⟧`` for a second value of the kind, different from the first. A capital asks for a
capital: ``⟦country.The⟧``, ``⟦weekday.Cap⟧`` where no form is meant. In French, ``de~⟦first⟧`` becomes "de
Tom" or "d'Anna", ``à~⟦drink.the⟧`` "au lait". Kinds are lists in ``slots.toml`` (alike in all languages) and
``slots.en-fr.toml`` or ``slots.en-de.toml``, or functions in computed.py (numbers, dates, measures).
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from computed import COMPUTED, Value, both

HERE = Path(__file__).parent
PAIRS = ("en-fr", "en-de")
SLOT = re.compile(r"(?:\b(\w+)~)?⟦(\w+)(?:\.(\w+))?(?::(\d))?⟧")
VOWEL = re.compile(r"[aeiouàâäæéèêëîïôöœùûüÅØáíóú]|huile|y(?![aeiou])", re.IGNORECASE)
CONTRACTED = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}
TWO_STOPS = re.compile(r"(?<=\.m)\.\.|(?<=\b[0-9])\.\.(?!\.)|(?<=\b[0-9]{2})\.\.(?!\.)")


def read_slots(path: Path) -> dict[str, list[Value]]:
    """Read the slot lists: ``same`` (comma-separated values) or ``columns`` with one row a line."""
    slots: dict[str, list[Value]] = {}
    for kind, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if "same" in table:
            slots[kind] = [both(text.strip()) for text in table["same"].split(",")]
            continue
        slots[kind] = []
        for line in table["rows"].strip().splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            slots[kind].append(dict(zip(table["columns"], cells, strict=True)))
    return slots


def read_templates(path: Path) -> list[tuple[str, str]]:
    """Read the templates: English, tab, the other language."""
    templates = []
    for line in path.read_text(encoding="utf-8").splitlines():
        english, other = line.split("\t")
        templates.append((english, other))
    return templates


def fill(text: str, language: str, values: dict[tuple[str, str], Value]) -> str:
    """Replace the slots of one side of a template; one full stop is enough after "a.m." and "am 21."."""

    def replace(match: re.Match[str]) -> str:
        word, kind, form, index = match.groups()
        forms = values[kind, index or "1"]
        capital = form is not None and form[0].isupper()
        value = forms[f"{language}.{form.lower()}" if form and form != "Cap" else language]
        if capital:
            value = value[0].upper() + value[1:]
        if not word:
            return value
        article, _, rest = value.partition(" ")
        if (word, article) in CONTRACTED:
            return f"{CONTRACTED[word, article]} {rest}"
        return f"{word[:-1]}'{value}" if word.endswith("e") and VOWEL.match(value) else f"{word} {value}"

    return TWO_STOPS.sub(".", SLOT.sub(replace, text))


def draw(text: str, slots: dict[str, list[Value]], rng: random.Random) -> dict[tuple[str, str], Value]:
    """Draw a value for each kind and index in ``text``; two values of a kind differ."""
    values: dict[tuple[str, str], Value] = {}
    for _, kind, _, index in sorted(set(SLOT.findall(text))):
        key = kind, index or "1"
        used = [value for (other, _), value in values.items() if other == kind]
        while key not in values:
            value = rng.choice(slots[kind]) if kind in slots else COMPUTED[kind](rng)
            if value not in used:
                values[key] = value
    return values


def expand(
    templates: list[tuple[str, str]],
    slots: dict[str, list[Value]],
    rng: random.Random,
    number: int,
    language: str,
) -> Iterator[tuple[str, str]]:
    """Yield up to ``number`` distinct pairs; stop early when 100 x ``number`` tries give no more."""
    seen: set[tuple[str, str]] = set()
    for _ in range(100 * number):
        if len(seen) == number:
            return
        english, other = rng.choice(templates)
        values = draw(english + other, slots, rng)
        pair = fill(english, "en", values), fill(other, language, values)
        if pair not in seen:
            seen.add(pair)
            yield pair


def main() -> None:
    """Read the arguments and print the pairs."""
    parser = argparse.ArgumentParser(description="Write training pairs from templates.")
    parser.add_argument("--pair", choices=PAIRS, default="en-fr", help="languages (default en-fr)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random choices (default 1)")
    parser.add_argument("--number", type=int, default=12000, help="pairs to write (default 12000)")
    options = parser.parse_args()
    templates = read_templates(HERE / f"templates.{options.pair}.tsv")
    slots = read_slots(HERE / "slots.toml") | read_slots(HERE / f"slots.{options.pair}.toml")
    rng = random.Random(options.seed)
    for pair in expand(templates, slots, rng, options.number, options.pair[-2:]):
        sys.stdout.write("\t".join(pair) + "\n")


if __name__ == "__main__":
    main()
