"""Several processes that train together, started by torchrun. Without torchrun there is one process.

torchrun sets WORLD_SIZE (processes in all), LOCAL_WORLD_SIZE (on this machine), RANK and LOCAL_RANK (the
number of this process in all and on this machine). On GPUs each process uses that of its LOCAL_RANK.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

from seq2seq.devices import find_device
from seq2seq.errors import RunError, UsageError


def start(device: str) -> torch.device:
    """Choose the device of this process and join the other processes, if there are any.

    `device` is a name as in `find_device`. Processes communicate by NCCL on GPUs and by gloo on CPUs. Raises
    UsageError for a device that does not exist, and if two processes would share a GPU.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1:
        _check_gpus(device, processes)
    chosen = find_device(device)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)  # else torch and NCCL use GPU 0 wherever no device is named
    if processes > 1 and not dist.is_initialized():
        if chosen.type == "cuda":
            dist.init_process_group("nccl", device_id=chosen)
        else:
            dist.init_process_group("gloo")
    return chosen


def _check_gpus(device: str, processes: int) -> None:
    """Raise UsageError if the processes of this machine do not have a GPU each."""
    if device.startswith("cuda:"):
        raise UsageError(
            f"device is {device!r} for {processes} processes, which would share this GPU: expected cuda, "
            "auto or cpu"
        )
    if device not in ("auto", "cuda") or not torch.cuda.is_available():
        return
    local, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", processes)), torch.cuda.device_count()
    if local > gpus:
        raise UsageError(
            f"{local} processes on this machine, but {gpus} GPU{'s' if gpus != 1 else ''}: expected at most "
            f"torchrun --nproc-per-node {gpus}, or --device cpu"
        )


Result = TypeVar("Result")

LAST_WORDS = 2.0
"""A process ends so many seconds after one that it has lost: torchrun reports the first as the cause."""


@contextmanager
def lost_process() -> Iterator[None]:
    """Raise RunError if the block fails because another process has ended.

    Only the main process says so: the others end with the exit code of a RunError, and without a message.
    """
    try:
        yield
    except RuntimeError as error:
        lost = isinstance(error, dist.DistError) or any(name in str(error) for name in ("gloo", "NCCL"))
        if world() == 1 or isinstance(error, RunError) or not lost:
            raise
        time.sleep(LAST_WORDS)
        if not is_main():
            raise SystemExit(RunError.exit_code) from None
        raise RunError(
            "another process of this training has ended: its own message says why, if it was not killed; "
            "--resume goes on from the newest checkpoint"
        ) from None


def stop() -> None:
    """Leave the group of processes, if there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_main() -> bool:
    """Whether this is the process that writes files and messages."""
    return rank() == 0


def share_weights(model: nn.Module) -> None:
    """Set the weights of `model` to those of the main process, in all processes."""
    if world() > 1:
        for parameter in model.parameters():
            dist.broadcast(parameter.data, 0)


def add_gradients(model: nn.Module) -> None:
    """Set each gradient to its sum over all processes.

    This is a step of its own after the backward pass: a process that ran out of memory can repeat that pass
    while the others wait here.
    """
    if world() > 1:
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        for sent in [dist.all_reduce(gradient, async_op=True) for gradient in gradients]:
            sent.wait()


def total(value: float, device: torch.device) -> float:
    """The sum of `value` over all processes."""
    if world() == 1:
        return value
    summed = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(summed)
    return float(summed)


def from_main(value: float, device: torch.device) -> float:
    """The `value` of the main process, in all processes."""
    if world() == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64, device=device)
    dist.broadcast(shared, 0)
    return float(shared)


def said_by_any(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` in the main process. The others, whose progress is not shown, print a line with their number."""
    if is_main():
        return say
    return lambda message: print(f"process {rank()}: {message}", file=sys.stderr, flush=True)


def barrier() -> None:
    """Wait for all processes."""
    if world() > 1:
        dist.barrier()


def main_first(work: Callable[[], Result]) -> Result:
    """What `work` returns, in all processes; the main process does it first.

    If it fails there, the others do not repeat it, so that an error is said once.
    """
    if not is_main():
        barrier()
        return work()
    result = work()
    barrier()
    return result


def gather(value: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """The `value` of every process, by rank. The tensors must have the same shape in all processes."""
    if world() == 1:
        return [value]
    results: list[dict[str, torch.Tensor]] = [{} for _ in range(world())]
    for name, tensor in value.items():
        device = torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
        parts = [torch.empty_like(tensor, device=device) for _ in range(world())]
        dist.all_gather(parts, tensor.to(device))
        for result, part in zip(results, parts, strict=True):
            result[name] = part.cpu()
    return results


def random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of torch's random generators in every process, by "kind.rank"."""
    local = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        local["cuda"] = torch.cuda.get_rng_state(device)
    return {
        f"{kind}.{number}": state
        for number, states in enumerate(gather(local))
        for kind, state in states.items()
    }


def restore_random(states: Mapping[str, torch.Tensor], device: torch.device) -> bool:
    """Set the generators of this process to the saved states.

    Returns false, and sets nothing, if the states are those of another number of processes or other devices.
    """
    kinds = ("cpu", "cuda") if device.type == "cuda" else ("cpu",)
    if states.keys() != {f"{kind}.{number}" for kind in kinds for number in range(world())}:
        return False
    torch.set_rng_state(states[f"cpu.{rank()}"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[f"cuda.{rank()}"], device)
    return True
