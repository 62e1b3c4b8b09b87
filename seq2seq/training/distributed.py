"""Which process this is among those that torchrun started. Without torchrun, everything here does nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch
import torch.distributed as dist


def start(device: torch.device) -> None:
    """Join the processes that torchrun started, if it did: NCCL on GPUs, gloo on CPUs."""
    if "WORLD_SIZE" in os.environ and int(os.environ["WORLD_SIZE"]) > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")


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
    """Whether this process writes files and messages."""
    return rank() == 0


def total(value: float, device: torch.device) -> float:
    """The sum of `value` over all processes."""
    if world() == 1:
        return value
    summed = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(summed)
    return float(summed)


def from_main(value: float, device: torch.device) -> float:
    """The `value` of the main process, on all."""
    if world() == 1:
        return value
    shared = torch.tensor(value, dtype=torch.float64, device=device)
    dist.broadcast(shared, 0)
    return float(shared)


def barrier() -> None:
    """Wait for all processes."""
    if world() > 1:
        dist.barrier()


def gather(value: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """The `value` of every process, by rank: byte tensors of one shape."""
    if world() == 1:
        return [value]
    results: list[dict[str, torch.Tensor]] = [{} for _ in range(world())]
    for name, tensor in value.items():
        backend = torch.device("cuda") if dist.get_backend() == "nccl" else torch.device("cpu")
        parts = [torch.empty_like(tensor, device=backend) for _ in range(world())]
        dist.all_gather(parts, tensor.to(backend))
        for result, part in zip(results, parts, strict=True):
            result[name] = part.cpu()
    return results


def random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of torch's random generators in every process, by kind and rank."""
    mine = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        mine["cuda"] = torch.cuda.get_rng_state(device)
    return {
        f"{kind}.{number}": state
        for number, states in enumerate(gather(mine))
        for kind, state in states.items()
    }


def restore_random(states: Mapping[str, torch.Tensor], device: torch.device) -> bool:
    """Set this process's generators; false, and nothing is set, if other processes or devices were saved."""
    kinds = ("cpu", "cuda") if device.type == "cuda" else ("cpu",)
    if states.keys() != {f"{kind}.{number}" for kind in kinds for number in range(world())}:
        return False
    torch.set_rng_state(states[f"cpu.{rank()}"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[f"cuda.{rank()}"], device)
    return True
