"""Texts as people type them: the parts that are translated and those that are kept, and where they stand."""

from __future__ import annotations

import random

import pytest

from seq2seq.preparation.lexicon import Lexicon
from seq2seq.preparation.parts import Part, Preparation
from seq2seq.text.symbols import PLACEHOLDERS
from seq2seq.text.tokenizer import Tokenizer
from tests.preparation.verbatim_sentences import verbatim_sentences

SENTENCES = [
    "The dog of my neighbour sleeps in the house of Tom.",
    "Please go to the station and wait for us.",
    "I would like to book a table for two people.",
    "He said that he wants to come to Paris with Tom.",
    "We will arrive at eight, and you can read more.",
    "I love you and I am happy with you.",
] * 30
TOKENIZER = Tokenizer.train(SENTENCES, vocab_size=420, placeholders=3)
WORDS = Lexicon.count(SENTENCES)
PREPARATION = Preparation(TOKENIZER, WORDS, Lexicon(), ("en", "fr"))
WITHOUT = Preparation(Tokenizer.train(SENTENCES, vocab_size=420), Lexicon(), Lexicon(), ("en", "fr"))


def parts(text: str, preparation: Preparation = PREPARATION, **options: bool) -> list[Part]:
    return preparation.parts(text, max_pieces=200, **options)


def encoded(part: Part, preparation: Preparation = PREPARATION) -> str:
    """What goes into the model, with "@" for placeholders."""
    return PLACEHOLDERS.sub("@", preparation.tokenizer.decode(part.ids))


def assert_tiled(text: str, made: list[Part]) -> None:
    """With their separators the parts are the text."""
    whole = "".join(part.text + part.separator for part in made)
    assert whole == text
    for part in made:
        assert text[part.start : part.start + len(part.text)] == part.text


@pytest.mark.parametrize(
    ("text", "model", "kept"),
    [
        ("Go to https://a.example/x for more.", ["Go to @ for more."], []),
        ("I love you 😀", ["I love you"], ["😀"]),
        ("😀 I love you 😀 🎉!", ["I love you"], ["😀", "😀", "🎉", "!"]),
        ("He said שלום to me.", ["He said @ to me."], []),
        ("My dog is Xiomara.", ["My dog is @."], []),
        ("My dog is Xiomara Quintana-Reyes.", ["My dog is @."], []),
        ("<b>I am happy</b>", ["I am happy"], ["<b>", "</b>"]),
        ("12345", [], ["12345"]),
        ("???", [], ["???"]),
        ("你好", [], ["你好"]),
        ("- the dog\n- the house", ["The dog", "The house"], ["-", "-"]),
        ("1. Go to Paris.", ["Go to Paris."], ["1."]),
        ('"I love you."', ["I love you."], ['"', '"']),
        ("(I love you.)", ["I love you."], ["(", ")"]),
        ("I love you. He said that.", ["I love you.", "He said that."], []),
        ("i love tom", ["I love Tom"], []),
        ("I LOVE TOM", ["I love Tom"], []),
        ("teh dog of Tom", ["the dog of Tom"], []),
        ("The dog {name} and 3 of 4 and %s", ["The dog @ and @ of @ and"], ["%s"]),
        ("", [], [""]),
        ("  \n", [], ["  ", ""]),
    ],
)
def test_what_is_translated_and_what_is_kept(text: str, model: list[str], kept: list[str]) -> None:
    made = parts(text)
    assert [encoded(part) for part in made if part.ids] == model
    assert [part.text for part in made if not part.ids] == kept
    assert_tiled(text, made)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Ich habe heute leider gar keine Zeit.", "this does not look like English"),
        ("asdfgh qwerty", "this does not look like English"),
        ("我明天要去北京开会。", "this does not look like English"),
        ("I love the dog of Xiomara Quintana.", ""),
        ("I lvoe teh dgo", ""),
        ("Xiomara", ""),
    ],
)
def test_a_text_in_another_language_is_kept_with_a_note(text: str, note: str) -> None:
    made = parts(text)
    assert [part.note for part in made] == [note]
    assert bool(made[0].ids) is not bool(note) or text == "Xiomara"


@pytest.mark.parametrize("text", ["🎉", "https://a.example/x", "12 + 3"])
def test_text_without_language_is_kept_without_a_note(text: str) -> None:
    assert [part.note for part in parts(text) if part.note] == []


def test_numbers_and_marks_are_written_as_in_the_target_language() -> None:
    (part,) = parts("The dog sleeps 1,234.5 hours.")
    assert part.originals == ("1,234.5",)
    assert part.fillings == ("1\u202f234,5",)
    opening, inside, closing = parts('"Go to Paris."')
    assert (opening.fixed, closing.fixed) == ("«\u00a0", "\u00a0»")
    assert inside.ids


def test_places_lead_back_to_what_was_typed() -> None:
    text = "teh dogg of tom and https://a.example/x for us"
    (part,) = parts(text)
    words = TOKENIZER.words(part.ids, part.originals)
    back = [part.text[part.places[w.start] : part.places[w.end]] if part.places else w.text for w in words]
    assert back == text.split()


def test_capitals_are_remembered() -> None:
    assert [part.shouted for part in parts("I LOVE YOU. I love you.")] == [True, False]


def test_more_spans_than_placeholders_cut_the_sentence() -> None:
    made = parts("The dog 1 and 2 and 3 and 4 and 5 of us.")
    assert [encoded(part) for part in made if part.ids] == ["The dog @ and @ and @ and", "and @ of us."]
    assert [part.text for part in made if not part.ids] == ["4"]


def test_a_model_without_placeholders_cuts_at_what_is_kept() -> None:
    text = "Go to https://a.example/x and wait for 2 people."
    made = parts(text, WITHOUT)
    assert [encoded(part, WITHOUT) for part in made if part.ids] == ["Go to", "and wait for 2 people."]
    assert_tiled(text, made)


def test_both_switches_off_give_lines() -> None:
    text = "I love you. teh dog 😀\nhttps://a.example"
    made = parts(text, sentences=False, keep=False)
    assert [encoded(part) for part in made] == text.split("\n")


def test_again_around_and_with_unknown_words_kept() -> None:
    (part,) = parts("I love aardvarks and https://a.example/x too.")
    unknown = PREPARATION.again(part, max_pieces=200, around=False)
    assert [encoded(other) for other in unknown] == ["I love @ and @ @."]
    around = PREPARATION.again(part, max_pieces=200, around=True)
    assert [other.text for other in around] == ["I love aardvarks and", "https://a.example/x", "too."]


@pytest.mark.parametrize("preparation", [PREPARATION, WITHOUT], ids=["placeholders", "none"])
def test_any_text_is_tiled_and_nothing_to_keep_is_lost(preparation: Preparation) -> None:
    for sentence in verbatim_sentences(200, seed=5):
        made = parts(sentence.text, preparation)
        assert_tiled(sentence.text, made)
        for part in made:
            assert len(part.originals) == len(part.fillings)
            if preparation is PREPARATION:
                assert part.ids == () or all(o in sentence.text for o in part.originals)


def test_random_characters_are_tiled() -> None:
    draw = random.Random(4)
    letters = 'abI Tom. !?"()[]{}<>«»-*1.,:@/\\\n\t #😀é你\u0301_`'
    for _ in range(400):
        text = "".join(draw.choices(letters, k=draw.randrange(60)))
        assert_tiled(text, parts(text))


@pytest.mark.parametrize("preparation", [PREPARATION, WITHOUT], ids=["words", "no words"])
def test_white_space_and_composition_do_no_harm(preparation: Preparation) -> None:
    text = "the\u00a0dog of\u2009the \u202anei\u00adghbour\u200b is\x07 happy"
    made = parts(text, preparation)
    assert encoded(made[0], preparation).lower() == "the dog of the neighbour is happy"
    assert_tiled(text, made)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("I love <b>Tom</b>.", "I love Tom."),
        ("I love <b>Xiomara</b> Qwerty.", "I love @ @."),
        ('I love "Xiomara" Qwerty, "Tom".', "I love @ @, Tom."),
        ("<b> The dog </b> is happy.", "The dog is happy."),
        ("I LOVE <b>TOM</b>", "I love Tom"),
    ],
)
def test_pairs_of_marks_do_not_go_through_the_model(text: str, model: str) -> None:
    made = parts(text)
    assert [encoded(part) for part in made if part.ids] == [model]
    assert_tiled(text, made)
    (part,) = [part for part in made if part.ids]
    words = TOKENIZER.words(part.ids, part.originals)
    typed = [part.text[part.places[w.start] : part.ends[w.end]] for w in words]
    assert all(word.strip('".,<>/b').isalpha() for word in typed), typed


@pytest.mark.parametrize("text", ["I love <b><br>you</b> so.", "I <b>love https://a.example/x and</b> you."])
def test_a_pair_with_a_cut_inside_stays_whole(text: str) -> None:
    for preparation in (PREPARATION, WITHOUT):
        made = parts(text, preparation)
        assert_tiled(text, made)
        marks = "".join(p.text for p in made if not p.ids) + "".join(
            w.before + w.after for p in made for w in p.wrappings
        )
        marks += "".join(o for p in made if p.ids for o in p.originals)
        assert all(mark in marks for mark in ("<b>", "</b>"))


def test_a_quoted_sentence_is_translated_by_itself() -> None:
    text = 'He said: "I love you." And I am happy.'
    made = parts(text)
    assert [encoded(part) for part in made if part.ids] == ["He said:", "I love you.", "And I am happy."]
    assert [part.fixed for part in made if not part.ids] == ["«\u00a0", "\u00a0»"]
    assert_tiled(text, made)
