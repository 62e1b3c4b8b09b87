"""What the machine has: cores, memory, disk, and products of matrices in half precision."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from seq2seq.devices import find_device, multiplies_bfloat16

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Machine:
    """What a training can use.

    Attributes:
        gpu: the name of the GPU, "" if the processor computes.
        threads: threads of the processor.
        bfloat16: whether it multiplies bfloat16 matrices in hardware.
        memory: free bytes of the memory that the network needs: the GPU's, or the machine's. 0: unknown.
        disk: free bytes where the run is written. 0: unknown.
    """

    gpu: str
    threads: int
    bfloat16: bool
    memory: int
    disk: int

    def __str__(self) -> str:
        if self.gpu:
            return self.gpu
        cores = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{cores} of the processor"


def find_machine(device: str, out: Path) -> Machine:
    """What there is for a run in `out` on the device `device`. UsageError if there is no such device."""
    chosen = find_device(device)
    gpu = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else ""
    memory = torch.cuda.mem_get_info(chosen)[0] if gpu else free_memory()
    return Machine(gpu, torch.get_num_threads(), multiplies_bfloat16(chosen), memory, _free_disk(out))


def free_memory() -> int:
    """Bytes of memory that are free, by the system and by the limit of a container; 0 if unknown."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            table = dict(line.split(":", 1) for line in file)
        free = int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, LookupError, ValueError):
        try:
            free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, AttributeError):
            return 0
    limits = [_number(path) for path in _LIMITS]
    return min([free, *(limit for limit in limits if limit)])


def peak_memory() -> int:
    """The most bytes of memory that this process has held at once; 0 if the system does not say.

    Linux's `getrusage` starts with the memory of the parent process, so /proc is preferred.
    """
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            (peak,) = (line.split()[1] for line in file if line.startswith("VmHWM:"))
        return 1024 * int(peak)
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ModuleNotFoundError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _number(path: str) -> int:
    """The number in a file; 0 if there is none."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _free_disk(out: Path) -> int:
    """Free bytes of the file system that `out` is in, or will be."""
    for folder in (out.absolute(), *out.absolute().parents):
        if folder.is_dir():
            return shutil.disk_usage(folder).free
    return 0
