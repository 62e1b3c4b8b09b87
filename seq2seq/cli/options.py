"""Options that several subcommands share: data, recipes and decoding."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import asdict, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

import tyro

from seq2seq.cli.help_texts import field_docs
from seq2seq.cli.messages import say
from seq2seq.config import DecodingConfig, Settings, find_recipe
from seq2seq.config.decoding import check_given
from seq2seq.devices import find_device, use_threads
from seq2seq.errors import UsageError
from seq2seq.preparation.glossary import Glossary

if TYPE_CHECKING:
    from seq2seq.translator import Translator

Paths: TypeAlias = Annotated[tuple[tuple[str, ...], ...], tyro.conf.UseAppendAction]

Models: TypeAlias = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]

EngineName: TypeAlias = Literal["auto", "torch", "onnx", "onnx-float32"]
"""As in `engines.choosing`, which loads torch: help answers without it."""

Decoding: TypeAlias = Annotated[DecodingConfig, tyro.conf.arg(name="")]
"""All decoding settings as options without a prefix, such as --beam-size."""


def optional(metavar: str) -> Any:
    """Help of an option that may be left out: `metavar` stands for its value, without "None"."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


ReverseWeight: TypeAlias = Annotated[float | None, optional("FLOAT")]


@dataclass(frozen=True)
class Origin:
    """The options that decide which settings a training starts from. They are parsed before all others."""

    recipe: str = ""
    train: Paths = ()
    out: Path | None = None
    resume: bool = False
    dry_run: bool = False
    init_from: str = ""
    seed: int | None = None

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Origin:
        """Read these options from a command line and ignore the others.

        Returns the defaults if one of them has a bad value. The parser of all options reports it.
        """
        with suppress(SystemExit), redirect_stderr(io.StringIO()):
            return tyro.cli(cls, args=list(arguments), return_unknown_args=True, add_help=False)[0]
        return cls()

    @property
    def directory(self) -> Path:
        """The run directory: --out, or else runs/ and the name of the first training data."""
        from seq2seq.training_data.arguments import split_direction

        first = split_direction(self.train[0])[1][0] if self.train and self.train[0] else "sample"
        return self.out or Path("runs") / Path(first.removesuffix(".gz").replace(":", "-")).stem

    def settings(self) -> tuple[str, Settings]:
        """Name and settings of the recipe: that of --recipe, else `adapt` with --init-from, `default`, or
        `sample` without data. What the model of --init-from decides is set to that."""
        name = self.recipe or ("adapt" if self.init_from else "default" if self.train else "sample")
        settings = find_recipe(name)
        if not self.init_from:
            return name, settings
        from seq2seq.bundle.starting import load_start, start_settings

        return name, start_settings(load_start(self.init_from), settings)


def optional_fields(kind: type, *, hint: str) -> list[tuple[str, Any, Any]]:
    """The fields of the dataclass `kind` as options that are None unless given, for `make_dataclass`.

    `hint` takes the place of the default in the help.
    """
    docs, types = field_docs(kind), get_type_hints(kind)
    options = []
    for setting in fields(kind):
        option = tyro.conf.arg(
            help=docs.get(setting.name),
            metavar=_metavar(types[setting.name]),
            help_behavior_hint=f"(default: {hint})",
        )
        options.append((setting.name, Annotated[types[setting.name] | None, option], field(default=None)))
    return options


def _metavar(kind: Any) -> str:
    """What stands for a value of the type `kind` in the help."""
    if kind is bool:
        return "{True,False}"
    if get_origin(kind) is Literal:
        return "{" + ",".join(map(str, get_args(kind))) + "}"
    return str(kind.__name__).upper()


if TYPE_CHECKING:

    class DecodingOverrides:
        """Every field of DecodingConfig, each None unless it is given."""

        n_best: int | None
        beam_size: int | None
        temperature: float | None

else:
    DecodingOverrides = make_dataclass(
        "DecodingOverrides", optional_fields(DecodingConfig, hint="the model's"), frozen=True
    )

Overrides: TypeAlias = Annotated[DecodingOverrides, tyro.conf.arg(name="")]


def overridden(decoding: DecodingConfig, overrides: DecodingOverrides) -> DecodingConfig:
    """The settings `decoding` of a model with the changes of the command line.

    Without sampling, --n-best is at most the beam size. If both are given and contradict each other,
    UsageError. If one is given, the model's value of the other is adapted, and a message on stderr says so.
    """
    values: dict[str, Any] = asdict(overrides)  # type: ignore[call-overload]
    changes = {name: value for name, value in values.items() if value is not None}
    check_given(changes)
    if changes.get("temperature", decoding.temperature):
        return replace(decoding, **changes)
    beam, n_best = changes.get("beam_size"), changes.get("n_best")
    if beam is not None and n_best is not None and n_best > beam:
        raise UsageError(f"--n-best is {n_best} and --beam-size {beam}, expected --n-best <= --beam-size")
    if beam is None and n_best is not None and n_best > decoding.beam_size:
        changes["beam_size"] = n_best
        say(f"beam size {n_best} instead of the model's {decoding.beam_size}, because of --n-best {n_best}")
    if n_best is None and beam is not None and 1 <= beam < decoding.n_best:
        changes["n_best"] = beam
        say(f"n-best {beam} instead of the model's {decoding.n_best}, because of --beam-size {beam}")
    return replace(decoding, **changes)


def load_translator(
    models: Sequence[str],
    overrides: DecodingOverrides,
    *,
    device: str,
    threads: int,
    glossary: Path | None = None,
    reverse_model: str = "",
    reverse_weight: float | None = None,
    engine: EngineName = "auto",
) -> Translator:
    """The model of that name, or the ensemble of several, with what else was given on the command line:
    decoding settings, a glossary, a reverse model with its weight, and the engine."""
    if reverse_weight is not None and not reverse_model:
        raise UsageError(f"--reverse-weight is {reverse_weight}, expected none without --reverse-model")
    use_threads(threads)
    find_device(device)  # a bad device or glossary is reported before the model is read
    terms = Glossary.from_file(glossary) if glossary is not None else Glossary()
    from seq2seq.translator import Translator

    translator = Translator.from_pretrained(
        models, device=device, reverse=reverse_model or None, engine=engine
    )
    if reverse_weight is not None:
        translator.reverse_weight = reverse_weight
    translator.decoding = overridden(translator.decoding, overrides)
    translator.glossary = terms
    return translator
