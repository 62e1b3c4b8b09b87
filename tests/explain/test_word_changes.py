"""Changes of the source: the changed texts, the drops of the score, the words that differ."""

from __future__ import annotations

import pytest

from seq2seq import Translator, explain
from seq2seq.errors import UsageError
from seq2seq.explain.word_changes import changed_source
from seq2seq.translation import Word
from tests import tiny
from tests.explain.reference import explained, small


@pytest.mark.parametrize(
    ("text", "word", "new", "core", "changed"),
    [
        ("He bought a car.", "bought", "", "bought", "He a car."),
        ("He bought a car.", "He", "", "He", "bought a car."),
        ("He bought a car.", "car.", "", "car", "He bought a."),
        ("He bought a car.", "car.", "bike", "car", "He bought a bike."),
        ("No, I don't.", "No,", "Yes", "No", "Yes, I don't."),
        ("No, I don't.", "don't.", "", "don't", "No, I."),
        ("我买车。", "买", "", "买", "我车。"),
        ("a — b", "—", "", "—", "a b"),
        ("six seven two", "two", "", "two", "six seven"),
    ],
)
def test_one_word_is_removed_or_replaced(text: str, word: str, new: str, core: str, changed: str) -> None:
    start = text.index(word)
    assert changed_source(text, Word(word, start, start + len(word)), new) == (core, changed)


def test_drop_is_the_difference_of_forced_scores() -> None:
    """Against the training path, all steps at once."""
    translator = small()
    sentence = explained(translator, "six seven two")
    made = explain.changes(sentence, {1: ["nine"]})
    assert [(one.word, one.replacement) for one in made.changes] == [(0, ""), (1, ""), (1, "nine"), (2, "")]
    sources = ["six seven two", *(one.source for one in made.changes)]
    assert sources[3] == "six nine two"
    encoded = [tiny.tokenizer().encode(source) for source in sources]
    targets = [sentence.target_ids[:-1]] * len(sources)
    before, *after = tiny.forced_log_probs(translator.model, encoded, targets)
    assert [one.drop for one in made.changes] == pytest.approx([before - one for one in after], abs=1e-4)


def test_translations_are_those_of_the_changed_sources() -> None:
    translator = Translator.from_pretrained("en-fr")
    sentence = explain.sentence(translator, "He bought a red car.")
    made = explain.changes(sentence, {3: ["blue"]})
    for one in made.changes:
        assert one.translation.text == translator.translate(one.source).text
        words = [word.text for word in one.translation.words]
        first = [word.text for word in sentence.translation.words]
        left = [word for n, word in enumerate(words) if n not in one.differs]
        assert set(left) <= set(first)
        assert bool(one.differs) or len(words) <= len(first)


def test_a_change_that_leaves_nothing_has_no_drop() -> None:
    (one,) = explain.changes(explained(small(), "six")).changes
    assert one.source == "" and one.drop is None and one.translation.text == ""


def test_table_and_refusal() -> None:
    sentence = explained(small())
    lines = explain.changes(sentence).csv().split("\n")
    assert lines[0] == "number,word,replacement,drop,source,translation,words_that_differ" and len(lines) == 5
    with pytest.raises(UsageError, match="word is 3, expected 0 to 2"):
        explain.changes(sentence, {3: ["nine"]})
