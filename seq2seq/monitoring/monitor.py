"""Follows a training by the records of its log: early verdicts, and curves for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from seq2seq.monitoring.board import Board
from seq2seq.monitoring.curve import BLOCK, Curve
from seq2seq.monitoring.early import Facts, verdict

WARNING = "warning"
"""The event of an early verdict in log.jsonl."""


class Monitor:
    """Is given each record of the log when it is written.

    `facts` is called when a verdict first needs it; `say` receives lines for the user. Its state follows from
    the log alone, so a resumed run gives the verdicts of an uninterrupted one.
    """

    def __init__(self, facts: Callable[[], Facts], board: Board, say: Callable[[str], None]) -> None:
        self._make_facts, self.board, self.say = facts, board, say
        self.curve = Curve()
        self.warned = set[str]()

    @cached_property
    def facts(self) -> Facts:
        """What the verdicts need to know of the run."""
        return self._make_facts()

    def replay(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Begin again after these records, which are in the log already."""
        self.curve, self.warned = Curve(), set()
        self.board.restart()
        for record in records:
            self.curve.add(record)
            if record["event"] == WARNING:
                self.warned.add(record["name"])

    def see(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """Take in a new record. Returns a record for the log if there is something to warn of.

        Each kind of warning is given once.
        """
        self.curve.add(record)
        self.board.write(record)
        if record["event"] != "validation" and (record["event"] != "step" or self.curve.step % BLOCK):
            return None
        finding = verdict(self.curve, self.facts)
        if finding is None or finding.name in self.warned:
            return None
        self.warned.add(finding.name)
        for line in finding.lines(self.curve.step):
            self.say(line)
        return {
            "event": WARNING,
            "step": self.curve.step,
            "name": finding.name,
            "evidence": finding.evidence,
            "cause": finding.cause,
            "check": finding.check,
        }

    def close(self) -> None:
        """Finish the curves."""
        self.board.restart()
