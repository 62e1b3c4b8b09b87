"""What several subcommands share: how data is named, recipes, and the options of decoding."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_type_hints

import tyro

from seq2seq.cli.messages import say
from seq2seq.config import DecodingConfig, Settings, find_recipe
from seq2seq.devices import use_threads

if TYPE_CHECKING:
    from seq2seq.translator import Translator

Paths: TypeAlias = Annotated[tuple[tuple[str, ...], ...], tyro.conf.UseAppendAction]

Decoding: TypeAlias = Annotated[DecodingConfig, tyro.conf.arg(name="")]
"""All decoding settings as options without a prefix, such as --beam-size."""


@dataclass(frozen=True)
class Origin:
    """The options that decide which settings a training starts from. They are parsed before all others."""

    recipe: str = ""
    train: Paths = ()
    out: Path = Path("runs/sample")
    resume: bool = False

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Origin:
        """Read these options from a command line and leave the others alone."""
        origin, _ = tyro.cli(cls, args=list(arguments), return_unknown_args=True, add_help=False)
        return origin

    def settings(self) -> tuple[str, Settings]:
        """Name and settings of the recipe: that of --recipe, else `default`, or `sample` without data."""
        name = self.recipe or ("default" if self.train else "sample")
        return name, find_recipe(name)


def field_docs(kind: type) -> dict[str, str]:
    """The text below each field of a dataclass, which is its explanation."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    docs = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
            text = getattr(getattr(after, "value", None), "value", "")
            docs[before.target.id] = " ".join(str(text).split())
    return docs


def _overrides() -> type[Any]:
    """A dataclass with every field of DecodingConfig, each None unless it is given."""
    docs, hints = field_docs(DecodingConfig), get_type_hints(DecodingConfig)
    options = []
    for setting in fields(DecodingConfig):
        hint = hints[setting.name]
        option = tyro.conf.arg(
            help=docs[setting.name],
            metavar=hint.__name__.upper(),
            help_behavior_hint="(default: the model's)",
        )
        options.append((setting.name, Annotated[hint | None, option], field(default=None)))
    return make_dataclass("DecodingOverrides", options, frozen=True)


if TYPE_CHECKING:

    class DecodingOverrides:
        """Every field of DecodingConfig, each None unless it is given."""

        n_best: int | None
        beam_size: int | None

else:
    DecodingOverrides = _overrides()

Overrides: TypeAlias = Annotated[DecodingOverrides, tyro.conf.arg(name="")]


def overridden(decoding: DecodingConfig, overrides: DecodingOverrides) -> DecodingConfig:
    """The settings with what was given on the command line.

    If --n-best asks for more than the model's beam and no beam size is given, the beam is enlarged, which is
    said on stderr. Raises UsageError if both are given and contradict each other.
    """
    values: dict[str, Any] = asdict(overrides)  # type: ignore[call-overload]
    changes = {name: value for name, value in values.items() if value is not None}
    beam, n_best = changes.get("beam_size"), changes.get("n_best")
    if beam is None and n_best is not None and n_best > decoding.beam_size:
        changes["beam_size"] = n_best
        say(f"beam size {n_best} instead of the model's {decoding.beam_size}, because of --n-best {n_best}")
    if beam is not None and n_best is None:
        changes["n_best"] = min(decoding.n_best, beam)
    return replace(decoding, **changes)


def load_translator(model: str, overrides: DecodingOverrides, *, device: str, threads: int) -> Translator:
    """The model of that name, with the decoding settings given on the command line."""
    from seq2seq.translator import Translator

    use_threads(threads)
    translator = Translator.from_pretrained(model, device=device)
    translator.decoding = overridden(translator.decoding, overrides)
    return translator
