"""Languages of whole texts. The texts are the first article of the Universal Declaration of Human Rights."""

from __future__ import annotations

import pytest

from seq2seq.planning.languages import guess_language, may_be, of_other_language

ARTICLES = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason "
    "and conscience and should act towards one another in a spirit of brotherhood.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und "
    "Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison "
    "et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de "
    "razón y conciencia, deben comportarse fraternalmente los unos con los otros.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и "
    "совестью и должны поступать в отношении друг друга в духе братства.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
}


def texts(language: str) -> list[str]:
    return [ARTICLES[language]] * 10


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "el"])
def test_a_language_is_guessed(language: str) -> None:
    assert guess_language(texts(language)) == language


@pytest.mark.parametrize("language", ARTICLES)
def test_a_text_may_be_in_its_own_language_and_in_no_other(language: str) -> None:
    assert [other for other in ARTICLES if may_be(texts(language), other)] == [language]


def test_too_little_text_is_not_judged() -> None:
    assert guess_language([ARTICLES["en"]]) == "" and may_be([ARTICLES["en"]], "de")


def test_numbers_and_unknown_languages_may_be_anything() -> None:
    assert may_be(["1 2 3"] * 100, "de") and may_be(texts("en"), "tlh") and guess_language(["12"]) == ""


def test_a_close_relative_is_not_refused() -> None:
    danish = [
        "Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med fornuft"
    ] * 30
    assert may_be(danish, "nb") and not may_be(danish, "en")


def test_a_sentence_of_the_other_language() -> None:
    assert of_other_language("Das ist nicht mein Haus und er ist alt", "en", "de")
    assert not of_other_language("That is not my house and he is old", "en", "de")
    assert not of_other_language("Der Zug", "en", "de")  # too short to say
