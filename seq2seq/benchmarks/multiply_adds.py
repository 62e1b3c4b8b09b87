"""Counts the operations of matrix products in a computation; a multiplication and an addition are two.

torch's counter sees the products of torch's own operations. The recurrent layers of oneDNN are one operation
that it does not know, so they are switched off while it counts. The products are the same without them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode


def operations(run: Callable[[], Any]) -> int:
    """The operations of `run`, which must compute in this thread, by torch and on a CPU."""
    counter = FlopCounterMode(display=False, custom_mapping=_prepacked())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the switch speaks of GPUs
        with torch.backends.mkldnn.flags(enabled=False), counter:
            run()
    return int(counter.get_total_flops())


def _prepacked() -> dict[Any, Any]:
    """Counts the product of `engines.prepacked`, if this build of torch has it."""
    found = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    return {} if found is None else {found: _linear_operations}


def _linear_operations(
    inputs: Sequence[int], weight: Sequence[int], *_: Any, out_shape: Sequence[int], **__: Any
) -> int:
    """Of inputs (…,I) and outputs (…,O): two for each input of each output."""
    return 2 * math.prod(out_shape) * inputs[-1]
