"""Numbers as each language writes them: separators, percent and currency signs. Clock times: times.py.

The table follows Unicode CLDR 47 (cldr.unicode.org). Which part of a text is a number: verbatim.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from seq2seq.preparation.times import localize_time, time_value
from seq2seq.text.languages import language_code, normalize_tag

SPACE = "[ \u00a0\u2009\u202f]"
"""Spaces that stand inside numbers: plain, no-break, thin, narrow no-break."""
CURRENCY = r"(?:(?:US|CA|AU|NZ|HK|[ACRS])?\$|[€£¥₹₽₩₺₴₫₪₿฿₦₱])"
"""Currency signs that change sides between languages."""


@dataclass(frozen=True)
class NumberFormat:
    """How a language writes numbers. In `percent` and `currency`, `{}` is the digits and ¤ the sign."""

    decimal: str
    group: str
    """Stands between groups of three digits."""
    percent: str
    currency: str
    indian: bool = False
    """Whether groups beyond the first three digits have two digits: 12,34,567."""


def _formats(decimal: str, group: str, *rows: str) -> dict[str, NumberFormat]:
    """Formats of languages with the same separators. A row: percent, currency, tags; "~" is U+00A0."""
    formats = dict[str, NumberFormat]()
    for row in rows:
        percent, currency, *tags = (word.replace("~", "\u00a0") for word in row.split())
        formats |= {tag: NumberFormat(decimal, group, percent, currency) for tag in tags}
    return formats


_INDIAN = NumberFormat(".", ",", "{}%", "¤{}", indian=True)
FORMATS: dict[str, NumberFormat] = {
    **_formats(".", ",", "{}% ¤{} en es-mx es-419 he ja ko ms th zh"),
    **_formats(".", "’", "{}% ¤~{} de-ch it-ch"),
    **_formats(",", "\u202f", "{}~% {}~¤ fr", "{}% {}~¤ fr-ch"),
    **_formats(
        ",",
        ".",
        "{}~% {}~¤ ca da de es gl hr mk ro sl",
        "{}~% ¤~{} de-at",
        "{}% {}~¤ el is it sr vi",
        "{}% ¤~{} nl pt",
        "{}% ¤{} id",
        "%{} ¤{} tr",
    ),
    **_formats(
        ",",
        "\u00a0",
        "{}~% {}~¤ cs fi fr-ca lt nb no ru sk sv",
        "{}% {}~¤ bg et hu lv pl pt-pt sq uk",
        "{}% ¤~{} eo",
        "{}% ¤{} en-za",
    ),
    "en-in": _INDIAN,
    "hi": _INDIAN,
}
"""By language tag in lower case; a tag with a region that is not here has the format of its language.

Negative numbers keep the user's minus sign. Hebrew amounts stand without CLDR's marks of direction, and the
currency before the digits.
"""

_PLAIN = r"0|[1-9][0-9]*+"
_NUMBER = r"""
    (?P<sign>[-−+±]?) (?P<prefix>(?:{currency}{space}?|%)?) (?P<inner_sign>[-−+]?)
    (?P<digits>{amount})(?P<second>(?:[-–]{amount})?)
    (?P<unit>(?:{space}?(?!{currency})(?:[^\W\d_]{{1,5}}(?:/[hs]|[²³])?|°[CF]?))?)
    (?P<suffix>(?:{space}?(?:%|{currency}))?)
"""


def number_format(language: str) -> NumberFormat | None:
    """The format of a language tag (`fr`, `pt_PT`, `fra`), None if it is unknown."""
    return FORMATS.get(normalize_tag(language)) or FORMATS.get(language_code(language))


def localize_number(text: str, source: str, target: str) -> str:
    """`text`, a number in language `source`, as language `target` writes it; its value is the same.

    Separators, the place of a percent or currency sign and the space before it change; sign, digits and units
    stay. A number without separators gets none. Clock times: see `localize_time`. What is no plain number
    (dates, versions, telephone numbers, ordinals), and numbers in languages without a format, stay as they
    are.
    """
    if (written := localize_time(text, source, target)) is not None:
        return written
    source_format, target_format = number_format(source), number_format(target)
    if not source_format or not target_format or source_format == target_format:
        return text
    match = _grammar(source_format).fullmatch(text)
    if not match or (match["prefix"] and match["suffix"]):
        return _localize_range(text, source, target)
    digits = _convert(match["digits"], source_format, target_format)
    if match["second"]:
        digits += match["second"][0] + _convert(match["second"][1:], source_format, target_format)
    mark = (match["prefix"] + match["suffix"]).strip(" \u00a0\u2009\u202f")
    pattern = target_format.percent if mark == "%" else target_format.currency.replace("¤", mark)
    amount = digits + match["unit"]
    return match["sign"] + match["inner_sign"] + (pattern.replace("{}", amount) if mark else amount)


def number_value(text: str, language: str) -> Decimal | None:
    """The value of a number as written in `language`, with its sign; percent, currency, units do not count.

    A single point or comma that cannot separate thousands is a decimal sign in all languages ("3.5" in
    French). None if `text` is no plain number (a time, a date, a range, "007"), or if the language has no
    format.
    """
    number = number_format(language)
    if not number or time_value(text, language) is not None:
        return None
    other = "," if number.decimal == "." else "."
    for form in (number, replace(number, decimal=other, group="")):
        match = _grammar(form).fullmatch(text)
        if match and not match["second"]:
            bare = _bare(match["digits"], form)
            if form is not number and re.fullmatch(r"[1-9][0-9]*+\.[0-9]{3}", bare):
                return None
            minus = any(sign in ("-", "−") for sign in (match["sign"], match["inner_sign"]))
            return Decimal("-" * minus + bare)
    return None


def same_value(one: str, source: str, other: str, target: str) -> bool:
    """Whether `one`, written in language `source`, and `other`, in `target`, have the same value and unit.

    Times are the same if they are the same minute of the day. What is no plain number (a date, a version)
    must be the same text, or the same but for its separators.
    """
    if other in (one, localize_number(one, source, target)) and number_value(one, source) is None:
        return True
    minute, value = time_value(one, source), number_value(one, source)
    if minute is not None:
        return minute == time_value(other, target)
    return value is not None and value == number_value(other, target) and _unit(one) == _unit(other)


def _unit(text: str) -> str:
    """The unit of a number: what stands after its digits, without percent, currency and spaces."""
    return re.sub(rf"{SPACE}|%|{CURRENCY}", "", re.split("[0-9]", text)[-1])


def _localize_range(text: str, source: str, target: str) -> str:
    """`text` with both sides localised if it is a range of amounts such as "$10-$20"."""
    sides = re.fullmatch(r"([^-–]+)([-–])([^-–]+)", text)
    if not sides or not all(_has_mark(side) for side in (sides[1], sides[3])):
        return text
    return localize_number(sides[1], source, target) + sides[2] + localize_number(sides[3], source, target)


def _has_mark(text: str) -> bool:
    """Whether a currency or percent sign stands in `text`."""
    return bool(re.search(rf"%|{CURRENCY}", text))


@cache
def _grammar(form: NumberFormat) -> re.Pattern[str]:
    """What a number in this format looks like.

    Spaces and apostrophes separate thousands in all languages, but one number has one separator only.
    """
    decimal = re.escape(form.decimal)
    first = "[1-9][0-9]{0,2}"
    marks = [re.escape(form.group)] * bool(form.group) + [SPACE, "['’]"]
    grouped = [rf"{first}(?:{mark}[0-9]{{3}})++" for mark in marks]
    if form.group == ",":
        grouped.append(r"[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}")
    whole = f"(?:{'|'.join(grouped)}|{_PLAIN})"
    amount = rf"(?:{whole}(?:{decimal}[0-9]++)?|{decimal}[0-9]++)"
    return re.compile(_NUMBER.format(currency=CURRENCY, space=SPACE, amount=amount), re.VERBOSE)


def _bare(digits: str, form: NumberFormat) -> str:
    """`digits` without separators of thousands, and with a point as decimal sign."""
    whole, point, fraction = digits.partition(form.decimal)
    return re.sub("[^0-9]", "", whole) + ("." if point else "") + fraction


def _convert(digits: str, source: NumberFormat, target: NumberFormat) -> str:
    """`digits` with the separators of `target`, in groups if `source` has groups."""
    whole, point, fraction = _bare(digits, source).partition(".")
    if len(whole) != len(digits.partition(source.decimal)[0]):
        whole = _grouped(whole, target)
    return (whole or "0") + (target.decimal if point else "") + fraction


def _grouped(whole: str, form: NumberFormat) -> str:
    """`whole` in groups of three digits; with Indian groups, of two beyond the last three."""
    size, last = (2 if form.indian else 3), len(whole) - 3
    head = whole[: max(last, 0)]
    groups = [head[max(end - size, 0) : end] for end in range(len(head), 0, -size)][::-1]
    return form.group.join([*groups, whole[max(last, 0) :]])
