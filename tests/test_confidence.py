"""Confidence: evidence by hand, what config.json may hold, and reasons for a low one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seq2seq import Translator
from seq2seq.bundle import model_directory
from seq2seq.confidence import GROUPS, SENTENCE_FEATURES, WORD_FEATURES, Confidence, evidence
from seq2seq.errors import ModelError
from seq2seq.judging import ends_in_repetition
from seq2seq.preparation.lexicon import Lexicon
from tests import tiny
from tests.test_part_translator import SENTENCES, untrained

CONFIDENCE = Confidence(*(dict.fromkeys(names, 0.1) for names in GROUPS.values()))


def test_evidence_by_hand() -> None:
    logs = [math.log(p) for p in (0.5, 0.8, 0.9, 0.6)]  # two words of two and one piece, and the end
    attention = np.array([[0.7, 0.05, 0.25], [0.6, 0.02, 0.38], [0.9, 0.01, 0.09], [0.1, 0.01, 0.89]])
    seen = evidence(
        logs,
        [range(2), range(2, 3)],
        attention=attention,
        source=[range(1), range(1, 2)],
        source_pieces=3,
        rarity=[2.0, 4.5],
    )
    mean = sum(logs) / 4
    odds_mean = mean - math.log(1 - math.exp(mean))
    first = dict(zip(WORD_FEATURES, seen.words[0], strict=True))
    assert first == pytest.approx(
        {
            "odds": 0.0,
            "log_prob": math.log(0.5),
            "odds_before": math.log((1 - 1e-5) / 1e-5),
            "odds_after": math.log(0.9 / 0.1),
            "odds_mean": odds_mean,
            "focus": 0.65,
            "rarity": 2.0,
            "length": math.log(2),
        },
        abs=1e-5,
    )
    last = dict(zip(WORD_FEATURES, seen.words[1], strict=True))
    assert (last["odds_before"], last["odds_after"]) == pytest.approx((0.0, math.log(0.6 / 0.4)))
    assert dict(zip(SENTENCE_FEATURES, seen.sentence, strict=True)) == pytest.approx(
        {
            "odds_mean": odds_mean,
            "mean": math.exp(mean),
            "odds_lowest": 0.0,
            "lowest": 0.5,
            "length": math.log(4),
            "uncovered": 0.5,
        }
    )
    assert seen.uncovered == (1,) and seen.ratio == pytest.approx(math.log(4 / 3))


@pytest.mark.parametrize("logs", [[0.0, 0.0], [-1e9, -math.inf], [-1e-300, 0.0]])
def test_evidence_is_finite_for_every_probability(logs: list[float]) -> None:
    seen = evidence(logs, [range(1)], attention=None, source=[], source_pieces=1, rarity=[0.0])
    assert np.isfinite(seen.words).all() and np.isfinite(seen.sentence).all()
    empty = evidence(logs[:1], [], attention=None, source=[], source_pieces=1, rarity=[])
    assert empty.words == [] and CONFIDENCE.of_words(empty) == []


def test_a_model_directory_holds_the_calibration(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", replace(tiny.bundle(), confidence=CONFIDENCE))
    assert model_directory.load(tmp_path / "m").confidence == CONFIDENCE
    measured = replace(CONFIDENCE, curve=((0.25, 0.5, 4), (0.9, 1.0, 3)))
    model_directory.save(tmp_path / "c", replace(tiny.bundle(), confidence=measured))
    assert model_directory.load(tmp_path / "c").confidence == measured
    model_directory.save(tmp_path / "n", tiny.bundle())
    assert model_directory.load(tmp_path / "n").confidence is None
    assert "confidence" not in json.loads((tmp_path / "n" / "config.json").read_text())


def damaged(group: str, name: str, value: Any) -> dict[str, Any]:
    entry = {key: dict(numbers) for key, numbers in CONFIDENCE.to_dict().items()}
    return entry | {group: entry[group] | {name: value}}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (None, "is None, expected words, sentences, ratio"),
        ([], r"is \[\], expected"),
        ({"words": {}}, "expected words, sentences, ratio"),
        (CONFIDENCE.to_dict() | {"words": []}, r"words is \[\], expected a number for each of bias, odds"),
        (CONFIDENCE.to_dict() | {"sentences": {"bias": 1.0}}, "sentences is .* expected a number for each"),
        (damaged("words", "other", 1.0), "words is .* expected a number for each"),
        (damaged("words", "odds", "1"), "words: odds is '1', expected a number"),
        (damaged("words", "odds", True), "words: odds is True, expected a number"),
        (damaged("words", "odds", None), "words: odds is None, expected a number"),
        (damaged("words", "bias", math.nan), "words: bias is nan, expected a number"),
        (damaged("sentences", "bias", math.inf), "sentences: bias is inf, expected a number"),
        (damaged("sentences", "mean", 10**400), "sentences: mean is 1000.*, expected a number"),
        (damaged("ratio", "deviation", -1.0), "deviation is negative"),
        (CONFIDENCE.to_dict() | {"curve": [[0.5, 1.5, 3]]}, "curve is .* expected up to 100 times"),
        (CONFIDENCE.to_dict() | {"curve": [[0.5, 0.5, 0]]}, "curve is .* expected up to 100 times"),
        (CONFIDENCE.to_dict() | {"curve": [[0.5, 0.5]]}, "curve is .* expected up to 100 times"),
    ],
)
def test_a_damaged_calibration_is_refused(tmp_path: Path, entry: object, message: str) -> None:
    model_directory.save(tmp_path / "m", tiny.bundle())
    path = tmp_path / "m" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"confidence": entry}))
    with pytest.raises(ModelError, match=f"config.json: confidence.*{message}"):
        model_directory.load(tmp_path / "m")


def test_calibration_keeps_the_mark_of_words_with_alternatives() -> None:
    bundle, options = untrained(8).bundle, {"beam_size": 1, "max_length_factor": 0.5}
    plain = Translator(bundle).translate(SENTENCES[:6], **options)
    sure = Translator(replace(bundle, confidence=CONFIDENCE)).translate(SENTENCES[:6], **options)
    marks = [[word.has_alternatives for word in one.words] for one in plain]
    assert any(map(any, marks)), "an untrained model is sure of nothing"
    assert [[word.has_alternatives for word in one.words] for one in sure] == marks


def test_calibrated_confidence_does_not_depend_on_the_batch() -> None:
    bundle = replace(untrained(8).bundle, confidence=CONFIDENCE)
    texts = SENTENCES[:12]
    options = {"beam_size": 2, "max_length_factor": 0.5}
    together = Translator(bundle).translate(texts, batch_size=5, **options)
    for text, one in zip(texts, together, strict=True):
        alone = Translator(bundle).translate(text, **options)
        assert [word.text for word in alone.words] == [word.text for word in one.words]
        for before, after in zip([*alone.words, alone], [*one.words, one], strict=True):
            assert before.confidence is not None and 0 <= before.confidence <= 1
            assert before.confidence == pytest.approx(after.confidence, rel=1e-5)


@pytest.mark.parametrize(
    ("tokens", "repeats", "cut"),
    [
        ([1, 2, 3, 2, 3, 2, 3, 2, 3], 3, True),
        ([1, 2, 3, 2, 3, 2, 3], 3, False),  # two tokens fill eight places first
        ([4, 5, 6, 4, 5, 6, 4, 5, 6], 3, True),
        ([4, 5, 6, 4, 5, 6, 4, 5, 6], 0, False),
        ([7] * 8, 3, True),
        ([7] * 7, 3, False),
        ([], 3, False),
    ],
)
def test_repetitions_at_the_end(tokens: list[int], repeats: int, cut: bool) -> None:
    assert ends_in_repetition(tokens, repeats) is cut


def test_reasons_are_given() -> None:
    translator = untrained(8)
    words = Lexicon.count(["Please read the book."])
    translator.bundle = replace(translator.bundle, source_words=words)
    reasons = translator.translate("Please read zeppelins ✈", verbatim=False).reasons
    assert any("words that the model does not know: zeppelins" in reason for reason in reasons)
    assert "characters that the model does not know" in reasons
    confused = Confidence(CONFIDENCE.words, CONFIDENCE.sentences, {"mean": 50.0, "deviation": 0.1})
    translator.bundle = replace(translator.bundle, confidence=confused)
    assert "the length is unusual" in translator.translate("Please read.", verbatim=False).reasons
