"""Names, and other words that a model never saw: they are copied, because it would invent something."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.preparation.casing import is_title, looks_like_name
from seq2seq.preparation.kept_spans import words_outside
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.preparation.rewriting import Rewritten
from seq2seq.preparation.verbatim import Verbatim
from seq2seq.text.languages import language_code

_INSIDE_NAMES = (" ", "-", "'", "’")
_RARE_NAME = 8  # a name that occurs less often was not learned well
_CAPITAL_NOUNS = frozenset(("de", "lb", "nds"))
"""Languages in which every noun has a capital letter."""
_COMPOUNDING = frozenset(
    ("af", "da", "de", "et", "fi", "fo", "fy", "hu", "is", "lb", "nb", "nl", "nn", "no", "sv")
)
"""Languages that write compounds as one word."""
_MANY_WORDS = 2_000  # of fewer known words nothing follows about the others
_SHORTEST_COPIED = 4  # an unknown word of fewer letters may be any with a mistake
_SELDOM = 2  # a word that occurs no more often may be as good as unknown


class Names:
    """Finds the words of a sentence that are copied.

    Args:
        lexicon: words of the source side; an empty one finds nothing.
        target_words: words of the target side.
        language: of the source side, "" if unknown.

    `by_capital` says whether a capital letter means a name in this language.
    """

    def __init__(self, lexicon: Lexicon, target_words: Lexicon, language: str) -> None:
        self.lexicon, self.target_words = lexicon, target_words
        self.by_capital = language_code(language) not in _CAPITAL_NOUNS
        self.compounds = language_code(language) in _COMPOUNDING

    def find(self, usual: Rewritten, kept: Sequence[Verbatim], *, unknown: bool) -> list[Verbatim]:
        """The words to copy, as spans of `usual.original`; neighbours together.

        Words that the model never saw, if they look like names or like no word that it saw; rare names that
        both languages write alike; with `unknown` all words that it hardly ever saw.

        Args:
            usual: a sentence in the usual form of its words.
            kept: spans that are kept already, in any order.
            unknown: copy more.
        """
        if not self.lexicon:
            return []
        text, names = usual.text, list[Verbatim]()
        ordered = sorted(kept, key=lambda span: (span.start, span.end))
        placed = [Verbatim(usual.place(k.start), usual.place(k.end), k.kind) for k in ordered]
        words = words_outside(text, placed)
        title = is_title([text[start:end] for start, end in words]) or not self.by_capital
        for index, (start, end) in enumerate(words):
            named = index > 0 and not title and looks_like_name(text, (start, end), self.lexicon)
            if not named and not self._is_copied(text[start:end], first=index == 0, unknown=unknown):
                continue
            if names and text[names[-1].end : start] in _INSIDE_NAMES:
                names[-1] = Verbatim(names[-1].start, end, "name")
            else:
                names.append(Verbatim(start, end, "name"))
        return [Verbatim(usual.origin(n.start), usual.origin_of_end(n.end), n.kind) for n in names]

    def _is_copied(self, word: str, *, first: bool, unknown: bool) -> bool:
        if len(word) < 2:
            return False
        capital = word[0].isupper() and self.by_capital
        tells = len(word) >= _SHORTEST_COPIED and len(self.lexicon) >= _MANY_WORDS
        if word not in self.lexicon:
            if unknown or (capital and not (first and self.lexicon.corrected(word) != word)):
                return True
            return tells and not self._resembles_known(word)
        count = self.lexicon.counts.get(word, 0)
        if unknown and tells and 0 < count <= _SELDOM:
            return True
        return (
            capital
            and 0 < count < _RARE_NAME
            and self.lexicon.usual(word) == self.target_words.usual(word) == word
            and self.target_words.counts.get(word, 0) >= count / 3
        )

    def _resembles_known(self, word: str) -> bool:
        """Whether a model makes something of the unknown `word` from the words that it has seen."""
        return self.lexicon.is_near(word) or (self.compounds and self.lexicon.is_compound(word))
