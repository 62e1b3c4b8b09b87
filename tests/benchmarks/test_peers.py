"""Other programs: their figure is found, and what goes wrong is said."""

from __future__ import annotations

import shlex
import sys

import pytest

from seq2seq.benchmarks.peers import Peer
from seq2seq.errors import RunError, UsageError


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("output", "speed"),
    [
        ('STEADY {"updates": 9, "target_tokens_per_s": 1561.5, "minutes": 1}', 1561.5),
        ("Step 50; acc: 9; 1500/1400 tok/s\nStep 100; 1600/1450 tok/s\nStep 150; 1600/1900 tok/s", 1450.0),
    ],
)
def test_the_median_figure_of_what_the_peers_print(output: str, speed: float) -> None:
    assert Peer("").speed(output) == speed


def test_a_peer_is_run_and_its_own_form_is_found() -> None:
    peer = Peer(python("print('speed: 12.5 per s')"), pattern=r"speed: ([\d.]+)")
    done = peer.run()
    assert done.target_tokens_per_second == 12.5
    assert done.seconds > 0


@pytest.mark.parametrize(
    ("peer", "message"),
    [
        (Peer(python("print('nothing')")), "no number by the pattern"),
        (Peer(python("print('target_tokens_per_s: 0.0')")), "a speed of 0"),
        (Peer(python("import sys; print('broken'); sys.exit(3)")), "exit code 3: broken"),
        (Peer("/no/such/program"), "cannot be started"),
    ],
)
def test_what_goes_wrong(peer: Peer, message: str) -> None:
    with pytest.raises(RunError, match=message):
        peer.run()


@pytest.mark.parametrize(("pattern", "message"), [("(", "no regular expression"), ("tok/s", "no group")])
def test_a_pattern_that_finds_no_number(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Peer("true", pattern=pattern)
