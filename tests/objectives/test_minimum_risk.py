"""Minimum-risk training: drawn translations, their errors and the expected risk."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from seq2seq.data.batching import Batch
from seq2seq.nn.model import Seq2Seq, build_model
from seq2seq.objectives.minimum_risk import candidates, draw, error, expected_risk
from tests import tiny

EOS, BOS = tiny.tokenizer().eos_id, tiny.tokenizer().bos_id


def batch_of(*targets: list[int]) -> Batch:
    """Sources 10, 20 … with these targets of equal length."""
    labels = torch.tensor([[*target, EOS] for target in targets])
    source = torch.tensor([[10 * number, EOS] for number in range(1, len(targets) + 1)])
    target = torch.cat([torch.full((len(labels), 1), BOS), labels[:, :-1]], 1)
    lengths, real = torch.full((len(labels),), 2), torch.ones_like(labels, dtype=torch.bool)
    return Batch(source, lengths, target, labels, real, labels.numel(), len(labels), (0, 1))


def unigram_model(probabilities: dict[int, float]) -> Seq2Seq:
    """A network that predicts each token with its probability, whatever it has read."""
    model = build_model(tiny.model_config())
    with torch.no_grad():
        model.decoder.output.weight.zero_()
        model.decoder.output.bias.fill_(-100.0)
        for token, probability in probabilities.items():
            model.decoder.output.bias[token] = torch.tensor(probability).log()
    return model


def test_errors_worked_out_by_hand() -> None:
    """1 2 3 5 for 1 2 3 4: precisions 3/4, (2+1)/(3+1), (1+1)/(2+1), (0+1)/(1+1)."""
    assert error([1, 2, 3, 4], [1, 2, 3, 4]) == pytest.approx(0.0)
    assert error([1, 2, 3, 5], [1, 2, 3, 4]) == pytest.approx(1 - (3 / 4 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert error([5, 6], [1, 2, 3]) == pytest.approx(1.0) and error([], [1]) == pytest.approx(1.0)


def test_translations_are_drawn_from_the_distribution_of_the_model() -> None:
    """7 with probability 0.6, else the end: lengths are geometric, up to 1.5 times the longest reference."""
    torch.manual_seed(0)
    drawn = draw(unigram_model({7: 0.6, EOS: 0.4}), batch_of([5] * 19, [6] * 19), 400)
    assert len(drawn) == 800 and {token for ids in drawn for token in ids} == {7}
    lengths = torch.tensor([len(ids) for ids in drawn]).float()
    assert abs(float((lengths == 0).float().mean()) - 0.4) < 0.06
    assert abs(float(lengths.mean()) - 1.5) < 0.25 and lengths.max() <= 30


def test_drawn_translations_belong_to_their_source() -> None:
    """With a nearly certain distribution, a source gets the same alone and beside another."""
    torch.manual_seed(0)
    model = build_model(tiny.model_config(tie_output=False)).eval()
    both = batch_of([5, 5, 5], [6, 6, 6])
    output = model.decoder.output
    with torch.no_grad():
        first = model(both.source, both.lengths, both.target[:, :1], both.real[:, :1])
        output.bias -= first.mean(0)  # so that the first token depends on the source alone
        output.weight.mul_(1000)
        output.bias.mul_(1000)
    alone = [replace(both, **{n: getattr(both, n)[row : row + 1] for n in FIELDS}) for row in (0, 1)]
    together = draw(model, both, 3)
    assert [draw(model, one, 1)[0] for one in alone] == [together[0], together[3]]
    assert together[0] == together[2] != together[3] == together[5]


FIELDS = ("source", "lengths", "target", "labels", "real")


def test_candidates_are_the_reference_and_each_drawn_translation_once() -> None:
    made = candidates(batch_of([5, 8], [6, 9]), [[5, 8], [7], [7], [], [6], [6, 9]])
    targets = [labels[real].tolist() for labels, real in zip(made.batch.labels, made.batch.real, strict=True)]
    assert targets == [[5, 8, EOS], [7, EOS], [6, 9, EOS], [EOS], [6, EOS]]
    assert (
        made.sources.tolist() == [0, 0, 1, 1, 1] and made.batch.source[:, 0].tolist() == [10] * 2 + [20] * 3
    )
    assert made.is_reference.tolist() == [True, False, True, False, False]
    assert made.batch.target[:, 0].tolist() == [BOS] * 5 and made.errors[[0, 2]].tolist() == pytest.approx(
        [0, 0]
    )


def test_the_risk_equals_brute_force() -> None:
    torch.manual_seed(0)
    made = candidates(batch_of([5, 8], [6, 9]), [[5, 7], [7], [8, 5], [6, 8], [9], [9, 9, 9]])
    logits = 20 * torch.randn(int(made.batch.real.sum()), 30)
    place, log_p = 0, []
    for labels, real in zip(made.batch.labels, made.batch.real, strict=True):
        rows = logits[place : (place := place + int(real.sum()))].log_softmax(-1)
        log_p.append(float(sum(row[label] for row, label in zip(rows, labels[real], strict=True))))
    expected = 0.0
    for source in (0, 1):
        mine = [index for index, row in enumerate(made.sources.tolist()) if row == source]
        shares = torch.tensor([log_p[index] * 5e-3 for index in mine]).softmax(0)
        expected += float((shares * made.errors[mine]).sum())
    loss, risk = expected_risk(logits, made)
    assert float(risk) == pytest.approx(expected, rel=1e-5)
    assert float(loss) == pytest.approx(-log_p[0] - log_p[made.sources.tolist().index(1)], rel=1e-5)


def test_a_batch_without_a_sentence_has_no_effect() -> None:
    one = batch_of([5, 8])
    made = candidates(replace(one, real=torch.zeros_like(one.real)), [[7], [5]])
    logits = torch.zeros(0, 30, requires_grad=True)
    loss, risk = expected_risk(logits, made)
    assert float(loss) == float(risk.detach()) == 0.0


def test_descent_lowers_the_risk() -> None:
    torch.manual_seed(0)
    model, batch = build_model(tiny.model_config(dropout=0.0)).train(), batch_of([20, 30, 40], [30, 20, 50])
    made = candidates(batch, draw(model, batch, 8))
    model.train()
    optimizer, risks = torch.optim.Adam(model.parameters(), 0.02), []
    for _ in range(40):
        one = made.batch
        risks.append(expected_risk(model(one.source, one.lengths, one.target, one.real), made)[1])
        optimizer.zero_grad()
        risks[-1].backward()
        optimizer.step()
    assert float(risks[-1].detach()) < 0.9 * float(risks[0].detach())
