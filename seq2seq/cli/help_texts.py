"""Help of the options: the text below the field of a dataclass.

tyro reads these texts too, but it keeps the line breaks of the source, so that help has short lines in odd
places. It prefers the entry "help" of a field's metadata, which is set here.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import fields, is_dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, get_args, get_type_hints


def field_docs(kind: type) -> dict[str, str]:
    """The text below each field of the dataclass `kind`, its own and inherited ones, each on one line.

    Empty if the source code is not available.
    """
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if is_dataclass(base):
            docs |= _own_docs(base)
    return docs


def _own_docs(kind: type) -> dict[str, str]:
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except OSError:
        return {}
    docs = {}
    for statement, following in pairwise(getattr(definition, "body", [])):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = " ".join(text.split())
    return docs


def add_help_texts(kind: type) -> None:
    """Set the help of all fields of the dataclass `kind` and of the dataclasses in it."""
    docs, hints = field_docs(kind), get_type_hints(kind)
    for field in fields(kind):
        if field.name in docs and "help" not in field.metadata:
            field.metadata = MappingProxyType({**field.metadata, "help": docs[field.name]})
        for part in _dataclasses_in(hints[field.name]):
            add_help_texts(part)


def _dataclasses_in(hint: Any) -> list[type]:
    """The dataclasses of a type: itself, or the members of a union."""
    return [part for part in (hint, *get_args(hint)) if isinstance(part, type) and is_dataclass(part)]
