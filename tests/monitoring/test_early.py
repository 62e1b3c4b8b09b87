"""Early verdicts: the rules applied to the curves of real trainings, sound ones and ruined ones.

`curves/` holds losses and validations of networks of 440,000 weights that were trained on a part of Tatoeba
(en→fr) and Multi30k (en→de): `good_…` as they are, `shuf_…` with shuffled targets, `vfr` validated on French
instead of German, `lr1` and `lr005` with learning rates of 1 and 0.05. `good_rdrop`, `good_simcut` and
`good_muon20` are smaller networks, trained with other objectives and another optimizer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seq2seq.monitoring.curve import Curve, Validation
from seq2seq.monitoring.early import Facts, Finding, verdict

CURVES = Path(__file__).parent / "curves"
FACTS = Facts(
    guessing=7.6, unigram=5.9, warmup=200, learning_rate=2e-3, show_train="paste a b", show_valid="paste c d"
)


def replayed(name: str, **changes: Any) -> list[tuple[int, Finding]]:
    """The verdicts on a stored curve, as a training gives them: (step, finding), each kind once."""
    stored = json.loads((CURVES / f"{name}.json").read_text())
    facts = Facts(**(stored["facts"] | changes), show_train="paste a b", show_valid="paste c d")
    validations = {record["step"]: record for record in stored["validations"]}
    curve, found = Curve(), dict[str, tuple[int, Finding]]()
    for step, loss in enumerate(stored["losses"], start=1):
        curve.add({"event": "step", "step": step, "tokens": stored["tokens"], "loss": loss})
        if step in validations:
            curve.add({"event": "validation", **validations[step]})
        finding = verdict(curve, facts) if step % 100 == 0 else None
        if finding is not None:
            found.setdefault(finding.name, (step, finding))
    return list(found.values())


@pytest.mark.parametrize("name", sorted(path.stem for path in CURVES.glob("good_*.json")))
def test_a_sound_training_is_not_warned_of(name: str) -> None:
    assert replayed(name) == []
    assert replayed(name, warmup=0) == []  # nor where the rules apply from the first moment


@pytest.mark.parametrize("name", ["shuf_tat", "shuf_m30k"])
def test_shuffled_targets_are_noticed_at_the_first_validation_that_counts(name: str) -> None:
    ((step, finding),) = replayed(name)
    assert step == 600
    assert finding.name == "source ignored" and "do not belong together" in finding.cause
    assert finding.lines(step)[2] == "  to check: paste a b"


def test_a_validation_in_another_language_is_noticed() -> None:
    ((step, finding),) = replayed("vfr")
    assert (step, finding.name) == (600, "validation differs")
    assert finding.cause == "the validation data is misaligned or in other languages"


@pytest.mark.parametrize(("name", "rate"), [("lr1", "1"), ("lr005", "0.05")])
def test_a_learning_rate_that_is_much_too_high_is_noticed(name: str, rate: str) -> None:
    (step, finding), *_ = replayed(name)
    assert step <= 300 and finding.name == "rising"
    assert finding.cause == f"the learning rate is too high ({rate})"
    assert finding.check.endswith("--training.learning-rate 0.001")


def curve(*blocks: float, validation: Validation | None = None) -> Curve:
    """A curve of blocks of 100 updates, at whose end is a validation."""
    return Curve(step=100 * len(blocks), blocks=list(blocks), validations=[validation] if validation else [])


def at(step: int, **values: Any) -> Validation:
    sound = {"gain": 0.5, "valid_gain": 0.4, "distinct": 0.9, "loss": 4.0, "epoch": 0, "bleu": 5.0}
    return Validation(step=step, **(sound | values))


def test_a_loss_near_that_of_guessing_is_stuck_by_a_high_learning_rate() -> None:
    facts = Facts(7.6, 5.9, warmup=200, learning_rate=0.05, show_train="T")
    finding = verdict(curve(7.0, 6.0, 5.9, 5.9, 5.85), facts)
    assert finding is not None and finding.name == "stuck"
    assert "still 5.85; guessing by word frequency has 5.90" in finding.evidence
    assert finding.cause == "the learning rate is too high (0.05)"
    assert finding.check.endswith("--training.learning-rate 0.001")
    assert verdict(curve(7.0, 6.0, 5.9, 5.9), facts) is None  # too early
    assert verdict(curve(7.0, 6.0, 5.9, 5.8, 5.7), facts) is None  # it has begun to learn


def test_or_by_a_low_one() -> None:
    facts = Facts(7.6, 5.9, warmup=200, learning_rate=1e-5)
    finding = verdict(curve(7.6, 7.6, 7.6, 7.5, 7.5), facts)
    assert finding is not None and finding.cause == "the learning rate is too low (1e-05)"
    assert finding.check.endswith("--training.learning-rate 0.001")


def test_a_long_warm_up_is_waited_for() -> None:
    facts = Facts(7.6, 5.9, warmup=4000, learning_rate=1e-3)
    assert verdict(curve(*[6.0] * 41), facts) is None
    assert verdict(curve(*[6.0] * 42), facts) is not None


def test_a_loss_that_rises_is_noticed_at_once() -> None:
    finding = verdict(curve(6.0, 5.0, 5.49), FACTS)
    assert finding is None
    finding = verdict(curve(6.0, 5.0, 5.6), FACTS)
    assert finding is not None and finding.name == "rising"
    assert finding.evidence == "the training loss rose from 5.00 (around step 200) to 5.60"


def test_a_source_that_helps_only_in_training_points_at_the_validation_data() -> None:
    blocks = [6.0, 5.0, 4.5, 4.2, 4.0]
    finding = verdict(curve(*blocks, validation=at(500, gain=0.6, valid_gain=0.01)), FACTS)
    assert finding is not None and finding.name == "validation differs"
    assert finding.cause == "the validation data is misaligned or in other languages"
    assert finding.check == "paste c d"
    late = verdict(curve(*blocks, validation=at(500, gain=0.6, valid_gain=0.01, epoch=5)), FACTS)
    assert late is not None and "learned by heart" in late.cause
    held_out = Facts(7.6, 5.9, 200, 2e-3, show_train="paste a b")
    same = verdict(curve(*blocks, validation=at(500, gain=0.6, valid_gain=0.01)), held_out)
    assert same is not None and same.check == "paste a b" and "training data" in same.cause
    assert verdict(curve(*blocks, validation=at(500, gain=0.6, valid_gain=0.2)), FACTS) is None


def test_one_translation_for_every_sentence_is_noticed() -> None:
    blocks = [6.0, 5.0, 4.5, 4.2, 4.0]
    finding = verdict(curve(*blocks, validation=at(500, distinct=0.02)), FACTS)
    assert finding is not None and finding.name == "one sentence"


def test_what_is_not_known_is_not_judged() -> None:
    unknown = at(500, gain=None, valid_gain=None, distinct=None, loss=None)
    assert verdict(curve(6.0, 5.0, 4.5, 4.2, 4.0, validation=unknown), FACTS) is None
    assert verdict(Curve(), FACTS) is None
