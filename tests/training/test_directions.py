"""A model of several directions in training: scores of each, exact resumption, and that it is learned."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from seq2seq.bundle.finding import resolve
from seq2seq.bundle.model_directory import load
from seq2seq.bundle.starting import start_settings
from seq2seq.config import Settings
from seq2seq.config.corpora import Corpora
from seq2seq.data.batching import Batches, PairColumns, token_lengths
from seq2seq.evaluation.metrics import bleu
from seq2seq.pairs import SentencePair
from seq2seq.training.run import train
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_settings import pairs_sha256, stored_run
from seq2seq.training.trainer import Trainer
from seq2seq.training.translating import first_of_each, samples_of_each, score_pairs
from seq2seq.training.validation import Validator
from seq2seq.training_data.arguments import make_corpora
from seq2seq.training_data.prepared import Prepared
from seq2seq.translator import Translator
from tests import tiny
from tests.tiny import RecordingProgress
from tests.training.tiny_trainer import Condition, assert_same, everything

DIRECTIONS = (("en", "fr"), ("fr", "en"))


def pairs(number: int, *, seed: int) -> list[SentencePair]:
    """`number` pairs of English to French, and the same the other way round."""
    there = tiny.pairs(number, seed=seed)
    return there + [SentencePair(pair.target, pair.source, direction=1) for pair in there]


@cache
def prepared(number: int = 40) -> Prepared:
    columns, joint = PairColumns(pairs(number, seed=1)), tiny.tagged("fr", "en")
    lengths = token_lengths(columns, joint, joint, tagged=True)
    return Prepared(columns, joint, joint, lengths, directions=DIRECTIONS)


def settings(**changes: Any) -> Settings:
    made = tiny.settings(**changes)
    size = tiny.tagged("fr", "en").vocab_size
    return replace(made, model=replace(made.model, source_vocab_size=size, target_vocab_size=size))


def make_trainer(
    folder: Path,
    settings: Settings,
    *,
    data: Prepared | None = None,
    stop_at: Condition = lambda state: False,
) -> Trainer:
    trainer = Trainer(
        settings,
        data or prepared(),
        pairs(4, seed=2),
        RunDirectory(folder),
        interrupted=lambda: stop_at(trainer.state),
    )
    return trainer


def test_each_direction_is_scored_in_its_language_and_the_mean_decides() -> None:
    valid, bundle = pairs(5, seed=4), tiny.bundle_of_directions(*DIRECTIONS)
    joint, columns = bundle.source, PairColumns(valid)
    batches = Batches(
        columns,
        source=joint,
        target=joint,
        lengths=token_lengths(columns, joint, joint, tagged=True),
        batch_tokens=40,
        max_length=100,
        seed=1,
        tags=[joint.tag_ids["fr"], joint.tag_ids["en"]],
    )
    scores = Validator(valid, batches, torch.device("cpu")).score(bundle)
    translator = Translator(replace(bundle, decoding=bundle.decoding.greedy()))
    expected = {}
    for number, direction in enumerate(DIRECTIONS):
        own = [pair for pair in valid if pair.direction == number]
        made = translator.translate([pair.source for pair in own], target_language=direction[1])
        expected["-".join(direction)] = bleu([one.text for one in made], [pair.target for pair in own])
    assert scores.directions == expected
    assert scores.bleu == sum(score.score for score in expected.values()) / 2
    assert scores.signature.startswith("mean of 2 directions: nrefs:1|")
    assert "(en-fr " in str(scores) and ", fr-en " in str(scores)


def test_the_only_direction_with_validation_pairs_is_named() -> None:
    translator = Translator(tiny.bundle_of_directions(*DIRECTIONS))
    own = [pair for pair in pairs(3, seed=4) if pair.direction == 1]
    score, each = score_pairs(translator, own, [pair.target for pair in own])
    assert each == {"fr-en": score}
    plain = tiny.pairs(3, seed=4)
    assert score_pairs(Translator(tiny.bundle()), plain, [pair.target for pair in plain])[1] == {}


def test_a_part_of_each_direction() -> None:
    valid = pairs(9, seed=4)
    assert first_of_each(valid, 2) == [*valid[:2], *valid[9:11]]
    shown = samples_of_each(valid, [pair.target for pair in valid])
    assert {sample.source.split()[0] in tiny.ENGLISH for sample in shown} == {True, False}
    assert len(shown) == 4
    assert first_of_each(valid[:9], 20) == valid[:9]


def test_the_checksum_of_validation_pairs_knows_the_direction() -> None:
    pair = SentencePair("a", "b")
    assert pairs_sha256([pair]) != pairs_sha256([replace(pair, direction=1)])


@pytest.mark.parametrize("step", [2, 4])
def test_resumed_equals_uninterrupted(tmp_path: Path, step: int) -> None:
    chosen = settings(
        model={"dropout": 0.2}, data={"noise": "default", "sampling": 0.3}, steps=6, validate_every=4, ema=0.9
    )
    whole = make_trainer(tmp_path / "whole", chosen)
    whole.run()
    make_trainer(tmp_path / "parts", chosen, stop_at=lambda state: state.step == step).run()
    again = make_trainer(tmp_path / "parts", chosen)
    again.resume()
    again.run()
    assert_same(everything(again), everything(whole))
    (record,) = [one for one in whole.run_directory.records() if one.get("step") == 4 and "bleu" in one]
    assert list(record["directions"]) == ["en-fr", "fr-en"]


def test_a_run_of_several_directions_can_be_used_resumed_and_tuned(tmp_path: Path) -> None:
    """From files to a model, without validation data."""
    for language, side in (("en", "source"), ("fr", "target")):
        lines = "".join(f"{getattr(pair, side)}\n" for pair in tiny.pairs(80, seed=1)) * 2
        (tmp_path / f"train.{language}").write_text(lines, encoding="utf-8")
    en, fr = str(tmp_path / "train.en"), str(tmp_path / "train.fr")
    corpora = make_corpora(((f"en-fr={en},{fr}",), (f"fr-en={fr}", en)), ())
    start = tiny.settings(data={"vocab_size": 320, "drop_duplicates": False}, steps=2)
    progress = RecordingProgress()
    assert train(start, corpora, tmp_path / "run", device="cpu", progress=progress).step == 2
    assert any(message.startswith("directions: en-fr ") for message in progress.messages)
    held = json.loads((tmp_path / "run/valid.json").read_text())
    assert {len(row) for row in held} == {2, 3}  # of both directions
    assert len({tuple(row) for row in held}) == len(held)  # each once, though the data has all lines twice
    assert stored_run(tmp_path / "run")[1].directions == DIRECTIONS
    longer = tiny.settings(data={"vocab_size": 320, "drop_duplicates": False}, steps=3)
    resumed = train(
        longer, Corpora(), tmp_path / "run", resume=True, device="cpu", progress=RecordingProgress()
    )
    assert resumed.step == 3
    bundle = load(resolve(tmp_path / "run"))
    assert bundle.directions == DIRECTIONS
    assert set(bundle.source.tag_ids) == {"en", "fr"}
    translator = Translator(bundle)
    for language in ("fr", "en"):
        made = translator.translate(["one two", "<2fr> <2en>"], target_language=language)
        alone = [translator.translate(text, target_language=language) for text in ("one two", "<2fr> <2en>")]
        assert [one.text for one in made] == [one.text for one in alone]
    named = make_corpora(
        ((f"en-fr_CA={en},{fr}",), (f"fr-eng={fr}", en)), (), init_from=str(tmp_path / "run")
    )
    tuned = tmp_path / "tuned"
    train(start_settings(bundle, start), named, tuned, device="cpu", progress=progress)
    assert load(resolve(tuned)).directions == DIRECTIONS
    assert load(resolve(tuned)).source.to_bytes() == bundle.source.to_bytes()


@pytest.mark.slow
def test_the_tag_decides_the_language(tmp_path: Path) -> None:
    """Number words into French or back into English: "six" is a word of both."""
    data = prepared(300)
    chosen = settings(
        model={"encoder_size": 24, "decoder_size": 32, "embedding_size": 24},
        steps=150,
        validate_every=150,
        batch_tokens=400,
        learning_rate=1e-2,
        ema=0.9,
    )
    trainer = make_trainer(tmp_path, chosen, data=data)
    trainer.run()
    translator = Translator(trainer.bundle())
    for number, (language, words) in enumerate((("fr", tiny.FRENCH), ("en", tiny.ENGLISH))):
        own = [pair.source for pair in pairs(10, seed=5) if pair.direction == number]
        made = translator.translate(["six", "six six", "six six six", *own], target_language=language)
        said = {word for one in made for word in one.text.split()}
        assert len(said) >= 5 and said <= set(words)
