"""The documentation: every command and snippet runs, the outputs shown are the real ones, the site builds.

The blocks of a page run in order, in a folder of their own. Comments before a block say what differs:

    <!-- not run: REASON -->           the block is left out
    <!-- exits: CODE -->               its last command fails, with this exit code
    <!-- test adds: OPTIONS -->        the command gets these options as well, to be short
    <!-- edit: FILE before "LINE" -->  it is put into FILE, before the line that begins so (or `after`)
    <!-- from: FILE -->                each line of the block stands in FILE

and before a block that shows an output, how much of it must be the same:

    <!-- output: exact -->             all of its lines; without this comment, any number stands for a number
    <!-- output: lines -->             the number of lines
    <!-- output: keys -->              the keys of a JSON object
    <!-- output: last -->              the last line

A block with a title is written to a file of that name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from seq2seq.bundle.record import KEYS
from seq2seq.data.sample import write_sample
from seq2seq.errors import SeqError
from seq2seq.evaluation.metrics import Score
from seq2seq.evaluation.scoring import Evaluation
from seq2seq.translation import Translation
from seq2seq.webui.api import result

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"(?P<marks>(?:^<!--[^\n]*-->\n)*)^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
MARK = re.compile(r"<!-- (not run|exits|test adds|output|edit|from): (.*?) -->")
NUMBER = r"(?:\\?[-+])?\d(?:[\d,:]|\\\.\d)*(?:e\\?[-+]\d+)?"  # in a text that re.escape has escaped
TINY = (
    "--recipe sample --training.steps 4 --training.save-every 2 --training.validation-sentences 5"
    " --model.encoder-size 16 --model.decoder-size 24 --model.embedding-size 16 --model.attention-size 16"
    " --data.vocab-size 500"
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the comments before it by name."""

    kind: str
    text: str
    title: str
    marks: dict[str, str]
    line: int


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match["kind"],
            match["text"],
            match["title"] or "",
            dict(MARK.findall(match["marks"])),
            text.count("\n", 0, match.start("kind")) + 1,
        )
        for match in BLOCK.finditer(text)
    ]


PAGES = sorted(page for page in DOCS.rglob("*.md") if "notes" not in page.parts)
RUNNABLE = [page for page in PAGES if any(block.kind in ("bash", "python") for block in blocks(page))]


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


class Session:
    """The shell of a reader who works through a page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: subprocess.Popen[bytes] | None = None
        self.port = 0
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        self.environment = {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),  # a copy of the package goes first
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",  # quicker for networks as small as these
            "PYTHONIOENCODING": "utf-8",
        }

    def run(self, block: Block) -> str:
        """Run a block; returns what it printed."""
        text = block.text.replace("127.0.0.1:7860", f"127.0.0.1:{self.port}")
        if block.kind == "python":
            return self._execute([sys.executable, "-c", text], block)
        if text.startswith("seq2seq serve"):
            self._serve(text)
            return ""
        if added := block.marks.get("test adds"):
            text, number = re.subn(
                r"(?m)^(.*seq2seq (?:train|compare|gradients) .*)$", rf"\1 {added}", text.replace("\\\n", " ")
            )
            assert number, f"line {block.line}: no command to add {added!r} to"
        return self._execute(["bash", "-euc", text], block)

    def _execute(self, command: list[str], block: Block) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=280,
        )
        printed = done.stdout.decode("utf-8")
        shown = f"line {block.line}: exit code {done.returncode}\n{block.text}\n{printed}"
        assert done.returncode == int(block.marks.get("exits", 0)), shown
        return printed

    def _serve(self, command: str) -> None:
        """Start the server of the block and wait until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        words = [*command.split(), "--port", str(self.port)]
        self.server = subprocess.Popen(
            words, cwd=self.folder, env=self.environment, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while True:
            assert self.server.poll() is None, f"{command} ended"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)
                return
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < deadline, f"{command} does not answer"
                time.sleep(0.3)

    def stop(self) -> int:
        """Stop the server, if one runs; returns its exit code."""
        if self.server is None:
            return 0
        self.server.send_signal(signal.SIGTERM)
        return self.server.wait(timeout=30)


def check_output(expected: Block, printed: str) -> None:
    """Compare what a page shows with what a block printed."""
    mode = expected.marks.get("output", "pattern")
    if mode == "lines":
        assert expected.text.count("\n") == printed.count("\n"), printed
    elif mode == "keys":
        assert json.loads(expected.text).keys() == json.loads(printed).keys()
    else:
        rest = iter(printed.split("\n"))
        lines = expected.text.rstrip("\n").split("\n")
        for line in lines[-1:] if mode == "last" else lines:
            if line.strip() != "…":
                pattern = _pattern(line.rstrip(), exact=mode == "exact")
                found = any(re.fullmatch(pattern, other.rstrip()) for other in rest)
                assert found, f"line {expected.line}: {line!r} is not in\n{printed}"


def _pattern(line: str, *, exact: bool) -> str:
    """A line as a regular expression: … is anything, and without `exact` a number is any number."""
    pattern = re.escape(line).replace("…", ".*").replace(r"\ \ \(best\)", r"(?:\ \ \(.*\))?")
    return pattern if exact else re.sub(NUMBER, r"[-+]?\\d(?:[\\d,:]|\\.\\d)*(?:e[-+]\\d+)?", pattern)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the tutorial leaves it: the sample corpus in data/, and a trained run, here a tiny one."""
    folder = tmp_path_factory.mktemp("project")
    for name, path in write_sample(folder / "data").items():
        if name != "train":  # fewer sentences to translate
            lines = path.read_text(encoding="utf-8").split("\n")[:30]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = "--train data/train.tsv --valid data/valid.tsv --source-lang en --target-lang fr --out runs/en-fr"
    Session(folder).run(Block("bash", f"seq2seq train {data} {TINY}", "", {}, 0))
    return folder


@pytest.fixture
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Session]:
    """A session in an empty folder, or in one as the tutorial leaves it."""
    folder = tmp_path / "work"
    if request.param.name == "tutorial.md":
        folder.mkdir()
    else:
        shutil.copytree(request.getfixturevalue("project"), folder)
    if any("edit" in block.marks for block in blocks(request.param)):
        shutil.copytree(ROOT / "seq2seq", folder / "seq2seq", ignore=shutil.ignore_patterns("__pycache__"))
    session = Session(folder)
    yield session
    if session.server is not None and session.server.poll() is None:
        session.server.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("session", "page"), [(page, page) for page in RUNNABLE], ids=map(name, RUNNABLE), indirect=["session"]
)
def test_every_block_of_a_page_runs(session: Session, page: Path) -> None:
    printed = None
    for block in blocks(page):
        if "not run" in block.marks or "from" in block.marks:
            printed = None
        elif "edit" in block.marks:
            _edit(session.folder, block)
        elif block.title:
            (session.folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (session.folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.kind in ("bash", "python"):
            printed = session.run(block)
        elif block.kind in ("text", "json") and printed is not None:
            check_output(block, printed)
            printed = None
    assert session.stop() == 0


def _edit(folder: Path, block: Block) -> None:
    match = re.fullmatch(r'(\S+) (before|after) "(.+)"', block.marks["edit"])
    assert match, block.marks["edit"]
    file, lines = folder / match[1], (folder / match[1]).read_text(encoding="utf-8").split("\n")
    (index,) = [index for index, line in enumerate(lines) if line.startswith(match[3])]
    lines.insert(index + (match[2] == "after"), block.text)
    file.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_quoted_code_stands_in_the_source(page: Path) -> None:
    for block in blocks(page):
        if file := block.marks.get("from"):
            source = {line.strip() for line in (ROOT / file).read_text(encoding="utf-8").split("\n")}
            missing = [line for line in block.text.split("\n") if line.strip() and line.strip() not in source]
            assert not missing, f"{name(page)}:{block.line}: {missing} not in {file}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_is_left_out_without_a_reason(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fences = len(re.findall(r"(?m)^```\w", text))
    assert fences == len(blocks(page)), "a fenced block that this test does not understand"
    for block in blocks(page):
        assert block.marks.get("not run", "a reason") not in ("", "why")
    assert set(re.findall(r"(?m)^<!-- ([a-z ]+):", text)) <= {
        "not run",
        "exits",
        "test adds",
        "output",
        "edit",
        "from",
        "generate",
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_of_the_plain_pages_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert not target.startswith("http") or "notes" in page.parts, (
            f"{target}: pages work without a network"
        )
        assert target.startswith("http") or (page.parent / target).exists(), f"{name(page)}: {target}"


@pytest.mark.slow
def test_site_builds_strictly_and_needs_no_network(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        fetched = re.findall(r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=\"?(https?:[^\s\">]+)", html)
        assert not fetched, f"{page.name} fetches {fetched}"
    settings = (tmp_path / "site/reference/settings/index.html").read_text(encoding="utf-8")
    assert "label_smoothing" in settings and "<!-- generate" not in settings


def subclasses(kind: type[SeqError]) -> list[type[SeqError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in subclasses(child))]


def test_page_of_exit_codes_lists_every_error() -> None:
    page = (DOCS / "reference/exit-codes.md").read_text(encoding="utf-8")
    for error in subclasses(SeqError)[1:]:
        (row,) = re.findall(rf"(?m)^\| {error.exit_code} \| .*$", page)
        named = [base.__name__ for base in error.__mro__ if issubclass(base, SeqError)][:-1]
        assert any(f"`{name}`" in row for name in named), f"{error.__name__}: {row}"


def test_page_of_json_lists_every_field() -> None:
    page = (DOCS / "reference/json.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"(?m)^\| (`[^|]*) \|", page))))
    score = Score(1.0, "signature")
    evaluation = Evaluation({"bleu": score, "chrf": score, "ter": score}, ["text"], 1.0, "model").to_dict()
    fields = {*Translation("text").to_dict(), *result(Translation("text"), "model", done=True), *evaluation}
    assert fields | set(KEYS) <= listed


@pytest.mark.slow
def test_page_of_the_run_directory_lists_every_file(project: Path) -> None:
    page = (DOCS / "reference/run-directory.md").read_text(encoding="utf-8")
    listed = re.findall(r"`([^`]+)`", " ".join(re.findall(r"(?m)^\| (`[^|]*) \|", page)))
    names = {name.split("/")[0] for name in listed}
    assert {entry.name for entry in (project / "runs/en-fr").iterdir()} <= names


@pytest.mark.slow
def test_pictures_can_be_drawn_again(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(DOCS / "draw.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=120,
    )
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {"activations.png", "attention.png", "cells.png", "products.png"}
    assert all((tmp_path / name).read_bytes()[:4] == b"\x89PNG" for name in drawn)
