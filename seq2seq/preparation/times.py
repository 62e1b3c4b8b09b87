"""Clock times as each language writes them: "5:30 p.m.", "17 h 30", "17:30", "17.30".

The table follows the short time formats of Unicode CLDR 47 (cldr.unicode.org); French writes hours as the
Lexique des règles typographiques of the Imprimerie nationale does. Which part of a text is a time:
number_patterns.py.
"""

from __future__ import annotations

import re

from seq2seq.text.languages import language_code, normalize_tag

_FRENCH, _ENGLISH = "H h mm", "h:mm a"
_ROWS = (
    "HH:mm de eo et fr-ch gl hr is it lt lv mk nb nl no pl pt ro ru sl sr sv th tr uk vi zh",
    "H:mm bg ca cs es he hu ja sk",
    "HH.mm da id",
    "H.mm fi",
)
FORMATS: dict[str, str] = {
    **{tag: form for form, *tags in map(str.split, _ROWS) for tag in tags},
    "fr": _FRENCH,
    "en": _ENGLISH,
    "es-mx": "",  # twelve hours, as in the rest of Latin America
    "es-419": "",
}
"""By language tag in lower case; a tag with a region that is not here has the format of its language.

Languages that are not here, or with "", keep times as they stand.
"""
_HOUR_LETTER = frozenset(("fr", "pt"))
"""Languages that write "10h30"."""

_COLON = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_TWELVE = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?\s?([ap])\.?m\.?", re.IGNORECASE)
_HOURS = re.compile(r"([0-9]{1,2})\s?h(?:\s?([0-9]{2}))?(?:\sd(u matin|u soir|e l['’]après-midi))?")


def time_value(text: str, language: str) -> int | None:
    """Minutes since midnight of a time as written in `language`; None if `text` is no time.

    All languages have "17:00" and "5 p.m."; French and Portuguese have "17 h" and "17h30", French also "5 h
    du soir".
    """
    hour, minute = -1, 0
    if match := _COLON.fullmatch(text):
        hour, minute = int(match[1]), int(match[2])
    elif match := _TWELVE.fullmatch(text):
        if 1 <= int(match[1]) <= 12:
            hour, minute = int(match[1]) % 12 + 12 * (match[3] in "pP"), int(match[2] or 0)
    elif language_code(language) in _HOUR_LETTER and (match := _HOURS.fullmatch(text)):
        hour, minute = int(match[1]), int(match[2] or 0)
        if match[3] and hour <= 12:
            hour = hour % 12 + 12 * (match[3] != "u matin")
    return hour * 60 + minute if 0 <= hour < 24 and minute < 60 else None


def localize_time(text: str, source: str, target: str) -> str | None:
    """`text`, a time in language `source`, as `target` writes it; None if it is no time.

    Between languages with colons "17:00" stays as it is. English gets "5 p.m." for full hours and for the
    afternoon, and "10:45" for what may be either half of the day. Spaces are U+00A0.
    """
    value = time_value(text, source)
    if value is None:
        return None
    form = FORMATS.get(normalize_tag(target), FORMATS.get(language_code(target), ""))
    colon = bool(_COLON.fullmatch(text))
    if not form or language_code(source) == language_code(target) or (colon and ":" in form):
        return text
    hour, minute = divmod(value, 60)
    if form == _FRENCH:
        return f"{hour}\u00a0h" + (f"\u00a0{minute:02}" if minute else "")
    if form != _ENGLISH:
        return (f"{hour:02}" if form.startswith("HH") else f"{hour}") + form[-3] + f"{minute:02}"
    if _TWELVE.fullmatch(text):
        return text
    if minute and 1 <= hour <= 12 and " d" not in text:
        return f"{hour}:{minute:02}"
    half = "p.m." if hour >= 12 else "a.m."
    return f"{(hour - 1) % 12 + 1}" + (f":{minute:02}" if minute else "") + f"\u00a0{half}"
