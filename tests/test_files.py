"""Writing files: whole or not at all, under errors and under kills."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import stat
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from seq2seq import files
from seq2seq.errors import RunError

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden entries too."""
    return sorted(os.listdir(folder))


def test_sha256_is_that_of_the_standard(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-2, appendix B.1
    assert (
        files.sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_write_text_replaces_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    files.write_text(path, "one\r\n")
    files.write_text(path, "zwei ö\n")
    assert path.read_bytes() == "zwei ö\n".encode()
    assert names(path.parent) == ["b.txt"]


def test_write_json_reads_back(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, True], "ö": "中文\u2028", "path that is not UTF-8": "caf\udce9"}
    files.write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == value
    assert "中文" in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_write_text_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    files.write_text(tmp_path / "x", "good")

    def refuse(*_: object) -> None:
        raise FULL

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(RunError, match=r"x: cannot be written \(No space left on device\)"):
        files.write_text(tmp_path / "x", "new")
    assert names(tmp_path) == ["x"] and (tmp_path / "x").read_text() == "good"


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        files.write_text(tmp_path / "file" / "x", "")
    with pytest.raises(RunError, match="cannot be written"), files.new_directory(tmp_path / "file" / "x"):
        pass
    assert names(tmp_path) == ["file"]


def test_new_directory_appears_whole(tmp_path: Path) -> None:
    with files.new_directory(tmp_path / "a" / "b") as scratch:
        save_file({"w": torch.zeros(3)}, scratch / "w.safetensors")
        assert not (tmp_path / "a" / "b").exists()
    assert names(tmp_path / "a") == ["b"] and names(tmp_path / "a" / "b") == ["w.safetensors"]
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "a" / "b" / "w.safetensors").stat().st_mode) == 0o644


def test_all_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(files, "sync", lambda path: synced.append((path.name, (tmp_path / "b").exists())))
    with files.new_directory(tmp_path / "b") as scratch:
        (scratch / "one").write_text("")
        (scratch / "two").write_text("")
    assert set(synced) == {("one", False), ("two", False), (scratch.name, False), (tmp_path.name, True)}
    assert synced[-2:] == [(scratch.name, False), (tmp_path.name, True)]


def test_new_directory_replaces(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with files.new_directory(tmp_path / "b") as scratch:
            (scratch / text).write_text(text)
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["new"]


def test_new_directory_after_an_error(tmp_path: Path) -> None:
    with files.new_directory(tmp_path / "b") as scratch:
        (scratch / "old").write_text("old")
    with pytest.raises(KeyError), files.new_directory(tmp_path / "b") as scratch:
        (scratch / "new").write_text("new")
        raise KeyError
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["old"]


@pytest.mark.parametrize("failing", ["sync", "first rename", "second rename"])
def test_new_directory_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    with files.new_directory(tmp_path / "b") as scratch:
        (scratch / "old").write_text("old")
    rename, calls = os.rename, [0]

    def refuse(*_: object) -> None:
        raise FULL

    def rename_but_one(source: Path, target: Path) -> None:
        calls[0] += 1
        if calls[0] == (1 if failing == "first rename" else 2):
            raise FULL
        rename(source, target)

    if failing == "sync":
        monkeypatch.setattr(files, "sync", refuse)
    else:
        monkeypatch.setattr(os, "rename", rename_but_one)
    with pytest.raises(RunError, match="No space left"), files.new_directory(tmp_path / "b") as scratch:
        (scratch / "new").write_text("new")
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["old"]


def test_safetensors_on_a_full_disk(tmp_path: Path) -> None:
    """safetensors writes by itself and has its own error, so this is a real write that the system refuses."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with (
            pytest.raises(RunError, match="cannot be written"),
            files.new_directory(tmp_path / "b") as scratch,
        ):
            save_file({"w": torch.zeros(10_000)}, scratch / "w.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == []


def test_next_name(tmp_path: Path) -> None:
    path = tmp_path / "step-5"
    assert files.next_name(tmp_path / "nothing" / "step-5").name == "step-5"
    for name in ("step-50", "step-5-x", ".step-5-abc"):
        (tmp_path / name).mkdir()
    assert files.next_name(path).name == "step-5"
    path.mkdir()
    assert files.next_name(path).name == "step-5-1"
    (tmp_path / "step-5-1").mkdir()
    path.rmdir()
    assert files.next_name(path).name == "step-5-2"


def write_for_ever(folder: Path, done: Connection) -> None:
    """Write a file and a folder of two files, again and again; tell each number that is done."""
    for number in range(1_000_000):
        text = f"{number} " * 3000
        files.write_text(folder / "file", text)
        with files.new_directory(folder / f"d-{number}") as scratch:
            (scratch / "a").write_text(text)
            (scratch / "b").write_text(text)
        done.send(number)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs fork")
def test_killed_while_writing(tmp_path: Path) -> None:
    """20 SIGKILLs: the file is one of those written, and each folder with its name has both files, whole."""
    context = multiprocessing.get_context("fork")
    for kill in range(20):
        folder = tmp_path / str(kill)
        folder.mkdir()
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=write_for_ever, args=(folder, sender))
        process.start()
        while receiver.recv() < kill % 5:
            pass
        time.sleep(0.001 * kill)
        process.kill()
        process.join()
        directories = [entry for entry in folder.iterdir() if entry.name.startswith("d-")]
        assert len(directories) > kill % 5
        for path in [folder / "file", *(entry / name for entry in directories for name in ("a", "b"))]:
            words = path.read_text().split()
            assert len(words) == 3000 and len(set(words)) == 1
