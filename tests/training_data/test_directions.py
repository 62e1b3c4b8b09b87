"""Data of several directions: which pair belongs to which, tags in batches, more pairs of each direction."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.config import DataConfig
from seq2seq.config.corpora import Corpora
from seq2seq.data.batching import Batches
from seq2seq.errors import DataError, UsageError
from seq2seq.pairs import Counts, SentencePair
from seq2seq.text.tokenizer import Tokenizer
from seq2seq.training_data.arguments import make_corpora
from seq2seq.training_data.corpora import read_train, read_valid, shares_of
from seq2seq.training_data.held_out import read_held_out, write_held_out
from seq2seq.training_data.prepared import Prepared, load_prepared, prepare

WORDS = {
    "en": ("I saw the {} and the {}, {}.", ["dog", "horse", "tiger", "cat", "cow"]),
    "de": ("Ich sah {} und {}, {}.", ["Hund", "Pferd", "Tiger", "Katze", "Kuh"]),
    "fr": ("J'ai vu le {} et le {}, {}.", ["chien", "cheval", "tigre", "chat", "vache"]),
}
ENGLISH, GERMAN, FRENCH = (
    [sentence.format(words[n % 5], words[n // 5 % 5], n) for n in range(60)]
    for sentence, words in WORDS.values()
)


@pytest.fixture
def corpora(tmp_path: Path) -> Corpora:
    """English to German and to French, with "OK" in both."""
    for name, lines in (("en", ENGLISH), ("de", GERMAN), ("fr", FRENCH)):
        (tmp_path / f"t.{name}").write_text("\n".join([*lines, "OK"]) + "\n", encoding="utf-8")
    path = str(tmp_path / "t")
    both = tuple((f"en-{language}={path}.en,{path}.{language}",) for language in ("de", "fr"))
    return make_corpora(both, both)


def prepared(corpora: Corpora, folder: Path, **settings: object) -> Prepared:
    config, counts = DataConfig(**settings), Counts()  # type: ignore[arg-type]
    return prepare(
        read_train(corpora, config, counts),
        folder,
        config,
        directions=corpora.directions,
        counts=counts,
        seed=1,
        say=lambda message: None,
    )


def test_pairs_have_the_number_of_their_direction_and_the_same_text_stays_in_both(corpora: Corpora) -> None:
    pairs = list(read_train(corpora, DataConfig(), Counts()))
    assert [pair.target for pair in pairs if pair.direction == 0] == [*GERMAN, "OK"]
    assert [pair.target for pair in pairs if pair.direction == 1] == [*FRENCH, "OK"]
    valid = list(read_valid(corpora, DataConfig()))
    assert [(pair.target, pair.direction) for pair in valid] == [(p.target, p.direction) for p in pairs]


def test_validation_data_of_one_direction_has_its_number(corpora: Corpora) -> None:
    only = replace(corpora, valid=corpora.valid[1:], valid_directions=corpora.valid_directions[1:])
    assert {pair.direction for pair in read_valid(only, DataConfig())} == {1}


def test_prepared_data_keeps_the_directions(corpora: Corpora, tmp_path: Path) -> None:
    made = prepared(corpora, tmp_path / "run")
    loaded = load_prepared(tmp_path / "run", corpora.directions)
    rows = loaded.data[[0, 60, 61, 121]]
    assert rows["direction"] == [0, 0, 1, 1]
    assert rows["target"] == [GERMAN[0], "OK", FRENCH[0], "OK"]
    assert loaded.directions == made.directions == (("en", "de"), ("en", "fr"))
    assert loaded.tags == tuple(loaded.source.tag_ids[name] for name in ("de", "fr"))


@pytest.mark.parametrize("joint", [True, False])
def test_a_batch_has_the_tag_of_each_pair_in_front_and_is_as_long_as_planned(
    corpora: Corpora, tmp_path: Path, joint: bool
) -> None:
    data = prepared(corpora, tmp_path / "run", joint=joint)
    batches = Batches(
        data.data,
        source=data.source,
        target=data.target,
        lengths=data.lengths,
        batch_tokens=200,
        max_length=100,
        seed=1,
        tags=data.tags,
    )
    seen = 0
    for batch in batches.epoch(0):
        for place, row in enumerate(batch.rows):
            text = data.data[[row]]
            tag = data.source.tag_ids["de" if text["direction"] == [0] else "fr"]
            length = int(batch.lengths[place])
            assert batch.source[place, :length].tolist() == [
                tag,
                *data.source.encode(text["source"][0]),
                Tokenizer.eos_id,
            ]
            assert length == data.lengths[row, 0]
            seen += 1
    assert seen == 122
    if not joint:
        assert data.target.tag_ids == {}


def test_a_tag_in_a_text_is_text(corpora: Corpora, tmp_path: Path) -> None:
    source = prepared(corpora, tmp_path / "run").source
    ids = source.encode("<2de> the dog")
    assert not set(ids) & set(source.tag_ids.values())
    assert source.decode(ids) == "<2de> the dog"


@pytest.mark.parametrize("settings", [{"phrases": 0.5}, {"placeholders": 4, "copies": 1.0}])
def test_more_pairs_are_made_of_each_direction_by_itself(
    corpora: Corpora, tmp_path: Path, settings: dict[str, float]
) -> None:
    """The pairs that are added for one direction are those of a training on this direction alone."""
    both = prepared(corpora, tmp_path / "both", **settings)
    rows = both.data[list(range(len(both.data)))]
    for number, direction in enumerate(corpora.directions):
        alone = Corpora(corpora.train[number : number + 1], languages=direction)
        config = DataConfig(**settings)  # type: ignore[arg-type]
        data = prepare(
            read_train(alone, config, Counts()),
            tmp_path / direction[1],
            config,
            languages=direction,
            counts=Counts(),
            seed=1,
            say=lambda message: None,
        ).data
        assert len(data) > 61
        expected = data[list(range(len(data)))]
        for side in ("source", "target"):
            own = [t for t, d in zip(rows[side], rows["direction"], strict=True) if d == number]
            assert own == expected[side]


def test_a_direction_without_a_pair_is_an_error(corpora: Corpora, tmp_path: Path) -> None:
    Path(corpora.train[0][1]).write_text("\n" * 61)
    with pytest.raises(DataError, match=r"a direction \(en-de 0, en-fr 61\)"):
        prepared(corpora, tmp_path / "run")


def test_a_mix_that_leaves_nothing_of_a_direction_is_refused(corpora: Corpora, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^data\.mix leaves nothing of en-de \(0,1\)"):
        prepared(corpora, tmp_path / "run", mix="0,1")
    more = Corpora(corpora.train * 2, train_directions=corpora.train_directions * 2)
    assert shares_of(more, DataConfig(mix="0,1,2,0")) == (0, 1, 2, 0)


def test_pairs_that_were_held_out_keep_their_directions(tmp_path: Path) -> None:
    pairs = [SentencePair("a", "b"), SentencePair("c", "d", direction=2)]
    write_held_out(tmp_path / "valid.json", pairs)
    stored = json.loads((tmp_path / "valid.json").read_text())
    assert stored == [["a", "b"], ["c", "d", 2]]  # the first is as runs of one direction store it
    assert read_held_out(tmp_path / "valid.json") == pairs


@pytest.mark.parametrize("text", ['[["a"]]', '[["a", 1]]', '[["a", "b", "c"]]', "{", "3"])
def test_a_damaged_file_of_held_out_pairs(tmp_path: Path, text: str) -> None:
    (tmp_path / "valid.json").write_text(text)
    with pytest.raises(DataError, match=r"valid\.json: cannot be read"):
        read_held_out(tmp_path / "valid.json")
