"""How many operations a second the machine reaches in a matrix product: the measure of all shares."""

from __future__ import annotations

import time

import torch

SHAPES = {"cpu": (1600, 512, 1536), "cuda": (8192, 8192, 8192)}
"""Rows, depth and columns of the product. On a CPU: 80 sentences of 20 tokens and the gates of a GRU."""
SECONDS = 1.0
"""Measuring takes so long for each number type."""


def matrix_rate(dtype: torch.dtype, device: torch.device, *, seconds: float = SECONDS) -> float:
    """Operations a second (a multiplication and an addition are two) of the fastest of many products.

    The fastest counts, because other programs only make a product slower. torch's present number of threads
    computes.
    """
    rows, depth, columns = SHAPES[device.type]
    left = torch.randn(rows, depth, device=device).to(dtype)
    right = torch.randn(depth, columns, device=device).to(dtype)
    product, least = left @ right, float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        synchronize(device)
        begin = time.perf_counter()
        torch.mm(left, right, out=product)
        synchronize(device)
        least = min(least, time.perf_counter() - begin)
    return 2.0 * rows * depth * columns / least


def synchronize(device: torch.device) -> None:
    """Wait for a GPU to finish. A CPU has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matrix_rates(device: torch.device, *, seconds: float = SECONDS) -> dict[str, float]:
    """The rate in float32 and in bfloat16, by the name of the type."""
    types = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    return {name: matrix_rate(dtype, device, seconds=seconds) for name, dtype in types.items()}
