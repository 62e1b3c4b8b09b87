"""How sure a translation is, and why it may be bad: what part_translator.py adds to each translation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seq2seq.bundle.model_directory import Bundle
from seq2seq.confidence import Evidence, evidence
from seq2seq.config import DecodingConfig
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.repetition import LONGEST, SHORT
from seq2seq.preparation.lexicon import WORD
from seq2seq.preparation.parts import Part
from seq2seq.text.symbols import FIRST_PIECES, PLACEHOLDERS, SYMBOLS
from seq2seq.text.word_spans import WordSpan
from seq2seq.translation import Translation, calibrated

_NAMED = 5  # words that a reason names
_FREQUENT = 3.0  # rarity of words that often have no translation of their own ("to", "que")


class Judge:
    """Judges translations.

    Args:
        bundle: the model, whose `confidence` is used if it has any.
        config: settings of decoding.
        skip: number of pieces in front of each source, such as the tag of the target language.
    """

    def __init__(self, bundle: Bundle, config: DecodingConfig, *, skip: int) -> None:
        self.confidence, self.config, self.skip = bundle.confidence, config, skip
        self.tokenizer, self.source_words, self.words = (
            bundle.source,
            bundle.source_words,
            bundle.target_words,
        )

    def judged(
        self,
        translation: Translation,
        part: Part,
        hypothesis: Hypothesis,
        source_words: Sequence[WordSpan],
        words: Sequence[WordSpan],
    ) -> Translation:
        """`translation`, made from `hypothesis`, with evidence, reasons and calibrated confidence."""
        attention = translation.attention
        seen = evidence(
            hypothesis.token_log_probs,
            [word.pieces for word in words],
            attention=None if attention is None else attention[:, self.skip :],
            source=[word.pieces for word in source_words],
            source_pieces=len(part.ids) + 1,
            rarity=[self.words.rarity(word.text) for word in words],
        )
        made = replace(
            translation, evidence=seen, reasons=tuple(self._reasons(part, hypothesis, source_words, seen))
        )
        return made if self.confidence is None else calibrated(made, self.confidence)

    def _reasons(
        self, part: Part, hypothesis: Hypothesis, source_words: Sequence[WordSpan], seen: Evidence
    ) -> Iterator[str]:
        """Why the translation may be bad."""
        if any(len(SYMBOLS) <= number < len(FIRST_PIECES) for number in part.ids):
            yield "characters that the model does not know"
        text = PLACEHOLDERS.sub(" ", self.tokenizer.decode(part.ids))
        unknown = [word for word in WORD.findall(text) if word not in self.source_words]
        if unknown and self.source_words:
            yield f"words that the model does not know: {_named(unknown)}"
        if ends_in_repetition(hypothesis.tokens, self.config.max_repeats):
            yield "a repetition was cut off"
        elif not hypothesis.finished:
            yield "the length limit was reached"
        left = [source_words[number].text for number in seen.uncovered]
        left = [word for word in left if not self.source_words or self.source_words.rarity(word) > _FREQUENT]
        if left:
            yield f"perhaps not translated: {_named(left)}"
        if self.confidence is not None and self.confidence.is_odd_length(seen):
            yield "the length is unusual"


def ends_in_repetition(tokens: Sequence[int], repeats: int) -> bool:
    """Whether `tokens` end in a sequence as often as `LimitRepeats(repeats)` allows. 0 allows everything."""
    for size in range(1, LONGEST + 1) if repeats else ():
        times = max(repeats, -(-SHORT // size))
        if len(tokens) >= size * times and tuple(tokens[-size * times :]) == tuple(tokens[-size:]) * times:
            return True
    return False


def _named(words: Sequence[str]) -> str:
    """The first few of `words`, each once."""
    different = list(dict.fromkeys(words))
    return ", ".join(different[:_NAMED]) + (" …" if len(different) > _NAMED else "")
