"""Calibration: which words are right, calibration error by hand, regressions on known probabilities."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.confidence import SENTENCE_FEATURES, WORD_FEATURES, Evidence
from seq2seq.errors import DataError
from seq2seq.evaluation.calibration import (
    Judged,
    calibrate,
    calibration_curve,
    calibration_error,
    calibration_errors,
    fit_logistic,
    judge,
    right_words,
)
from seq2seq.translation import Translation, Word
from tests import tiny


@pytest.mark.parametrize(
    ("words", "reference", "right"),
    [
        ("a b c", "a b c", "111"),
        ("a x c", "a b c", "101"),
        ("A b c", "a B c", "111"),
        ("a b b c", "a b c", "1011"),
        ("b c a", "a b c", "111"),
        ("d e f a b c", "a b c d e f", "111111"),
        ("x y", "a b", "00"),
        ("a", "", "0"),
        ("", "a b", ""),
        ("maison.", "maison", "0"),
    ],
)
def test_words_that_ter_matches_are_right(words: str, reference: str, right: str) -> None:
    found = right_words(words.split(), reference)
    if right == "1011":  # either of two equal neighbours may be the one too many
        assert found in ([True, False, True, True], [True, True, False, True])
    else:
        assert found == [mark == "1" for mark in right]


def test_a_word_without_spaces_is_right_if_all_of_its_characters_are() -> None:
    assert right_words(["我", "喜欢", "猫"], "我喜爱猫") == [True, False, True]


def test_lines_too_long_for_ter_are_left_out() -> None:
    assert right_words(["a"] * 2001, "a") is None


def test_right_words_fit_the_edits_of_sacrebleu() -> None:
    chance = random.Random(3)
    for _ in range(200):
        words, reference = ([chance.choice("abcdef") for _ in range(chance.randint(1, 12))] for _ in "12")
        found = right_words(words, " ".join(reference))
        assert found is not None
        matched = Counter(word for word, good in zip(words, found, strict=True) if good)
        edits = sacrebleu.sentence_ter(" ".join(words), [" ".join(reference)]).score / 100 * len(reference)
        assert not matched - Counter(reference)
        assert max(len(words), len(reference)) - matched.total() <= round(edits, 6)


def test_a_sentence_is_judged_by_chrf() -> None:
    judged = judge(
        [Translation("Bonjour Tom", words=(Word("Bonjour", 0, 7), Word("Tom", 8, 11)))], ["Salut Tom"]
    )
    assert judged.right == [[False, True]]
    assert judged.chrf == [sacrebleu.sentence_chrf("Bonjour Tom", ["Salut Tom"]).score / 100]


@pytest.mark.parametrize(
    ("confidence", "outcome", "bins", "error"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 2, 0.15),
        ([0.9, 0.1, 0.8, 0.2], [1, 0, 1, 0], 15, 0.15),
        ([0.5, 0.5, 1.0], [1, 0, 0], 2, 1 / 3),
        ([0.7, 0.7, 0.7, 0.7], [1, 1, 1, 1], 1, 0.3),
        ([0.2, 0.8], [0.8, 0.2], 1, 0.0),
        ([], [], 15, 0.0),
    ],
)
def test_calibration_error_by_hand(
    confidence: list[float], outcome: list[float], bins: int, error: float
) -> None:
    assert calibration_error(confidence, outcome, bins=bins) == pytest.approx(error, abs=1e-12)


def test_a_regression_on_one_binary_feature_gives_the_frequencies() -> None:
    feature = np.repeat([0.0, 1.0], 20_000)[:, None]
    outcome = np.concatenate([np.repeat([0.0, 1.0], (15_000, 5_000)), np.repeat([0.0, 1.0], (2_000, 18_000))])
    weights = fit_logistic(feature, outcome, ["x"])
    chances = [1 / (1 + np.exp(-weights["bias"] - weights["x"] * x)) for x in (0, 1)]
    assert chances == pytest.approx([0.25, 0.9], abs=1e-3)


def test_a_regression_finds_known_weights_and_survives_a_constant_feature() -> None:
    generator = np.random.default_rng(0)
    features = np.hstack([generator.normal(3, 2, (40_000, 2)), np.full((40_000, 1), 7.0)])
    chance = 1 / (1 + np.exp(-(-1.0 + 0.5 * features[:, 0] - 0.25 * features[:, 1])))
    weights = fit_logistic(features, (generator.random(40_000) < chance).astype(float), ["a", "b", "c"])
    assert weights == pytest.approx({"bias": -1.0, "a": 0.5, "b": -0.25, "c": 0.0}, abs=0.05)


def synthetic(number: int, *, seed: int) -> Judged:
    """Translations of ten words. The log odds in the evidence are true, the confidence is far too high."""
    generator = np.random.default_rng(seed)
    translations, right, chrf = [], list[list[bool] | None](), list[float]()
    for _ in range(number):
        odds = generator.normal(0, 2, 10)
        chance = 1 / (1 + np.exp(-odds))
        words = np.zeros((10, len(WORD_FEATURES)))
        words[:, 0] = odds
        sentence = np.zeros(len(SENTENCE_FEATURES))
        sentence[0] = generator.normal()
        quality = float(1 / (1 + np.exp(-sentence[0])))
        translations.append(
            Translation(
                "",
                confidence=quality**0.5,
                words=tuple(Word("w", 0, 1, float(one**0.5)) for one in chance),
                evidence=Evidence(words.tolist(), sentence.tolist(), ratio=0.0),
            )
        )
        right.append((generator.random(10) < chance).tolist())
        chrf.append(quality)
    return Judged(translations, right, chrf)


def test_calibration_finds_known_probabilities() -> None:
    judged = synthetic(2000, seed=1)
    confidence, errors = calibrate(judged)
    before = errors.pop("uncalibrated")
    assert before["words"] > 0.1 and before["sentences"] > 0.1
    assert errors["words"] < 0.02 and errors["sentences"] < 0.01
    assert confidence.words["odds"] == pytest.approx(1.0, abs=0.06)
    assert confidence.sentences["odds_mean"] == pytest.approx(1.0, abs=0.02)


def test_texts_in_several_parts_and_long_lines_do_not_count() -> None:
    judged = synthetic(300, seed=2)
    joined = [*judged.translations, Translation("x", confidence=0.0)]
    more = Judged(joined, [*judged.right[:-1], None, [True]], [*judged.chrf, 1.0])
    assert calibrate(more)[0].sentences.keys() == calibrate(judged)[0].sentences.keys()
    assert calibration_errors(more)["sentences"] == pytest.approx(
        calibration_error([t.confidence for t in joined], [*judged.chrf, 1.0]), abs=1e-4
    )


def test_calibration_curve_by_hand() -> None:
    sure, right = [0.9, 0.1, 0.8, 0.3, 0.6], [1.0, 0.0, 0.0, 1.0, 1.0]
    # By rising confidence: (0.1, 0.3, 0.6), of which two are right, and (0.8, 0.9), of which one is.
    assert calibration_curve(sure, right, bins=2) == ((0.3333, 0.6667, 3), (0.85, 0.5, 2))
    assert calibration_curve([], [], bins=2) == ()


def test_too_few_translations_are_refused() -> None:
    with pytest.raises(DataError, match="49 translations in one part, expected 50 or more"):
        calibrate(synthetic(98, seed=3))


def contents(directory: Path, *, but: Sequence[str] = ()) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name not in but}


def test_the_command_stores_the_calibration_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, test = tmp_path / "model", tmp_path / "val.tsv"
    model_directory.save(path, tiny.bundle(), weights="int8")
    test.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(120)))
    before, config = contents(path, but=["config.json"]), json.loads((path / "config.json").read_text())
    arguments = ["evaluate", "--model", str(path), "--test", str(test), "--beam-size", "1"]
    assert main.run([*arguments, "--calibrate"]) == 0
    errors = json.loads(capsys.readouterr().out)["calibration_error"]
    assert errors.keys() == {"words", "sentences", "uncalibrated"}
    assert contents(path, but=["config.json"]) == before
    stored = json.loads((path / "config.json").read_text())
    confidence = stored.pop("confidence")
    assert confidence.keys() == {"words", "sentences", "ratio", "curve"} and stored == config
    assert all(0 <= share <= 1 and number > 0 for *pair, number in confidence["curve"] for share in pair)
    assert main.run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["calibration_error"].keys() == {"words", "sentences"}
    copy = tmp_path / "copy"
    model_directory.save(copy, model_directory.load(path))
    assert model_directory.load(copy).confidence == model_directory.load(path).confidence is not None
    shutil.rmtree(copy)


def test_several_models_cannot_be_calibrated(capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(["evaluate", "--model", "en-fr", "--model", "en-fr", "--test", "x.tsv", "--calibrate"])
    assert code == 2 and "--calibrate found with several models" in capsys.readouterr().err


def test_confidence_of_words_is_that_of_the_stored_weights() -> None:
    judged = synthetic(200, seed=4)
    confidence, _ = calibrate(judged)
    seen = judged.translations[0].evidence
    assert seen is not None
    by_hand = [
        1
        / (1 + np.exp(-confidence.words["bias"] - np.dot(row, [confidence.words[n] for n in WORD_FEATURES])))
        for row in seen.words
    ]
    assert confidence.of_words(seen) == pytest.approx(by_hand, rel=1e-9)
    assert replace(confidence, ratio={"mean": 0.0, "deviation": 0.1}).is_odd_length(replace(seen, ratio=0.31))
    assert not replace(confidence, ratio={"mean": 0.0, "deviation": 0.1}).is_odd_length(
        replace(seen, ratio=0.29)
    )
