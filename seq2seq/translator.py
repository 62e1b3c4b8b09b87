"""The public API: raw text in, translations out.

    translator = Translator.from_pretrained("runs/en-fr")
    print(translator.translate("Good morning."))

N texts in give N translations out, empty ones included. The sentences of a text are translated one by one
(see `preparation`), and one of more than `max_source_length` pieces is translated in parts. Nothing is
cut off.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

from seq2seq.bundle import finding, model_directory
from seq2seq.bundle.directions import Direction, Directions, find_target
from seq2seq.bundle.model_directory import Bundle
from seq2seq.bundle.weights import NumberType
from seq2seq.config import DecodingConfig
from seq2seq.decoding.torch_engine import TorchEngine
from seq2seq.devices import find_device, use_threads
from seq2seq.documents.pieces import Request
from seq2seq.documents.translating import translate_file
from seq2seq.errors import UsageError, UsageTypeError
from seq2seq.nn.model import count_parameters
from seq2seq.part_translator import PartTranslator
from seq2seq.preparation.glossary import Glossary, Terms
from seq2seq.preparation.parts import Part, Preparation
from seq2seq.translation import Translation, join, moved


class Translator:
    """A model ready to translate.

    `decoding` holds the defaults of all calls; a call overrides single fields by name. `glossary` is that of
    calls without one of their own; it is empty at first. `directions` are the
    (source, target) language pairs that the model translates, `direction` is the one that calls without a
    target language use. Translators can be copied and sent to other processes.
    """

    def __init__(
        self, bundle: Bundle, *, device: str = "cpu", name: str = "", direction: Direction | None = None
    ) -> None:
        """Use the model `bundle`.

        Args:
            bundle: the parts of a model directory.
            device: "cpu", "cuda", "cuda:N", or "auto" for a GPU if there is one.
            name: name of the model in reports.
            direction: one of `bundle.directions`; default: the first. It is ("", "") if none is known.
        """
        self.bundle = bundle
        self.device = find_device(device)
        self.model = bundle.model.to(self.device).eval()
        self.engine = TorchEngine(self.model)
        self.source_tokenizer, self.target_tokenizer = bundle.source, bundle.target
        self.decoding = bundle.decoding
        self.direction = direction or next(iter(bundle.directions), ("", ""))
        self.glossary = Glossary()
        self._preparations: dict[str, Preparation] = {}
        self.name = name

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        *,
        device: str = "cpu",
        threads: int | None = None,
        decoding: DecodingConfig | None = None,
    ) -> Translator:
        """Load a model.

        Args:
            name_or_path: a folder (a model directory or a run), else a direction that a model inside the
                package translates ("en-fr"), else a model of the Hugging Face Hub ("OWNER/NAME").
            device: "cpu", "cuda", "cuda:N" or "auto".
            threads: number of torch's threads in this process; 0 or None leaves it as it is.
            decoding: replaces the model's defaults.

        Raises:
            ModelError: nothing is found, or what is found cannot be used.
            UsageError: a bad device or number of threads.
        """
        if threads is not None:
            use_threads(threads)
        find_device(device)  # a wrong name is reported before the model is read
        location = finding.locate(str(name_or_path))
        bundle = model_directory.load(location.directory)
        if decoding is not None:
            bundle = replace(bundle, decoding=decoding)
        return cls(bundle, device=device, name=str(name_or_path), direction=location.direction)

    def save_pretrained(
        self, directory: str | Path, *, weights: NumberType | None = None, half: bool = False
    ) -> None:
        """Write the model directory `directory`.

        `weights` is the number type on disk: "float32" (the default), "float16" or "int8"; `half` means
        "float16".
        """
        bundle = replace(self.bundle, decoding=self.decoding)
        model_directory.save(Path(directory), bundle, weights=weights, half=half)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the engine, whose weights are laid out for this process."""
        return {name: value for name, value in vars(self).items() if name != "engine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.engine = TorchEngine(self.model)

    @property
    def directions(self) -> Directions:
        """The (source, target) language pairs that the model translates; empty if they are unknown."""
        return self.bundle.directions

    @property
    def source_language(self) -> str:
        """Source language of `direction`; "" if unknown."""
        return self.direction[0]

    @property
    def target_language(self) -> str:
        """Target language of `direction`; "" if unknown."""
        return self.direction[1]

    @property
    def info(self) -> dict[str, Any]:
        """Name, languages, number of parameters, network, metrics and card of the model."""
        return {
            "name": self.name,
            "directions": [list(direction) for direction in self.directions],
            "source_language": self.source_language,
            "target_language": self.target_language,
            "parameters": count_parameters(self.model),
            "model": self.bundle.model.config,
            "metrics": dict(self.bundle.metrics),
            "card": self.bundle.card,
        }

    @overload
    def translate(
        self,
        text: str,
        *,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> Translation: ...
    @overload
    def translate(
        self,
        text: Iterable[str],
        *,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> list[Translation]: ...
    def translate(
        self,
        text: str | Iterable[str],
        *,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> Translation | list[Translation]:
        """Translate one text, or each text of an iterable.

        Args:
            text: a string, or an iterable of strings (a list, a generator, lines of a file …).
            target_language: the language to translate into, for a model with several directions; default:
                that of `direction`.
            glossary: terms with the forms that they must have in the translation, as a `Glossary` or a
                mapping (see there); default: `self.glossary`.
            **options: fields of `DecodingConfig`, such as beam_size=5, n_best=3, length_penalty=0.6.

        Returns:
            One `Translation` for a string, else a list of them. With `n_best` > 1 the other hypotheses are in
            `alternatives` (for texts that are translated in one part).

        Raises:
            UsageError: an unknown option or language, a bad value, or a text with a lone surrogate. It is a
                ValueError; for `text` of a wrong type (bytes, a dict, a set, None, a list with a number) it
                is a TypeError too.
        """
        way = self._way(options, target_language, glossary)
        if isinstance(text, str):
            return self._translate([_checked_text(text, "text")], way)[0]
        _check_iterable(text, "text", "str or an iterable of str")
        return self._translate(list(_checked_texts(text, "text")), way)

    def _way(
        self,
        options: Mapping[str, Any],
        target_language: str | None,
        glossary: Glossary | Terms | None = None,
    ) -> PartTranslator:
        """How to translate with these arguments. Raises UsageError for wrong ones."""
        config, target = self._config(options), self._target(target_language)
        if target not in self._preparations:
            source = next((s for s, t in self.directions if t == target), self.source_language)
            source = self.source_language if target == self.target_language else source
            self._preparations[target] = Preparation(
                self.source_tokenizer,
                self.bundle.source_words,
                self.bundle.target_words,
                (source, target),
                pairs=self.model.config.attention != "none",
            )
        tag = [self.source_tokenizer.tag_ids[target]] if len(self.directions) > 1 else []
        terms = self.glossary if glossary is None else Glossary.of(glossary)
        preparation = self._preparations[target]
        preparation = preparation.with_glossary(terms) if terms else preparation
        return PartTranslator(self.bundle, self.engine, preparation, config, tag)

    def _config(self, options: Mapping[str, Any]) -> DecodingConfig:
        """The decoding settings with the given changes."""
        known = [field.name for field in fields(DecodingConfig)]
        for name in options:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
                raise UsageError(f"unknown option {name!r}; {hint}")
        return replace(self.decoding, **options)

    def _target(self, target_language: str | None) -> str:
        """The language to translate into; "" if it is unknown."""
        if target_language is None:
            return self.target_language
        if not isinstance(target_language, str):
            raise UsageTypeError(f"target_language is {target_language!r}, expected a text such as 'fr'")
        return find_target(self.directions, target_language)

    def _translate(self, texts: Sequence[str], way: PartTranslator) -> list[Translation]:
        texts_parts = [way.parts(text) for text in texts]
        translations = iter(way.translate([part for parts in texts_parts for part in parts]))
        return [
            join([next(translations) for _ in parts], [part.separator for part in parts])
            for parts in texts_parts
        ]

    def stream(
        self,
        text: str,
        *,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> Iterator[Translation]:
        """Yield translations of `text` as they grow. The last one is what `translate` returns.

        Partial translations are greedy and have their text only. Arguments and errors are those of
        `translate`.
        """
        way = self._way(options, target_language, glossary)
        return self._stream(way.parts(_checked_text(text, "text")), way)

    def _stream(self, parts: Sequence[Part], way: PartTranslator) -> Iterator[Translation]:
        done, made, before = list[Translation](), dict[Part, Translation](), ""
        for part in parts:
            key = replace(part, start=0, separator="")
            if key not in made:
                for text in way.partial(part) if part.ids else ():
                    yield Translation(before + text)
                made[key] = way.translate([key])[0]
            done.append(moved(made[key], part.start))
            before += done[-1].text + part.separator
            if part is not parts[-1]:
                yield Translation(before)
        yield join(done, [part.separator for part in parts])

    def translate_lines(
        self,
        lines: Iterable[str],
        *,
        buffer: int = 1000,
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> Iterator[Translation]:
        """Translate any number of lines in constant memory, `buffer` lines at a time, in order.

        Other arguments are those of `translate`. They are checked at once, the lines when their turn comes.
        Raises UsageError for a `buffer` that is no whole number from 1.
        """
        if type(buffer) is not int or buffer < 1:
            raise UsageError(f"buffer is {buffer!r}, expected a whole number from 1")
        way = self._way(options, target_language, glossary)
        _check_iterable(lines, "lines", "an iterable of str")
        if isinstance(lines, str):
            raise UsageTypeError("lines is of type str, expected an iterable of str, such as a list")
        return self._translate_lines(_checked_texts(lines, "line"), buffer, way)

    def _translate_lines(
        self, lines: Iterator[str], buffer: int, way: PartTranslator
    ) -> Iterator[Translation]:
        while chunk := list(islice(lines, buffer)):
            yield from self._translate(chunk, way)

    def translate_file(
        self,
        source: str | Path,
        target: str | Path,
        *,
        column: str = "",
        into: str = "translation",
        buffer: int = 1000,
        target_language: str | None = None,
        **options: Any,
    ) -> int:
        """Translate the file `source` into `target`; returns the number of texts.

        The suffix of `source` says what its texts are (see `documents`): the lines of plain text, a column of
        `.tsv` and `.csv`, a field of `.jsonl`, the cues of `.srt`, the units of `.tmx`; each also with `.gz`.
        Everything else is kept. The output is written to a temporary file, which replaces `target` at the
        end: after an error `target` is as it was before, and `target` may be `source`.

        Args:
            source: a UTF-8 file, with or without a byte order mark.
            target: the file to write.
            column: column or field to translate, by name or, in tables, by number from 1. Default: `source`,
                `src`, `text`, or the source language.
            into: column or field that gets the translation. One that exists is replaced.
            buffer: texts that are read before they are translated.
            target_language: see `translate`.
            **options: those of `translate_lines`.

        Raises DataError, with file and line, if `source` cannot be read or is not what its suffix says;
        RunError if `target` cannot be written; UsageError as `translate_lines`, and if the suffix of `target`
        stands for another format.
        """
        self.translate_lines([], buffer=buffer, target_language=target_language, **options)  # checks them
        request = Request(str(source), column, into, self.direction_to(target_language))

        def translate(texts: Iterable[str]) -> Iterator[Translation]:
            return self.translate_lines(texts, buffer=buffer, target_language=target_language, **options)

        return translate_file(Path(source), Path(target), translate, request, buffer=buffer)

    def direction_to(self, target_language: str | None) -> Direction:
        """The direction into `target_language`; None stands for that of `direction`.

        Raises UsageError if there is none.
        """
        target = self._target(target_language)
        if target == self.target_language:
            return self.direction
        return next((source for source, to in self.directions if to == target), self.source_language), target


def _check_iterable(texts: object, name: str, expected: str) -> None:
    """Raise UsageTypeError if `texts` is not iterable, or iterates over something else than its texts."""
    if not isinstance(texts, Iterable) or isinstance(
        texts, bytes | bytearray | memoryview | Mapping | set | frozenset
    ):
        raise UsageTypeError(f"{name} is of type {type(texts).__name__}, expected {expected}")


def _checked_texts(texts: Iterable[str], name: str) -> Iterator[str]:
    return (_checked_text(text, f"{name} {index}") for index, text in enumerate(texts))


def _checked_text(text: str, name: str) -> str:
    """`text`, if it is a string without lone surrogates; else a UsageError that calls it `name`."""
    if not isinstance(text, str):
        raise UsageTypeError(f"{name} is of type {type(text).__name__}, expected str")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        surrogate = f"U+{ord(text[error.start]):04X} at character {error.start}"
        raise UsageError(f"{name} has the lone surrogate {surrogate}, expected Unicode text") from None
    return text
