"""Corpora on the command line: with and without the direction of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from seq2seq.config.corpora import Corpora
from seq2seq.errors import UsageError
from seq2seq.training_data.arguments import make_corpora, parse_direction, split_direction

EN_DE, EN_FR = ("en-de=a.en,a.de",), ("en-fr=a.en", "a.fr")


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("en-de", ("en", "de")),
        ("en-pt-BR", ("en", "pt-BR")),
        ("pt-BR-en", ("pt-BR", "en")),
        ("zh_Hant-zh_Hans", ("zh_Hant", "zh_Hans")),
        ("en", None),
        ("data-train", None),
        ("en-", None),
    ],
)
def test_the_name_of_a_direction(name: str, direction: tuple[str, str] | None) -> None:
    assert parse_direction(name) == direction


@pytest.mark.parametrize(
    ("name", "meanings"),
    [("en-gb-de", "en to gb-de or en-gb to de"), ("zh-tw-en-us", "zh-tw to en-us")],
)
def test_a_name_with_two_meanings_is_refused(name: str, meanings: str) -> None:
    if " or " not in meanings:
        assert parse_direction(name) == tuple(meanings.split(" to "))
        return
    with pytest.raises(UsageError, match=f"^{name}: {meanings}. Write a region in capitals: en-GB-de$"):
        parse_direction(name)


@pytest.mark.parametrize(
    ("words", "direction", "paths"),
    [
        (("en-de=a.en,a.de",), ("en", "de"), ("a.en", "a.de")),
        (("en-de=a.en", "a,b.de"), ("en", "de"), ("a.en", "a,b.de")),
        (("en-de=a.tsv",), ("en", "de"), ("a.tsv",)),
        (("en-de=hf:owner/name:de-en",), ("en", "de"), ("hf:owner/name:de-en",)),
        (("a.en", "a.de"), None, ("a.en", "a.de")),
        (("folder/x=1/a,b.tsv",), None, ("folder/x=1/a,b.tsv",)),
        ((), None, ()),
    ],
)
def test_direction_and_paths(
    words: tuple[str, ...], direction: tuple[str, str] | None, paths: tuple[str, ...]
) -> None:
    assert split_direction(words) == (direction, paths)


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("en-de=a.tsv").write_text("a\tb\n")
    assert split_direction(("en-de=a.tsv",)) == (None, ("en-de=a.tsv",))


def test_a_path_with_a_comma_is_one_path_if_it_exists(tmp_path: Path) -> None:
    path = tmp_path / "a,b.tsv"
    path.write_text("a\tb\n")
    assert split_direction((f"en-de={path}",)) == (("en", "de"), (str(path),))


def test_a_name_too_long_for_a_file_is_none() -> None:
    long = "x" * 5000
    assert split_direction((f"en-de={long}.en,{long}.de",)) == (("en", "de"), (f"{long}.en", f"{long}.de"))


@pytest.mark.parametrize("word", ["en-de=,b", "en-de=a,"])
def test_an_empty_path_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match=f"^{word}: an empty path"):
        split_direction((word,))


def test_two_directions_in_one_corpus_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("en-de=a.en,a.de", "en-fr=a.en,a.fr")
    with pytest.raises(UsageError, match="several directions, repeat --train for each corpus"):
        split_direction(words)
    monkeypatch.chdir(tmp_path)
    Path("en-fr=b.tsv").write_text("a\n")
    assert split_direction(("en-de=a.tsv", "en-fr=b.tsv")) == (("en", "de"), ("a.tsv", "en-fr=b.tsv"))


def test_spellings_of_one_language_are_the_first_of_them() -> None:
    corpora = make_corpora((("en-pt-BR=a.tsv",), ("de-pt_br=b.tsv",)), (("de-pt_br=v.tsv",),))
    assert corpora.train_directions == (("en", "pt-BR"), ("de", "pt-BR"))
    assert corpora.valid_directions == (("de", "pt-BR"),)
    one = make_corpora((("en-pt_BR=a.tsv",), ("en-pt-BR=b.tsv",)), ())
    assert one == Corpora((("a.tsv",), ("b.tsv",)), (), ("en", "pt_BR"))


def test_what_looks_like_a_direction_and_is_none() -> None:
    with pytest.raises(UsageError, match="'english-german' is no pair of languages"):
        split_direction(("english-german=a.tsv",))


def test_corpora_of_several_directions() -> None:
    corpora = make_corpora((EN_DE, EN_FR, ("en-de=more.tsv",)), (EN_FR,))
    assert corpora.train == (("a.en", "a.de"), ("a.en", "a.fr"), ("more.tsv",))
    assert corpora.valid == (("a.en", "a.fr"),)
    assert corpora.train_directions == (("en", "de"), ("en", "fr"), ("en", "de"))
    assert corpora.valid_directions == (("en", "fr"),)
    assert corpora.directions == (("en", "de"), ("en", "fr"))


def test_corpora_of_one_named_direction_make_a_plain_model() -> None:
    assert make_corpora((EN_DE,), (EN_DE,)) == Corpora((("a.en", "a.de"),), (("a.en", "a.de"),), ("en", "de"))


def test_corpora_of_one_direction_in_python_are_plain_too() -> None:
    paths, both = (("a.tsv",), ("b.tsv",)), (("en", "de"), ("en", "de"))
    corpora = Corpora(paths, paths[:1], train_directions=both, valid_directions=both[:1])
    assert corpora == Corpora(paths, paths[:1], ("en", "de")) and corpora.directions == ()


def test_without_names_nothing_changes() -> None:
    train, valid = (("a.en", "a.de"), ("b.tsv",)), (("c.tsv",),)
    assert make_corpora(train, valid, ("en", "de"), "model") == Corpora(train, valid, ("en", "de"), "model")


@pytest.mark.parametrize(
    ("train", "valid", "languages", "message"),
    [
        ((EN_DE, ("b.tsv",)), (), ("", ""), "b.tsv: no direction"),
        ((EN_DE, EN_FR), (("v.tsv",),), ("", ""), "v.tsv: no direction"),
        ((EN_DE,), (EN_FR,), ("", ""), "--valid has en-fr"),
        ((EN_DE, EN_FR), (), ("en", ""), "--source-lang"),
        ((("a.en", "a.de"), ("a.en", "a.fr")), (), ("", ""), "en-de and en-fr by the names"),
    ],
)
def test_what_contradicts(
    train: tuple[tuple[str, ...], ...],
    valid: tuple[tuple[str, ...], ...],
    languages: tuple[str, str],
    message: str,
) -> None:
    with pytest.raises(UsageError, match=message):
        make_corpora(train, valid, languages)


def test_endings_that_are_no_languages_name_no_direction() -> None:
    train = (("train.en", "train.de"), ("b.hyp", "b.cor"), ("c.eng", "c.ger"))
    assert make_corpora(train, ()).train == train


def test_regions_of_a_language_are_no_other_direction() -> None:
    train = (("a.en", "a.fr"), ("b.en", "b.fr-CA"))
    assert make_corpora(train, ()).train == train
