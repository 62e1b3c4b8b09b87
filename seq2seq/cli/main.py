"""The `seq2seq` command: train, evaluate, translate, compare, gradients, plot, info, serve, export.

Each subcommand has a module of its name in this package. The scripts and `app.py` call `main` with the name
of the subcommand in front. Results go to stdout, messages to stderr. Exit codes: 0 fine, 2 wrong usage,
3 data, 4 model or checkpoint, 5 the run could not go on, 130 and 143 stopped by a signal.
"""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from seq2seq import __version__
from seq2seq.cli.messages import say
from seq2seq.errors import SeqError

COMMANDS = {
    "train": ("Train", "Train a translator from parallel text."),
    "data": ("Data", "Check, clean, split or convert parallel text."),
    "evaluate": ("Evaluate", "Score a model on a test set: BLEU, chrF and TER, as JSON."),
    "translate": ("Translate", "Translate stdin to stdout, one line per line."),
    "compare": ("Compare", "Train several settings alike; write one table and one figure."),
    "gradients": ("Gradients", "Measure how far gradients reach back in time."),
    "plot": ("Plot", "Draw the learning curves of a run."),
    "info": ("Info", "Show what a model is: languages, layers, parameters."),
    "serve": ("Serve", "Serve the web page on this machine."),
    "export": ("Export", "Copy a model into a directory of its own."),
}
"""Of each subcommand: its class, in the module of its name, and a line of help. A module is imported when its
command runs, so that `seq2seq --help` is quick."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    if os.environ.get("NO_COLOR"):
        os.environ["TERM"] = "dumb"  # by this alone tyro leaves out the colours of its help
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run a command; returns its exit code. A user's mistake is a message, never a traceback."""
    if not arguments or arguments[0] not in COMMANDS:
        return _no_command(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"warning: {message}")
        return _run(arguments[0], arguments[1:])


def load_command(name: str) -> type[Any]:
    """The dataclass of a subcommand: its fields are the options, `run` does the work."""
    command: type[Any] = getattr(import_module(f"seq2seq.cli.{name}"), COMMANDS[name][0])
    return command


def _run(name: str, arguments: list[str]) -> int:
    try:
        import tyro

        kind = load_command(name)
        default = kind.default(arguments) if hasattr(kind, "default") else None
        command = tyro.cli(kind, args=arguments, default=default, prog=f"seq2seq {name}")
        code = int(command.run())
        sys.stdout.flush()
        return code
    except SeqError as error:
        say(f"error: {error}")
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has enough
        _let_go_of_stdout()
        return 141
    except OSError as error:
        _let_go_of_stdout()
        say(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}")
        return 3 if isinstance(error, FileNotFoundError) else 5
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:  # tyro's, after --help or wrong usage, and that of a second signal
        return end.code if isinstance(end.code, int) else 2


def _let_go_of_stdout() -> None:
    """Python flushes stdout once more at its end; what could not be written must not be tried again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _no_command(arguments: Sequence[str]) -> int:
    """Help, the version, or a hint at the command that was meant."""
    first = arguments[0] if arguments else ""
    if first == "--version":
        print(f"seq2seq {__version__}")
        return 0
    if first in ("-h", "--help"):
        print(_usage())
        return 0
    if first:
        near = difflib.get_close_matches(first, COMMANDS, n=1)
        say(f"error: no command is called {first!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    say(_usage())
    return 2


def _usage() -> str:
    rows = [f"  {name:<10} {line}" for name, (_, line) in COMMANDS.items()]
    table = "\n".join(rows)
    return f"usage: seq2seq COMMAND [OPTIONS]\n\n{table}\n\nseq2seq COMMAND --help explains each option."
