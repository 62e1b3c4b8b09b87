"""The loss against its formula and torch's own."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from seq2seq.losses import cross_entropy, disagreement


def test_by_hand() -> None:
    """Two tokens of three: p = (1/2, 1/4, 1/4), smoothing 0.3 gives the others 0.1 each."""
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    plain = cross_entropy(logits, torch.tensor([0]))
    assert float(plain) == pytest.approx(math.log(2), abs=1e-6)
    smoothed = cross_entropy(logits, torch.tensor([0]), smoothing=0.3)
    assert float(smoothed) == pytest.approx(0.8 * math.log(2) + 0.2 * math.log(4), abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_torch(smoothing: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(30, 11, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (30,))
    mine = cross_entropy(logits, targets, smoothing=smoothing)
    theirs = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=0)
    one, other = (torch.autograd.grad(3 * loss, logits)[0] for loss in (mine, theirs))
    torch.testing.assert_close(one, other, atol=1e-12, rtol=0)


def test_sums_over_tokens() -> None:
    logits, targets = torch.randn(4, 5), torch.tensor([0, 1, 2, 3])
    parts = sum(float(cross_entropy(logits[i : i + 1], targets[i : i + 1], smoothing=0.1)) for i in range(4))
    assert float(cross_entropy(logits, targets, smoothing=0.1)) == pytest.approx(parts, rel=1e-6)


def test_half_precision_is_summed_in_full() -> None:
    logits = torch.randn(200, 50).bfloat16().requires_grad_()
    loss = cross_entropy(logits, torch.zeros(200, dtype=torch.long))
    loss.backward()
    assert loss.dtype == torch.float32 and logits.grad is not None and logits.grad.dtype == torch.bfloat16


def test_no_tokens() -> None:
    logits = torch.zeros(0, 5, requires_grad=True)
    loss = cross_entropy(logits, torch.zeros(0, dtype=torch.long), smoothing=0.1)
    loss.backward()
    assert float(loss.detach()) == 0.0


def test_disagreement_by_hand() -> None:
    """p = (1/2, 1/2), q = (3/4, 1/4): KL(p‖q) + KL(q‖p) = 1/4 log 3; a second token is read alike twice."""
    one, other = torch.tensor([[0.5, 0.5], [0.9, 0.1]]), torch.tensor([[0.75, 0.25], [0.9, 0.1]])
    assert float(disagreement(torch.cat([one, other]).log() + 7)) == pytest.approx(math.log(3) / 4, abs=1e-6)


def test_disagreement_equals_torch() -> None:
    torch.manual_seed(0)
    logits = torch.randn(12, 7, dtype=torch.float64, requires_grad=True)
    one, other = logits.log_softmax(-1).chunk(2)
    theirs = F.kl_div(one, other, reduction="sum", log_target=True) + F.kl_div(
        other, one, reduction="sum", log_target=True
    )
    mine = disagreement(logits)
    torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=0)
    ours, expected = (torch.autograd.grad(3 * value, logits)[0] for value in (mine, theirs))
    torch.testing.assert_close(ours, expected, atol=1e-12, rtol=0)
