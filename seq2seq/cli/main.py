"""The `seq2seq` command: train, data, evaluate, translate, compare, gradients, plot, info, serve, export.

Each subcommand has a module of its name in this package. The scripts and `app.py` call `main` with the name
of the subcommand in front. Results go to stdout, messages to stderr.

Exit codes:

    0    success
    1    a fault of seq2seq itself; SEQ2SEQ_TRACEBACK=1 in the environment prints where it happened
    2    wrong usage: an unknown option, a bad value, options that contradict each other
    3    data that cannot be read or used
    4    a model, run or checkpoint that cannot be used
    5    the run could not go on: memory, disk, numbers that are not finite, a closed stdout
    130  stopped by SIGINT (Ctrl-C); `train` saves first
    141  the reader of stdout has stopped reading
    143  stopped by SIGTERM; `train` saves first, `serve` ends its calls and exits with 0
"""

from __future__ import annotations

import difflib
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Any

from seq2seq import __version__
from seq2seq.cli.memory import check_address_space
from seq2seq.cli.messages import say
from seq2seq.cli.streams import abandon_output, prepare_streams
from seq2seq.errors import DataError, RunError, SeqError, is_out_of_memory

COMMANDS = {
    "train": ("Train", "Train a translator from parallel text."),
    "data": ("Data", "Check, clean, split or convert parallel text."),
    "evaluate": ("Evaluate", "Score a model on a test set: BLEU, chrF and TER, as JSON."),
    "translate": ("Translate", "Translate stdin, or a file by its format."),
    "compare": ("Compare", "Train several settings on the same data; write a table and a figure."),
    "gradients": ("Gradients", "Measure how far gradients reach back in time."),
    "plot": ("Plot", "Draw the learning curves of a run."),
    "info": ("Info", "Show what a model is: languages, layers, parameters."),
    "serve": ("Serve", "Serve the web page on this machine."),
    "export": ("Export", "Copy a model into a directory of its own."),
}
"""The class of each subcommand, in the module of its name, and a line of help. A module is imported when its
command runs, so that `seq2seq --help` is quick."""

ALIASES = {
    "--decoding.": ("train", "compare", "evaluate", "translate"),
    "--data.columns": ("evaluate", "data"),
    "--data.split": ("evaluate", "data"),
}
"""Other spellings of options, and the commands in which they mean the option without its prefix."""

BATCH_TOKENS = ("--training.batch-tokens", "--training.batch_tokens")
"""The option whose value may be the word auto."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    if os.environ.get("NO_COLOR"):
        os.environ["TERM"] = "dumb"  # the only way to make tyro's help leave out colours
    prepare_streams()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
        if (
            signal.getsignal(signal.SIGINT) == signal.default_int_handler
        ):  # a job in the background ignores it
            signal.signal(signal.SIGINT, _end)
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


_signals: list[int] = []
"""The signals so far. Code that is imported can swallow the exception of a signal and fail later, so no other
error is reported after one."""


def _end(number: int, frame: FrameType | None) -> None:
    """End the process through an exception, so that half-written files are removed on the way."""
    _signals.append(number)
    raise SystemExit(128 + number)


def run(arguments: list[str]) -> int:
    """Run a command; returns its exit code. Every error is a message on stderr, never a traceback."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"warning: {message}")
        try:
            if not arguments or arguments[0] not in COMMANDS:
                code = _no_command(arguments)
            else:
                name = arguments[0]
                code = _run(name, _numbers([_canonical(name, option) for option in arguments[1:]]))
            sys.stdout.flush()
            return code
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        except SystemExit as end:  # from tyro, after --help or wrong usage, and from a signal
            return end.code if isinstance(end.code, int) else 2
        except Exception as error:
            return 128 + _signals[0] if _signals else _report(error)


def _canonical(command: str, option: str) -> str:
    """The option under its usual name: `--beam-size` for `--decoding.beam-size`."""
    for prefix, commands in ALIASES.items():
        if command in commands and option.startswith(prefix):
            return "--" + option.partition(".")[2]
    return option


def _numbers(arguments: Sequence[str]) -> list[str]:
    """The arguments with 0 for `--training.batch-tokens auto`, which is a whole number everywhere else."""
    numbers = list[str]()
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name in BATCH_TOKENS and value == "auto":
            argument = f"{name}=0"
        elif argument == "auto" and numbers and numbers[-1] in BATCH_TOKENS:
            argument = "0"
        numbers.append(argument)
    return numbers


def load_command(name: str) -> type[Any]:
    """The dataclass of a subcommand: its fields are the options, `run` does the work."""
    command: type[Any] = getattr(import_module(f"seq2seq.cli.{name}"), COMMANDS[name][0])
    return command


def _run(name: str, arguments: list[str]) -> int:
    """Parse the options of a command and run it."""
    import tyro

    from seq2seq.cli.help_texts import add_help_texts

    command_class = load_command(name)
    add_help_texts(command_class)
    default = command_class.default(arguments) if hasattr(command_class, "default") else None
    command = tyro.cli(command_class, args=arguments, default=default, prog=f"seq2seq {name}")
    check_address_space(name)
    if _signals:  # swallowed while the command was imported
        raise SystemExit(128 + _signals[0])
    return int(command.run())


def _report(error: Exception) -> int:
    """Print a message about `error`; returns the exit code."""
    if os.environ.get("SEQ2SEQ_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, SeqError):
        say(f"error: {error}")
        return error.exit_code
    if isinstance(error, BrokenPipeError):  # the reader of our output has stopped reading
        abandon_output()
        return 128 + 13  # SIGPIPE
    if isinstance(error, OSError):
        abandon_output()
        say(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}")
        return DataError.exit_code if isinstance(error, FileNotFoundError) else RunError.exit_code
    if is_out_of_memory(error):
        say("error: not enough memory; lower --batch-size or --training.batch-tokens, or split long lines")
        return RunError.exit_code
    first_line = str(error).partition("\n")[0]
    say(
        f"error: {type(error).__name__}: {first_line} (a fault of seq2seq itself: please report it with what "
        "SEQ2SEQ_TRACEBACK=1 prints)"
    )
    return 1


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
