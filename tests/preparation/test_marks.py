"""Marks around sentences: of lists, of quotations, brackets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.preparation.marks import enclosed, leading_marker, localize_quotes
from tests.text.sentences import patient

MARKERS = [
    *("- ", "* ", "• ", "– ", "1. ", "12. ", "2) ", "a) ", "# ", "## ", "> ", "> > ", "[ ] ", "[x] "),
    *("- [ ] ", "1. [x] ", "> - ", "  - ", "-  "),
]


@pytest.mark.parametrize("marker", MARKERS)
def test_markers_of_lines(marker: str) -> None:
    assert leading_marker(f"{marker}Buy milk - and 2) bread.") == len(marker)
    assert leading_marker(marker) < len(marker)  # nothing follows


@pytest.mark.parametrize(
    "text",
    [
        *("Hello", "-5 degrees", "1.5 km", "2024. It was", "#tag", ">x", "*a*", "**a**", "[a] b", "I am"),
        *("  a", "(a) b", "ab) c", "--x", "", " "),
    ],
)
def test_what_is_no_marker(text: str) -> None:
    assert leading_marker(text) == 0


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('"Hello."', "Hello."),
        ('"Hello".', "Hello"),
        ("“Hi (there)”!", "Hi (there)"),
        ("« Oui. »", "Oui."),
        ("«\u00a0Oui\u202f».", "Oui"),
        ("‹a›", "a"),
        ("„Ja“", "Ja"),
        ("„Tak”", "Tak"),
        ("»Ja«", "Ja"),
        ("'I don't know.'", "I don't know."),
        ("‘I don’t know.’", "I don’t know."),
        ("(Yes, (or no)).", "Yes, (or no)"),
        ("[...]", "..."),
    ],
)
def test_one_pair_around_a_text(text: str, inside: str) -> None:
    start, end = enclosed(text)
    assert text[start:end] == inside


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Hi",
            '"a" and "b"',
            "(a) and (b)",
            "“a” “b”",
            "'a' 'b'",
            '"Hi',
            'Hi"',
            '"Hi" he said.',
            "''",
            "()",
        ),
        *("( )", "", ".", '"', "(a]", "'Tis true."),
    ],
)
def test_texts_that_no_pair_encloses(text: str) -> None:
    assert enclosed(text) == (0, len(text))


@pytest.mark.parametrize(
    ("target", "opening", "closing"),
    [
        ("fr", "«\u00a0", "\u00a0»"),
        ("fr-CA", "«\u00a0", "\u00a0»"),
        ("en", '"', '"'),
        ("eng", '"', '"'),
        ("de", "„", "“"),
        ("es", "«", "»"),
        ("it", "«", "»"),
        ("pl", "„", "”"),
        ("sv", "”", "”"),
        ("pt", "“", "”"),
        ("pt_PT", "«", "»"),
        ("ja", "「", "」"),
        ("xx", "“", "”"),
    ],
)
def test_quotation_marks_of_languages(target: str, opening: str, closing: str) -> None:
    for mark in ['"', "“", "«\u00a0", "« ", "„", "'", "‘"]:
        assert localize_quotes(mark, target) == opening
    for mark in ['"', "”", "\u00a0»", " »", "“", "'", "’"]:
        assert localize_quotes(mark, target, closing=True) == closing
    assert localize_quotes('".', target, closing=True) == f"{closing}."
    for mark in ["(", "[", ""]:
        assert localize_quotes(mark, target) == mark
    assert localize_quotes(")!", target, closing=True) == ")!"


@patient
@given(st.text("\"'“”«»()[].! ab-*>#1", max_size=12))
def test_any_text(text: str) -> None:
    start, end = enclosed(text)
    assert (start, end) == (0, len(text)) or 0 < start < end < len(text)
    marker = leading_marker(text)
    assert 0 <= marker < max(len(text), 1) and (marker == 0 or text[marker - 1] in " \t")


@pytest.mark.parametrize("unit", ["> ", ">", "- ", "(", '"', " ", "#", "'", "[ ] "])
def test_long_texts_take_linear_time(unit: str) -> None:
    start = time.process_time()
    leading_marker(unit * 50_000)
    enclosed(unit * 50_000 + "x" + unit * 50_000)
    assert time.process_time() - start < 1
