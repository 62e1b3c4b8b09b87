"""The loss against its formula and torch's own."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from seq2seq.nn import losses
from seq2seq.nn.losses import cross_entropy, r_drop


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


def test_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is worked on at once: all rows, three of 30, and one where even that is too much."""
    torch.manual_seed(0)
    logits = torch.randn(30, 11, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (15,))
    found = []
    for scores in (10**9, 33, 1):
        monkeypatch.setattr(losses, "SCORES", scores)
        values = (
            cross_entropy(logits, targets.repeat(2), smoothing=0.1),
            *r_drop(logits, targets, smoothing=0.1, consistency=3.0),
        )
        pushed = [torch.autograd.grad(value, logits)[0] for value in (values[0], values[2])]
        found.append(torch.cat([torch.stack(values).detach(), *(gradient.flatten() for gradient in pushed)]))
    torch.testing.assert_close(found[1], found[0], atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(found[2], found[0], atol=1e-12, rtol=1e-12)


def test_nothing_is_kept_where_nothing_learns() -> None:
    loss = cross_entropy(torch.randn(4, 5), torch.tensor([0, 1, 2, 3]))
    assert not loss.requires_grad and loss.grad_fn is None


def test_r_drop_by_hand() -> None:
    """p = (1/2, 1/2), q = (3/4, 1/4): KL(p‖q) + KL(q‖p) = 1/4 log 3; a second token is read alike twice. The
    first entries are right: their mean loss is −½ (log ½ + log ¾) − log 9/10."""
    one, other = torch.tensor([[0.5, 0.5], [0.9, 0.1]]), torch.tensor([[0.75, 0.25], [0.9, 0.1]])
    logits = torch.cat([one, other]).log() + 7
    loss, objective = r_drop(logits, torch.tensor([0, 0]), consistency=2.0)
    assert float(loss) == pytest.approx(-(math.log(0.5) + math.log(0.75)) / 2 - math.log(0.9), abs=1e-6)
    assert float(objective - loss) == pytest.approx(2 / 4 * math.log(3) / 4, abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_r_drop_equals_torch(smoothing: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(12, 7, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 7, (6,))
    one, other = logits.log_softmax(-1).chunk(2)
    apart = F.kl_div(one, other, reduction="sum", log_target=True) + F.kl_div(
        other, one, reduction="sum", log_target=True
    )
    plain = F.cross_entropy(logits, targets.repeat(2), reduction="sum", label_smoothing=smoothing) / 2
    theirs = plain + 1.5 / 4 * apart
    loss, mine = r_drop(logits, targets, smoothing=smoothing, consistency=1.5)
    torch.testing.assert_close(loss, plain.detach(), atol=1e-10, rtol=0)
    torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=0)
    ours, expected = (torch.autograd.grad(3 * value, logits)[0] for value in (mine, theirs))
    torch.testing.assert_close(ours, expected, atol=1e-12, rtol=0)
    assert not loss.requires_grad
