"""The house rules: who may import whom, what the package never uses, and how long a function may be.

Everything is read from the source, so that an import inside a function counts like one at the top.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "seq2seq"
FILES = sorted(PACKAGE.rglob("*.py"))

# A module imports lower layers only. A new module goes into the lowest layer that can hold it.
LAYERS = [
    {
        "config",
        "settings",
        "pairs",
        "distributed",
        "files",
        "lines",
        "columns",
        "progress",
        "translation",
        "card",
        "lexicon",
        "recurrence",
        "dropout",
    },
    {
        *("tokenizer", "corpus", "storage", "cleaning", "sample", "cells", "attention", "embedding"),
        *("losses", "optimization", "search", "metrics", "plots", "linewise", "summary"),
    },
    {"batching", "encoder", "decoder"},
    {"model", "preparation"},
    {"bundle", "checkpoint", "quantization", "packing", "inference"},
    {"rundir", "pretrained", "translator", "updates"},
    {"evaluation", "training", "pipeline", "gradients"},
    {"jobs"},
    {"comparison"},
    {"webui"},
    {"commands"},
    {"experiments"},
    {"cli"},
]
LAYER_OF = {module: layer for layer, modules in enumerate(LAYERS) for module in modules}
FLOOR = {"config", "pairs"}  # import nothing of the package, so the rest of layer 0 may import them
SAME_LAYER = {  # the arrows inside layers 5 and 6
    ("pretrained", "rundir"),
    ("translator", "pretrained"),
    ("training", "evaluation"),
    ("pipeline", "training"),
}
DOORS = {"__init__", "__main__"}  # what users enter by: may import all, imported by none
FORBIDDEN = {
    "pickle": "weights and state are safetensors and JSON: loading never runs code",
    "torch.load": "weights and state are safetensors: loading never runs code",
    "splitlines": "it splits at U+2028, form feeds and more; lines end at \\n only",
}
LONGEST_FUNCTION = 60
LONGEST_MODULE = 400


def module_of(file: Path) -> str:
    """The name in the layer table: a file's own, or that of the folder it is in."""
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


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


def wrong_arrows(module: str, source: str) -> list[str]:
    """Complaints about what a module of the package imports from it."""
    complaints = []
    if module not in LAYER_OF and module not in DOORS:
        return [f"{module} is not in the layer table of test_layers.py"]
    for line, name in imported_names(source):
        parts = name.split(".")
        if parts[0] != "seq2seq" or module in DOORS:
            continue
        other = parts[1] if len(parts) > 1 else "__init__"
        if other == module:
            continue
        if other not in LAYER_OF:
            complaints.append(f"{module}:{line} imports {name}, which is no module of the layer table")
        elif other in FLOOR and module not in FLOOR:
            continue
        elif LAYER_OF[other] >= LAYER_OF[module] and (module, other) not in SAME_LAYER:
            complaints.append(
                f"{module}:{line} (layer {LAYER_OF[module]}) imports {other} (layer {LAYER_OF[other]})"
            )
    return complaints


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
def test_imports_go_down(file: Path) -> None:
    assert wrong_arrows(module_of(file), file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", FILES, ids=identity)
def test_functions_and_modules_stay_short(file: Path) -> None:
    assert too_long(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_package_never_uses(word: str) -> None:
    users = [identity(file) for file in FILES if word in file.read_text(encoding="utf-8")]
    assert users == [], FORBIDDEN[word]


def test_gradio_is_imported_in_webui_only() -> None:
    sources = [*FILES, ROOT / "app.py", *sorted((ROOT / "scripts").glob("*.py"))]
    users = {
        identity(file)
        for file in sources
        if file.exists() and (PACKAGE / "webui") not in file.parents
        for _, name in imported_names(file.read_text(encoding="utf-8"))
        if name.split(".")[0] in ("gradio", "gradio_client")
    }
    assert users == set()


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {
        requirement.split(">")[0].replace("-", "_")
        for requirement in [*project["dependencies"], *extras["page"], *extras["plots"]]
    }
    imported = {
        name.split(".")[0]: identity(file)
        for file in FILES
        for _, name in imported_names(file.read_text(encoding="utf-8"))
    }
    unknown = imported.keys() - declared - sys.stdlib_module_names - {"seq2seq"}
    assert {name: imported[name] for name in unknown} == {}


def test_importing_the_package_is_light() -> None:
    """The page, plots and the data library are loaded when first used; the rest costs under a second."""
    code = """
import sys, time, torch
started = time.process_time()
import seq2seq
seconds = time.process_time() - started
heavy = {"gradio", "matplotlib", "datasets", "pandas", "sacrebleu"} & sys.modules.keys()
assert not heavy, heavy
assert seconds < 1, seconds
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("module", "source", "complaints"),
    [
        ("model", "from seq2seq.config import ModelConfig\nfrom seq2seq import decoder", 0),
        ("model", "from seq2seq.translator import Translator", 1),
        ("model", "def late():\n    import seq2seq.training", 1),
        ("model", "import importlib\nimportlib.import_module('seq2seq.cli')", 1),
        ("encoder", "from seq2seq.decoder import Decoder", 1),
        ("files", "from seq2seq.config import RunError", 0),
        ("config", "from seq2seq.pairs import SentencePair", 1),
        ("training", "from seq2seq.evaluation import evaluate", 0),
        ("evaluation", "from seq2seq.training import Trainer", 1),
        ("webui", "from seq2seq.webui import live\nfrom seq2seq.translator import Translator", 0),
        ("bundle", "from seq2seq import Translator", 1),
        ("cli", "import seq2seq", 1),
        ("helpers", "", 1),
        ("__main__", "from seq2seq.cli import main", 0),
    ],
)
def test_the_check_of_imports_sees(module: str, source: str, complaints: int) -> None:
    assert len(wrong_arrows(module, source)) == complaints


def test_the_check_of_lengths_sees() -> None:
    function = "def f():\n" + "    x = 1\n" * 59
    assert too_long(function) == []
    assert len(too_long(function + "    y = 1\n")) == 1
    assert len(too_long("x = 1\n" * 401)) == 1
