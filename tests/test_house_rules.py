"""The rules of the house: sizes, words that never occur, declared dependencies, and a quick start.

Who may import whom is the contract in pyproject.toml, which `lint-imports` checks.
"""

from __future__ import annotations

import ast
import os
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import seq2seq

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "seq2seq"
FILES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN = {
    "pickle": "weights and state are safetensors and JSON: loading never runs code",
    "torch.load": "weights and state are safetensors: loading never runs code",
    "splitlines": "it splits at U+2028, form feeds and more; lines end at \\n only",
}
LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
LARGEST_ROOM = 2500


def imported_names(source: str) -> list[tuple[int, str]]:
    """(line, dotted name) of everything that a source file imports, by statement or by a call with a text."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import, expected `from seq2seq…`"
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "import_module",
            "__import__",
        ):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            found += [(node.lineno, name) for name in names if isinstance(name, str)]
    return found


def too_long(source: str) -> list[str]:
    """Complaints about functions and modules beyond the limits."""
    complaints = [
        f"line {node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    if source.count("\n") > LONGEST_MODULE:
        complaints.append(f"the module has {source.count(chr(10))} lines")
    return complaints


def identity(file: Path) -> str:
    """A file's name in the reports of pytest."""
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", FILES, ids=identity)
def test_functions_and_modules_stay_short(file: Path) -> None:
    assert too_long(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_package_never_uses(word: str) -> None:
    users = [identity(file) for file in FILES if word in file.read_text(encoding="utf-8")]
    assert users == [], FORBIDDEN[word]


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {
        requirement.split(">")[0].replace("-", "_")
        for requirement in [*project["dependencies"], *extras["page"], *extras["paper"], *extras["plots"]]
    }
    imported = {
        name.split(".")[0]: identity(file)
        for file in FILES
        for _, name in imported_names(file.read_text(encoding="utf-8"))
    }
    unknown = imported.keys() - declared - sys.stdlib_module_names - {"seq2seq"}
    assert {name: imported[name] for name in unknown} == {}


def seconds_of(*arguments: str) -> float:
    """Processor time of a command, the least of three."""
    times = []
    for _ in range(3):
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "seq2seq", *arguments], check=True, capture_output=True, cwd=ROOT
        )
        after = os.times()
        times.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return min(times)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_help_and_version_answer_at_once(option: str) -> None:
    assert seconds_of(option) < 0.5


def test_import_loads_torch_only_when_it_is_needed() -> None:
    code = """
import sys
import seq2seq
assert "Translator" in dir(seq2seq)
heavy = {"torch", "numpy", "gradio", "matplotlib", "datasets", "pandas", "sacrebleu"}
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
from seq2seq import Translator
assert "torch" in sys.modules
assert not {"gradio", "matplotlib", "datasets", "pandas", "sacrebleu"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_name_that_is_not_public() -> None:
    with pytest.raises(AttributeError, match="no attribute 'translater'"):
        seq2seq.translater  # noqa: B018


def test_rooms_stay_small() -> None:
    for room in sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()):
        lines = sum(file.read_text(encoding="utf-8").count("\n") for file in room.rglob("*.py"))
        assert lines <= LARGEST_ROOM, f"{room.name} has {lines} lines"


def test_most_functions_are_short() -> None:
    lengths = [
        node.end_lineno - node.lineno + 1
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]
    assert statistics.median(lengths) <= 12


def test_tests_mirror_the_rooms() -> None:
    """Each test file stands in the folder of its room and has the name of a module there, or of a theme."""
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py"))
    }
    assert folders <= rooms | {"first_minute"}


def test_the_check_of_lengths_sees() -> None:
    function = "def f():\n" + "    x = 1\n" * 59
    assert too_long(function) == []
    assert len(too_long(function + "    y = 1\n")) == 1
    assert len(too_long("x = 1\n" * 401)) == 1
