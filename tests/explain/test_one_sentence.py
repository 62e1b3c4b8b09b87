"""The sentence that is explained: its words, its pieces, and what is refused."""

from __future__ import annotations

import pytest

from seq2seq import Translator, explain
from seq2seq.errors import UsageError
from seq2seq.explain.one_sentence import END
from tests.explain.reference import explained, small


@pytest.fixture(scope="module")
def bundled() -> Translator:
    return Translator.from_pretrained("en-fr")


def test_words_have_all_pieces_once(bundled: Translator) -> None:
    sentence = explain.sentence(bundled, "She paid $3.50 to “Ann Lee” at https://a.b/c yesterday.")
    for units, ids in ((sentence.sources, sentence.source_ids), (sentence.targets, sentence.target_ids)):
        assert [piece for unit in units for piece in unit.pieces] == list(range(len(ids)))
        assert units[-1].text == END and units[-1].word is None
    shown = [unit.text for unit in sentence.sources]
    assert "$3.50" in shown and "https://a.b/c" in shown
    words = sentence.translation.source_words
    assert all(
        unit.text.startswith(words[unit.word].text) for unit in sentence.sources if unit.word is not None
    )


def test_translation_is_that_of_translate(bundled: Translator) -> None:
    text = "He bought a red car last week."
    sentence = explain.sentence(bundled, text)
    assert sentence.translation == bundled.translate(text) and not sentence.mended


def test_what_network_wrote_is_explained_if_the_translation_was_mended() -> None:
    """The translator says that it translated in two parts; then it is asked again without mending."""
    translator = small()
    whole, asked = translator.translate, list[dict[str, object]]()

    def translate(text: str, **options: object) -> object:
        asked.append(options)
        return whole("six\nseven" if len(asked) == 1 else text, **options)  # type: ignore[call-overload]

    translator.translate = translate  # type: ignore[method-assign, assignment]
    sentence = explained(translator)
    assert sentence.mended and asked[-1]["verbatim"] is False
    assert sentence.targets[-1].pieces.stop == len(sentence.target_ids)


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), ("https://a.b/c", 0), ("He came. She went.", 2), ("One.\nTwo.", 2)]
)
def test_other_than_one_sentence_is_refused(bundled: Translator, text: str, number: int) -> None:
    assert len(explain.sentences(bundled, text)) == number
    with pytest.raises(UsageError, match=f"text has {number} sentences" if number else "nothing of the text"):
        explain.sentence(bundled, text)


def test_sentences_of_a_text_are_listed(bundled: Translator) -> None:
    text = "He came home late. https://a.b/c She went away."
    sentences = explain.sentences(bundled, text)
    assert len(sentences) == 2 and all(one in text for one in sentences)
    assert explain.sentence(bundled, sentences[0]).text == sentences[0]


def test_the_name_of_a_model_is_no_translator() -> None:
    for function in (explain.sentence, explain.sentences):
        with pytest.raises(UsageError, match="translator is a str, expected a Translator"):
            function("en-fr", "Hi.")  # type: ignore[operator]
