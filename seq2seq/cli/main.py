"""The `seq2seq` command: train, evaluate, translate, compare, gradients, plot, info, serve, export.

Each subcommand has a module of its name in this package. The scripts and `app.py` call `main` with the name
of the subcommand in front. Results go to stdout, messages to stderr. Exit codes: 0 fine, 2 wrong usage,
3 data, 4 model or checkpoint, 5 the run could not go on, 130 and 143 stopped by a signal.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from seq2seq import __version__
from seq2seq.cli.messages import say
from seq2seq.errors import DataError, RunError, SeqError

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


ALIASES = {
    "--decoding.": ("train", "compare", "evaluate", "translate"),
    "--data.columns": ("evaluate",),
    "--data.split": ("evaluate",),
}
"""Other spellings of options, and the commands in which they mean the option without its prefix."""

LEAST_ADDRESS_SPACE = 3 * 2**30
"""Bytes of address space (`ulimit -v`) that torch needs. With less it aborts, or fails with other errors."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    if os.environ.get("NO_COLOR"):
        os.environ["TERM"] = "dumb"  # the only way to make tyro's help leave out colours
    _open_standard_streams()
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def _open_standard_streams() -> None:
    """Write UTF-8 whatever the locale, and put /dev/null where stdin, stdout or stderr is closed.

    Otherwise the next file that is opened would get the number of the closed stream.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def run(arguments: list[str]) -> int:
    """Run a command; returns its exit code. A user's mistake is a message, never a traceback."""
    if sys.stdout is None:
        say("error: stdout is closed, and results are written there")
        return RunError.exit_code
    if not arguments or arguments[0] not in COMMANDS:
        return _no_command(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"warning: {message}")
        name, options = arguments[0], [_canonical(arguments[0], option) for option in arguments[1:]]
        try:
            return _run(name, options)
        except SeqError as error:
            say(f"error: {error}")
            return error.exit_code
        except KeyboardInterrupt:
            return 130
        except SystemExit as end:  # from tyro, after --help or wrong usage, and from a second signal
            return end.code if isinstance(end.code, int) else 2
        except Exception as error:
            return _failed(error)


def _canonical(command: str, option: str) -> str:
    """The option under its usual name: `--beam-size` for `--decoding.beam-size`."""
    for prefix, commands in ALIASES.items():
        if command in commands and option.startswith(prefix):
            return "--" + option.partition(".")[2]
    return option


def load_command(name: str) -> type[Any]:
    """The dataclass of a subcommand: its fields are the options, `run` does the work."""
    command: type[Any] = getattr(import_module(f"seq2seq.cli.{name}"), COMMANDS[name][0])
    return command


def _run(name: str, arguments: list[str]) -> int:
    """Parse the options of a command and run it."""
    import tyro

    command_class = load_command(name)
    default = command_class.default(arguments) if hasattr(command_class, "default") else None
    command = tyro.cli(command_class, args=arguments, default=default, prog=f"seq2seq {name}")
    _check_address_space()
    code = int(command.run())
    sys.stdout.flush()
    return code


def _check_address_space() -> None:
    """RunError if the address space is limited to less than torch needs: it would abort without a message."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESS_SPACE:
        raise RunError(
            f"the address space is limited to {limit / 2**30:.1f} GiB, expected "
            f"{LEAST_ADDRESS_SPACE / 2**30:g} GiB or more (ulimit -v)"
        )


def _failed(error: Exception) -> int:
    """The exit code for an error that no command expects, after a message."""
    if os.environ.get("SEQ2SEQ_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):  # the reader of our output has stopped reading
        _silence_stdout()
        return 141
    if isinstance(error, OSError):
        _silence_stdout()
        say(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}")
        return DataError.exit_code if isinstance(error, FileNotFoundError) else RunError.exit_code
    if isinstance(error, MemoryError) or "allocate memory" in str(error) or "out of memory" in str(error):
        say("error: not enough memory; lower --batch-size or --training.batch-tokens, or split long lines")
        return RunError.exit_code
    first = str(error).partition("\n")[0]
    say(
        f"error: {type(error).__name__}: {first} (a fault of seq2seq itself: please report it with what "
        "SEQ2SEQ_TRACEBACK=1 prints)"
    )
    return 1


def _silence_stdout() -> None:
    """Python flushes stdout at its end: what could not be written must not be tried again."""
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
