"""Token lists of different lengths as one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

PAD_ID = 0
"""The id of padding in every vocabulary, the same as `Tokenizer.pad_id`."""


def pad(sequences: Sequence[Sequence[int]], pad_id: int = PAD_ID) -> tuple[Tensor, Tensor]:
    """Token lists as one int64 tensor (B,T), filled up with `pad_id`, and their lengths (B,).

    Expects at least one list; T is the length of the longest.
    """
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    tokens = np.full((len(sequences), lengths.max()), pad_id, np.int64)
    tokens[np.arange(tokens.shape[1]) < lengths[:, None]] = np.concatenate(sequences)
    return torch.from_numpy(tokens), torch.from_numpy(lengths)
