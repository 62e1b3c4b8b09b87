"""Numbers in other languages: against examples, and against Babel's copy of Unicode CLDR."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.preparation.numbers import FORMATS, localize_number, number_format, number_value, same_value
from tests.text.sentences import patient

NARROW, FIXED = "\u202f", "\u00a0"
LANGUAGES = sorted(FORMATS)


@pytest.mark.parametrize(
    ("source", "text", "target", "expected"),
    [
        ("en", "$19.99", "fr", f"19,99{FIXED}$"),
        ("en", "1,234,567.5", "fr", f"1{NARROW}234{NARROW}567,5"),
        ("fr", "1 234,5", "en", "1,234.5"),
        ("fr", f"1{NARROW}234{NARROW}567,5 €", "en", "€1,234,567.5"),
        ("en", "5%", "fr", f"5{FIXED}%"),
        ("fr", "5 %", "en", "5%"),
        ("en", "£5", "fr", f"5{FIXED}£"),
        ("de", "1.234,5", "en", "1,234.5"),
        ("en", "1,234.5", "de", "1.234,5"),
        ("en", "1,234", "fr", f"1{NARROW}234"),  # a thousand in English
        ("fr", "1,234", "en", "1.234"),  # a little more than one in French
        ("en", "1.234", "de", "1,234"),
        ("de", "1.234", "en", "1,234"),
        ("en", "-$1,000.50", "de", f"-1.000,50{FIXED}$"),
        ("en", "−2.5", "fr", "−2,5"),
        ("en", "2.5km", "fr", "2,5km"),
        ("en", "20.5°C", "fr", "20,5°C"),
        ("en", "1.80 m", "fr", "1,80 m"),
        ("en", "1,500.5 km/h", "fr", f"1{NARROW}500,5 km/h"),
        ("fr", "2,5 m²", "en", "2.5 m²"),
        ("en", "$3.5M", "fr", f"3,5M{FIXED}$"),
        ("en", "10-20%", "fr", f"10-20{FIXED}%"),
        ("en", "1.5–2.5", "fr", "1,5–2,5"),
        ("en", "$10-$20", "fr", f"10{FIXED}$-20{FIXED}$"),
        ("en", "12,34,567", "fr", f"1{NARROW}234{NARROW}567"),
        ("en", "1,234,567", "hi", "12,34,567"),
        ("en", "5%", "tr", "%5"),
        ("tr", "%5", "en", "5%"),
        ("en", "US$5", "fr", f"5{FIXED}US$"),
        ("en", ".5", "fr", "0,5"),
        ("en-US", "1,234.5", "pt_BR", "1.234,5"),
        ("eng", "1,234.5", "fra", f"1{NARROW}234,5"),
        ("de-CH", "1’234.5", "de", "1.234,5"),
    ],
)
def test_numbers_change_their_signs(source: str, text: str, target: str, expected: str) -> None:
    assert localize_number(text, source, target) == expected
    assert same_value(text, source, expected, target)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "10h30",
            "12/03/2024",
            "2024-03-12",
            "12.03.2024",
            "3.11.2",
            "192.168.0.1",
            "1990",
            "2024",
        ),
        *(
            "12345",
            "007",
            "21st",
            "3D",
            "5km",
            "1,23",
            "1,2,3",
            "(555) 123-4567",
            "555-1234",
            "24/7",
            "19x10",
        ),
        *("+33 1 23 45 67 89", "06 12 34 56 78", "1.5e-3", "5'11", "%5%", "x", "$", "%", "-", "", "１２"),
    ],
)
def test_what_is_no_plain_number_stays(text: str) -> None:
    for target in ("fr", "de", "pl", "en"):
        assert localize_number(text, "en", target) == text
    assert same_value(text, "en", text, "fr")


def test_unknown_languages_change_nothing() -> None:
    assert localize_number("$1,234.5", "en", "xx") == "$1,234.5"
    assert localize_number("$1,234.5", "xx", "fr") == "$1,234.5"
    assert number_format("xx") is None
    assert number_value("5", "xx") is None


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "1,234,567.50", "1234567.5"),
        ("en", "1.234", "1.234"),
        ("fr", "1,234", "1.234"),
        ("fr", "1 234", "1234"),
        ("de", "1.234", "1234"),
        ("en", "-$5", "-5"),
        ("fr", "−5,5 %", "-5.5"),
        ("fr", "3.5", "3.5"),  # a single point is a decimal sign everywhere
        ("en", "3,5", "3.5"),
        ("en", "0", "0"),
        ("en", "21st", "21"),
        ("en", "5km", "5"),
    ],
)
def test_values(language: str, text: str, value: str) -> None:
    assert number_value(text, language) == Decimal(value)


@pytest.mark.parametrize("text", ["10:45", "3.11.2", "007", "10-20", "1.234", "1,23,4", "", "x", "1 23"])
def test_no_value(text: str) -> None:
    assert number_value(text, "fr") is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("$1,000", "1 000 $", True),
        ("5%", "5", True),
        ("3.5", "3,5", True),
        ("3.5", "3.5", True),
        ("1,234", "1,234", False),
        ("5", "6", False),
        ("5", "-5", False),
        ("10:45", "10:45", True),
        ("10:45", "10h45", True),
        ("5 km", "5km", True),
        ("1.5 kg", "1,5 kg", True),
        ("5 km", "5", False),  # "5 kilomètres"
        ("5 m", "5 km", False),
        ("10-20%", f"10-20{FIXED}%", True),
    ],
)
def test_same_value_in_english_and_french(one: str, other: str, same: bool) -> None:
    assert same_value(one, "en", other, "fr") is same


def locale(tag: str) -> Locale:
    """Babel's locale of one of our tags."""
    return Locale.parse({"no": "nb"}.get(tag, tag), sep="-")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_formats_are_those_of_cldr(tag: str) -> None:
    name, form = locale(tag), FORMATS[tag]
    number = "1,234,567.5" if not form.indian else "12,34,567.5"
    ours = number.translate({ord(","): form.group, ord("."): form.decimal})
    assert ours == format_decimal(Decimal("1234567.5"), locale=name)
    assert form.percent.replace("{}", "5") == format_percent(Decimal("0.05"), locale=name)
    pattern = name.currency_formats["standard"].pattern.split(";")[0].replace("#,##,##", "#,##")
    if tag != "he":  # CLDR adds marks of direction, and writes the sign after the digits
        assert form.currency == pattern.replace("#,##0.00", "{}")


def written(value: Decimal, tag: str) -> str:
    """`value` with two decimals as Babel writes it in a language."""
    pattern = "#,##,##0.00" if FORMATS[tag].indian else "#,##0.00"
    return str(format_decimal(value, format=pattern, locale=locale(tag)))


@patient
@given(
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.sampled_from(LANGUAGES),
    st.sampled_from(LANGUAGES),
)
def test_numbers_are_written_as_babel_writes_them(value: Decimal, source: str, target: str) -> None:
    text = written(value, source)
    assert number_value(text, source) == value
    assert localize_number(text, source, target) == written(value, target)
    assert localize_number(f"-{text}", source, target) == f"-{written(value, target)}"


@pytest.mark.parametrize("unit", ["1", "1,", "1 ", ",111", "-", "$", "1-", "a", "%", " 111"])
def test_long_texts_take_linear_time(unit: str) -> None:
    start = time.process_time()
    localize_number("1" + unit * 50_000, "en", "fr")
    number_value("1" + unit * 50_000, "fr")
    assert time.process_time() - start < 2
