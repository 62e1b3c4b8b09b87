"""The choice of the device and of the number of threads."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from seq2seq import devices
from seq2seq.errors import UsageError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "name",
    [
        "tpu",
        "meta",
        "mps",
        "cuda:",
        "cpu:0",
        "cuda:99",
        "",
        "CPU!",
        "cuda:²",
        None,
        *([] if torch.cuda.is_available() else ["cuda"]),
    ],
)
def test_a_device_that_does_not_exist_is_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="expected auto, cpu, cuda or cuda:N"):
        devices.find_device(name)


def test_cpu_and_auto_are_found() -> None:
    assert devices.find_device("cpu") == CPU
    assert devices.find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("number", [-1, 100_000, 2.0, True, "2", None])
def test_a_wrong_number_of_threads_is_refused(number: Any) -> None:
    with pytest.raises(UsageError, match=r"threads is .*, expected a whole number from 0 to 1,024"):
        devices.use_threads(number)


def test_0_threads_keeps_the_number_of_threads() -> None:
    before = torch.get_num_threads()
    try:
        devices.use_threads(1)
        assert torch.get_num_threads() == 1
        devices.use_threads(0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_gpu_of_a_process_is_that_of_its_local_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[torch.device] = []
    monkeypatch.setattr(torch, "empty", lambda size, device: used.append(device))
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert devices.find_device("cuda") == torch.device("cuda:3") == used[0]
    assert devices.find_device("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("value", ["", "one", "-1", "1.0"])
def test_a_wrong_local_rank_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", value)
    with pytest.raises(UsageError, match=f"LOCAL_RANK is '{value}', expected a whole number from 0"):
        devices.find_device("cuda")


FORK = """
import os, sys
from seq2seq import Translator
from seq2seq.devices import use_threads
from seq2seq.errors import UsageError
from tests import tiny
use_threads(4)
bundle, texts = tiny.bundle(), [pair.source for pair in tiny.pairs(64)]
translator = Translator(bundle, engine="{engine}")
expected = [one.text for one in translator.translate(texts)]
child = os.fork()
if child:
    sys.exit(os.waitpid(child, 0)[1])
assert [made.text for made in translator.translate(texts)] == expected
translator = Translator(bundle, engine="{engine}")  # the one before is no longer used
assert [made.text for made in translator.translate(texts)] == expected
try:
    use_threads(4)
except UsageError as error:
    assert "expected 1 in a process that was forked" in str(error) and "spawn" in str(error)
else:
    raise AssertionError
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_a_child_that_was_forked_after_a_translation_on_4_threads_translates(engine: str) -> None:
    """On one thread: those of its parent do not exist in it, and it would wait for them for ever."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    code = FORK.replace("{engine}", engine)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, timeout=120, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr.decode()


FAULTS = """
import resource, torch
from seq2seq.devices import reuse_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first = faults()
reuse_memory()
faults()
print(first, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc can be told so")
def test_freed_memory_is_used_again() -> None:
    result = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    before, after = map(int, result.stdout.split())
    assert after < before / 20, "the system still clears pages for each new tensor"
