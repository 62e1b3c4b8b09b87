"""The public API: raw text in, translations out.

    translator = Translator.from_pretrained("runs/en-fr")
    print(translator.translate("Good morning."))

N texts in give N translations out, empty ones included. The lines of a text are translated one by one, and a
line of more than `max_source_length` pieces is split, translated in parts and joined. Nothing is cut off.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np

from seq2seq import files
from seq2seq.bundle import finding, model_directory
from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import DecodingConfig
from seq2seq.data.columns import same_language
from seq2seq.decoding.decode import decode, greedy_stream
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.torch_engine import TorchEngine
from seq2seq.devices import find_device, use_threads
from seq2seq.errors import DataError, UsageError
from seq2seq.nn.model import count_parameters
from seq2seq.text.plain_lines import one_line, read_lines, write_lines
from seq2seq.text.segmentation import Part, split_text
from seq2seq.text.tokenizer import WordSpan
from seq2seq.translation import Translation, Word, align, join, mean_probability

EOS = "</s>"


class Translator:
    """A model ready to translate.

    `decoding` holds the defaults of all calls; a call overrides single fields by name. `directions` are the
    (source, target) language pairs that the model translates. Translators can be copied and sent to other
    processes.
    """

    def __init__(self, bundle: Bundle, *, device: str = "cpu", name: str = "") -> None:
        """Use the model `bundle` on `device`: "cpu", "cuda", "cuda:N", or "auto" for a GPU if there is
        one."""
        self.bundle = bundle
        self.device = find_device(device)
        self.model = bundle.model.to(self.device).eval()
        self.engine = TorchEngine(self.model)
        self.source_tokenizer, self.target_tokenizer = bundle.source, bundle.target
        self.decoding = bundle.decoding
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
            name_or_path: a folder (a model directory or a run), else a direction that is bundled ("en-fr"),
                else a model of the Hugging Face Hub ("owner/name").
            device: "cpu", "cuda", "cuda:N" or "auto".
            threads: number of torch's threads in this process; 0 or None leaves it as it is.
            decoding: replaces the model's defaults.

        Raises:
            ModelError: nothing is found, or what is found cannot be used.
            UsageError: a bad device or number of threads.
        """
        if threads is not None:
            use_threads(threads)
        bundle = model_directory.load(finding.locate(str(name_or_path)))
        if decoding is not None:
            bundle = replace(bundle, decoding=decoding)
        return cls(bundle, device=device, name=str(name_or_path))

    def save_pretrained(self, directory: str | Path, *, half: bool = False) -> None:
        """Write the model directory `directory`; with `half`, weights are stored in float16."""
        model_directory.save(Path(directory), replace(self.bundle, decoding=self.decoding), half=half)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the engine, whose weights are laid out for this process."""
        return {name: value for name, value in vars(self).items() if name != "engine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.engine = TorchEngine(self.model)

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """The (source, target) language pairs that the model translates."""
        return self.bundle.directions

    @property
    def source_language(self) -> str:
        """Source language of the first direction; "" if unknown."""
        return self.directions[0][0]

    @property
    def target_language(self) -> str:
        """Target language of the first direction; "" if unknown."""
        return self.directions[0][1]

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
            target_language: which direction to use, for models with several; default: the first.
            **options: fields of `DecodingConfig`, such as beam_size=5, n_best=3, length_penalty=0.6.

        Returns:
            One `Translation` for a string, else a list of them. With `n_best` > 1 the other hypotheses are in
            `alternatives` (for texts that are translated in one part).

        Raises:
            TypeError: `text` is no string and no iterable of strings (bytes, a dict, a set, None).
            UsageError: an unknown option or language, or a bad value. It is a ValueError.
        """
        config, tag = self._config(options), self._tag(target_language)
        if isinstance(text, str):
            return self._translate([_checked_text(text, "text")], config, tag)[0]
        return self._translate(_checked_texts(text), config, tag)

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
        """The ids that tell the model which language to translate into; none for a single direction."""
        target = self.target_language if target_language is None else target_language
        targets = [language for _, language in self.directions]
        matching = [language for language in targets if same_language(language, target)]
        if not matching:
            shown = ", ".join(f"{source} → {language}" for source, language in self.directions)
            raise UsageError(f"target_language is {target!r}, expected a target of {shown}")
        return [self.source_tokenizer.tag_ids[matching[0]]] if len(set(targets)) > 1 else []

    def _translate(
        self, texts: Sequence[str], config: DecodingConfig, tag: Sequence[int]
    ) -> list[Translation]:
        texts_parts = [self._split(text, config) for text in texts]
        parts = [part for text_parts in texts_parts for part in text_parts if part.ids]
        hypotheses = decode(self.engine, [[*tag, *part.ids] for part in parts], config)
        translations = iter(
            self._with_alternatives(part, best, len(tag))
            for part, best in zip(parts, hypotheses, strict=True)
        )
        return [
            join(
                [next(translations) if part.ids else Translation(part.text) for part in text_parts],
                [part.separator for part in text_parts],
            )
            for text_parts in texts_parts
        ]

    def _split(self, text: str, config: DecodingConfig) -> list[Part]:
        return split_text(text, self.source_tokenizer, max_pieces=config.max_source_length)

    def _with_alternatives(self, part: Part, hypotheses: Sequence[Hypothesis], tags: int) -> Translation:
        """The best hypothesis as a translation, with the others as its alternatives."""
        source_words = self.source_tokenizer.words(part.ids)
        best, *others = (self._translation(part, one, source_words, tags) for one in hypotheses)
        return replace(best, alternatives=others)

    def _translation(
        self, part: Part, hypothesis: Hypothesis, source_words: Sequence[WordSpan], tags: int
    ) -> Translation:
        ids = list(hypothesis.tokens)
        words = self.target_tokenizer.words(ids)
        attention = None if hypothesis.weights is None else hypothesis.weights.float().cpu().numpy()
        if attention is not None:  # without the tag; padding for longer sentences of the batch has weight 0
            attention = np.ascontiguousarray(attention[:, tags : tags + len(part.ids) + 1])
        log_probs = hypothesis.token_log_probs
        return Translation(
            text=self.target_tokenizer.decode(ids).strip(),
            log_prob=hypothesis.log_prob,
            score=hypothesis.score,
            confidence=mean_probability(log_probs),
            source_tokens=[*self.source_tokenizer.pieces(part.ids), EOS],
            target_tokens=[*self.target_tokenizer.pieces(ids), EOS],
            source_words=tuple(Word(w.text, w.start + part.start, w.end + part.start) for w in source_words),
            words=tuple(
                Word(w.text, w.start, w.end, mean_probability(log_probs[w.pieces.start : w.pieces.stop]))
                for w in words
            ),
            attention=attention,
            alignment=[]
            if attention is None
            else align(attention, [w.pieces for w in source_words], [w.pieces for w in words]),
        )

    def stream(
        self, text: str, *, target_language: str | None = None, **options: Any
    ) -> Iterator[Translation]:
        """Yield translations of `text` as they grow; the last one is what `translate` returns.

        Partial translations are greedy and have their text alone. Arguments and errors as in `translate`.
        """
        config, tag = self._config(options), self._tag(target_language)
        parts, done = self._split(_checked_text(text, "text"), config), list[Translation]()
        separators = [part.separator for part in parts]
        for part in parts:
            if part.ids:
                ids = [*tag, *part.ids]
                before = "".join(t.text + s for t, s in zip(done, separators, strict=False))
                for partial in greedy_stream(self.engine, ids, config):
                    yield Translation(before + self.target_tokenizer.decode(partial).strip())
                done.append(self._with_alternatives(part, decode(self.engine, [ids], config)[0], len(tag)))
            else:
                done.append(Translation(part.text))
        yield join(done, separators)

    def translate_lines(
        self, lines: Iterable[str], *, buffer: int = 1000, **options: Any
    ) -> Iterator[Translation]:
        """Translate any number of lines in constant memory, `buffer` lines at a time, in order.

        `options` are those of `translate`. Raises UsageError for a `buffer` below 1, before any line is read.
        """
        if type(buffer) is not int or buffer < 1:
            raise UsageError(f"buffer is {buffer!r}, expected a whole number from 1")
        self._tag(options.get("target_language"))
        self._config({name: value for name, value in options.items() if name != "target_language"})
        return self._translate_lines(iter(lines), buffer, options)

    def _translate_lines(
        self, lines: Iterator[str], buffer: int, options: Mapping[str, Any]
    ) -> Iterator[Translation]:
        while chunk := list(islice(lines, buffer)):
            yield from self.translate(chunk, **options)

    def translate_file(
        self, source: str | Path, target: str | Path, *, buffer: int = 1000, **options: Any
    ) -> int:
        """Translate the UTF-8 text file `source` line by line into `target`; returns the number of lines.

        Lines end in "\\n" only. `target` appears whole or not at all: it is written beside its place and
        moved there at the end, so it may even be `source`. Raises DataError with file and line for text that
        is not UTF-8, RunError if `target` cannot be written, UsageError as `translate` does."""
        count = 0
        try:
            stream = Path(source).open("rb")
        except OSError as error:
            raise DataError(f"{source}: cannot be read ({error.strerror}), expected a text file") from None
        with stream:
            translations = self.translate_lines(
                read_lines(stream, name=str(source)), buffer=buffer, **options
            )
            with files.replacing(Path(target)) as output:
                count = write_lines(
                    (one_line(translation.text) + "\n" for translation in translations), output, buffer=buffer
                )
        return count


def _checked_text(text: object, name: str) -> str:
    """`text`, if it is a string without lone surrogates."""
    if not isinstance(text, str):
        raise UsageError(f"{name} is of type {type(text).__name__}, expected str")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = f"U+{ord(text[error.start]):04X} at character {error.start}"
        raise UsageError(f"{name} has the lone surrogate {found}, expected Unicode text") from None
    return text


def _checked_texts(texts: object) -> list[str]:
    """The strings of an iterable."""
    if not isinstance(texts, Iterable) or isinstance(texts, bytes | bytearray | Mapping | Set):
        raise TypeError(f"text is of type {type(texts).__name__}, expected str or an iterable of str")
    return [_checked_text(text, f"text {index}") for index, text in enumerate(texts)]
