"""Clock times in other languages: against examples, and against Babel's copy of Unicode CLDR."""

from __future__ import annotations

from datetime import time

import pytest
from babel import Locale
from babel.dates import format_time

from seq2seq.preparation.numbers import localize_number, number_value, same_value
from seq2seq.preparation.times import FORMATS, localize_time, time_value


@pytest.mark.parametrize(
    ("source", "text", "target", "expected"),
    [
        ("en", "5 p.m.", "fr", "17~h"),
        ("en", "5 p.m", "fr", "17~h"),
        ("en", "5pm", "fr", "17~h"),
        ("en", "9:30 a.m.", "fr", "9~h~30"),
        ("en", "9:05 AM", "fr", "9~h~05"),
        ("en", "10:45", "fr", "10~h~45"),
        ("en", "17:00", "fr", "17~h"),
        ("en", "12 a.m.", "fr", "0~h"),
        ("en", "12:30 p.m.", "fr", "12~h~30"),
        ("fr", "10 h 45", "en", "10:45"),
        ("fr", "10h30", "en", "10:30"),
        ("fr", "17 h", "en", "5~p.m."),
        ("fr", "17h", "en-GB", "5~p.m."),
        ("fr", "9 h", "en", "9~a.m."),
        ("fr", "0 h", "en", "12~a.m."),
        ("fr", "12 h", "en", "12~p.m."),
        ("fr", "17 h 30", "en", "5:30~p.m."),
        ("fr", "5 h du soir", "en", "5~p.m."),
        ("fr", "4 h 30 de l'après-midi", "en", "4:30~p.m."),
        ("fr", "2 h du matin", "de", "02:00"),
        ("en", "5 p.m.", "de", "17:00"),
        ("en", "9 a.m.", "es", "9:00"),
        ("fr", "17 h", "it", "17:00"),
        ("fr", "17 h", "nl", "17:00"),
        ("en", "5:15 p.m.", "pt-BR", "17:15"),
        ("pt", "10h30", "fr", "10~h~30"),
        ("en", "10:45", "da", "10.45"),
    ],
)
def test_times_change_their_form(source: str, text: str, target: str, expected: str) -> None:
    assert localize_number(text, source, target) == expected.replace("~", "\u00a0")
    assert same_value(text, source, expected.replace("~", "\u00a0"), target)


@pytest.mark.parametrize(
    ("text", "source", "target"),
    [
        ("10:45", "en", "de"),
        ("9:30", "de", "en"),
        ("5 p.m.", "en", "xx"),
        ("5 p.m.", "en", "es-MX"),
        ("5 p.m.", "en-US", "en-GB"),
        ("17 h", "fr", "fr"),
        ("17 h", "en", "fr"),  # a duration
        ("25:00", "en", "fr"),
        ("10:75", "en", "fr"),
        ("13 p.m.", "en", "fr"),
        ("24 h", "fr", "en"),
    ],
)
def test_times_that_stay(text: str, source: str, target: str) -> None:
    assert localize_number(text, source, target) == text


def test_values_are_minutes_since_midnight() -> None:
    assert time_value("5:30 p.m.", "en") == time_value("17 h 30", "fr") == time_value("17:30", "de") == 1050
    assert time_value("12 a.m.", "en") == time_value("12 h du matin", "fr") == 0
    assert time_value("5", "en") is time_value("1045", "en") is time_value("17 h", "de") is None
    assert number_value("10:45", "en") is number_value("17 h", "fr") is number_value("5 p.m.", "en") is None
    assert localize_time("5", "en", "fr") is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5 p.m.", "17 h", True),
        ("5 p.m.", "17:00", True),
        ("9:30 am", "9h30", True),
        ("5 p.m.", "5 h", False),
        ("5 p.m.", "5", False),
        ("645", "10:45", False),
        ("10:45", "645", False),
    ],
)
def test_same_time_in_english_and_french(one: str, other: str, same: bool) -> None:
    assert same_value(one, "en", other, "fr") is same


@pytest.mark.parametrize("tag", sorted(tag for tag, form in FORMATS.items() if form and tag != "fr"))
def test_formats_are_those_of_cldr(tag: str) -> None:
    locale = Locale.parse({"no": "nb"}.get(tag, tag), sep="-")
    for hour, text in ((17, "5:30 p.m."), (9, "9:30 a.m.")):
        babel = format_time(time(hour, 30), "short", locale=locale)
        ours = localize_time(text, "en", tag)
        if tag == "en":  # CLDR: "5:30 PM"
            babel = babel.replace("\u202fPM", " p.m.").replace("\u202fAM", " a.m.")
        assert ours == babel
