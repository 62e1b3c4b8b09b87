"""Write English-French training pairs from templates.

``python docs/models/expand.py --seed 1 --number 12000 > pairs.tsv`` picks a template at random, fills its
slots and prints the pair (English, tab, French) unless it was printed before.

A slot is ``⟦kind⟧``; ``⟦kind.form⟧`` asks for another form of the same value (``⟦country.in⟧``: "en France"),
``⟦kind:2⟧`` for a second value of the kind, different from the first. A capital asks for a capital:
``⟦country.The⟧``, ``⟦weekday.Cap⟧`` where no form is meant. ``de~⟦first⟧`` becomes "de Tom" or "d'Anna",
``à~⟦drink.the⟧`` "au lait". Kinds are lists in ``slots.en-fr.toml`` or, for numbers, dates and measures,
functions in this file.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
SLOT = re.compile(r"(?:\b(\w+)~)?⟦(\w+)(?:\.(\w+))?(?::(\d))?⟧")
VOWEL = re.compile(r"[aeiouàâäæéèêëîïôöœùûüÅØáíóú]|huile|y(?![aeiou])", re.IGNORECASE)
CONTRACTED = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}
EN_DAYS, FR_DAYS, EN_MONTHS, FR_MONTHS, EN_SMALL, EN_TENS, FR_SMALL, FR_TENS = (
    line.split()
    for line in """
Monday Tuesday Wednesday Thursday Friday Saturday Sunday
lundi mardi mercredi jeudi vendredi samedi dimanche
January February March April May June July August September October November December
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety
zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept \
dix-huit dix-neuf
vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt
""".strip().splitlines()
)
FR_UNITS = {"seconds": "secondes", "minutes": "minutes", "hours": "heures", "days": "jours"}
FR_UNITS |= {"weeks": "semaines", "months": "mois", "years": "ans"}

Value = dict[str, str]
"""The forms of one slot value: "en", "fr", or language and form, as "fr.in"."""


def english_number(number: int) -> str:
    """Spell a number from 0 to 100 in English."""
    if number < 20:
        return EN_SMALL[number]
    if number == 100:
        return "one hundred"
    tens, ones = divmod(number, 10)
    return EN_TENS[tens - 2] + (f"-{EN_SMALL[ones]}" if ones else "")


def french_number(number: int) -> str:
    """Spell a number from 0 to 100 in French (masculine, traditional hyphens)."""
    if number < 20:
        return FR_SMALL[number]
    if number in (80, 100):
        return "quatre-vingts" if number == 80 else "cent"
    tens = FR_TENS[number // 10 - 2]
    rest = number % 20 if number >= 60 else number % 10
    if not rest:
        return tens
    joint = " et " if rest in (1, 11) and number < 80 else "-"
    return tens + joint + FR_SMALL[rest]


def both(text: str) -> Value:
    """Return a value that is the same in both languages."""
    return {"en": text, "fr": text}


def decimal(text: str) -> Value:
    """Return an English decimal number with its French form."""
    return {"en": text, "fr": text.replace(".", ",")}


def large(rng: random.Random) -> Value:
    """Return a number from 1,000 to 999,999 with its thousands separator."""
    text = (
        f"{rng.choice([rng.randint(1000, 9999), rng.randint(10, 999) * 1000, rng.randint(10000, 999999)]):,}"
    )
    return {"en": text, "fr": text.replace(",", " ")}


def price(rng: random.Random) -> Value:
    """Return an amount in dollars, euros or pounds."""
    sign = rng.choice("$$€€£")
    whole = rng.choice([rng.randint(1, 20), rng.randint(20, 999)])
    amount = (
        f"{whole}.{rng.choice(['99', '50', '95', '25', '80', '05'])}" if rng.random() < 0.6 else str(whole)
    )
    return {"en": f"{sign}{amount}", "fr": f"{decimal(amount)['fr']} {sign}"}


def clock(rng: random.Random) -> Value:
    """Return a time of day; the French form uses 24 hours."""
    hour = rng.randint(7, 22)
    minute = rng.choice([0, 0, 15, 30, 45, rng.randint(1, 59)])
    french = f"{hour} h {minute:02d}" if minute else f"{hour} h"
    if rng.random() < 0.4:
        return {"en": f"{hour}:{minute:02d}", "fr": french}
    half = rng.choice([("a.m.", "p.m."), ("am", "pm")])[hour >= 12]
    shown = hour - 12 if hour > 12 else hour
    return {"en": f"{shown}:{minute:02d} {half}" if minute else f"{shown} {half}", "fr": french}


def date(rng: random.Random) -> Value:
    """Return a date, half of the time with its year; forms "of" ("du 3 mars") and "to" ("au 3 mars")."""
    day, month = rng.randint(1, 28), rng.randrange(12)
    name = EN_MONTHS[month]
    year = str(rng.randint(1900, 2035)) if rng.random() < 0.5 else ""
    if year:
        english = rng.choice([f"{name} {day}, {year}", f"{day} {name} {year}"])
    else:
        english = rng.choice([f"{name} {day}", f"{name} {ordinal_text(day)}", f"{day} {name}"])
    bare = f"{'1er' if day == 1 else day} {FR_MONTHS[month]} {year}".rstrip()
    return {
        "en": english,
        "fr": f"le {bare}",
        "fr.the": f"le {bare}",
        "fr.of": f"du {bare}",
        "fr.to": f"au {bare}",
        "fr.bare": bare,
    }


def ordinal_text(number: int) -> str:
    """Return an English ordinal in digits, as "21st"."""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def ordinal(rng: random.Random) -> Value:
    """Return an ordinal in digits from 2 to 60."""
    number = rng.randint(2, 60)
    return {"en": ordinal_text(number), "fr": f"{number}e"}


def spelled(rng: random.Random) -> Value:
    """Return a spelled-out number from 2 to 100; form "f" goes before a feminine noun."""
    number = rng.randint(2, 100)
    french = french_number(number)
    return {"en": english_number(number), "fr": french, "fr.f": french + "e" * french.endswith("un")}


def percent(rng: random.Random) -> Value:
    """Return a percentage, whole or with one decimal."""
    text = str(rng.randint(2, 100)) if rng.random() < 0.7 else f"{rng.randint(2, 99)}.{rng.randint(1, 9)}"
    return {"en": f"{text}%", "fr": f"{decimal(text)['fr']} %"}


def measure(units: str, low: int, high: int, decimals: int = 0) -> Callable[[random.Random], Value]:
    """Return a generator of amounts from ``low`` to ``high`` with one of the space-separated units."""

    def make(rng: random.Random) -> Value:
        amount = f"{rng.uniform(low, high):.{decimals if rng.random() < 0.5 else 0}f}"
        unit = rng.choice(units.split())
        return {language: f"{text} {unit}" for language, text in decimal(amount).items()}

    return make


def weekdate(rng: random.Random) -> Value:
    """Return a weekday and a day ("Friday the 21st", "Friday, May 21"); form "the" has its article."""
    position, day, month = rng.randrange(7), rng.randint(1, 28), rng.randrange(12)
    english, bare = EN_DAYS[position], f"{FR_DAYS[position]} {'1er' if day == 1 else day}"
    if rng.random() < 0.4:
        english += f" the {ordinal_text(day)}"
    else:
        english += rng.choice([f", {EN_MONTHS[month]} {day}", f" {day} {EN_MONTHS[month]}"])
        bare += f" {FR_MONTHS[month]}"
    return {"en": english, "fr": bare, "fr.the": f"le {bare}"}


def duration(rng: random.Random) -> Value:
    """Return a length of time in one or two units."""
    if rng.random() < 0.3:
        hours, minutes = rng.randint(2, 12), rng.randint(2, 59)
        return {"en": f"{hours} hours and {minutes} minutes", "fr": f"{hours} heures et {minutes} minutes"}
    english = rng.choice(list(FR_UNITS))
    number = rng.randint(2, 30)
    return {"en": f"{number} {english}", "fr": f"{number} {FR_UNITS[english]}"}


def score(rng: random.Random) -> Value:
    """Return the score of a game."""
    more = rng.randint(1, 6)
    less = rng.randrange(more)
    return {"en": f"{more}{rng.choice('-–')}{less}", "fr": f"{more} à {less}"}


def phone(rng: random.Random) -> Value:
    """Return a telephone number in one of three notations."""
    pairs = [f"{rng.randrange(100):02d}" for _ in range(4)]
    french = f"{rng.randint(1, 9)} {' '.join(pairs)}"
    return both(rng.choice([f"0{french}", f"+33 {french}", f"555-01{pairs[0]}"]))


COMPUTED: dict[str, Callable[[random.Random], Value]] = {
    "small": lambda rng: both(str(rng.randint(2, 12))),
    "number": lambda rng: both(str(rng.randint(2, 99))),
    "hundreds": lambda rng: both(str(rng.randint(100, 999))),
    "age": lambda rng: both(str(rng.randint(2, 99))),
    "year": lambda rng: both(str(rng.randint(1789, 2040))),
    "recent": lambda rng: both(str(rng.randint(1990, 2030))),
    "version": lambda rng: both(f"{rng.randint(1, 12)}.{rng.randint(0, 20)}"),
    "decimal": lambda rng: decimal(f"{rng.randint(2, 99)}.{rng.randint(1, 99)}"),
    "large": large,
    "price": price,
    "time": clock,
    "date": date,
    "ordinal": ordinal,
    "spelled": spelled,
    "percent": percent,
    "weekdate": weekdate,
    "duration": duration,
    "score": score,
    "phone": phone,
    "decade": lambda rng: both(str(rng.randrange(1850, 2020, 10))),
    "tall": lambda rng: decimal(f"1.{rng.randint(45, 99)} m"),
    "cents": lambda rng: decimal(f"{rng.randint(1, 99)}.{rng.randint(5, 99):02d}"),
    "fever": lambda rng: decimal(f"{rng.randint(37, 40)}.{rng.randint(1, 9)}"),
    "below": lambda rng: both(f"-{rng.randint(1, 30)} °C"),
    "weight": measure("kg kg g", 2, 120, 1),
    "height": measure("m", 1, 3, 2),
    "length": measure("m cm cm mm", 2, 400, 1),
    "distance": measure("km", 2, 900, 1),
    "volume": measure("ml l cl", 2, 750),
    "speed": measure("km/h", 5, 300),
    "degrees": measure("°C", -15, 42),
    "oven": measure("°C", 100, 240),
}


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
    """Read the templates: English, tab, French."""
    templates = []
    for line in path.read_text(encoding="utf-8").splitlines():
        english, french = line.split("\t")
        templates.append((english, french))
    return templates


def fill(text: str, language: str, values: dict[tuple[str, str], Value]) -> str:
    """Replace the slots of one side of a template; one full stop is enough after "a.m."."""

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

    return SLOT.sub(replace, text).replace(".m..", ".m.")


def expand(
    templates: list[tuple[str, str]], slots: dict[str, list[Value]], rng: random.Random, number: int
) -> Iterator[tuple[str, str]]:
    """Yield up to ``number`` distinct pairs; stop early when 100 x ``number`` tries give no more."""
    seen: set[tuple[str, str]] = set()
    for _ in range(100 * number):
        if len(seen) == number:
            return
        english, french = rng.choice(templates)
        values: dict[tuple[str, str], Value] = {}
        for _, kind, _, index in sorted(set(SLOT.findall(english + french))):
            key = kind, index or "1"
            used = [value for (other, _), value in values.items() if other == kind]
            while key not in values:
                value = rng.choice(slots[kind]) if kind in slots else COMPUTED[kind](rng)
                if value not in used:
                    values[key] = value
        pair = fill(english, "en", values), fill(french, "fr", values)
        if pair not in seen:
            seen.add(pair)
            yield pair


def main() -> None:
    """Read the arguments and print the pairs."""
    parser = argparse.ArgumentParser(description="Write English-French training pairs from templates.")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random choices (default 1)")
    parser.add_argument("--number", type=int, default=12000, help="pairs to write (default 12000)")
    parser.add_argument("--templates", type=Path, default=HERE / "templates.en-fr.tsv")
    parser.add_argument("--slots", type=Path, default=HERE / "slots.en-fr.toml")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for pair in expand(read_templates(options.templates), read_slots(options.slots), rng, options.number):
        sys.stdout.write("\t".join(pair) + "\n")


if __name__ == "__main__":
    main()
