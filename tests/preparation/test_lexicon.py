"""Word lists: what is known, how words are written, and which words are one mistake away."""

from pathlib import Path

import pytest

from seq2seq.errors import ModelError
from seq2seq.preparation.casing import is_shouted, shout, usual_words
from seq2seq.preparation.lexicon import Lexicon

SENTENCES = [
    "The dog saw Tom in Paris.",
    "Yesterday I saw the TV in the house.",
    "May I see Tom, the dog of Paris?",
    "You may see us in the US.",
    "We hope that you may see us.",
    "Hello, where is the hello of Tom?",
    "Is it the 猫 of Tom?",
]


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.count(SENTENCES * 5)


@pytest.mark.parametrize("word", ["dog", "DOG", "Tom", "tom", "tv", "hello", "猫", "Yesterday", "yesterday"])
def test_words_are_known_whatever_their_capitals(lexicon: Lexicon, word: str) -> None:
    assert word in lexicon


@pytest.mark.parametrize("word", ["cat", "tomm", "", "2", "the dog", "犬"])
def test_other_words_are_unknown(lexicon: Lexicon, word: str) -> None:
    assert word not in lexicon


@pytest.mark.parametrize(
    ("word", "usual"),
    [("i", "I"), ("TOM", "Tom"), ("tv", "TV"), ("MAY", "may"), ("Where", "where"), ("xyz", "xyz")],
)
def test_usual_form(lexicon: Lexicon, word: str, usual: str) -> None:
    assert lexicon.usual(word) == usual


def test_both_forms_of_a_word_are_kept_if_both_are_usual(lexicon: Lexicon) -> None:
    assert lexicon.knows_form("us") and lexicon.knows_form("US") and not lexicon.knows_form("Us")


@pytest.mark.parametrize("word", ["hllo", "hlelo", "helllllo", "yestarday", "hellos", "yesterdays", "teh"])
def test_one_mistake_is_near(lexicon: Lexicon, word: str) -> None:
    assert lexicon.is_near(word)


@pytest.mark.parametrize("word", ["tm", "thx", "asdfgh", "", "x" * 100_000, "hxllx"])
def test_others_are_not_near(lexicon: Lexicon, word: str) -> None:
    assert not lexicon.is_near(word)


def test_it_is_stored_as_text(lexicon: Lexicon) -> None:
    again = Lexicon.parse(str(lexicon))
    assert again.counts == lexicon.counts and list(again.counts) == list(lexicon.counts)
    assert str(Lexicon()) == "" and not Lexicon.parse("")


@pytest.mark.parametrize(
    "line", ["dog", "dog\t", "dog\tmany", "two words\t3", "dog\t-1", "dog\t٣", "dog\t" + "9" * 30]
)
def test_a_damaged_list_names_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 is"):
        Lexicon.parse(f"cat\t3\n{line}\n")


def test_letters_are_those_that_occur_often(lexicon: Lexicon) -> None:
    assert set("etETo") <= lexicon.letters
    assert "猫" not in lexicon.letters


@pytest.mark.parametrize(
    ("typed", "usual"),
    [
        ("i see tom", "I see Tom"),
        ("I SEE THE TV IN PARIS", "I see the TV in Paris"),
        ("The Dog Saw Tom.", "The dog saw Tom."),
        ("I SEE ANNA", "I see Anna"),
        ("you see the US.", "you see the US."),
        ("You see the US.", "You see the US."),
        ("dog", "dog"),
        ("the dog saw", "The dog saw"),
        ("anna", "anna"),
        ("", ""),
    ],
)
def test_usual_case(lexicon: Lexicon, typed: str, usual: str) -> None:
    assert usual_words(typed, lexicon).text == usual


def test_some_spans_are_kept(lexicon: Lexicon) -> None:
    typed = "SEE TOM AT TOM.COM OR TOM"
    assert usual_words(typed, lexicon, keep=[(11, 18)]).text == "See Tom At TOM.COM Or Tom"


def test_without_a_lexicon_nothing_changes() -> None:
    assert usual_words("i SEE Tom", Lexicon()).text == "i SEE Tom"


@pytest.mark.parametrize(
    ("text", "answer"), [("HELLO", True), ("I", False), ("I am", False), ("A1!", False), ("你好", False)]
)
def test_is_shouted(text: str, answer: bool) -> None:
    assert is_shouted(text) is answer


def test_shouting_keeps_the_length_and_some_spans() -> None:
    assert shout("grüß a@b.c ici", keep=[(5, 10)]) == "GRÜß a@b.c ICI"


def test_a_missing_apostrophe_is_a_mistake() -> None:
    words = Lexicon.count(["I don't know.", "We don’t see it.", "They can't."] * 5)
    assert [words.corrected(typed) for typed in ("dont", "cant", "wont")] == ["don't", "can't", "wont"]
    assert "don't" in Lexicon.parse(str(words))


FRENCH = ["La sœur de Tom est très fière.", "Le garçon a été très content.", "Où êtes-vous, ma sœur ?"] * 9


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("soeur", "sœur"),
        ("tres", "très"),
        ("etes", "êtes"),
        ("garcon", "garçon"),
        ("contnet", "content"),
        ("trrrrès", "très"),
    ],
)
def test_a_word_with_one_mistake_is_corrected(typed: str, meant: str) -> None:
    assert Lexicon.count(FRENCH).corrected(typed) == meant


@pytest.mark.parametrize("word", ["contents", "zzz", "x" * 1000, "a", "sœurs"])
def test_endings_and_other_words_stay(word: str) -> None:
    assert Lexicon.count(FRENCH).corrected(word) == word


def test_corrections_are_part_of_the_usual_words(lexicon: Lexicon) -> None:
    rewritten = usual_words("teh dog saw tom", lexicon)
    assert rewritten.text == "The dog saw Tom"


def test_words_of_translations_that_nobody_wrote() -> None:
    words = Lexicon.count(FRENCH)
    assert words.invented("La sœur chouvante de Xiomara", source="Xiomara's sister") == ["chouvante"]
    assert Lexicon().invented("chouvante", source="") == []


def test_a_missing_file_is_an_empty_list_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert not Lexicon.load(tmp_path / "words.source.txt")
    (tmp_path / "words.source.txt").write_text("dog\t3\nfour words\n")
    with pytest.raises(ModelError, match=r"words\.source\.txt.*line 2"):
        Lexicon.load(tmp_path / "words.source.txt")


NAMES = ["I met Mrs. Berg and Anna there.", "The green hill and the brown dog and the station are there."] * 9


@pytest.mark.parametrize(
    ("typed", "usual"),
    [
        ("I met Mrs. Green there.", "I met Mrs. Green there."),
        ("I met Anna Brown there.", "I met Anna Brown there."),
        ("The Station and the Dog are there.", "The station and the dog are there."),
        ("I Met Mrs. Green There", "I met Mrs. green there"),
    ],
)
def test_words_after_a_title_or_a_name_are_names(typed: str, usual: str) -> None:
    assert usual_words(typed, Lexicon.count(NAMES)).text == usual


def test_abbreviations_keep_their_capitals() -> None:
    words = Lexicon.count(["Ici, l'ami m'appelle et m'aime."] * 9)
    assert words.usual("M") == "m"
    assert usual_words("Ici, l'ami M. Berg m'aime.", words).text == "Ici, l'ami M. Berg m'aime."
