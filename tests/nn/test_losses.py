"""The losses agree with hand calculations and with torch's own functions."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from seq2seq.nn import losses
from seq2seq.nn.losses import cross_entropy, r_drop, sim_cut


def test_cross_entropy_equals_hand_calculation() -> None:
    """Two tokens of three: p = (1/2, 1/4, 1/4), smoothing 0.3 gives the others 0.1 each."""
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    plain = cross_entropy(logits, torch.tensor([0]))
    assert float(plain) == pytest.approx(math.log(2), abs=1e-6)
    smoothed = cross_entropy(logits, torch.tensor([0]), smoothing=0.3)
    assert float(smoothed) == pytest.approx(0.8 * math.log(2) + 0.2 * math.log(4), abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_torch(smoothing: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(30, 11, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (30,))
    actual = cross_entropy(logits, targets, smoothing=smoothing)
    expected = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(actual, expected, atol=1e-10, rtol=0)
    gradients = [torch.autograd.grad(3 * loss, logits)[0] for loss in (actual, expected)]
    torch.testing.assert_close(*gradients, atol=1e-12, rtol=0)


def test_the_loss_is_a_sum_over_tokens() -> None:
    logits, targets = torch.randn(4, 5), torch.tensor([0, 1, 2, 3])
    parts = sum(float(cross_entropy(logits[i : i + 1], targets[i : i + 1], smoothing=0.1)) for i in range(4))
    assert float(cross_entropy(logits, targets, smoothing=0.1)) == pytest.approx(parts, rel=1e-6)


def test_half_precision_scores_are_summed_in_float32() -> None:
    logits = torch.randn(200, 50).bfloat16().requires_grad_()
    loss = cross_entropy(logits, torch.zeros(200, dtype=torch.long))
    loss.backward()
    assert loss.dtype == torch.float32 and logits.grad is not None and logits.grad.dtype == torch.bfloat16


def test_the_loss_of_no_tokens_is_0() -> None:
    logits = torch.zeros(0, 5, requires_grad=True)
    loss = cross_entropy(logits, torch.zeros(0, dtype=torch.long), smoothing=0.1)
    loss.backward()
    assert float(loss.detach()) == 0.0


def test_the_chunk_size_does_not_change_losses_or_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of all rows, of three rows, and of one row although a row is larger than the limit."""
    torch.manual_seed(0)
    logits = torch.randn(30, 11, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 11, (15,))
    results = []
    for scores in (10**9, 33, 1):
        monkeypatch.setattr(losses, "CHUNK_SCORES", scores)
        values = (
            cross_entropy(logits, targets.repeat(2), smoothing=0.1),
            *r_drop(logits, targets, smoothing=0.1, consistency=3.0),
        )
        gradients = [torch.autograd.grad(value, logits)[0] for value in (values[0], values[2])]
        results.append(torch.cat([torch.stack(values).detach(), *(part.flatten() for part in gradients)]))
    torch.testing.assert_close(results[1], results[0], atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(results[2], results[0], atol=1e-12, rtol=1e-12)


def test_no_gradient_is_kept_for_scores_without_gradient() -> None:
    loss = cross_entropy(torch.randn(4, 5), torch.tensor([0, 1, 2, 3]))
    assert not loss.requires_grad and loss.grad_fn is None


def test_r_drop_equals_hand_calculation() -> None:
    """p = (1/2, 1/2), q = (3/4, 1/4): KL(p‖q) + KL(q‖p) = 1/4 log 3. For the second token both predictions
    are equal. The first entries are correct: the mean loss is −½ (log ½ + log ¾) − log 9/10."""
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1]]), torch.tensor([[0.75, 0.25], [0.9, 0.1]])
    logits = torch.cat([p, q]).log() + 7
    loss, objective = r_drop(logits, torch.tensor([0, 0]), consistency=2.0)
    assert float(loss) == pytest.approx(-(math.log(0.5) + math.log(0.75)) / 2 - math.log(0.9), abs=1e-6)
    assert float(objective - loss) == pytest.approx(2 / 4 * math.log(3) / 4, abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_r_drop_equals_torch(smoothing: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(12, 7, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 7, (6,))
    log_p, log_q = logits.log_softmax(-1).chunk(2)
    divergences = F.kl_div(log_p, log_q, reduction="sum", log_target=True) + F.kl_div(
        log_q, log_p, reduction="sum", log_target=True
    )
    plain = F.cross_entropy(logits, targets.repeat(2), reduction="sum", label_smoothing=smoothing) / 2
    expected = plain + 1.5 / 4 * divergences
    loss, objective = r_drop(logits, targets, smoothing=smoothing, consistency=1.5)
    torch.testing.assert_close(loss, plain.detach(), atol=1e-10, rtol=0)
    torch.testing.assert_close(objective, expected, atol=1e-10, rtol=0)
    gradients = [torch.autograd.grad(3 * value, logits)[0] for value in (objective, expected)]
    torch.testing.assert_close(*gradients, atol=1e-12, rtol=0)
    assert not loss.requires_grad


def test_sim_cut_equals_hand_calculation() -> None:
    """p = (1/2, 1/2), q = (3/4, 1/4): KL(p‖q) = ½ log ⅔ + ½ log 2 = ½ log 4/3. The second token is predicted
    alike. The loss is that of the whole reading alone: −log ½ − log 9/10."""
    p, q = torch.tensor([[0.5, 0.5], [0.9, 0.1]]), torch.tensor([[0.75, 0.25], [0.9, 0.1]])
    loss, objective = sim_cut(torch.cat([p, q]).log() + 7, torch.tensor([0, 0]), consistency=3.0)
    assert float(loss) == pytest.approx(-math.log(0.5) - math.log(0.9), abs=1e-6)
    assert float(objective - loss) == pytest.approx(3 * math.log(4 / 3) / 2, abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_sim_cut_equals_torch(smoothing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss, objective and gradients of both readings, in chunks of two rows."""
    monkeypatch.setattr(losses, "CHUNK_SCORES", 14)
    torch.manual_seed(0)
    logits = torch.randn(12, 7, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, 7, (6,))
    log_p, log_q = logits.log_softmax(-1).chunk(2)
    plain = F.cross_entropy(logits[:6], targets, reduction="sum", label_smoothing=smoothing)
    expected = plain + 1.5 * F.kl_div(log_q, log_p, reduction="sum", log_target=True)
    loss, objective = sim_cut(logits, targets, smoothing=smoothing, consistency=1.5)
    torch.testing.assert_close(loss, plain.detach(), atol=1e-10, rtol=0)
    torch.testing.assert_close(objective, expected, atol=1e-10, rtol=0)
    gradients = [torch.autograd.grad(3 * value, logits)[0] for value in (objective, expected)]
    torch.testing.assert_close(*gradients, atol=1e-12, rtol=0)
    assert not loss.requires_grad
