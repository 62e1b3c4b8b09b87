"""Saliency: gradients equal differences of scores, integrated gradients are complete."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seq2seq import Translator, explain
from seq2seq.errors import UsageError
from tests import tiny
from tests.explain.reference import explained, small

SENTENCES = ("He bought a red car.", "She pays 25 euros.")


@pytest.fixture(scope="module")
def bundled() -> Translator:
    return Translator.from_pretrained("en-fr", engine="torch")


def test_scores_are_those_of_forced_decoding() -> None:
    sentence = explained(small())
    saliency = explain.saliency(sentence)
    (expected,) = tiny.forced_log_probs(
        sentence.network, [sentence.source_ids[:-1]], [sentence.target_ids[:-1]]
    )
    assert saliency.scores.sum() == pytest.approx(expected, abs=1e-4)
    assert saliency.scores.sum() == pytest.approx(sentence.translation.log_prob, abs=1e-4)


@pytest.mark.parametrize("decoder", ["decoupled", "input_feeding"])
def test_gradient_times_input_is_the_slope_of_the_score(decoder: str) -> None:
    """Scaling the embedding of a source word by 1 ± h changes the score by 2 h times its saliency."""
    translator = small(decoder=decoder)
    sentence = explained(translator)
    saliency = explain.saliency(sentence, "gradient_x_input")
    table, h = translator.model.source.table.weight, 0.02
    pieces = [sentence.source_ids[piece] for piece in sentence.sources[1].pieces]
    assert not set(pieces) & set(sentence.source_ids) - set(pieces)

    def score(factor: float) -> float:
        kept = table.detach().clone()
        with torch.no_grad():
            table[pieces] *= factor
        (total,) = tiny.forced_log_probs(
            translator.model, [sentence.source_ids[:-1]], [sentence.target_ids[:-1]]
        )
        with torch.no_grad():
            table.copy_(kept)
        return total

    slope = (score(1 + h) - score(1 - h)) / (2 * h)
    assert saliency.values[:, 1].sum() == pytest.approx(slope, abs=2e-3)


@pytest.mark.parametrize("text", SENTENCES)
def test_integrated_gradients_are_complete(bundled: Translator, text: str) -> None:
    """The values of each word sum to its score minus that without the source words, within 5 %."""
    saliency = explain.saliency(explain.sentence(bundled, text))
    for values, score, baseline in zip(saliency.values, saliency.scores, saliency.baseline, strict=True):
        assert abs(values.sum() - (score - baseline)) <= 0.05 * max(abs(score - baseline), 1.0)
    assert np.abs(saliency.values[:, -1]).max() == 0  # the end is part of the baseline
    whole = saliency.scores.sum() - saliency.baseline.sum()
    assert saliency.importance.sum() == pytest.approx(whole, rel=0.05)


def test_baseline_is_a_source_of_zeros() -> None:
    translator = small()
    sentence = explained(translator)
    saliency = explain.saliency(sentence)
    with torch.no_grad():
        translator.model.source.table.weight[list(sentence.source_ids[:-1])] = 0
    (expected,) = tiny.forced_log_probs(
        translator.model, [sentence.source_ids[:-1]], [sentence.target_ids[:-1]]
    )
    assert saliency.baseline.sum() == pytest.approx(expected, abs=1e-4)


def test_copying_models_and_tags_have_saliency() -> None:
    copying = explain.saliency(explained(small(copying=True, tie_source=True)))
    assert copying.gap.max() <= 0.05
    bundle = tiny.bundle_of_directions(("en", "fr"), ("en", "de"), tie_source=False)
    tagged = explained(Translator(bundle))
    assert tagged.sources[0].text == "<2fr>" and tagged.sources[0].word is None
    assert explain.saliency(tagged).values[:, 0].max() == 0


def test_table_and_wrong_arguments() -> None:
    sentence = explained(small())
    saliency = explain.saliency(sentence, steps=4)
    lines = saliency.csv().split("\n")
    assert lines[0] == "target,source,integrated_gradients,log_prob_of_target" and saliency.steps == 4
    assert len(lines) == 2 + saliency.values.size
    with pytest.raises(UsageError, match="method is 'lime', expected one of integrated_gradients"):
        explain.saliency(sentence, "lime")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="steps is 0"):
        explain.saliency(sentence, steps=0)
