"""The README's commands and snippets run as they stand, in a copy of the checkout.

`pip install` is left to `.ci/run`, which installs by the same lines; a training gets a limit of a few steps
added.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seq2seq.data.sample import write_sample

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(bash|python)\n(.*?)```", README, re.DOTALL)
FEW_STEPS = " --training.steps 3 --training.validation-sentences 10"


def commands(word: str) -> list[str]:
    """All command lines of the README that hold `word`."""
    lines = [line for kind, block in BLOCKS if kind == "bash" for line in block.split("\n")]
    return [line for line in lines if word in line]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with scripts and page as in a clone, and small files of the names that the README uses."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "app.py", folder)
    paths = write_sample(folder / "sample")
    for name in ("train", "valid"):
        rows = [
            line.split("\t") for line in paths[name].read_text(encoding="utf-8").split("\n")[:500] if line
        ]
        for side, language in enumerate(("en", "de")):
            text = "".join(row[side] + "\n" for row in rows)
            (folder / f"{name}.{language}").write_text(text, encoding="utf-8")
    test = paths["test"].read_text(encoding="utf-8").split("\n")[:20]
    (folder / "test.tsv").write_text("\n".join(test) + "\n", encoding="utf-8")
    (folder / "in.txt").write_text("Good morning.\n\nShe reads a book.\n", encoding="utf-8")
    return folder


def environment() -> dict[str, str]:
    """This interpreter first on the path, so that `python` is the one that runs the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the README in `folder`."""
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment(), capture_output=True, text=True, timeout=240
    )


def test_blocks_are_known() -> None:
    """Nobody adds a block that no test runs."""
    starts = {
        line.split()[0] for kind, block in BLOCKS if kind == "bash" for line in block.strip().split("\n")
    }
    assert starts == {"git", "pip", "python"}
    assert [kind for kind, _ in BLOCKS].count("python") == 1


def test_clone(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    (command,) = commands("git clone")
    result = run(command.replace("<URL of this repository>", shlex.quote(str(ROOT))) + " && ls", tmp_path)
    assert result.returncode == 0, result.stderr
    assert {"pyproject.toml", "app.py", "seq2seq"} <= set(result.stdout.split())


def test_training_from_two_files(checkout: Path) -> None:
    (command,) = commands("scripts/train.py --train")
    result = run(command + FEW_STEPS + " --data.vocab-size 600", checkout)
    assert result.returncode == 0, result.stderr
    assert (checkout / "runs/en-de/best.json").exists()
    assert (checkout / "runs/en-de/learning-curves.png").exists()


def test_training_without_data(checkout: Path) -> None:
    assert "`python scripts/train.py` trains on a sample corpus" in README.replace("\n", " ")
    result = run("python scripts/train.py" + FEW_STEPS, checkout)
    assert result.returncode == 0, result.stderr
    assert "SAMPLE" in result.stderr.upper()


@pytest.mark.slow
def test_comparing(checkout: Path) -> None:
    (command,) = commands("scripts/compare.py --setting")
    result = run(command.replace("--training.steps 500", FEW_STEPS) + " --threads 1", checkout)
    assert result.returncode == 0, result.stderr
    assert "| lstm | 1 |" in (checkout / "runs/compare/comparison.md").read_text(encoding="utf-8")
    assert (checkout / "runs/compare/comparison.png").exists()


def test_translate(checkout: Path) -> None:
    (command,) = commands("scripts/translate.py")
    result = run(command, checkout)
    assert result.returncode == 0, result.stderr
    lines = (checkout / "out.txt").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 4 and lines[1] == "" and lines[3] == ""
    assert "livre" in lines[2]


def test_evaluate(checkout: Path) -> None:
    (command,) = commands("scripts/evaluate.py")
    result = run(command, checkout)
    assert result.returncode == 0, result.stderr
    assert '"signature": "nrefs:1|case:mixed|' in result.stdout


def test_snippet() -> None:
    (snippet,) = (block for kind, block in BLOCKS if kind == "python")
    result = subprocess.run(
        [sys.executable, "-c", snippet], env=environment(), capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert "→ livre" in result.stdout


def test_page(checkout: Path) -> None:
    """The first command's second half: the page comes up, translates over its API, and ends cleanly."""
    (command,) = commands("app.py")
    assert command.endswith("&& python app.py")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=checkout,
        env=environment(),
        stderr=subprocess.DEVNULL,
    ) as page:
        try:
            assert "livre" in str(ask(port, "She reads a book."))
        finally:
            page.send_signal(signal.SIGTERM)
        assert page.wait(timeout=20) == 0


def ask(port: int, text: str) -> object:
    """The page's answer to `text` over its API, once it is up."""
    import httpx
    from gradio_client import Client

    deadline = time.monotonic() + 60
    while True:
        try:
            client = Client(f"http://127.0.0.1:{port}", verbose=False)
            return client.predict(text, api_name="/translate")
        except (httpx.HTTPError, OSError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def test_links_exist() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    for target in targets:
        assert target.startswith("https://") or (ROOT / target).exists(), target
