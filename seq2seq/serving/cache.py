"""Recent translations of sentences, kept in memory and bounded in number and characters."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from seq2seq.translation import Translation

MAX_ENTRIES = 2000
MAX_CHARACTERS = (
    200_000  # of all sentences and translations; their attention is some 100 times as large in bytes
)
MAX_SENTENCE = 1000  # characters; a longer sentence is not kept, because attention grows with the square


class Key(NamedTuple):
    """What a translation depends on. `model` is the served name of one direction of a model."""

    model: str
    beam_size: int
    n_best: int
    sentence: str
    glossary: tuple[tuple[str, str], ...] = ()


class TranslationCache:
    """The least recently used translations leave first. It may be used by several threads."""

    def __init__(self, *, max_entries: int = MAX_ENTRIES, max_characters: int = MAX_CHARACTERS) -> None:
        self.max_entries, self.max_characters = max_entries, max_characters
        self.characters = 0
        self._entries = OrderedDict[Key, Translation]()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Translation | None:
        """The translation under `key`, which is then the most recent one, or None."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: Key, translation: Translation) -> None:
        """Keep a translation. The oldest ones leave until both limits hold."""
        if len(key.sentence) > MAX_SENTENCE:
            return
        with self._lock:
            self._remove(key)
            self._entries[key] = translation
            self.characters += _size(key, translation)
            while len(self._entries) > self.max_entries or self.characters > self.max_characters:
                self._remove(next(iter(self._entries)))

    def _remove(self, key: Key) -> None:
        translation = self._entries.pop(key, None)
        if translation is not None:
            self.characters -= _size(key, translation)


def _size(key: Key, translation: Translation) -> int:
    """Characters of a sentence, its translation and its alternatives."""
    return len(key.sentence) + len(translation.text) + sum(len(t.text) for t in translation.alternatives)
