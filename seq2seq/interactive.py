"""The part of the public API for people who work on a translation: completion, and other words at a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seq2seq import alternatives as other_words
from seq2seq import completion
from seq2seq.alternatives import Alternative
from seq2seq.completion import Completion
from seq2seq.errors import UsageError
from seq2seq.part_translator import PartTranslator
from seq2seq.preparation.glossary import Glossary, Terms
from seq2seq.text.arguments import checked_text
from seq2seq.translation import Translation


class Interactive:
    """What a `Translator` offers to someone who edits a translation."""

    def part_translator(
        self,
        options: Mapping[str, Any],
        target_language: str | None,
        glossary: Glossary | Terms | None = None,
    ) -> PartTranslator:
        """What translates parts of texts with these arguments: see `Translator`."""
        raise NotImplementedError

    def complete(
        self,
        text: str,
        prefix: str,
        *,
        n: int = 5,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
    ) -> list[Completion]:
        """The likely continuations of `prefix`, the translation of `text` as far as it is typed.

        A continuation goes up to the end of the present or of the next word: for "Bonj" it may be "our", for
        "Bonjour," it may be " comment". It is "" where the translation is likely to end. Words that the
        training data never had are left out if there are others. The last encoded texts and steps along
        prefixes are kept (a few MB), so that the next call for one of these texts is fast. Threads may share
        a translator.

        Args:
            text: the source.
            prefix: the beginning of its translation, any characters. Its sentences are those of the source,
                in order.
            n: most continuations, 1 or more; those with less than 0.3 % are left out.
            target_language, glossary: as for `translate`.

        Returns:
            Different continuations with their probabilities, likeliest first. There are none if the model
            cannot go on.

        Raises:
            UsageError: as `translate`.
        """
        _check_number(n)
        way = self.part_translator({}, target_language, glossary)
        return completion.complete(way, checked_text(text, "text"), checked_text(prefix, "prefix"), n=n)

    def alternatives(
        self,
        text: str,
        translation: Translation | str,
        word: int,
        *,
        n: int = 5,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> list[Alternative]:
        """Other likely words at a place of a translation, each with the sentence that follows from it.

        `Translation.words[i].has_alternatives` says where it is worth asking.

        Args:
            text: the source.
            translation: what `translate` gave for it, or any text.
            word: number of the word in `translation.words`, or in a text between white space, from 0.
            n: most words, 1 or more.
            target_language, glossary: as for `translate`.
            **options: fields of `DecodingConfig` for the sentences.

        Returns:
            Different whole words, likeliest first, without the present one.

        Raises:
            UsageError: as `translate`, or no such word.
        """
        _check_number(n)
        way = self.part_translator(options, target_language, glossary)
        checked_text(str(translation), "translation")
        return other_words.alternatives(way, checked_text(text, "text"), translation, word, n=n)


def _check_number(n: int) -> None:
    """Raise UsageError if `n` is no number of results."""
    if type(n) is not int or n < 1:
        raise UsageError(f"n is {n!r}, expected a whole number from 1")
