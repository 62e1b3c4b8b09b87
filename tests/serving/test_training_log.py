"""A log that several threads read at once, as the polls of several tabs do."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from seq2seq.serving.training_log import TrainingLog


class SlowLog(TrainingLog):
    """Gives other threads time to read between two lines."""

    def _take(self, record: dict[str, Any]) -> None:
        time.sleep(1e-3)
        super()._take(record)


def test_readers_at_once_take_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = SlowLog(path)
    with ThreadPoolExecutor(4) as readers:
        for half in range(2):
            steps = range(20 * half, 20 * half + 20)
            with path.open("a") as file:
                file.writelines(f"{json.dumps({'event': 'step', 'step': step})}\n" for step in steps)
            list(readers.map(lambda _: log.read(), range(4)))
    assert [record["step"] for record in log.steps] == list(range(40))
