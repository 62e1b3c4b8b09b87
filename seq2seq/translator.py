"""The public API: raw text in, translations out.

    translator = Translator.from_pretrained("runs/en-fr")
    print(translator.translate("Good morning."))

N texts in give N translations out, empty ones included. The sentences of a text are translated one by one (see
`text.preparation`), and one of more than `max_source_length` pieces is translated in parts. Nothing is cut off.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np

from seq2seq import files
from seq2seq.bundle import finding, model_directory
from seq2seq.bundle.directions import Direction, Directions, find_target
from seq2seq.bundle.model_directory import Bundle
from seq2seq.bundle.weights import NumberType
from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode, forbidden_tokens, greedy_stream
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.placeholders import Placeholders, is_complete
from seq2seq.decoding.torch_engine import TorchEngine
from seq2seq.devices import find_device, use_threads
from seq2seq.errors import DataError, UsageError, UsageTypeError
from seq2seq.nn.model import count_parameters
from seq2seq.text.casing import shout
from seq2seq.text.plain_lines import one_line, read_lines, write_lines
from seq2seq.text.preparation import Part, Preparation
from seq2seq.text.word_spans import WordSpan
from seq2seq.translation import Translation, Word, align, join, kept, mean_probability

EOS = "</s>"


class Translator:
    """A model ready to translate.

    `decoding` holds the defaults of all calls; a call overrides single fields by name. `directions` are the
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
        self.preparation = Preparation(self.source_tokenizer, bundle.source_words, self.direction)
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
    def translate(self, text: str, *, target_language: str | None = None, **options: Any) -> Translation: ...
    @overload
    def translate(
        self, text: Iterable[str], *, target_language: str | None = None, **options: Any
    ) -> list[Translation]: ...
    def translate(
        self, text: str | Iterable[str], *, target_language: str | None = None, **options: Any
    ) -> Translation | list[Translation]:
        """Translate one text, or each text of an iterable.

        Args:
            text: a string, or an iterable of strings (a list, a generator, lines of a file …).
            target_language: the language to translate into, for a model with several directions; default:
                that of `direction`.
            **options: fields of `DecodingConfig`, such as beam_size=5, n_best=3, length_penalty=0.6.

        Returns:
            One `Translation` for a string, else a list of them. With `n_best` > 1 the other hypotheses are in
            `alternatives` (for texts that are translated in one part).

        Raises:
            UsageError: an unknown option or language, a bad value, or a text with a lone surrogate. It is a
                ValueError; for `text` of a wrong type (bytes, a dict, a set, None, a list with a number) it
                is a TypeError too.
        """
        config, tag = self._config(options), self._tag(target_language)
        if isinstance(text, str):
            return self._translate([_checked_text(text, "text")], config, tag)[0]
        _check_iterable(text, "text", "str or an iterable of str")
        return self._translate(list(_checked_texts(text, "text")), config, tag)

    def _config(self, options: Mapping[str, Any]) -> DecodingConfig:
        """The decoding settings with the given changes."""
        known = [field.name for field in fields(DecodingConfig)]
        for name in options:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
                raise UsageError(f"unknown option {name!r}; {hint}")
        return replace(self.decoding, **options)

    def _tag(self, target_language: str | None) -> list[int]:
        """The id of the tag of the target language. A model with a single direction has no tag."""
        if target_language is None:
            target = self.target_language
        elif isinstance(target_language, str):
            target = find_target(self.directions, target_language)
        else:
            raise UsageTypeError(f"target_language is {target_language!r}, expected a text such as 'fr'")
        return [self.source_tokenizer.tag_ids[target]] if len(self.directions) > 1 else []

    def _translate(
        self, texts: Sequence[str], config: DecodingConfig, tag: Sequence[int]
    ) -> list[Translation]:
        texts_parts = [self._parts(text, config) for text in texts]
        translations = iter(
            self._translate_parts([part for parts in texts_parts for part in parts], config, tag)
        )
        return [
            join([next(translations) for _ in parts], [part.separator for part in parts])
            for parts in texts_parts
        ]

    def _parts(self, text: str, config: DecodingConfig) -> list[Part]:
        return self.preparation.parts(
            text, max_pieces=config.max_source_length, sentences=config.sentences, keep=config.verbatim
        )

    def _translate_parts(
        self, parts: Sequence[Part], config: DecodingConfig, tag: Sequence[int], *, tries: int = 2
    ) -> list[Translation]:
        """The translation of each part. Those with faults are tried in another way, up to `tries` times."""
        active = [part for part in parts if part.ids]
        wider = replace(config, n_best=config.beam_size) if config.verbatim else config
        hypotheses = decode(self.engine, config=wider, **self._search_arguments(active, tag))
        if config.verbatim:
            hypotheses = [self._best_first(p, found) for p, found in zip(active, hypotheses, strict=True)]
        others = [
            self._other_parts(part, found[0], config, invented=tries > 1) if tries and config.verbatim else []
            for part, found in zip(active, hypotheses, strict=True)
        ]
        flat = [part for found in others for part in found]
        again = iter(self._translate_parts(flat, config, tag, tries=tries - 1) if flat else ())
        done = []
        for part, found, other in zip(active, hypotheses, others, strict=True):
            first = self._with_alternatives(part, found[: config.n_best], tag)
            if other:
                separators = [part.separator for part in other[:-1]] + [""]
                second = join([next(again) for _ in other], separators)
                first = second if self._is_better(second, part, found[0]) else first
            done.append(first)
        translations = iter(done)
        return [
            next(translations) if part.ids else kept(part.text, start=part.start, note=part.note)
            for part in parts
        ]

    def _other_parts(
        self, part: Part, best: Hypothesis, config: DecodingConfig, *, invented: bool
    ) -> list[Part]:
        """Another way to translate `part`, if `best` lacks something that is to be kept, or with `invented`
        if it has an invented word; else none."""
        incomplete, words = self._faults(part, best)
        if not incomplete and not (invented and words):
            return []
        others = self.preparation.again(part, max_pieces=config.max_source_length, around=incomplete)
        return others if [other.ids for other in others] != [part.ids] else []

    def _is_better(self, translation: Translation, part: Part, best: Hypothesis) -> bool:
        incomplete, words = self._faults(part, best)
        return incomplete or len(self.bundle.target_words.invented(translation.text, source=part.text)) < words

    def _search_arguments(self, parts: Sequence[Part], tag: Sequence[int]) -> dict[str, Any]:
        """What `decode` needs besides the engine and the settings."""
        sources = [[*tag, *part.ids] for part in parts]
        forbidden = forbidden_tokens(self.target_tokenizer)
        if not any(part.fillings for part in parts):
            return {"sources": sources, "forbidden": forbidden}
        placeholders = self.target_tokenizer.placeholder_ids
        rule = Placeholders(sources, placeholders, self.target_tokenizer.eos_id)
        allowed = tuple(token for token in forbidden if token not in placeholders)
        return {"sources": sources, "forbidden": allowed, "constraints": [rule]}

    def _best_first(self, part: Part, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
        """`hypotheses` with those first that keep all that is to be kept, and among them those without
        invented words."""
        return sorted(hypotheses, key=lambda one: self._faults(part, one))

    def _faults(self, part: Part, hypothesis: Hypothesis) -> tuple[bool, int]:
        """Whether a placeholder is missing, and the number of invented words."""
        complete = is_complete(part.ids, hypothesis.tokens, self.target_tokenizer.placeholder_ids)
        text = self.target_tokenizer.decode(hypothesis.tokens)
        return not complete, len(self.bundle.target_words.invented(text, source=part.text))

    def _with_alternatives(
        self, part: Part, hypotheses: Sequence[Hypothesis], tag: Sequence[int]
    ) -> Translation:
        """The first hypothesis as a translation, with the others as its alternatives."""
        source_words = self.source_tokenizer.words(part.ids, part.originals)
        best, *others = (self._translation(part, one, source_words, tag) for one in hypotheses)
        return replace(best, alternatives=others)

    def _translation(
        self, part: Part, hypothesis: Hypothesis, source_words: Sequence[WordSpan], tag: Sequence[int]
    ) -> Translation:
        ids = list(hypothesis.tokens)
        text = self._text(part, ids)
        words = self.target_tokenizer.words(ids, part.fillings)
        attention = None if hypothesis.weights is None else hypothesis.weights.float().cpu().numpy()
        if attention is not None:  # longer sentences of the batch add columns, whose weights are 0
            attention = np.ascontiguousarray(attention[:, : len(tag) + len(part.ids) + 1])
        log_probs = hypothesis.token_log_probs
        return Translation(
            text=text.strip(),
            log_prob=hypothesis.log_prob,
            score=hypothesis.score,
            confidence=mean_probability(log_probs),
            source_tokens=[*self.source_tokenizer.pieces([*tag, *part.ids]), EOS],
            target_tokens=[*self.target_tokenizer.pieces(ids), EOS],
            source_words=tuple(
                Word(part.text[w.start : w.end], w.start + part.start, w.end + part.start)
                for w in source_words
            ),
            words=tuple(
                Word(
                    text[w.start : w.end],
                    w.start,
                    w.end,
                    mean_probability(log_probs[w.pieces.start : w.pieces.stop]),
                )
                for w in words
            ),
            attention=attention,
            alignment=[]
            if attention is None
            else align(attention[:, len(tag) :], [w.pieces for w in source_words], [w.pieces for w in words]),
        )

    def _text(self, part: Part, ids: Sequence[int]) -> str:
        """The text of target tokens, with what was kept, and in capitals if `part` was typed so."""
        if not part.shouted:
            return self.target_tokenizer.decode(ids, part.fillings)
        text, spans = self.target_tokenizer.decode_spans(ids, part.fillings)
        placeholders = self.target_tokenizer.placeholder_ids
        return shout(text, keep=[s for token, s in zip(ids, spans, strict=True) if token in placeholders])

    def stream(
        self, text: str, *, target_language: str | None = None, **options: Any
    ) -> Iterator[Translation]:
        """Yield translations of `text` as they grow. The last one is what `translate` returns.

        Partial translations are greedy and have their text only. Arguments and errors are those of
        `translate`.
        """
        config, tag = self._config(options), self._tag(target_language)
        return self._stream(self._parts(_checked_text(text, "text"), config), config, tag)

    def _stream(
        self, parts: Sequence[Part], config: DecodingConfig, tag: Sequence[int]
    ) -> Iterator[Translation]:
        done, separators, before = list[Translation](), [part.separator for part in parts], ""
        for part in parts:
            if part.ids:
                arguments = self._search_arguments([part], tag)
                source = arguments.pop("sources")[0]
                for partial in greedy_stream(self.engine, source, config=config, **arguments):
                    yield Translation(before + self._text(part, partial).strip())
            done += self._translate_parts([part], config, tag)
            before += done[-1].text + part.separator
            if part is not parts[-1]:
                yield Translation(before)
        yield join(done, separators)

    def translate_lines(
        self,
        lines: Iterable[str],
        *,
        buffer: int = 1000,
        target_language: str | None = None,
        **options: Any,
    ) -> Iterator[Translation]:
        """Translate any number of lines in constant memory, `buffer` lines at a time, in order.

        Other arguments are those of `translate`. They are checked at once, the lines when their turn comes.
        Raises UsageError for a `buffer` that is no whole number from 1.
        """
        if type(buffer) is not int or buffer < 1:
            raise UsageError(f"buffer is {buffer!r}, expected a whole number from 1")
        config, tag = self._config(options), self._tag(target_language)
        _check_iterable(lines, "lines", "an iterable of str")
        if isinstance(lines, str):
            raise UsageTypeError("lines is of type str, expected an iterable of str, such as a list")
        return self._translate_lines(_checked_texts(lines, "line"), buffer, config, tag)

    def _translate_lines(
        self, lines: Iterator[str], buffer: int, config: DecodingConfig, tag: Sequence[int]
    ) -> Iterator[Translation]:
        while chunk := list(islice(lines, buffer)):
            yield from self._translate(chunk, config, tag)

    def translate_file(
        self, source: str | Path, target: str | Path, *, buffer: int = 1000, **options: Any
    ) -> int:
        """Translate the UTF-8 text file `source` line by line into `target`; returns the number of lines.

        Lines end in "\\n" only; a "\\r" before it is removed. The output is written to a temporary file,
        which replaces `target` at the end: after an error `target` is as it was before, and `target` may be
        `source`. Other arguments are those of `translate_lines`.

        Raises DataError, with file and line, if `source` cannot be read or is not UTF-8; RunError if `target`
        cannot be written; UsageError as `translate_lines`.
        """
        try:
            stream = Path(source).open("rb")  # noqa: SIM115 - the block below closes it
        except OSError as error:
            raise DataError(f"{source}: cannot be read ({error.strerror}), expected a text file") from None
        with stream:
            translations = self.translate_lines(
                read_lines(stream, name=str(source)), buffer=buffer, **options
            )
            lines = (one_line(translation.text) + "\n" for translation in translations)
            with files.replacing(Path(target)) as output, files.writing(Path(target)):
                return write_lines(lines, output, buffer=buffer)


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
