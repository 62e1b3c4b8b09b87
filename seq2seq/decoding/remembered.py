"""States that an engine computed a short time ago: the next question about the same source needs them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from seq2seq.decoding.engine import Engine, StepOutput

MOST_SOURCES = 16
"""Sources whose encoding is kept."""
MOST_STEPS = 256
"""Steps that are kept. With 8,000 pieces each takes about 40 kB."""


class Recent:
    """A mapping of the entries that were used last, at most `most`. Threads may share it."""

    def __init__(self, most: int) -> None:
        self.most, self._entries, self._lock = most, OrderedDict[Any, Any](), Lock()

    def get(self, key: Any) -> Any:
        """The value of `key`, None if there is none."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: Any, value: Any) -> Any:
        """Keep `value`, and return it."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self.most:
                self._entries.popitem(last=False)
        return value


class Memory:
    """The last encoded sources of an engine, and the last steps along prefixes of their translations."""

    def __init__(self) -> None:
        self.sources, self.steps = Recent(MOST_SOURCES), Recent(MOST_STEPS)

    def along(self, engine: Engine, source: tuple[int, ...], tokens: Sequence[int]) -> StepOutput:
        """The output of the step after `tokens`, BOS included, for `source`, which ends in EOS. Only steps
        behind the longest known prefix are computed."""
        path, output = tuple(tokens), None
        known = len(path)
        while known and (output := self.steps.get((source, path[:known]))) is None:
            known -= 1
        if output is not None:
            state = output.state
        elif (state := self.sources.get(source)) is None:
            state = self.sources.put(source, engine.start([source]))
        for end in range(known + 1, len(path) + 1):
            output = engine.step(np.array([[path[end - 1]]]), state)
            state = self.steps.put((source, path[:end]), output).state
        assert output is not None, "a path has at least one token"
        return output


_MEMORIES: WeakKeyDictionary[Engine, Memory] = WeakKeyDictionary()


def memory_of(engine: Engine) -> Memory:
    """The `Memory` of `engine`, which lives as long as the engine."""
    return _MEMORIES.setdefault(engine, Memory())
