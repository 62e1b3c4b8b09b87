"""Sample translations on the terminal: which sentences, and how their lines are cut."""

from __future__ import annotations

from seq2seq.monitoring.samples import Sample, choose, cut, lines, samples
from seq2seq.pairs import SentencePair


def pairs(*sources: str) -> list[SentencePair]:
    return [SentencePair(source, source.upper()) for source in sources]


def test_a_short_a_middling_and_a_long_sentence_are_chosen() -> None:
    given = pairs("aaaaaaa", "a", "aaaaa", "aaa", "aa", "aaaa", "aaaaaa", "aaaaaaaa")
    assert [len(given[position].source) for position in choose(given)] == [3, 5, 7]
    assert choose(given) == choose(list(given))


def test_a_sentence_is_chosen_once() -> None:
    assert choose(pairs("one", "one", "one")) == [0]
    assert choose([]) == []
    assert len(choose(pairs("one", "two"))) <= 2


def test_samples_hold_the_texts_of_their_pair() -> None:
    given = pairs("a", "bb", "ccc", "dddd")
    made = samples(given, ["1", "2", "3", "4"])
    assert [sample.source for sample in made] == ["bb", "ccc", "dddd"]
    assert [(sample.reference, sample.translation) for sample in made] == [
        ("BB", "2"),
        ("CCC", "3"),
        ("DDDD", "4"),
    ]


def test_lines_fit_the_width() -> None:
    shown = lines([Sample("A man sleeps.", "Ein Mann schläft. " * 9, "")], 40)
    assert shown == [
        "  source     A man sleeps.",
        "  reference  Ein Mann schläft. Ein Mann…",
        "  now        (nothing)",
    ]
    assert all(len(line) <= 40 for line in shown)


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert cut("一二三四", 8) == "一二三四"
    assert cut("一二三四五", 8) == "一二三…"
    assert cut("e\u0301" * 5, 5) == "e\u0301" * 5


def test_control_characters_and_line_ends_do_not_reach_the_terminal() -> None:
    assert cut("one\ntwo\x1b[2Jthree", 40) == "one two [2Jthree"
