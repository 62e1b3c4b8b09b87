"""Numbers, dates and measures for the slots of the templates, in English, French and German.

Each function of ``COMPUTED`` draws one value with all of its forms. French writes "12 345,6", "le 3 mai",
"14 h 30"; German "12.345,6", "der 3. Mai", "14:30 Uhr". They are the forms that seq2seq.preparation writes.
"""

from __future__ import annotations

import random
from collections.abc import Callable

EN_DAYS, FR_DAYS, DE_DAYS, EN_MONTHS, FR_MONTHS, DE_MONTHS = (
    line.split()
    for line in """
Monday Tuesday Wednesday Thursday Friday Saturday Sunday
lundi mardi mercredi jeudi vendredi samedi dimanche
Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag
January February March April May June July August September October November December
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
Januar Februar März April Mai Juni Juli August September Oktober November Dezember
""".strip().splitlines()
)
EN_SMALL, EN_TENS, FR_SMALL, FR_TENS, DE_SMALL, DE_TENS = (
    line.split()
    for line in """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety
zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept \
dix-huit dix-neuf
vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn \
siebzehn achtzehn neunzehn
zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig
""".strip().splitlines()
)
UNITS = {
    "seconds": ("secondes", "Sekunden", "Sekunden"),
    "minutes": ("minutes", "Minuten", "Minuten"),
    "hours": ("heures", "Stunden", "Stunden"),
    "days": ("jours", "Tage", "Tagen"),
    "weeks": ("semaines", "Wochen", "Wochen"),
    "months": ("mois", "Monate", "Monaten"),
    "years": ("ans", "Jahre", "Jahren"),
}
"""English plural: French plural, German plural, German plural in the dative."""

Value = dict[str, str]
"""The forms of one slot value: "en", "fr", "de", or language and form, as "fr.in"."""


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


def german_number(number: int) -> str:
    """Spell a number from 0 to 100 in German."""
    if number < 20:
        return DE_SMALL[number]
    if number == 100:
        return "einhundert"
    tens, ones = divmod(number, 10)
    return ("ein" if ones == 1 else DE_SMALL[ones]) * bool(ones) + "und" * bool(ones) + DE_TENS[tens - 2]


def both(text: str) -> Value:
    """Return a value that is the same in all languages."""
    return {"en": text, "fr": text, "de": text}


def decimal(text: str) -> Value:
    """Return an English decimal number with its French and German form."""
    return {"en": text, "fr": text.replace(".", ","), "de": text.replace(".", ",")}


def large(rng: random.Random) -> Value:
    """Return a number from 1,000 to 999,999 with its thousands separator."""
    text = (
        f"{rng.choice([rng.randint(1000, 9999), rng.randint(10, 999) * 1000, rng.randint(10000, 999999)]):,}"
    )
    return {"en": text, "fr": text.replace(",", " "), "de": text.replace(",", ".")}


def price(rng: random.Random) -> Value:
    """Return an amount in dollars, euros or pounds."""
    sign = rng.choice("$$€€£")
    whole = rng.choice([rng.randint(1, 20), rng.randint(20, 999)])
    amount = (
        f"{whole}.{rng.choice(['99', '50', '95', '25', '80', '05'])}" if rng.random() < 0.6 else str(whole)
    )
    forms = decimal(amount)
    return {"en": f"{sign}{amount}", "fr": f"{forms['fr']} {sign}", "de": f"{forms['de']} {sign}"}


def clock(rng: random.Random) -> Value:
    """Return a time of day; French and German use 24 hours. German form "bare": without "Uhr"."""
    hour = rng.randint(7, 22)
    minute = rng.choice([0, 0, 15, 30, 45, rng.randint(1, 59)])
    french = f"{hour} h {minute:02d}" if minute else f"{hour} h"
    if rng.random() < 0.4:
        english = german = f"{hour}:{minute:02d}"
    else:
        half = rng.choice([("a.m.", "p.m."), ("am", "pm")])[hour >= 12]
        shown = hour - 12 if hour > 12 else hour
        english = f"{shown}:{minute:02d} {half}" if minute else f"{shown} {half}"
        german = f"{hour:02d}:{minute:02d}"
    return {"en": english, "fr": french, "de": f"{german} Uhr", "de.bare": german}


def date(rng: random.Random) -> Value:
    """Return a date, half of the time with its year.

    French forms: "the" and "" ("le 3 mai"), "of" ("du"), "to" ("au"), "bare". German: "" ("3. Mai"), "on"
    ("am"), "of" ("vom"), "to" ("zum"), "the" ("der").
    """
    day, month = rng.randint(1, 28), rng.randrange(12)
    name = EN_MONTHS[month]
    year = str(rng.randint(1900, 2035)) if rng.random() < 0.5 else ""
    if year:
        english = rng.choice([f"{name} {day}, {year}", f"{day} {name} {year}"])
    else:
        english = rng.choice([f"{name} {day}", f"{name} {ordinal_text(day)}", f"{day} {name}"])
    french = f"{'1er' if day == 1 else day} {FR_MONTHS[month]} {year}".rstrip()
    german = f"{day}. {DE_MONTHS[month]} {year}".rstrip()
    forms = {"fr": "le", "fr.the": "le", "fr.of": "du", "fr.to": "au"}
    value = {"en": english, "fr.bare": french, "de": german}
    value |= {form: f"{article} {french}" for form, article in forms.items()}
    forms = {"de.on": "am", "de.of": "vom", "de.to": "zum", "de.the": "der"}
    return value | {form: f"{article} {german}" for form, article in forms.items()}


def ordinal_text(number: int) -> str:
    """Return an English ordinal in digits, as "21st"."""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def ordinal(rng: random.Random) -> Value:
    """Return an ordinal in digits from 2 to 60."""
    number = rng.randint(2, 60)
    return {"en": ordinal_text(number), "fr": f"{number}e", "de": f"{number}."}


def spelled(rng: random.Random) -> Value:
    """Return a spelled-out number from 2 to 100; French form "f" goes before a feminine noun."""
    number = rng.randint(2, 100)
    french = french_number(number)
    value = {"en": english_number(number), "fr": french, "fr.f": french + "e" * french.endswith("un")}
    return value | {"de": german_number(number)}


def percent(rng: random.Random) -> Value:
    """Return a percentage, whole or with one decimal."""
    text = str(rng.randint(2, 100)) if rng.random() < 0.7 else f"{rng.randint(2, 99)}.{rng.randint(1, 9)}"
    forms = decimal(text)
    return {"en": f"{text}%", "fr": f"{forms['fr']} %", "de": f"{forms['de']} %"}


def measure(units: str, low: int, high: int, decimals: int = 0) -> Callable[[random.Random], Value]:
    """Return a generator of amounts from ``low`` to ``high`` with one of the space-separated units."""

    def make(rng: random.Random) -> Value:
        amount = f"{rng.uniform(low, high):.{decimals if rng.random() < 0.5 else 0}f}"
        unit = rng.choice(units.split())
        return {language: f"{text} {unit}" for language, text in decimal(amount).items()}

    return make


def weekdate(rng: random.Random) -> Value:
    """Return a weekday and a day ("Friday the 21st", "Friday, May 21").

    French form "the" has its article. German: "" ("Freitag, der 21. Mai"), "on" ("am Freitag, dem 21. Mai"),
    "den" and "dem" (accusative and dative).
    """
    position, day, month = rng.randrange(7), rng.randint(1, 28), rng.randrange(12)
    english, bare = EN_DAYS[position], f"{FR_DAYS[position]} {'1er' if day == 1 else day}"
    german = f"{day}."
    if rng.random() < 0.4:
        english += f" the {ordinal_text(day)}"
    else:
        english += rng.choice([f", {EN_MONTHS[month]} {day}", f" {day} {EN_MONTHS[month]}"])
        bare += f" {FR_MONTHS[month]}"
        german += f" {DE_MONTHS[month]}"
    value = {"en": english, "fr": bare, "fr.the": f"le {bare}"}
    name = DE_DAYS[position]
    value |= {"de": f"{name}, der {german}", "de.on": f"am {name}, dem {german}"}
    return value | {"de.den": f"{name}, den {german}", "de.dem": f"{name}, dem {german}"}


def duration(rng: random.Random) -> Value:
    """Return a length of time in one or two units; German form "dat" is the dative ("in 3 Tagen")."""
    if rng.random() < 0.3:
        hours, minutes = rng.randint(2, 12), rng.randint(2, 59)
        french = f"{hours} heures et {minutes} minutes"
        german = f"{hours} Stunden und {minutes} Minuten"
        return {
            "en": f"{hours} hours and {minutes} minutes",
            "fr": french,
            "de": german,
            "de.dat": german,
        }
    english = rng.choice(list(UNITS))
    french, german, dative = UNITS[english]
    number = rng.randint(2, 30)
    units = {"en": english, "fr": french, "de": german, "de.dat": dative}
    return {form: f"{number} {unit}" for form, unit in units.items()}


def score(rng: random.Random) -> Value:
    """Return the score of a game."""
    more = rng.randint(1, 6)
    less = rng.randrange(more)
    return {"en": f"{more}{rng.choice('-–')}{less}", "fr": f"{more} à {less}", "de": f"{more}:{less}"}


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
