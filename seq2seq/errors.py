"""Errors that a user can do something about, and the exit code of each."""

from __future__ import annotations


class SeqError(Exception):
    """Base class. `exit_code` is what the commands return for the error."""

    exit_code = 1


class UsageError(SeqError, ValueError):
    """A setting or an argument is wrong."""

    exit_code = 2


class UsageTypeError(UsageError, TypeError):
    """An argument of a function has the wrong type."""


class DataError(SeqError, ValueError):
    """Data is wrong. The message says where (`file:line`), what is there, and what was expected."""

    exit_code = 3


class ModelError(SeqError, ValueError):
    """A model directory or a checkpoint cannot be used."""

    exit_code = 4


class RunError(SeqError, RuntimeError):
    """A run could not continue: loss not finite, out of memory, disk full."""

    exit_code = 5
