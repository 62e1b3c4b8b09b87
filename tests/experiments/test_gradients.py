"""How far gradients reach: closed forms, finite differences, and what clipping does to a training."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.data.pairs import SentencePair
from seq2seq.errors import DataError, UsageError
from seq2seq.experiments import gradients
from seq2seq.experiments.gradients import (
    Learner,
    Reach,
    Recall,
    norms_by_distance,
    of_model,
    table,
    through_time,
)
from seq2seq.nn.cells import build_cell
from seq2seq.nn.padding import pad
from seq2seq.translator import Translator
from tests import tiny

TASK = Recall(distance=5, hidden_size=6, symbols=3, batch_size=4, steps=2)


class Linear(nn.Module):
    """h_t = λ h_{t-1} + x_t, in the interface of a cell."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, inputs: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, object]:
        h = inputs[:, 0] + self.factor * (torch.zeros(1) if state is None else state[0][0])
        return h.unsqueeze(1), (h.unsqueeze(0),)


def zeroed(kind: str, hidden_size: int) -> nn.Module:
    """A cell of 2 inputs whose weights and biases are all 0."""
    cell = build_cell(kind, 2, hidden_size)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
    return cell


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.7])
def test_a_linear_layer_multiplies_by_the_same_factor_each_step(factor: float) -> None:
    """∂(v·h_T)/∂h_{T-d} = λ^d v; rows of norm 5 and 13 have the mean 9."""
    v = torch.tensor([[3.0, 4.0], [5.0, 12.0]])
    norms, loss = through_time(Linear(factor), torch.ones(2, 5, 2), lambda outputs: (outputs * v).sum())
    assert norms == pytest.approx([9 * factor**d for d in (1, 2, 3, 4)])
    assert loss == pytest.approx((7 + 17) / 2 * sum(factor**d for d in range(5)))


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.5])
def test_a_simple_recurrent_layer_is_linear_about_zero(factor: float) -> None:
    """Without input h stays 0, where tanh has the slope 1, so U = λI gives λ^d too."""
    cell = zeroed("rnn", 3)
    (recurrent,) = (parameter for parameter in cell.parameters() if parameter.shape == (3, 3))
    with torch.no_grad():
        recurrent.copy_(factor * torch.eye(3))
    norms, _ = through_time(cell, torch.zeros(1, 9, 2), lambda outputs: 2 * outputs[:, 0].sum())
    assert norms == pytest.approx([2 * factor**d for d in range(1, 9)], rel=1e-5)


@pytest.mark.parametrize(("kind", "first"), [("gru", 1.0), ("lstm", 0.5), ("gru_reset_before", 1.0)])
def test_gates_that_are_half_open_let_half_pass(kind: str, first: float) -> None:
    """All weights 0: every gate is σ(0) = ½, so a GRU has h_t = ½ h_{t-1}; an LSTM C_t = ½ C_{t-1} and
    h = ½ tanh C, with nothing passing by its h."""
    norms, _ = through_time(zeroed(kind, 3), torch.zeros(1, 7, 2), lambda outputs: outputs[:, 1].sum())
    assert norms == pytest.approx([first * 0.5**d for d in range(1, 7)], rel=1e-5)


def test_states_that_nothing_reads_have_no_gradient() -> None:
    """Two states of two parts, of which only one part of the newer is read: 3, 4 have the norm 5."""
    parts = [torch.ones(1, 1, 2, requires_grad=True) for _ in range(4)]
    loss = (parts[3] * torch.tensor([3.0, 4.0])).sum()
    assert norms_by_distance(loss, [parts[:2], parts[2:]]) == [5.0, 0.0]


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm", "gru_reset_before", "layernorm_lstm"])
def test_against_finite_differences(kind: str) -> None:
    torch.manual_seed(0)
    cell, inputs = build_cell(kind, 2, 3).double(), torch.randn(1, 6, 2).double()
    weights = torch.randn(3).double()

    def loss(outputs: Tensor) -> Tensor:
        return (outputs[0] * weights).sin().sum()

    def onwards(state: tuple[Tensor, ...], step: int) -> float:
        for row in range(step, 6):
            outputs, state = cell(inputs[:, row : row + 1], state)
        return loss(outputs[:, 0]).item()

    norms, _ = through_time(cell, inputs, loss)
    for distance in range(1, 6):
        _, state = cell(inputs[:, : 6 - distance])
        slopes = []
        for part, tensor in enumerate(state):
            for unit in range(3):
                moved = []
                for change in (1e-5, -1e-5):
                    shifted = tensor.detach().clone()
                    shifted[0, 0, unit] += change
                    moved.append(onwards((*state[:part], shifted, *state[part + 1 :]), 6 - distance))
                slopes.append((moved[0] - moved[1]) / 2e-5)
        assert norms[distance - 1] == pytest.approx(math.hypot(*slopes), rel=1e-5)


# The short training


def test_clipping_bounds_the_update() -> None:
    """Plain gradient descent moves the weights by rate × norm; clipped at c, by rate × c at most."""
    for clip_norm, bound in ((0.0, math.inf), (0.01, 0.01), (1e3, math.inf)):
        learner = Learner("gru", replace(TASK, steps=1, learning_rate=0.5), 1.0)
        before = [parameter.detach().clone() for parameter in learner.parameters]
        (norm,) = learner.train(clip_norm).gradient_norms
        after = zip(before, learner.parameters, strict=True)
        moved = math.sqrt(sum((new - old).square().sum().item() for old, new in after))
        assert norm > 0.01 and moved == pytest.approx(0.5 * min(norm, bound), rel=1e-3)


def test_both_trainings_start_alike_and_the_task_is_learned() -> None:
    task = replace(TASK, distance=2, hidden_size=16, batch_size=16, steps=150, learning_rate=0.5)
    said: list[str] = []
    clipped, free = gradients.trained(["lstm"], task, said.append)
    assert (clipped.clip_norm, free.clip_norm) == (1.0, 0.0)
    assert clipped.losses[0] == free.losses[0] and clipped.losses[-1] < 0.2 < 1 < clipped.losses[0]
    assert clipped.accuracy == 1.0 and len(clipped.losses) == len(clipped.gradient_norms) == 150
    assert said[0] == "lstm, weights × 2, trained, clipped at 1: 150 updates, accuracy 1.00"
    assert gradients.trained(["lstm"], replace(task, steps=0), said.append) == []


def test_a_training_that_explodes_ends() -> None:
    task = replace(TASK, steps=50, learning_rate=1e30)
    reach = Learner("rnn_relu", task, 1.0).train(0.0)
    assert len(reach.losses) < 50 and not math.isfinite(reach.gradient_norms[-1])
    assert reach.to_dict()["gradient_norms"][-1] is None
    json.dumps(reach.to_dict(), allow_nan=False)


def test_scales_multiply_matrices_and_no_biases() -> None:
    one, three = (dict(Learner("lstm", TASK, scale).cell.named_parameters()) for scale in (1.0, 3.0))
    for name, parameter in one.items():
        assert torch.equal(three[name], parameter * (3 if parameter.dim() > 1 else 1)), name


def test_weights_three_times_as_large_stretch_what_gates_hold_back() -> None:
    task = Recall(scales=(1.0, 3.0))
    small, _, large, gated = gradients.initial(["rnn", "gru"], task)
    assert len(small.norms) == 30
    assert small.relative()[-1] < 0.5 and large.relative()[-1] > 100 > 10 > gated.relative()[-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distance": 0}, "distance is 0, expected a whole number from 1"),
        ({"symbols": 1}, "symbols is 1"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"scales": ()}, "expected one number above 0"),
        ({"scales": (1.0, -1.0)}, "expected one number above 0"),
    ],
)
def test_settings_are_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recall(**changes)  # type: ignore[arg-type]


# Trained models


def test_the_decoder_of_a_model_against_finite_differences() -> None:
    translator = Translator(tiny.bundle(cell="lstm"), name="tiny")
    translator.model.double()
    pairs = [SentencePair("one two", "un"), SentencePair("one two three", "un deux trois quatre")]
    ids = translator.target_tokenizer.encode(pairs[1].target)
    reach = of_model(translator, pairs, 3)
    assert reach.label == "tiny" and len(reach.norms) == 3
    source, lengths = pad([[*translator.source_tokenizer.encode(pairs[1].source), 3]])
    target = torch.tensor([[2, *ids[:3]]])  # <s> and the three tokens before the one that is predicted
    memory, start = translator.model.encode(source, lengths)
    decoder = translator.model.decoder

    def loss(step: int, change: tuple[int, int, int, float] | None) -> float:
        _, state = decoder(target[:, :step], start, memory)
        if change is not None:
            layer, part, unit, size = change
            cells = [[tensor.detach().clone() for tensor in cell] for cell in state.cells]
            cells[layer][part][0, 0, unit] += size
            state = replace(state, cells=tuple(map(tuple, cells)))
        output, _ = decoder(target[:, step:], state, memory)
        return -decoder.logits(output, memory)[0, -1].log_softmax(-1)[ids[3]].item()

    assert reach.loss == pytest.approx(loss(1, None))
    for distance in (1, 2, 3):
        step = len(target[0]) - distance
        slopes = [
            (loss(step, (layer, part, unit, 1e-5)) - loss(step, (layer, part, unit, -1e-5))) / 2e-5
            for layer in range(2)
            for part in range(2)
            for unit in range(16)
        ]
        assert reach.norms[distance - 1] == pytest.approx(math.hypot(*slopes), rel=1e-5)


def test_sentences_that_are_too_short_for_a_model() -> None:
    with pytest.raises(DataError, match="no target sentence has more than 50 tokens; lower the distance"):
        of_model(Translator(tiny.bundle()), tiny.pairs(5), 50)


# What is shown

REACHES = [
    Reach("rnn", [4.0, 2.0, 1.0, 0.5], 2.0),
    Reach("lstm", [0.0, 0.0, 0.0, 0.0], 1.0, scale=2.0, clip_norm=1.0, losses=[3.0], gradient_norms=[9.0]),
    Reach("lstm", [2.0, 2.0, 2.0, 4.0], 0.5, losses=[3.0, 1.0], gradient_norms=[9.0, 8.0]),
]


def test_table_by_hand() -> None:
    assert table(REACHES).split("\n") == [
        "| state of | d = 1 | d = 2 | d = 4 | loss |",
        "|---|---|---|---|---|",
        "| rnn | 1.0e+00 | 5.0e-01 | 1.2e-01 | 2.00 |",
        "| lstm, weights × 2, trained, clipped at 1 | nan | nan | nan | 1.00 |",
        "| lstm, trained, not clipped | 1.0e+00 | 1.0e+00 | 2.0e+00 | 0.50 |",
    ]


def test_panels_show_what_was_measured() -> None:
    first, after, losses, clipped, free, models = gradients.panels(REACHES[:1], REACHES[1:], REACHES[:1])
    assert first.title == "at initialisation" and list(first.curves[0].y) == [1.0, 0.5, 0.25, 0.125]
    assert [(curve.label, curve.dashed) for curve in after.curves] == [("lstm", False), ("lstm", True)]
    assert list(after.curves[1].x) == [1, 2, 3, 4] and list(after.curves[1].y) == [1.0, 1.0, 1.0, 2.0]
    assert [list(curve.y) for curve in losses.curves] == [[3.0], [3.0, 1.0]]
    assert (clipped.line, [list(curve.y) for curve in clipped.curves]) == (1.0, [[9.0]])
    assert (free.line, [list(curve.y) for curve in free.curves]) == (None, [[9.0, 8.0]])
    assert models.curves[0].colour == first.curves[0].colour != after.curves[0].colour


# The command


def run(*arguments: str | Path) -> int:
    return main.run(["gradients", *map(str, arguments), "--threads", "1"])


SMALL = ["--task.distance", "4", "--task.hidden-size", "4", "--task.steps", "3", "--task.scales", "1"]


def test_the_command_writes_figures_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert run("--cells", "gru", "lstm", *SMALL, "--out", tmp_path) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 2 + 2 * 3 and out.startswith("| state of | d = 1 |")
    assert "gru, trained, clipped at 1: 3 updates" in err
    found = json.loads((tmp_path / "gradients.json").read_text())
    assert [reach["label"] for reach in found["trained"]] == ["gru", "gru", "lstm", "lstm"]
    assert len(found["initial"][0]["norms"]) == found["task"]["distance"] == 4
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_measures_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    model, test = tmp_path / "model", tmp_path / "test.tsv"
    model_directory.save(model, tiny.bundle())
    test.write_text("one two three\tun deux trois quatre\n", encoding="utf-8")
    options = ["--model", str(model), "--test", str(test), "--out", str(tmp_path / "out")]
    assert run(*options, "--tokens", "3") == 0
    assert capsys.readouterr().out.count(f"| {model} |") == 1
    found = json.loads((tmp_path / "out" / "gradients.json").read_text())
    assert found["initial"] == [] and len(found["models"][0]["norms"]) == 3
    assert run(*options, "--tokens", "99") == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cells", "grl"], "'grl'"),
        (["--model", "en-fr"], "--model and --test belong together"),
        (["--test", "x.tsv"], "--model and --test belong together"),
        (["--task.steps", "-1"], "expected"),
    ],
)
def test_wrong_usage(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments, "--out", tmp_path / "out") == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and "Traceback" not in err and not (tmp_path / "out").exists()
