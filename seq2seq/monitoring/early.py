"""An early verdict: what is wrong with a training that does not follow the curve of a sound one.

Sound trainings share a course, whatever their data: within a few hundred updates the loss falls well below
that of guessing by word frequency, then the source begins to matter, then translations differ. Each rule
tests one of these, when sound runs passed that point long before (docs/how-to/watching.md has the figures).
A rule looks at numbers of log.jsonl only, so it can be applied to the log of any run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seq2seq.monitoring.curve import BLOCK, Curve, Validation

UPDATES = 500
"""Only the rule of a rising loss applies before so many updates, and within `SETTLING` of the warm-up."""
SETTLING = 200
NEAR = 0.97
"""A loss above this share of the loss of guessing by frequency has learned nothing."""
RISE = 0.5
"""A mean loss so many nats above the lowest one is rising: more than noise in the data or dropout make."""
GAIN = 0.05
"""A source that lowers the loss by less than this many nats a token is ignored."""
LEARNED = 0.2
"""A source that lowers the loss by more than this is used."""
SAME = 0.1
"""So few different translations a source sentence are the same few sentences for every input."""
HIGH_RATE, LOW_RATE = 8e-3, 1e-4
"""Adam's learning rates above and below these are unusual."""


@dataclass(frozen=True)
class Facts:
    """What a rule must know of the run beside its log.

    Attributes:
        guessing: loss of equal probabilities, in nats a token: log V.
        unigram: lowest loss of guessing by word frequency (see `unigram_loss`), with the label smoothing.
        warmup: updates until the learning rate is at its highest.
        learning_rate: the highest one.
        show_train, show_valid: commands that print some pairs, to be read. `show_valid` is "" if the
            validation pairs were held out of the training data.
    """

    guessing: float
    unigram: float
    warmup: int
    learning_rate: float
    show_train: str = ""
    show_valid: str = ""


@dataclass(frozen=True)
class Finding:
    """What is wrong (`evidence`), the likeliest `cause`, and how to `check` it. `name` is for programs."""

    name: str
    evidence: str
    cause: str
    check: str

    def lines(self, step: int) -> list[str]:
        """Three lines for the user."""
        return [
            f"WARNING at step {step}: {self.evidence}",
            f"  likeliest cause: {self.cause}",
            f"  to check: {self.check}",
        ]


def verdict(curve: Curve, facts: Facts) -> Finding | None:
    """The first rule that applies to the curve so far, or None if it looks sound."""
    if finding := _rising(curve, facts):
        return finding
    if curve.step < max(UPDATES, facts.warmup + SETTLING):
        return None
    if finding := _stuck(curve, facts):
        return finding
    validation = curve.validations[-1] if curve.validations else None
    if validation is None or validation.step != curve.step:
        return None
    rules: list[Callable[[Curve, Validation, Facts], Finding | None]] = [_ignored, _not_carried_over, _same]
    return next((finding for rule in rules if (finding := rule(curve, validation, facts))), None)


def _rising(curve: Curve, facts: Facts) -> Finding | None:
    if not curve.blocks or curve.blocks[-1] < min(curve.blocks) + RISE:
        return None
    best = curve.blocks.index(min(curve.blocks))
    evidence = (
        f"the training loss rose from {curve.blocks[best]:.2f} (around step {(best + 1) * BLOCK}) to "
        f"{curve.blocks[-1]:.2f}"
    )
    return Finding("rising", evidence, *_high_rate(facts))


def _stuck(curve: Curve, facts: Facts) -> Finding | None:
    if not curve.blocks or curve.blocks[-1] < NEAR * facts.unigram:
        return None
    last = curve.blocks[-1]
    evidence = f"the training loss is still {last:.2f}; guessing by word frequency has {facts.unigram:.2f}"
    if facts.learning_rate <= LOW_RATE:
        rate = facts.learning_rate
        cause = f"the learning rate is too low ({rate:g})"
        return Finding("stuck", evidence, cause, _other_rate(max(10 * rate, 1e-3)))
    return Finding("stuck", evidence, *_high_rate(facts))


def _ignored(curve: Curve, validation: Validation, facts: Facts) -> Finding | None:
    if validation.gain is None or validation.gain >= GAIN:
        return None
    evidence = (
        "the translations hardly depend on the source: with another source sentence the training loss is "
        f"only {max(validation.gain, 0.0):.2f} higher"
    )
    if facts.learning_rate >= HIGH_RATE:
        return Finding("source ignored", evidence, *_high_rate(facts))
    cause = "the two sides of the training data do not belong together (misaligned lines)"
    return Finding("source ignored", evidence, cause, facts.show_train)


def _not_carried_over(curve: Curve, validation: Validation, facts: Facts) -> Finding | None:
    gains = validation.gain, validation.valid_gain
    if gains[0] is None or gains[1] is None or gains[0] < LEARNED or gains[1] >= GAIN:
        return None
    evidence = (
        f"the source helps on the training pairs (by {gains[0]:.2f} nats a token), but not on the validation "
        f"pairs ({gains[1]:.2f})"
    )
    if not facts.show_valid:  # held out of the training data
        cause = "the training data is misaligned and learned by heart"
        return Finding("validation differs", evidence, cause, facts.show_train)
    cause = "the validation data is misaligned or in other languages"
    if validation.epoch >= 3:
        cause += ", or the training data is misaligned and learned by heart"
    return Finding("validation differs", evidence, cause, facts.show_valid)


def _same(curve: Curve, validation: Validation, facts: Facts) -> Finding | None:
    if validation.distinct is None or validation.distinct >= SAME:
        return None
    evidence = "nearly all validation sentences get the same translation"
    if facts.learning_rate >= HIGH_RATE:
        return Finding("one sentence", evidence, *_high_rate(facts))
    cause = "too little training so far, or training data whose two sides do not belong together"
    return Finding("one sentence", evidence, cause, facts.show_train)


def _high_rate(facts: Facts) -> tuple[str, str]:
    rate = facts.learning_rate
    if rate >= HIGH_RATE:
        return f"the learning rate is too high ({rate:g})", _other_rate(min(rate / 10, 1e-3))
    cause = f"a learning rate that is too high for this network ({rate:g}), or damaged training data"
    return cause, f"{_other_rate(rate / 5)}; {facts.show_train}"


def _other_rate(rate: float) -> str:
    return f"start again with another --out and --training.learning-rate {rate:.1g}"
