"""Atomic writing: after errors and after kills a file is either the old one or the new one, complete."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch
from safetensors.torch import save_file

from seq2seq import files
from seq2seq.documents import translating
from seq2seq.errors import DataError, ModelError, RunError

DISK_FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    """All entries of a directory, hidden ones included."""
    return sorted(os.listdir(folder))


def test_sha256_of_the_example_of_the_standard(tmp_path: Path) -> None:
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
def test_write_text_keeps_the_old_file_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    files.write_text(tmp_path / "x", "good")

    def refuse(*_: object) -> None:
        raise DISK_FULL

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(RunError, match=r"x: cannot be written \(No space left on device\)"):
        files.write_text(tmp_path / "x", "new")
    assert names(tmp_path) == ["x"] and (tmp_path / "x").read_text() == "good"


@contextmanager
def small_files(largest: int) -> Iterator[None]:
    """No file of this process may have more than so many bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [5_000, 500_000])  # fails when it is flushed, when it is written
@pytest.mark.parametrize("writing", [files.replacing, translating.writing], ids=["files", "documents"])
@pytest.mark.parametrize("name", ["x", "x.gz"])
def test_what_does_not_fit_names_the_file_and_leaves_the_old_one(
    tmp_path: Path, size: int, writing: Callable[[Path], AbstractContextManager[BinaryIO]], name: str
) -> None:
    """Closing the file fails a second time, with an error that names nothing."""
    (tmp_path / name).write_bytes(b"good")
    content = random.Random(1).randbytes(size)
    with (
        pytest.raises(RunError, match=rf"{name}: cannot be written \(File too large\)"),
        small_files(1000),
        writing(tmp_path / name) as file,
    ):
        file.write(content)
    assert names(tmp_path) == [name] and (tmp_path / name).read_bytes() == b"good"


def test_a_file_in_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        files.write_text(tmp_path / "file" / "x", "")
    with pytest.raises(RunError, match="cannot be written"), files.new_directory(tmp_path / "file" / "x"):
        pass
    assert names(tmp_path) == ["file"]


def test_new_directory_appears_when_it_is_complete(tmp_path: Path) -> None:
    with files.new_directory(tmp_path / "a" / "b") as scratch:
        save_file({"w": torch.zeros(3)}, scratch / "w.safetensors")
        assert not (tmp_path / "a" / "b").exists()
    assert names(tmp_path / "a") == ["b"] and names(tmp_path / "a" / "b") == ["w.safetensors"]
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "a" / "b" / "w.safetensors").stat().st_mode) == 0o644


def test_new_directory_is_synced_before_it_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(files, "sync", lambda path: synced.append((path.name, (tmp_path / "b").exists())))
    with files.new_directory(tmp_path / "b") as scratch:
        (scratch / "one").write_text("")
        (scratch / "two").write_text("")
    assert set(synced) == {("one", False), ("two", False), (scratch.name, False), (tmp_path.name, True)}
    assert synced[-2:] == [(scratch.name, False), (tmp_path.name, True)]


def test_new_directory_replaces_an_old_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with files.new_directory(tmp_path / "b") as scratch:
            (scratch / text).write_text(text)
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["new"]


def test_new_directory_keeps_the_old_one_after_an_error(tmp_path: Path) -> None:
    with files.new_directory(tmp_path / "b") as scratch:
        (scratch / "old").write_text("old")
    with pytest.raises(KeyError), files.new_directory(tmp_path / "b") as scratch:
        (scratch / "new").write_text("new")
        raise KeyError
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["old"]


@pytest.mark.parametrize("failing", ["sync", "first replace", "second replace"])
def test_new_directory_keeps_the_old_one_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    with files.new_directory(tmp_path / "b") as scratch:
        (scratch / "old").write_text("old")
    replace, calls = os.replace, [0]

    def refuse(*_: object) -> None:
        raise DISK_FULL

    def replace_but_one(source: Path, target: Path) -> None:
        calls[0] += 1
        if calls[0] == (1 if failing == "first replace" else 2):
            raise DISK_FULL
        replace(source, target)

    if failing == "sync":
        monkeypatch.setattr(files, "sync", refuse)
    else:
        monkeypatch.setattr(os, "replace", replace_but_one)
    with pytest.raises(RunError, match="No space left"), files.new_directory(tmp_path / "b") as scratch:
        (scratch / "new").write_text("new")
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["old"]


def test_an_error_of_safetensors_is_reported_as_ours(tmp_path: Path) -> None:
    """safetensors writes its own files and raises its own error, so the limit of the system is real here."""
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


def refuse_directories(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    """Make `os.open` or `os.fsync` fail for directories with the error `number`."""
    original = getattr(os, call)

    def refuse(file: Any, *arguments: Any, **options: Any) -> Any:
        # shutil.rmtree passes dir_fd, which Windows does not have
        if not options and stat.S_ISDIR(os.stat(file).st_mode):
            raise OSError(number, os.strerror(number))
        return original(file, *arguments, **options)

    monkeypatch.setattr(os, call, refuse)


@pytest.mark.parametrize(("call", "number"), [("open", errno.EACCES), ("fsync", errno.EINVAL)])
def test_directories_that_cannot_be_synced_are_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """Windows refuses to open a directory; some file systems refuse to sync one."""
    refuse_directories(monkeypatch, call, number)
    for text in ("old", "new"):
        with files.new_directory(tmp_path / "b") as scratch:
            (scratch / "file").write_text(text)
    assert (tmp_path / "b" / "file").read_text() == "new" and names(tmp_path) == ["b"]


def test_an_input_output_error_of_a_directory_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_directories(monkeypatch, "fsync", errno.EIO)
    with pytest.raises(RunError, match="cannot be written"), files.new_directory(tmp_path / "b"):
        pass


def test_files_are_synced_through_a_handle_that_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to flush through a handle that may only read."""
    (tmp_path / "x").write_text("x")
    modes = []
    monkeypatch.setattr(os, "open", lambda path, flags: modes.append(flags) or 99)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr(os, "close", lambda handle: None)
    files.sync(tmp_path / "x")
    assert modes == [os.O_RDWR]


def test_replacing_keeps_the_old_file_after_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(KeyError), files.replacing(tmp_path / "x") as file:
        file.write(b"new")
        raise KeyError
    assert (tmp_path / "x").read_text() == "old" and names(tmp_path) == ["x"]


def test_replacing_follows_links_and_keeps_permissions(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    (tmp_path / "x").chmod(0o640)
    (tmp_path / "link").symlink_to("x")
    with files.replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "x").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_devices_are_written_and_not_replaced() -> None:
    before = os.stat(os.devnull).st_ino
    with files.replacing(Path(os.devnull)) as file:
        file.write(b"text")
    assert os.stat(os.devnull).st_ino == before and not Path(os.devnull).is_file()


def test_a_directory_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Is a directory"):
        files.write_text(tmp_path, "text")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"x\.json: cannot be read \(No such file or directory\)"),
        (b"[1]", r"x\.json: holds list, expected an object"),
        (b'{"a": ', r"x\.json: cannot be read"),
        (b"\xff", r"x\.json: cannot be read"),
        (b'{"a": ' + b"[" * 100_000, r"x\.json: cannot be read"),
    ],
)
def test_read_json_names_the_file_and_the_reason(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    for error in (ModelError, DataError):
        with pytest.raises(error, match=message):
            files.read_json(tmp_path / "x.json", error=error)


def test_next_name_follows_all_existing_names(tmp_path: Path) -> None:
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


def write_in_a_loop(folder: Path, done: Connection) -> None:
    """Write a file and a directory of two files in a loop. Send each number when its files are written."""
    for number in range(1_000_000):
        text = f"{number} " * 3000
        files.write_text(folder / "file", text)
        with files.new_directory(folder / f"d-{number}") as scratch:
            (scratch / "a").write_text(text)
            (scratch / "b").write_text(text)
        done.send(number)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs fork")
def test_a_killed_process_leaves_complete_files(tmp_path: Path) -> None:
    """After each of 20 SIGKILLs the file is complete, and each directory has both files, complete."""
    context = multiprocessing.get_context("fork")
    for kill in range(20):
        folder = tmp_path / str(kill)
        folder.mkdir()
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=write_in_a_loop, args=(folder, sender))
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
