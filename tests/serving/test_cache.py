"""The cache: the least recently used translation leaves first, and both limits hold."""

from __future__ import annotations

from seq2seq.serving.cache import MAX_SENTENCE, Key, TranslationCache
from seq2seq.translation import Translation


def key(sentence: str, **changes: object) -> Key:
    return Key("en-fr", 5, 3, sentence)._replace(**changes)


def test_translation_is_found_under_all_that_it_depends_on() -> None:
    cache, translation = TranslationCache(), Translation("b")
    cache.put(key("a"), translation)
    assert cache.get(key("a")) is translation
    others = (key("A"), key("a", model="x"), key("a", beam_size=4), key("a", n_best=2))
    assert [cache.get(other) for other in others] == [None] * 4


def test_least_recently_used_leaves_first() -> None:
    cache = TranslationCache(max_entries=2)
    cache.put(key("a"), Translation("1"))
    cache.put(key("b"), Translation("2"))
    cache.get(key("a"))
    cache.put(key("c"), Translation("3"))
    assert cache.get(key("b")) is None
    assert cache.get(key("a")) == Translation("1") and cache.get(key("c")) == Translation("3")


def test_characters_are_bounded() -> None:
    cache = TranslationCache(max_characters=30)
    for letter in "abc":
        cache.put(key(letter * 5), Translation("x" * 5, alternatives=[Translation("y" * 2)]))  # 12 each
    assert len(cache) == 2 and cache.characters == 24 and cache.get(key("a" * 5)) is None
    cache.put(key("c" * 5), Translation("x"))  # replaces one
    assert len(cache) == 2 and cache.characters == 18
    cache.put(key("d"), Translation("x" * 30))  # larger than the cache
    assert len(cache) == cache.characters == 0


def test_very_long_sentence_is_not_kept() -> None:
    cache = TranslationCache()
    cache.put(key("x" * (MAX_SENTENCE + 1)), Translation("x"))
    cache.put(key("x" * MAX_SENTENCE), Translation("x"))
    assert len(cache) == 1
