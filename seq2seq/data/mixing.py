"""Which pairs an epoch has when corpora are mixed: `data.mix` gives each pair a share.

A share of 2.25 is each pair twice, and a quarter of the pairs once more. That quarter is drawn anew for each
epoch, so that other pairs are seen every time. The draw depends on the seed and the epoch alone: a resumed
training draws the same, and so does each of several processes.
"""

from __future__ import annotations

import numpy as np

_PURPOSE = 2**32 - 2  # apart from the other draws of an epoch, which have numbers of their own


def rows_of_epoch(rows: np.ndarray, shares: np.ndarray, *, seed: int, epoch: int) -> np.ndarray:
    """The rows (M,) of `epoch`, with repetitions, of `rows` (N,), whose `shares` (N,) are 0 or more.

    Of the rows with equal shares exactly the part of the share is drawn, rounded to whole rows, so all epochs
    are of the same size.
    """
    random = np.random.default_rng((seed, epoch, _PURPOSE))
    found = [rows[:0]]
    for share in np.unique(shares):
        own = rows[shares == share]
        whole, part = divmod(float(share), 1.0)
        found.append(np.repeat(own, int(whole)))
        if part:
            found.append(random.permutation(own)[: round(part * len(own))])
    return np.concatenate(found)
