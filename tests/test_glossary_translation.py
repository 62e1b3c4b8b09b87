"""Glossaries through a model: any model, even one that says nonsense, gives every required form."""

from __future__ import annotations

import random
import re

import pytest

from seq2seq import Translator
from seq2seq.errors import UsageError
from seq2seq.preparation.glossary import Glossary
from seq2seq.preparation.lexicon import Lexicon
from tests.test_part_translator import SENTENCES, untrained

FORMS = ["Wxq", "état-major", "New Ork", "n° 7", "a.b", "Zürich!", "日本", "{x}", "l'Eau", "rock'n'roll"]
SHORT = {"beam_size": 2, "max_length_factor": 0.5}
CASES = 170
"""For each of three models: 510 in all."""


@pytest.fixture(scope="module", params=[8, 1, 0], ids=["8", "1", "0 placeholders"])
def translator(request: pytest.FixtureRequest) -> Translator:
    return untrained(request.param)


def cases(number: int, *, seed: int) -> list[tuple[str, dict[str, str | None]]]:
    """Sentences, each with a glossary of up to four of its words or pairs of words."""
    chance, made = random.Random(seed), list[tuple[str, dict[str, str | None]]]()
    while len(made) < number:
        text = " ".join(chance.sample(SENTENCES, chance.choice((1, 1, 1, 2))))
        plain = re.sub(r"\S*[^\w\s.,!?]\S*", " ", text)
        words = re.findall(r"\b[a-z]{3,}(?: [a-z]{3,})?\b", plain)
        terms = chance.sample(words, min(len(words), chance.randint(1, 4)))
        glossary = {term: chance.choice([*FORMS, None]) for term in terms}
        if glossary:
            made.append((text, glossary))
    return made


def missing(text: str, glossary: dict[str, str | None], answer: str) -> list[str]:
    """The forms that `answer` has less often than `text` has their terms.

    Terms that overlap, or that stand in something that is kept, are left to the tests of `Glossary.find`.
    """
    wanted = dict[str, int]()
    for span in Glossary(glossary).find(text):
        typed = text[span.start : span.end]
        form = Glossary(glossary).target(typed)
        wanted[form] = wanted.get(form, 0) + 1
    return [form for form, times in wanted.items() if answer.lower().count(form.lower()) < times]


def test_every_required_form_is_there(translator: Translator) -> None:
    seed = len(translator.source_tokenizer.placeholder_ids)
    for number, (text, glossary) in enumerate(cases(CASES, seed=seed)):
        options = {"beam_size": 1 + (number % 4 == 0), "verbatim": number % 5 != 0, "max_length_factor": 0.5}
        answer = translator.translate(text, glossary=glossary, max_length_extra=4, **options)
        assert answer.note or missing(text, glossary, answer.text) == [], (text, glossary, answer.text)
        words = [answer.text[word.start : word.end] for word in answer.words]
        assert words == [word.text for word in answer.words]


def test_cases_are_met_without_excuse(translator: Translator) -> None:
    """Notes, which excuse a missing form above, are rare."""
    made = cases(20, seed=6)
    notes = [
        translator.translate(text, glossary=glossary, beam_size=1, max_length_factor=0.5).note
        for text, glossary in made
    ]
    assert sum(map(bool, notes)) <= 3, notes


def test_a_form_in_capitals_and_at_the_beginning() -> None:
    translator = untrained(8, Lexicon())
    text = "Computer"
    assert str(translator.translate(text, glossary={"computer": "ordinateur"})) == "ordinateur"


@pytest.mark.parametrize("placeholders", [8, 0])
def test_a_translation_that_has_the_form_by_itself_stays_as_it_is(placeholders: int) -> None:
    translator, kept = untrained(placeholders, Lexicon()), 0  # without a word list no word is invented
    for text in ("Read the music.", "We look at the wall.", "My brother was here.", "They know the garden."):
        plain = translator.translate(text, **SHORT)
        glossary = {"the": plain.text.split()[-1], "my": plain.text.split()[0]}
        answer = translator.translate(text, glossary=glossary, **SHORT)
        assert missing(text, glossary, answer.text) == []
        kept += answer.text == plain.text
    assert kept >= 3


def test_the_glossary_of_a_translator_serves_all_calls() -> None:
    translator, text = untrained(8), SENTENCES[0]
    word = re.findall(r"[A-Za-z]{3,}", text)[-1]
    translator.glossary = Glossary({word: "Wxq"})
    assert "Wxq" in translator.translate(text).text
    assert "Wxq" in next(translator.translate_lines([text])).text
    assert "Wxq" in list(translator.stream(text))[-1].text
    assert "Wxq" not in translator.translate(text, glossary={}).text


def test_a_wrong_glossary_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match=r"glossary is of type str.* Glossary\.from_file"):
        untrained(0).translate_lines([], glossary="terms.tsv")  # type: ignore[arg-type]
