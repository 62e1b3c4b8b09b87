"""Memory of long texts: it grows with their length, not with its square."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
CODE = """
import random, re
from pathlib import Path
import torch
from seq2seq import Translator
from tests import tiny

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1000

def line(characters, seed):
    chance = random.Random(seed)
    return " ".join(chance.choice(tiny.ENGLISH) for _ in range(characters // 3))[:characters]

torch.set_num_threads(1)
translator = Translator(tiny.bundle(), engine="torch")
translator.translate(line(100, 0))
before = peak()
made = translator.translate([line({characters}, seed) for seed in range({lines})], beam_size={beam})
assert all(one.text for one in made)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="needs /proc/self/status, which only Linux has")
@pytest.mark.parametrize(("lines", "characters", "beam"), [(1, 60_000, 5), (40, 8_000, 1), (1, 200_000, 1)])
def test_long_lines_take_at_most_600_megabytes(lines: int, characters: int, beam: int) -> None:
    code = CODE.replace("{lines}", str(lines)).replace("{characters}", str(characters))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code.replace("{beam}", str(beam))],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert float(done.stdout) < 600
