"""Another program that is measured in turn with ours, by a command that prints its speed.

This project needs none of these programs: what they are and how they are started is all in the command.
"""

from __future__ import annotations

import re
import shlex
import statistics
import subprocess
import time
from dataclasses import dataclass

from seq2seq.errors import RunError, UsageError

PATTERN = r"target_tokens_per_s\W+([\d.]+)|/ *([\d.]+) tok/s"
"""What is searched for by default: `"target_tokens_per_s": 1561.0`, and OpenNMT-py's `1500/1495 tok/s`."""


@dataclass(frozen=True)
class PeerRound:
    """One run of a peer: its target tokens a second, by its own account, and how long it took in all."""

    target_tokens_per_second: float
    seconds: float


@dataclass(frozen=True)
class Peer:
    """A command, without a shell, and a regular expression with a group that is the target tokens a second.

    Of several places that it matches, the median counts: a log has a figure for each interval.
    """

    command: str
    pattern: str = PATTERN

    def __post_init__(self) -> None:
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise UsageError(f"peer pattern {self.pattern!r} is no regular expression ({error})") from None
        if not groups:
            raise UsageError(f"peer pattern {self.pattern!r} has no group, expected ([\\d.]+) for the number")

    def run(self) -> PeerRound:
        """Run the command to its end. RunError if it fails or prints no figure."""
        begin = time.perf_counter()
        try:
            done = subprocess.run(
                shlex.split(self.command),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
        except (OSError, ValueError) as error:
            raise RunError(f"peer {self.command!r}: cannot be started ({error})") from None
        seconds = time.perf_counter() - begin
        if done.returncode:
            raise RunError(f"peer {self.command!r}: exit code {done.returncode}: {done.stdout[-500:]}")
        return PeerRound(self.speed(done.stdout), seconds)

    def speed(self, output: str) -> float:
        """The median figure of `output`; RunError if it has none, or that is 0."""
        found = [next(filter(None, match.groups()), "") for match in re.finditer(self.pattern, output)]
        try:
            speed = statistics.median([float(number.replace(",", "")) for number in found])
        except ValueError:
            end = output[-500:]
            raise RunError(
                f"peer {self.command!r}: no number by the pattern {self.pattern!r} in its output: {end}"
            ) from None
        if not speed:
            raise RunError(
                f"peer {self.command!r}: a speed of 0 by the pattern {self.pattern!r}, expected more"
            )
        return speed
