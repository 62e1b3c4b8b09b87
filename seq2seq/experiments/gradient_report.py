"""The table and the curves of gradients through time."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.evaluation.figures import Curve, Panel
from seq2seq.experiments.gradients import GradientNorms

FLOOR = 1e-6  # smaller shares are drawn here: a saturated cell passes on nothing at all


def table(results: Sequence[GradientNorms]) -> str:
    """A Markdown table: of each gradient at distance 1, the share that is left at some greater distances."""
    farthest = len(results[0].norms)
    distances = sorted({max(1, round(farthest * share)) for share in (0.1, 0.25, 0.5, 1.0)})
    lines = [
        "| state of | " + " | ".join(f"d = {d}" for d in distances) + " | loss |",
        "|---" * (len(distances) + 2) + "|",
    ]
    for result in results:
        shares = result.relative()
        cells = " | ".join(f"{shares[d - 1]:.1e}" for d in distances)
        lines.append(f"| {result.describe()} | {cells} | {result.loss:.2f} |")
    return "\n".join(lines)


def panels(
    untrained: Sequence[GradientNorms], trained: Sequence[GradientNorms], models: Sequence[GradientNorms]
) -> list[Panel]:
    """The panels of the figure: gradients by distance, and losses and gradient norms during training."""
    labels = list(dict.fromkeys(result.label for result in (*untrained, *trained, *models)))
    figure = []
    for scale in dict.fromkeys(result.scale for result in untrained):
        title = "at initialisation" + (f", weights × {scale:g}" if scale != 1 else "")
        figure.append(_by_distance(title, [r for r in untrained if r.scale == scale], labels))
    if trained:
        figure += _training_panels(trained, labels)
    if models:
        figure.append(_by_distance("decoders of trained models", models, labels))
    return figure


def _training_panels(trained: Sequence[GradientNorms], labels: Sequence[str]) -> list[Panel]:
    limit = max(result.clip_norm for result in trained)
    steps = max(len(result.losses) for result in trained)
    clipping = f"clipped at {limit:g} (solid) or not (dashed)"
    losses = [_over_updates(result, result.losses, labels, mean=True) for result in trained]
    figure = [
        _by_distance(f"after {steps} updates, {clipping}", trained, labels),
        Panel(f"training, {clipping}", "update", "loss (nats)", losses),
    ]
    for clip_norm, title in (
        (limit, f"whole gradient before clipping at {limit:g}"),
        (0.0, "whole gradient, never clipped"),
    ):
        norms = [
            _over_updates(result, result.gradient_norms, labels, mean=False)
            for result in trained
            if result.clip_norm == clip_norm
        ]
        figure.append(Panel(title, "update", "‖∂L/∂θ‖", norms, log=True, line=clip_norm or None))
    return figure


def _by_distance(title: str, results: Sequence[GradientNorms], labels: Sequence[str]) -> Panel:
    curves = [
        Curve(
            range(1, len(result.norms) + 1),
            result.relative(),
            colour=labels.index(result.label),
            label=result.label,
            dashed=bool(result.losses) and not result.clip_norm,
        )
        for result in results
    ]
    ratio = "‖∂L/∂s(t−d)‖ / ‖∂L/∂s(t−1)‖, s = h (lstm: h, C)"
    return Panel(title, "distance d in time steps", ratio, curves, log=True, floor=FLOOR)


def _over_updates(
    result: GradientNorms, values: Sequence[float], labels: Sequence[str], *, mean: bool
) -> Curve:
    """A value of each update: its running mean, or the value itself as a thin line."""
    return Curve(
        range(1, len(values) + 1),
        values,
        colour=labels.index(result.label),
        dashed=mean and not result.clip_norm,
        thin=not mean,
        mean=len(values) // 50 if mean else 0,
    )
