"""Scripts, alphabets and lengths, counted by hand."""

from __future__ import annotations

import pytest

from seq2seq.planning.text_facts import MANY_CHARACTERS, text_facts


def test_facts_of_three_texts() -> None:
    facts = text_facts(["a b c", "one", "two words"])
    assert (facts.words, facts.longest) == (2, 9)  # 3, 1 and 2 words
    assert facts.characters == len(set("a b cone two words"))
    assert facts.spaces == pytest.approx(2 / 3)
    assert facts.script == "LATIN" and not facts.many_characters


@pytest.mark.parametrize(
    ("text", "script"), [("Привет, Tom", "CYRILLIC"), ("你好 a", "CJK"), ("אב", "HEBREW"), ("12 + 3", "")]
)
def test_script_is_that_of_most_letters(text: str, script: str) -> None:
    assert text_facts([text]).script == script


def test_chinese_has_many_characters_and_each_counts_as_a_word() -> None:
    characters = [chr(0x4E00 + number) for number in range(MANY_CHARACTERS + 1)]
    facts = text_facts(["".join(characters[:4]), "".join(characters[4:])])
    assert facts.many_characters and facts.words >= 4


def test_needed_characters_leave_out_the_rarest() -> None:
    text = "ab" * 5_000 + "xyz"  # 3 of 10,003 are less than 0.05 %
    assert text_facts([text]).needed_characters == 2
