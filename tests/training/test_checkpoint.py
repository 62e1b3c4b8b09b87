"""Checkpoints: what is restored, which one is chosen, and damaged ones."""

from __future__ import annotations

import json
import os
import random
import shutil
import warnings
from pathlib import Path

import pytest
import torch

from seq2seq.errors import ModelError, RunError
from seq2seq.training import checkpoint
from seq2seq.training.checkpoint import GOOD, MANIFEST, Checkpoint


def sample(value: float = 1.0) -> Checkpoint:
    """A checkpoint of two groups, with a scalar, an integer and a non-contiguous tensor."""
    matrix = torch.arange(6.0).view(2, 3).t() + value
    return Checkpoint(
        {
            "model": {"w": matrix, "b": torch.tensor(value)},
            "random": {"cpu.0": torch.arange(9, dtype=torch.uint8)},
        },
        {"place": {"step": int(value)}, "log": 12, GOOD: True},
    )


def save(folder: Path, *steps: int, keep: int = 9) -> None:
    """A checkpoint of each step, with the step in its tensors and in its state."""
    for step in steps:
        checkpoint.save(folder, sample(step), step=step, keep=keep)


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden entries too."""
    return sorted(os.listdir(folder))


def newest(folder: Path) -> int:
    """The step of the checkpoint that is chosen; there must be a warning for each newer one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        step = checkpoint.load_newest(folder).state["place"]["step"]
    assert len(caught) == sum(1 for of, _ in checkpoint.stored(folder) if of > step)
    assert all("going back to the checkpoint before" in str(warning.message) for warning in caught)
    return int(step)


def test_a_loaded_checkpoint_equals_the_saved_one(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, sample(3.0), step=3, keep=2)
    loaded, expected = checkpoint.load(path), sample(3.0)
    assert loaded.state == expected.state and loaded.path == path
    assert loaded.tensors.keys() == expected.tensors.keys()
    for group, tensors in expected.tensors.items():
        assert loaded.tensors[group].keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert loaded.tensors[group][name].dtype == tensor.dtype
            assert torch.equal(loaded.tensors[group][name], tensor)


def test_a_checkpoint_holds_safetensors_and_json_only(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, sample(), step=1, keep=1)
    assert names(path) == ["manifest.json", "model.safetensors", "random.safetensors", "state.json"]


def test_the_newest_checkpoints_are_kept_by_number(tmp_path: Path) -> None:
    save(tmp_path, 9, 10, 100, keep=2)
    assert names(tmp_path) == ["step-10", "step-100"]
    assert newest(tmp_path) == 100


def test_a_step_saved_again_gets_another_name(tmp_path: Path) -> None:
    save(tmp_path, 5)
    checkpoint.save(
        tmp_path, Checkpoint(sample().tensors, {"place": {"step": 5}, "second": True}), step=5, keep=2
    )
    assert names(tmp_path) == ["step-5-1"]
    assert checkpoint.load_newest(tmp_path).state["second"]
    save(tmp_path, 5)
    assert names(tmp_path) == ["step-5-2"]


def test_leftovers_of_a_killed_process_are_ignored_and_removed(tmp_path: Path) -> None:
    save(tmp_path, 5)
    shutil.copytree(tmp_path / "step-5", tmp_path / ".step-10-abc")
    assert newest(tmp_path) == 5
    save(tmp_path, 6)
    assert names(tmp_path) == ["step-5", "step-6"]


DAMAGE = {
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "half": lambda content: content[: len(content) // 2],
    "last byte gone": lambda content: content[:-1],
    "a byte more": lambda content: content + b"\0",
    "gone": None,
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["model.safetensors", "random.safetensors", "state.json", MANIFEST])
def test_a_damaged_checkpoint_is_skipped(tmp_path: Path, name: str, damage: str) -> None:
    save(tmp_path, 5, 10)
    path, change = tmp_path / "step-10" / name, DAMAGE[damage]
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))
    assert newest(tmp_path) == 5


def test_any_flipped_bit_is_noticed(tmp_path: Path) -> None:
    """20 random bits of all files, one at a time."""
    save(tmp_path, 5, 10)
    chance = random.Random(7)
    paths = sorted((tmp_path / "step-10").iterdir())
    for _ in range(20):
        path = chance.choice(paths)
        good = path.read_bytes()
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        path.write_bytes(bad)
        assert newest(tmp_path) == 5, path.name
        path.write_bytes(good)
    assert newest(tmp_path) == 10


@pytest.mark.parametrize(
    "manifest", ["{}", "[]", "null", '{"state.json": 5}', "[" * 100_000, '{"state.json": ""}']
)
def test_a_wrong_manifest_is_noticed(tmp_path: Path, manifest: str) -> None:
    save(tmp_path, 5, 10)
    (tmp_path / "step-10" / MANIFEST).write_text(manifest)
    assert newest(tmp_path) == 5


def test_a_file_without_a_sum_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, 5)
    path = tmp_path / "step-5" / MANIFEST
    sums = json.loads(path.read_text())
    del sums["model.safetensors"]
    path.write_text(json.dumps(sums))
    with pytest.raises(ModelError, match=r"no sum of model\.safetensors"):
        checkpoint.load(tmp_path / "step-5")


def test_no_undamaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    save(tmp_path, 5, 10)
    for step in (5, 10):
        (tmp_path / f"step-{step}" / "state.json").write_bytes(b"")
    with pytest.warns(UserWarning), pytest.raises(ModelError, match="no sound checkpoint") as error:
        checkpoint.load_newest(tmp_path)
    assert error.value.exit_code == 4


def test_no_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no sound checkpoint"):
        checkpoint.load_newest(tmp_path / "nothing")


@pytest.mark.parametrize("keep", [1, 2])
def test_after_damage_undamaged_checkpoints_are_kept(tmp_path: Path, keep: int) -> None:
    """Step 10 was damaged, so the run went on from step 5, and saved at step 8 and again at 10."""
    save(tmp_path, 5, 10)
    (tmp_path / "step-10" / "state.json").write_bytes(b"")
    save(tmp_path, 8, keep=keep)
    assert newest(tmp_path) == 8
    save(tmp_path, 10, keep=keep)
    assert newest(tmp_path) == 10
    assert names(tmp_path) == ["step-10", "step-8"][:keep]


def test_a_damaged_checkpoint_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    save(tmp_path, 5, 10)
    (tmp_path / "step-10" / "state.json").write_bytes(b"")
    save(tmp_path, 10, keep=2)
    assert names(tmp_path) == ["step-10-1", "step-5"]
    assert newest(tmp_path) == 10


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    save(tmp_path, 5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    large = Checkpoint({"model": {"w": torch.zeros(10_000)}}, {"place": {"step": 10}})
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(RunError, match="step-10: cannot be written") as error:
            checkpoint.save(tmp_path, large, step=10, keep=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.exit_code == 5
    assert names(tmp_path) == ["step-5"] and newest(tmp_path) == 5


def test_a_restored_optimizer_steps_like_the_saved_one(tmp_path: Path) -> None:
    """Two steps, the state stored and put into a new optimizer, a third step on both: equal bit for bit."""
    torch.manual_seed(0)
    first = torch.nn.Linear(3, 2)
    second = torch.nn.Linear(3, 2)
    optimizers = [torch.optim.Adam(module.parameters(), fused=True) for module in (first, second)]

    def step(module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        module(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    for _ in range(2):
        step(first, optimizers[0])
    second.load_state_dict(first.state_dict())
    state = {"optimizer": checkpoint.optimizer_tensors(optimizers[0])}
    stored = checkpoint.load(checkpoint.save(tmp_path, Checkpoint(state, {}), step=2, keep=1))
    checkpoint.restore_optimizer(optimizers[1], stored.tensors["optimizer"])
    for module, optimizer in zip((first, second), optimizers, strict=True):
        step(module, optimizer)
    assert torch.equal(first.weight, second.weight) and torch.equal(first.bias, second.bias)


def save_with(folder: Path, good: dict[int, bool], *, keep: int) -> None:
    """A checkpoint of each step; a diverged training may go back to those that are good."""
    for step, is_good in good.items():
        state = {"place": {"step": step}, GOOD: is_good}
        checkpoint.save(folder, Checkpoint(sample().tensors, state), step=step, keep=keep)


@pytest.mark.parametrize("keep", [1, 2])
def test_the_newest_good_checkpoint_is_kept(tmp_path: Path, keep: int) -> None:
    save_with(tmp_path, {1: True, 2: True, 3: False, 4: False, 5: False}, keep=keep)
    assert names(tmp_path) == ["step-2", *["step-4", "step-5"][-keep:]]
    good = checkpoint.load_newest_good(tmp_path)
    assert good and good.state["place"]["step"] == 2
    assert newest(tmp_path) == 5
    save_with(tmp_path, {6: True}, keep=keep)
    assert names(tmp_path) == ["step-5", "step-6"][-keep:]


def test_checkpoints_after_one_are_removed(tmp_path: Path) -> None:
    save_with(tmp_path, {1: True, 2: False, 10: False}, keep=9)
    checkpoint.remove_after(tmp_path, checkpoint.load_newest_good(tmp_path))
    assert names(tmp_path) == ["step-1"]
    checkpoint.remove_after(tmp_path, None)
    assert names(tmp_path) == []
    assert checkpoint.load_newest_good(tmp_path) is None
    checkpoint.remove_after(tmp_path / "nothing", None)


def test_checkpoints_of_earlier_versions_are_good(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, Checkpoint(sample().tensors, {"place": {}, "log": 1}), step=3, keep=1)
    assert checkpoint.load_newest_good(tmp_path) is not None
