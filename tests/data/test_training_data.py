"""From corpora to training data: counts, messages when nothing is left, and texts of any alphabet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from seq2seq.config import DataConfig
from seq2seq.config.corpora import Corpora
from seq2seq.data.splitting import hold_out
from seq2seq.errors import DataError, ModelError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.text.symbols import PLACEHOLDERS
from seq2seq.training_data.corpora import names_of, read_train
from seq2seq.training_data.prepared import Prepared, load_prepared, prepare

WORDS = [(f"the house number {number}", f"la maison numéro {number}") for number in range(100)]
HAN = [(chr(0x4E00 + n) + chr(0x4E01 + n), chr(0x5E00 + n)) for n in range(0, 200, 2)]


class Run:
    """Reads a TSV file of the pairs, holds out validation pairs, and prepares the rest."""

    def __init__(self, folder: Path, pairs: list[tuple[str, str]], **settings: Any) -> None:
        self.path, self.folder = folder / "train.tsv", folder / "run"
        self.path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
        self.settings = DataConfig(**settings)
        self.counts, self.messages = Counts(), list[str]()
        self.held: list[SentencePair] = []

    def prepare(self) -> Prepared:
        pairs = read_train(Corpora(((str(self.path),),)), self.settings, self.counts)
        rest = hold_out(pairs, self.held, where=names_of([(str(self.path),)]), counts=self.counts)
        say = self.messages.append
        return prepare(rest, self.folder, self.settings, counts=self.counts, seed=1, say=say)


def test_prepared_data_can_be_loaded_again(tmp_path: Path) -> None:
    run = Run(tmp_path, WORDS)
    prepared = run.prepare()
    loaded = load_prepared(run.folder)
    assert len(loaded.data) == len(prepared.data) == 100 - len(run.held)
    assert (loaded.lengths == prepared.lengths).all()
    assert loaded.source is loaded.target
    assert loaded.source.to_bytes() == prepared.source.to_bytes()


def test_the_report_counts_pairs_that_are_too_long_for_training(tmp_path: Path) -> None:
    long = [(f"{number} " + "xq" * 100, "x " * 60) for number in range(7)]
    run = Run(tmp_path, WORDS + long, max_length=50)
    prepared = run.prepare()
    dropped = int((prepared.lengths.max(1) > 51).sum())  # 50 tokens and EOS
    assert 0 < dropped <= 7
    assert run.counts.dropped == {"longer than 50 tokens (data.max_length)": dropped}
    assert run.counts.kept == 107 - dropped
    (line,) = [message for message in run.messages if message.startswith("data: ")]
    assert line == (
        f"data: 107 pairs read, {107 - dropped} kept, {len(run.held)} of these held out for validation; "
        f"dropped: {dropped} × longer than 50 tokens (data.max_length)"
    )


def test_a_limit_that_no_pair_meets_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no training pair has at most data\.max_length = 2 tokens"):
        Run(tmp_path, WORDS, max_length=2).prepare()


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([], "0 pairs read"),
        ([("", "b")] * 3, "3 pairs read, 0 kept; dropped: 3 × blank"),
        ([("a", "b")], "1 pairs read, 1 kept, 1 of these held out for validation"),
        (
            [("a", "b")] * 9,
            "9 pairs read, 1 kept, 1 of these held out for validation; dropped: 8 × duplicate",
        ),
        ([("a", "b"), ("a", "c")], "2 pairs read, 2 kept, 2 of these held out for validation"),
    ],
    ids=["empty", "blank", "one", "duplicates", "one source"],
)
def test_nothing_left_names_the_file_and_the_reason(
    tmp_path: Path, pairs: list[tuple[str, str]], reason: str
) -> None:
    run = Run(tmp_path, pairs)
    with pytest.raises(DataError) as caught:
        run.prepare()
    assert str(caught.value).startswith(f"{run.path}: no pair left to train on ({reason}), expected ")
    assert str(run.folder) not in str(caught.value)


def test_two_pairs_are_enough(tmp_path: Path) -> None:
    prepared = Run(tmp_path, [("a", "b"), ("c", "d")]).prepare()
    assert len(prepared.data) == 1
    assert prepared.source.vocab_size == 4 + 256 + 3  # the symbols, the bytes, space, c and d


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize("joint", [True, False])
def test_a_vocabulary_too_small_for_the_alphabet_is_raised_and_said(
    tmp_path: Path, kind: str, joint: bool
) -> None:
    run = Run(tmp_path, HAN, vocab_size=300, tokenizer=kind, joint=joint)
    prepared = run.prepare()
    assert prepared.source.vocab_size > 300
    assert any("300" in message and "different characters" in message for message in run.messages)
    for row in range(len(prepared.data)):
        text = prepared.data[[row]]["source"][0]
        assert prepared.source.decode(prepared.source.encode(text)) == text


@pytest.mark.parametrize(
    "settings", [{"placeholders": 4}, {"phrases": 0.5}, {"placeholders": 4, "copies": 0.0}]
)
def test_more_pairs_are_made_from_those_of_the_corpus(tmp_path: Path, settings: dict[str, Any]) -> None:
    animals = [("dog", "chien"), ("horse", "cheval"), ("tiger", "tigre")]
    sentences = [
        (f"I saw the {one} and the {other} today.", f"J'ai vu le {un} et le {autre} aujourd'hui.")
        for one, un in animals
        for other, autre in animals
    ]
    run = Run(tmp_path, WORDS * 2 + sentences * 5, drop_duplicates=False, **settings)
    prepared = run.prepare()
    corpus = run.counts.kept - len(run.held)
    (line,) = [message for message in run.messages if message.startswith("added: ")]
    assert line == f"added: {len(prepared.data) - corpus} pairs of phrases and of sentences with placeholders"
    assert (len(prepared.data) > corpus) is (settings.get("copies") != 0.0)
    marked = [row for row in prepared.data if PLACEHOLDERS.search(row["source"])]
    assert len(marked) >= (150 if "placeholders" in settings else 0), "each number is one"
    assert len(prepared.source.placeholder_ids) == settings.get("placeholders", 0)
    assert not (run.folder / "plain").exists()
    again = load_prepared(run.folder)
    assert (again.lengths == prepared.lengths).all()


def test_the_words_of_the_corpus_are_stored(tmp_path: Path) -> None:
    run = Run(tmp_path, WORDS)
    prepared = run.prepare()
    for words in (prepared.target_words, load_prepared(run.folder).target_words):
        assert set(words.counts) == {"la", "maison", "numéro"}
        assert words.counts["maison"] == 100 - len(run.held)
    (run.folder / "words.target.txt").write_text("maison\tmany\n")
    with pytest.raises(ModelError, match=r"words\.target\.txt.*line 1"):
        load_prepared(run.folder)


def test_pairs_with_the_same_text_on_both_sides_are_counted_and_said(tmp_path: Path) -> None:
    run = Run(tmp_path, [*WORDS, ("London", "London"), ("Paris", "Paris"), ("Paris ", "Paris")])
    run.prepare()
    lines = [message for message in run.messages if "same text" in message]
    kept = 2 - sum(pair.source == pair.target for pair in run.held)
    assert kept and lines[0].startswith(f"{kept} pair") and "as source and target, such as '" in lines[0]
    plain = Run(tmp_path, WORDS)
    plain.prepare()
    assert not [message for message in plain.messages if "same text" in message]


def test_every_long_part_of_the_preparation_asks_whether_to_end(tmp_path: Path) -> None:
    asked = set[str]()
    pairs = [SentencePair(source, target) for source, target in WORDS]
    prepare(
        pairs,
        tmp_path,
        DataConfig(phrases=0.1),
        counts=Counts(kept=len(pairs)),
        seed=1,
        say=lambda message: None,
        check=lambda: asked.add(sys._getframe(1).f_code.co_name),
    )
    assert asked >= {"texts", "_columns", "__init__", "_expectation", "find_places", "token_lengths"}
