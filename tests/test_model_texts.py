"""The phrasebooks and templates in docs/models, from which the bundled models are trained."""

import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from seq2seq.preparation.numbers import localize_number, same_value

MODELS = Path(__file__).parent.parent / "docs" / "models"
PAIRS = ["en-fr", "en-de"]
NOUNS = "animal thing coloured food drink job kin room weekday month language country item place act"
OTHER_FORMS = {"de.adj", "de.s", "de.v", "de.inf", "de.part"}
"""Forms of these kinds that are no nouns."""


@pytest.fixture
def expand(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(MODELS))
    import expand  # type: ignore[import-not-found]  # a script beside its texts

    return expand


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (MODELS / name).read_text(encoding="utf-8").splitlines()]


def slots_of(expand: ModuleType, pair: str) -> dict[str, list[dict[str, str]]]:
    return expand.read_slots(MODELS / "slots.toml") | expand.read_slots(MODELS / f"slots.{pair}.toml")


@pytest.mark.parametrize(
    "name", [f"{kind}.{pair}.tsv" for kind in ("phrasebook", "templates") for pair in PAIRS]
)
def test_texts_have_two_columns_without_duplicates(name: str) -> None:
    pairs = rows(name)
    assert [
        row for row in pairs if len(row) != 2 or not all(cell and cell == cell.strip() for cell in row)
    ] == []
    assert [row for row, number in Counter(map(tuple, pairs)).items() if number > 1] == []


def test_german_phrasebook_has_one_translation_for_an_english_line() -> None:
    counts = Counter(english for english, _ in rows("phrasebook.en-de.tsv"))
    assert [english for english, number in counts.items() if number > 1] == []
    assert len(counts) > 3000


def test_questions_stay_questions() -> None:
    pairs = rows("phrasebook.en-de.tsv")
    assert [pair for pair in pairs if pair[0].endswith("?") != pair[1].endswith("?")] == []


@pytest.mark.parametrize("pair", PAIRS)
def test_every_template_expands(expand: ModuleType, pair: str) -> None:
    slots, language = slots_of(expand, pair), pair[-2:]
    for english, other in rows(f"templates.{pair}.tsv"):
        values = expand.draw(english + other, slots, random.Random(0))
        for text in (expand.fill(english, "en", values), expand.fill(other, language, values)):
            assert not re.search("[⟦⟧]|  |~", text), (english, text)


def test_german_templates_use_the_same_slots_on_both_sides() -> None:
    kinds = re.compile(r"⟦(\w+)(?:\.\w+)?(:\d)?⟧")
    pairs = rows("templates.en-de.tsv")
    assert [pair for pair in pairs if set(kinds.findall(pair[0])) != set(kinds.findall(pair[1]))] == []


def test_german_nouns_have_capitals(expand: ModuleType) -> None:
    slots = slots_of(expand, "en-de")
    for kind in NOUNS.split():
        for value in slots[kind]:
            texts = [text for form, text in value.items() if form[:2] == "de" and form not in OTHER_FORMS]
            assert [text for text in texts if not text.split()[-1][0].isupper()] == [], value


@pytest.mark.parametrize("number, text", [
    (16, "sechzehn"), (17, "siebzehn"), (21, "einundzwanzig"), (30, "dreißig"), (66, "sechsundsechzig"),
    (71, "einundsiebzig"), (90, "neunzig"), (100, "einhundert"),
])  # fmt: skip
def test_german_numbers_in_words(expand: ModuleType, number: int, text: str) -> None:
    assert sys.modules["computed"].german_number(number) == text


@pytest.mark.parametrize("language", ["fr", "de"])
@pytest.mark.parametrize("kind", ["price", "percent", "large", "decimal", "cents"])
def test_numbers_are_written_as_the_library_writes_them(expand: ModuleType, kind: str, language: str) -> None:
    rng = random.Random(3)
    for _ in range(50):
        value = expand.COMPUTED[kind](rng)
        assert re.sub(r"\s", " ", localize_number(value["en"], "en", language)) == value[language]


def test_german_times_are_those_of_the_english_side(expand: ModuleType) -> None:
    rng = random.Random(3)
    for _ in range(50):
        value = expand.COMPUTED["time"](rng)
        assert same_value(value["en"], "en", value["de.bare"], "de"), value
        assert value["de"] == f"{value['de.bare']} Uhr"


@pytest.mark.parametrize("pair", PAIRS)
def test_the_command_writes_distinct_pairs_and_repeats_itself(pair: str) -> None:
    command = [sys.executable, str(MODELS / "expand.py"), "--pair", pair, "--seed", "5", "--number", "200"]
    first, second = (subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2))
    assert first == second
    assert len(set(first.decode().splitlines())) == 200
