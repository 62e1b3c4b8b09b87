"""How well words are translated, by how often the model has seen them.

The measure is that of compare-mt (Neubig et al., 2019): a word of a translation is right if the reference has
it, too, once for each time that it occurs. The place does not count. Words are runs of letters in small
letters, or single characters of a script that is written without spaces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seq2seq.preparation.lexicon import WORD

BANDS = (0, 1, 2, 5, 10, 100, 1_000)
"""Occurrences at which the next band begins."""


@dataclass(frozen=True)
class FrequencyBand:
    """The words that occur `low` to `high` times; `high` is None for the last band, which is open.

    `words` is their number in the references, `right` the number of those that are right, `made` their number
    in the translations.
    """

    low: int
    high: int | None
    words: int
    right: int
    made: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall in percent: 2 right / (words + made)."""
        return 200 * self.right / max(self.words + self.made, 1)

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low:,}+"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"


def word_counts(texts: Iterable[str] | Mapping[str, int]) -> Counter[str]:
    """How often each word occurs in texts, or in a list of forms with their counts (`Lexicon.counts`).

    Of such a list only the words count: the parts of "l'homme" are entries of their own.
    """
    counts = Counter[str]()
    if isinstance(texts, Mapping):
        for form, number in texts.items():
            if WORD.fullmatch(form):
                counts[form.lower()] += number
    else:
        for text in texts:
            counts.update(WORD.findall(text.lower()))
    return counts


def by_frequency(
    translations: Sequence[str], references: Sequence[str], *, counts: Mapping[str, int]
) -> list[FrequencyBand]:
    """The words of each band of frequency by `counts`, without the bands that have none.

    Raises ValueError unless there is a reference for each translation.
    """
    words, right, made = Counter[int](), Counter[int](), Counter[int]()
    for translation, reference in zip(translations, references, strict=True):
        got, wanted = word_counts([translation]), word_counts([reference])
        for total, found in ((made, got), (words, wanted), (right, got & wanted)):
            for word, number in found.items():
                total[_band(counts.get(word, 0))] += number
    ends = (*(after - 1 for after in BANDS[1:]), None)
    bands = [
        FrequencyBand(low, high, words[low], right[low], made[low])
        for low, high in zip(BANDS, ends, strict=True)
    ]
    return [band for band in bands if band.words or band.made]


def _band(count: int) -> int:
    """Where the band of a word begins that occurs so often."""
    return max(low for low in BANDS if low <= count)
