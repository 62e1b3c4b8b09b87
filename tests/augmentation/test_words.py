"""Words for alignment: elisions, short forms, scripts without spaces, and corpora as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.augmentation.words import index_words, is_unspaced, split_words, word_key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("L'homme qu’il a vu, n'est-ce pas ?", "L' homme qu’ il a vu , n' est -ce pas ?"),
        ("Où va-t-il aujourd'hui ? Vis-tu seule ?", "Où va -t-il aujourd'hui ? Vis -tu seule ?"),
        ("Sa grand-mère peut-être, quelqu'un.", "Sa grand-mère peut-être , quelqu'un ."),
        ("I don't think it's Tom's, we'll see.", "I don't think it 's Tom 's , we 'll see ."),
        ("I'm here at 10:45 for $1,299.99...", "I 'm here at 10:45 for $ 1,299.99 ..."),
        ("J's d'être l's", "J 's d' être l 's"),
        ("你好，世界。", "你 好 ， 世 界 。"),
        ("हिन्दी में 3 किताबें", "हिन्दी में 3 किताबें"),
        ("  ", ""),
    ],
)
def test_words_of_a_text(text: str, words: str) -> None:
    assert [text[start:end] for start, end in split_words(text)] == words.split()


@given(st.text(max_size=40))
def test_every_character_but_white_space_is_in_one_word(text: str) -> None:
    spans = split_words(text)
    covered = [position for start, end in spans for position in range(start, end)]
    assert covered == sorted(set(covered))
    assert all(text[position].isspace() for position in set(range(len(text))) - set(covered))


def test_keys_join_spellings() -> None:
    assert word_key("L’") == word_key("l'") == "l'"
    assert word_key("-t-il") == word_key("-il") == "-il"


def test_only_scripts_without_spaces_are_unspaced() -> None:
    assert is_unspaced("猫") and is_unspaced("ก")
    assert not is_unspaced("chat") and not is_unspaced("кот") and not is_unspaced("고양이")


def test_arrays_of_a_corpus() -> None:
    vocabulary: dict[str, int] = {}
    arrays = index_words(["The cat.", "", "the dog"], vocabulary, grow=True)
    assert vocabulary == {"the": 1, "cat": 2, ".": 3, "dog": 4}
    assert arrays.ids.tolist() == [1, 2, 3, 1, 4]
    assert arrays.starts.tolist() == [0, 4, 7, 0, 4] and arrays.ends.tolist() == [3, 7, 8, 3, 7]
    assert arrays.offsets.tolist() == [0, 3, 3, 5] and arrays.lengths.tolist() == [3, 0, 2]


def test_words_that_the_vocabulary_lacks_are_0() -> None:
    vocabulary = {"the": 1}
    assert index_words(["the cat"], vocabulary, grow=False).ids.tolist() == [1, 0]
    assert vocabulary == {"the": 1}
    assert index_words([], vocabulary, grow=False).offsets.dtype == np.int64
