"""The words that two translations of one sentence do not share."""

from __future__ import annotations

from difflib import SequenceMatcher

from seq2seq.translation import Translation

Numbers = tuple[int, ...]


def words_apart(first: Translation, second: Translation) -> tuple[Numbers, Numbers]:
    """The numbers of the words that a short edit of `first` into `second` deletes or substitutes, and of
    those that it puts in their place or inserts."""
    before, after = ([word.text for word in translation.words] for translation in (first, second))
    edits = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    apart = [edit for edit in edits if edit[0] != "equal"]
    left = tuple(number for _, start, end, _, _ in apart for number in range(start, end))
    return left, tuple(number for *_, start, end in apart for number in range(start, end))
