"""Guesses the language of a whole side of a corpus, to notice swapped and wrong languages.

Languages with an alphabet of their own are known by it, the others by their frequent short words
(`function_words.toml`). The guess is made over thousands of words and only given when it is sure: single
sentences are not judged. A language that is not in the lists is "" or, rarely, a close relative.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import resources

from seq2seq.planning.text_facts import script_of
from seq2seq.preparation.lexicon import WORD
from seq2seq.text.languages import language_code

_SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "bg", "sr", "mk", "be", "kk", "mn"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    **{"el": ("GREEK",), "he": ("HEBREW",), "th": ("THAI",), "ko": ("HANGUL",), "ka": ("GEORGIAN",)},
    **{"hy": ("ARMENIAN",), "bn": ("BENGALI",), "ta": ("TAMIL",), "km": ("KHMER",), "lo": ("LAO",)},
    **{"my": ("MYANMAR",), "zh": ("CJK",), "ja": ("CJK", "HIRAGANA", "KATAKANA")},
    **dict.fromkeys(("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "no", "fi"), ("LATIN",)),
    **dict.fromkeys(("cs", "pl", "sk", "ro", "hu", "tr", "id", "et", "lt", "lv", "ca"), ("LATIN",)),
}
"""The scripts that a language is written in. Serbian, Mongolian and Kazakh are written in two."""
_TWO_SCRIPTS = ("sr", "kk", "mn")
_OF_SCRIPT = {"GREEK": "el", "HEBREW": "he", "THAI": "th", "HANGUL": "ko", "GEORGIAN": "ka", "ARMENIAN": "hy"}
_LEAST_WORDS = 200
_LEAST_SHARE = 0.08  # of all words, that are function words of the language: 0.1 to 0.3 in running text
_MARGIN = 1.4  # times as many as of the second best language
_LIKE_ENOUGH = 0.6  # a side whose language scores this share of the best one may be that language


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Frequent short words by language."""
    text = (resources.files("seq2seq.planning") / "function_words.toml").read_text(encoding="utf-8")
    return {language: frozenset(words.split()) for language, words in tomllib.loads(text).items()}


@cache
def _weights() -> dict[str, float]:
    """The weight of each listed word: 1 / the number of languages that list it."""
    listed = Counter(word for words in function_words().values() for word in words)
    return {word: 1 / number for word, number in listed.items()}


def guess_language(texts: Sequence[str]) -> str:
    """The two-letter code of the language of `texts`, "" if it is not sure."""
    if language := _OF_SCRIPT.get(_script(texts), ""):
        return language
    scores = _scores(texts)
    if not scores:
        return ""
    (best, score), (_, second) = scores.most_common(2)
    return best if score >= _LEAST_SHARE and score >= _MARGIN * second else ""


def may_be(texts: Sequence[str], language: str) -> bool:
    """Whether `texts` may be in `language`: its script is theirs, and no other language fits much better.

    True where nothing is known about the language, and for too little text.
    """
    code, script = language_code(language), _script(texts)
    expected = _SCRIPTS.get(code)
    if not script or expected is None:
        return True
    if script not in expected and code not in _TWO_SCRIPTS:
        return False
    scores, code = _scores(texts), "nb" if code == "no" else code
    if not scores or code not in function_words() or max(scores.values()) < _LEAST_SHARE:
        return True
    return scores[code] >= _LIKE_ENOUGH * max(scores.values())


def of_other_language(text: str, own: str, other: str) -> bool:
    """Whether a sentence has three function words of the language `other` and none of `own`."""
    lists = function_words()
    if own not in lists or other not in lists or own == other:
        return False
    words = set(WORD.findall(text.lower()))
    return len(words & lists[other]) >= 3 and not words & lists[own]


def _script(texts: Sequence[str]) -> str:
    counts = Counter[str]()
    for text in texts:
        counts.update(text)
    return script_of(counts)


def _scores(texts: Sequence[str]) -> Counter[str]:
    """The share of all words that are function words, by language; empty for too little text.

    A word that several languages have counts as a part of one.
    """
    words = Counter(word for text in texts for word in WORD.findall(text.lower()))
    total, weights = words.total(), _weights()
    if total < _LEAST_WORDS:
        return Counter()
    return Counter(
        {
            language: sum(words[word] * weights[word] for word in listed) / total
            for language, listed in function_words().items()
        }
    )
