"""The public API: raw text in, translations out.

    translator = Translator.from_pretrained("runs/en-fr")
    print(translator.translate("Good morning."))

N texts in give N translations out, empty ones included. The sentences of a text are translated one by one
(see `preparation`), and one of more than `max_source_length` pieces is translated in parts. Nothing is
cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, overload

from seq2seq.bundle import model_directory
from seq2seq.bundle.combining import check_ranking, load_ensemble, reverse_model
from seq2seq.bundle.directions import Direction, Directions, find_target
from seq2seq.bundle.model_directory import Bundle
from seq2seq.bundle.weights import NumberType
from seq2seq.config import DecodingConfig
from seq2seq.config.decoding import check_given
from seq2seq.devices import find_device, kept_after_fork, use_threads
from seq2seq.documents.pieces import Request
from seq2seq.documents.translating import Translate, translate_file
from seq2seq.engines.choosing import EngineName, build_engine
from seq2seq.errors import UsageError, UsageTypeError
from seq2seq.interactive import Interactive
from seq2seq.nn.model import count_parameters
from seq2seq.part_translator import PartTranslator
from seq2seq.prefixed import translate_from
from seq2seq.preparation.glossary import Glossary, Terms
from seq2seq.preparation.parts import Part, Preparation
from seq2seq.text.arguments import check_iterable, checked_text, checked_texts
from seq2seq.text.plain_lines import chunks
from seq2seq.translation import Translation, join, moved


class Translator(Interactive):
    """A model ready to translate.

    `decoding` holds the defaults of all calls; a call overrides single fields by name. `glossary` is that of
    calls without one of their own; it is empty at first. `directions` are the
    (source, target) language pairs that the model translates, `direction` is the one that calls without a
    target language use. Translators can be copied and sent to other processes.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: str = "cpu",
        name: str = "",
        direction: Direction | None = None,
        others: Sequence[Bundle] = (),
        reverse: Translator | None = None,
        reverse_weight: float = 0.5,
        engine: EngineName = "torch",
    ) -> None:
        """Use the model `bundle`.

        Args:
            bundle: the parts of a model directory.
            device: "cpu", "cuda", "cuda:N", or "auto" for a GPU if there is one.
            name: name of the model in reports.
            direction: one of `bundle.directions`; default: the first. It is ("", "") if none is known.
            others: models with the same tokenizers. Together with `bundle` they are an ensemble, whose
                probabilities are the means of theirs.
            reverse: a model of the opposite direction, which reranks the hypotheses of the beam.
            reverse_weight: of its score, the mean log probability of a token of the source.
            engine: what computes: "torch"; on a CPU also "onnx" (ONNX Runtime with int8 products, two to
                four times as fast) or "onnx-float32"; "auto" takes the fastest possible. All but torch
                copy the weights.
        """
        self.bundle = bundle
        self.device = find_device(device)
        self.models = [one.model.to(self.device).eval() for one in (bundle, *others)]
        self.model = self.models[0]
        self.engine_name = engine
        self.engine = kept_after_fork(build_engine(self.models, engine, bundle.shortlist))
        self.reverse, self.reverse_weight = reverse, reverse_weight
        self.source_tokenizer, self.target_tokenizer = bundle.source, bundle.target
        self.decoding = bundle.decoding
        self.direction = direction or next(iter(bundle.directions), ("", ""))
        self.glossary = Glossary()
        self._preparations: dict[Direction, Preparation] = {}
        self.name = name

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path | Sequence[str | Path],
        *,
        device: str = "cpu",
        threads: int | None = None,
        decoding: DecodingConfig | None = None,
        reverse: str | Path | None = None,
        reverse_weight: float = 0.5,
        engine: EngineName = "auto",
    ) -> Translator:
        """Load a model.

        Args:
            name_or_path: a folder (a model directory or a run), else a direction that a model inside the
                package translates ("en-fr"), else a model of the Hugging Face Hub ("OWNER/NAME"). Several
                are an ensemble; settings and word lists are those of the first.
            device: "cpu", "cuda", "cuda:N" or "auto".
            threads: number of torch's threads in this process; 0 or None leaves it as it is.
            decoding: replaces the model's defaults.
            reverse: in the same forms, a model of the opposite direction, which reranks the hypotheses.
            reverse_weight: of its score, 0 or more.
            engine: "auto", "torch", "onnx" or "onnx-float32": see `Translator`.

        Raises:
            ModelError: nothing is found, or what is found cannot be used.
            UsageError: a bad device, weight or number of threads, models that do not fit together, or an
                engine that cannot run them.
        """
        if threads is not None:
            use_threads(threads)
        find_device(device)  # a wrong name is reported before the model is read
        names = [name_or_path] if isinstance(name_or_path, str | Path) else name_or_path
        (bundle, *others), direction = load_ensemble(names)
        if decoding is not None:
            bundle = replace(bundle, decoding=decoding)
        return cls(
            bundle,
            device=device,
            name=" + ".join(map(str, names)),
            direction=direction,
            others=others,
            reverse=None if reverse is None else cls.from_pretrained(reverse, device=device, engine=engine),
            reverse_weight=reverse_weight,
            engine=engine,
        )

    def save_pretrained(
        self, directory: str | Path, *, weights: NumberType | None = None, half: bool = False
    ) -> None:
        """Write the model directory `directory`.

        `weights` is the number type on disk: "float32" (the default), "float16" or "int8"; `half` means
        "float16".

        Raises UsageError for an ensemble: its models are saved one by one.
        """
        if len(self.models) > 1:
            raise UsageError(f"{self.name} is an ensemble, expected one model; save each of them")
        bundle = replace(self.bundle, decoding=self.decoding)
        model_directory.save(Path(directory), bundle, weights=weights, half=half)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the engine, whose weights are laid out for this process."""
        return {name: value for name, value in vars(self).items() if name != "engine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        engine = build_engine(self.models, self.engine_name, self.bundle.shortlist)
        self.engine = kept_after_fork(engine)

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
            "parameters": sum(map(count_parameters, self.models)),
            "model": self.bundle.model.config,
            "metrics": dict(self.bundle.metrics),
            "card": self.bundle.card,
        }

    @overload
    def translate(
        self,
        text: str,
        *,
        prefix: str = "",
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
        prefix: str = "",
        target_language: str | None = None,
        glossary: Glossary | Terms | None = None,
        **options: Any,
    ) -> Translation | list[Translation]:
        """Translate one text, or each text of an iterable.

        Args:
            text: a string, or an iterable of strings (a list, a generator, lines of a file …).
            prefix: with a string, what its translation begins with, to the letter; it may end inside a word.
                Its sentences are those of the text, in order, so what was kept in front of a sentence and is
                not in the prefix is missing, and marks of a pair around a sentence are translated as they
                are. What no search can reach (over 1,000 bytes) stands in front of the free translation.
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
        way = self.part_translator(options, target_language, glossary)
        if isinstance(text, str):
            checked = checked_text(text, "text")
            if checked_text(prefix, "prefix"):
                return translate_from(way, checked, prefix)
            return self._translate([checked], way)[0]
        if prefix:
            raise UsageError(f"prefix is {prefix!r}, expected none: text is no single string")
        check_iterable(text, "text", "str or an iterable of str")
        return self._translate(list(checked_texts(text, "text")), way)

    def part_translator(
        self,
        options: Mapping[str, Any],
        target_language: str | None,
        glossary: Glossary | Terms | None = None,
    ) -> PartTranslator:
        """What translates parts of texts with these arguments of `translate`. UsageError for wrong ones."""
        config, target = self._config(options), self._target(target_language)
        source = next((s for s, t in self.directions if t == target), self.source_language)
        source = self.source_language if target == self.target_language else source
        pair = source, target
        if pair not in self._preparations:
            self._preparations[pair] = Preparation(
                self.source_tokenizer,
                self.bundle.source_words,
                self.bundle.target_words,
                pair,
                pairs=self.model.config.attention != "none",
            )
        tag = [self.source_tokenizer.tag_ids[target]] if len(self.directions) > 1 else []
        terms = self.glossary if glossary is None else Glossary.of(glossary)
        preparation = self._preparations[pair]
        preparation = preparation.with_glossary(terms) if terms else preparation
        check_ranking(config, self.models, reversed_too=self.reverse is not None)
        back = self.reverse
        reverse = reverse_model(back.bundle, back.engine, pair, self.reverse_weight) if back else None
        return PartTranslator(self.bundle, self.engine, preparation, config, tag, reverse)

    def _config(self, options: Mapping[str, Any]) -> DecodingConfig:
        """The decoding settings with the given changes."""
        check_given(options)
        return replace(self.decoding, **options)

    def _target(self, target_language: str | None) -> str:
        """The language to translate into; "" if it is unknown."""
        if target_language is None:
            return self.target_language
        if not isinstance(target_language, str):
            raise UsageTypeError(f"target_language is {target_language!r}, expected a text such as 'fr'")
        return find_target(self.directions, target_language)

    def _translate(self, texts: Sequence[str], way: PartTranslator) -> list[Translation]:
        texts_parts = [way.parts(text, try_plain=True) for text in texts]
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

        Partial translations have their text only. The sentence in work is the likeliest hypothesis. Sentences
        that are done and the words that all hypotheses of the present one have are `stable`: they stay, even
        if `translate` would mend an invented word behind them. Arguments and errors are those of `translate`.
        """
        way = self.part_translator(options, target_language, glossary)
        return self._stream(way.parts(checked_text(text, "text"), try_plain=True), way)

    def _stream(self, parts: Sequence[Part], way: PartTranslator) -> Iterator[Translation]:
        done, made, before = list[Translation](), dict[Part, Translation](), ""
        for part in parts:
            key = replace(part, start=0, separator="")
            if key not in made:
                made[key] = (yield from way.growing(key, before)) if part.ids else way.translate([key])[0]
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
        way = self.part_translator(options, target_language, glossary)
        check_iterable(lines, "lines", "an iterable of str")
        if isinstance(lines, str):
            raise UsageTypeError("lines is of type str, expected an iterable of str, such as a list")
        return self._translate_lines(checked_texts(lines, "line"), buffer, way)

    def _translate_lines(
        self, lines: Iterator[str], buffer: int, way: PartTranslator
    ) -> Iterator[Translation]:
        for chunk in chunks(lines, buffer):
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

        The suffix says which: lines, a column of `.tsv` and `.csv`, a field of `.jsonl`, cues of `.srt`,
        units of `.tmx`; each also `.gz`. The rest is kept. `target` is replaced last and may be `source`.

        Args:
            source, target: files in UTF-8, with or without a byte order mark.
            column: what is translated: name or, in tables, number from 1. Default: as in `documents.columns`.
            into: column or field that gets the translation. One that exists is replaced.
            buffer, target_language, **options: those of `translate_lines`.

        Raises DataError, with file and line, if `source` is not what its suffix says; RunError if `target`
        cannot be written; UsageError as `translate_lines`, and if the suffixes differ.
        """
        options |= {"buffer": buffer, "target_language": target_language}
        self.translate_lines([], **options)  # checks them
        request = Request(str(source), column, into, self.direction_to(target_language))
        translate: Translate = partial(self.translate_lines, **options)
        return translate_file(Path(source), Path(target), translate, request, buffer=buffer)

    def direction_to(self, target_language: str | None) -> Direction:
        """The direction into `target_language`; None stands for that of `direction`.

        Raises UsageError if there is none.
        """
        target = self._target(target_language)
        if target == self.target_language:
            return self.direction
        return next((source for source, to in self.directions if to == target), self.source_language), target
