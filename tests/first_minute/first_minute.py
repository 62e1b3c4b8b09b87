"""What people type in their first minute with a translator, and which answers are acceptable.

    python tests/first_minute/first_minute.py en-fr --show
    python tests/first_minute/first_minute.py en-de --model runs/german

Each direction has a list beside this file: `en-fr.toml` (200 inputs), `fr-en.toml`, `en-de.toml` and
`de-en.toml` (100 inputs each). Its tables are the classes of inputs, and their entries have these fields:

- `input`: what is typed.
- `accept`: regular expressions. One of them must match the whole answer. A single one needs no list.
- `sentences`: instead of `accept`, one regular expression per sentence or line, in their order.
- `unchanged`: the answer may be the input as it was typed. With neither `accept` nor `sentences` it must be.
- `example`: an acceptable answer. It is the input where only that is acceptable.
- `keep`: texts that the answer must contain to the letter. What stands between words is also in `accept`.

Expressions are compared with the answer as `normalise` returns it. Case is ignored, and so are full stops,
exclamation marks and ellipses at the end of a sentence. Question marks are not ignored. The answer must have
as many lines as the input.
"""

from __future__ import annotations

import argparse
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

FOLDER = Path(__file__).parent
END = "[.!…]*"
"""Marks that an answer may have at the end of a sentence whether the pattern has them or not."""

SPELLINGS = [
    (r"\r\n?", "\n"),
    (r"\uFE0F", ""),  # asks for the coloured form of an emoji
    (r"[’‘‚ʼ']", "’"),
    (r"«\s*([^«»]*?)\s*»|»([^«»]*)«", r'"\1\2"'),  # French « », German » «
    (r"«\s*|\s*»|[“”„]", '"'),
    (r"[ßẞ]", "ss"),  # as in Switzerland
    (r"[‐‑]", "-"),
    (r"œ", "oe"),
    (r"Œ", "OE"),
    (r"\.\.\.", "…"),
    (r"[^\S\n]+", " "),
    (r" ?\n ?", "\n"),
    (r"(?<=\S) (?=[?!;:])|(?<=\d) (?=%)", ""),  # French sets a space before these marks
]
"""(pattern, replacement): spellings that do not distinguish a good answer from a bad one."""


def normalise(text: str) -> str:
    """The text with one form of apostrophes, quotation marks, hyphens, "œ", "ß", ellipses and spaces."""
    text = unicodedata.normalize("NFC", text)
    for pattern, replacement in SPELLINGS:
        text = re.sub(pattern, replacement, text)
    return text.strip()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One input and its acceptable answers. The module's docstring says what the fields are."""

    kind: str
    input: str
    pattern: str | None
    unchanged: bool
    example: str
    keep: tuple[str, ...] = ()

    def problem(self, answer: str) -> str:
        """Why the answer is not acceptable; "" if it is."""
        missing = [text for text in self.keep if text not in answer]
        if missing:
            return f"lost {', '.join(missing)}"
        typed, answer = normalise(self.input), normalise(answer)
        if answer.count("\n") != typed.count("\n"):
            return f"has {answer.count(chr(10)) + 1} lines, expected {typed.count(chr(10)) + 1}"
        if (self.unchanged and answer == typed) or self._matches(answer):
            return ""
        return "does not match" if self.pattern else "expected the input unchanged"

    def _matches(self, answer: str) -> bool:
        """Whether the answer matches the pattern. French capitals often have no accents, and need none."""
        if self.pattern is None:
            return False
        pattern = self.pattern
        if answer.isupper():
            pattern, answer = _without_accents(pattern), _without_accents(answer)
        return re.fullmatch(pattern, answer, re.IGNORECASE) is not None


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def read_entries(direction: str) -> list[Entry]:
    """The list of a direction, as "en-fr", in the order of the file."""
    lists = tomllib.loads((FOLDER / f"{direction}.toml").read_text(encoding="utf-8"))
    return [_entry(kind, fields) for kind, rows in lists.items() for fields in rows]


def _entry(kind: str, fields: dict[str, Any]) -> Entry:
    unchanged = fields.get("unchanged", False)
    return Entry(
        kind=kind,
        input=fields["input"],
        pattern=_pattern(fields),
        unchanged=unchanged,
        example=fields["input"] if unchanged and "example" not in fields else fields["example"],
        keep=tuple(fields.get("keep", ())),
    )


def _pattern(fields: dict[str, Any]) -> str | None:
    """One regular expression out of the fields `accept` or `sentences`; None without either."""
    if "sentences" in fields:
        return rf"{END}\s+".join(f"(?:{sentence})" for sentence in fields["sentences"]) + END
    if "accept" not in fields:
        return None
    accept = fields["accept"]
    return f"(?:{accept if isinstance(accept, str) else '|'.join(accept)}){END}"


class Translates(Protocol):
    """What is used of `seq2seq.Translator`: one result per text, whose `str` is the translation."""

    def translate(self, text: list[str]) -> Sequence[object]: ...


@dataclass(frozen=True)
class Result:
    """An entry, its answer, and why the answer is not acceptable; "" if it is."""

    entry: Entry
    answer: str
    problem: str


@dataclass(frozen=True)
class Report:
    """The results of a list. `str` gives a table of classes."""

    results: tuple[Result, ...]

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results that are not acceptable."""
        return tuple(result for result in self.results if result.problem)

    @property
    def share(self) -> float:
        """Share of acceptable answers, 0 to 1."""
        return 1 - len(self.failures) / len(self.results)

    @property
    def classes(self) -> dict[str, Report]:
        """The report of each class, in the order of the list."""
        kinds = dict.fromkeys(result.entry.kind for result in self.results)
        return {kind: Report(tuple(r for r in self.results if r.entry.kind == kind)) for kind in kinds}

    def __str__(self) -> str:
        rows = [*self.classes.items(), ("all", self)]
        return "\n".join(
            f"{name:<16}{len(report.results) - len(report.failures):>4} of{len(report.results):>4}"
            f"{report.share:>8.1%}"
            for name, report in rows
        )


def score(translator: Translates, entries: Sequence[Entry]) -> Report:
    """Translate the inputs of the entries with the translator's own settings, and compare."""
    answers = [str(translation) for translation in translator.translate([entry.input for entry in entries])]
    return Report(
        tuple(
            Result(entry, answer, entry.problem(answer))
            for entry, answer in zip(entries, answers, strict=True)
        )
    )


def main() -> None:
    """Score a model on the list of its direction and print the table, with `--show` the failures too."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    directions = sorted(path.stem for path in FOLDER.glob("*.toml"))
    parser.add_argument("direction", choices=directions, help="the list")
    parser.add_argument("--model", help="as for Translator.from_pretrained; default: the bundled one")
    parser.add_argument("--show", action="store_true", help="print the answers that are not acceptable")
    arguments = parser.parse_args()

    from seq2seq import Translator  # takes seconds: a wrong option is reported before
    from seq2seq.errors import ModelError

    try:
        translator = Translator.from_pretrained(arguments.model or arguments.direction)
    except ModelError as error:
        parser.error(str(error))
    report = score(translator, read_entries(arguments.direction))
    if arguments.show:
        for result in report.failures:
            print(f"[{result.entry.kind}] {result.entry.input!r}\n    {result.answer!r}: {result.problem}")
    print(report)


if __name__ == "__main__":
    main()
