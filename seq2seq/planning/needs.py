"""Memory and disk that a training needs, estimated from the sizes of the network and the data.

The estimates reproduce the measured figures of BENCHMARKS.md within a third: 6.9 GB for the recipe multi30k
in bfloat16, 1.6 GB for the default recipe in float32.
"""

from __future__ import annotations

from seq2seq.config import Settings

_PROGRAM = 0.6e9  # torch and the other libraries, loaded
_FLOAT = 4
_COPIES = 5  # of each weight: itself, its gradient, two of the optimizer, the average
_SCORES = 3  # copies of the output layer's scores that are alive at once
_CACHED_PRODUCTS = 4096  # oneDNN keeps its last products prepared: bytes by the units of the output layer
_MOST_CACHED = {True: 6e9, False: 0.6e9}  # in bfloat16; in float32


def memory_needed(settings: Settings, *, weights: int, vocabulary: int, gpu: bool, bfloat16: bool) -> int:
    """Bytes of memory that an update needs, with `weights` weights and so many target pieces."""
    rows = settings.training.batch_tokens * (2 if settings.training.consistency else 1)
    scores = rows * vocabulary * _FLOAT * _SCORES
    layers = settings.model.encoder_layers * 2 + settings.model.decoder_layers + 2
    states = rows * layers * settings.model.decoder_size * _FLOAT * 8
    total = float(_COPIES * _FLOAT * weights + scores + states)
    if not gpu:
        cached = _CACHED_PRODUCTS * vocabulary * settings.model.decoder_size
        total += _PROGRAM + min(cached, _MOST_CACHED[bfloat16])
    return int(total)


def disk_needed(settings: Settings, *, weights: int, text_bytes: int) -> int:
    """Bytes of disk that a run needs: its data, its checkpoints, and its best model while it is replaced."""
    copies = 1 + settings.data.copies * bool(settings.data.placeholders) + 0.2 * settings.data.phrases
    data = text_bytes * copies * (2 if copies > 1 else 1)  # the plain data is stored first, then all
    checkpoints = (settings.training.keep_checkpoints + 1) * (_COPIES - 1) * _FLOAT * weights
    return int(data + checkpoints + 2 * _FLOAT * weights + 5e6)
