"""The public door: raw text in, translations out.

    translator = Translator.from_pretrained("runs/en-fr")
    print(translator.translate("Good morning."))

N texts in give N translations out, empty ones included; the lines of a text are translated one by one, and a
line of more than `max_source_length` pieces is split, translated in parts and joined. Nothing is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, overload

import numpy as np
import torch

from seq2seq.bundle import finding, model_directory
from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import DecodingConfig
from seq2seq.decoding.decode import decode, greedy_stream
from seq2seq.decoding.prepacked import packed
from seq2seq.decoding.search import Hypothesis
from seq2seq.devices import find_device
from seq2seq.errors import UsageError
from seq2seq.nn.model import count_parameters
from seq2seq.text.tokenizer import WordSpan
from seq2seq.translation import Translation, Word, align, join, mean_probability

SENTENCE_END = re.compile(r"[.!?…。！？؟।;；]+[\"'”’»)\]]*\s*")
EOS = "</s>"


@dataclass(frozen=True)
class Part:
    """A piece of a text that is translated at once: its ids, where it starts, and what follows it."""

    text: str
    ids: list[int]
    start: int
    separator: str


class Translator:
    """A model ready to translate. `decoding` holds its defaults; calls override single fields by name."""

    def __init__(self, model: Bundle, *, device: str = "cpu", name: str = "") -> None:
        self.bundle = model
        self.device = find_device(device)
        self.model = model.model.to(self.device).eval()
        self.network = packed(self.model)  # what decodes; gradients and weights are those of `model`
        self.source_tokenizer, self.target_tokenizer = model.source, model.target
        self.decoding = model.decoding
        self.source_language, self.target_language = model.source_language, model.target_language
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
        """Load a model: a folder (bundle or run), else a bundled name, else a Hub id (only if it has a "/").

        `device` is torch's name of it, or "auto"; `threads` sets torch's threads for the whole process;
        `decoding` replaces the model's defaults. Raises ModelError when nothing is found or what is found
        cannot be used.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        loaded = model_directory.load(finding.locate(str(name_or_path)))
        if decoding is not None:
            loaded = replace(loaded, decoding=decoding)
        return cls(loaded, device=device, name=str(name_or_path))

    def save_pretrained(self, directory: str | Path, *, half: bool = False) -> None:
        """Write the model directory `directory`; `half` stores float16 weights."""
        model_directory.save(Path(directory), replace(self.bundle, decoding=self.decoding), half=half)

    @property
    def info(self) -> dict[str, Any]:
        """What is known of the model: name, languages, parameters, metrics, card."""
        return {
            "name": self.name,
            "source_language": self.source_language,
            "target_language": self.target_language,
            "parameters": count_parameters(self.model),
            "model": self.bundle.model.config,
            "metrics": dict(self.bundle.metrics),
            "card": self.bundle.card,
        }

    @overload
    def translate(self, text: str, **options: Any) -> Translation: ...
    @overload
    def translate(self, text: Sequence[str], **options: Any) -> list[Translation]: ...
    def translate(self, text: str | Sequence[str], **options: Any) -> Translation | list[Translation]:
        """Translate one text, or each of a list.

        Options are fields of `DecodingConfig`: beam_size, n_best, length_penalty, max_length_factor,
        max_length_extra, max_source_length, batch_size. With `n_best` > 1 the other hypotheses are in
        `alternatives` (of texts that are translated in one part). An unknown option is a TypeError, a bad
        value a ValueError.
        """
        config = replace(self.decoding, **options)
        if isinstance(text, str):
            return self._translate([text], config)[0]
        for index, item in enumerate(text):
            if not isinstance(item, str):
                raise UsageError(f"text {index} is of type {type(item).__name__}, expected str")
        return self._translate(list(text), config)

    def _translate(self, texts: Sequence[str], config: DecodingConfig) -> list[Translation]:
        split = [self.split(text, config.max_source_length) for text in texts]
        parts = [part for text in split for part in text if part.ids]
        found = decode(self.network, [part.ids for part in parts], config)
        done = iter(self._hypotheses(part, hypotheses) for part, hypotheses in zip(parts, found, strict=True))
        return [
            join(
                [next(done) if part.ids else Translation(part.text) for part in text],
                [part.separator for part in text],
            )
            for text in split
        ]

    def split(self, text: str, limit: int) -> list[Part]:
        """`text` as parts of at most `limit` pieces: its lines, and these at the ends of sentences, else
        words.

        The parts and their separators, put together, are the text. Blank lines are parts without ids.
        """
        parts, start = list[Part](), 0
        for line in text.split("\n"):
            body = line.strip()
            if not body:
                parts.append(Part(line, [], start, "\n"))
            else:
                lead = len(line) - len(line.lstrip())
                for first, last in self._cut(body, limit):
                    sentence = body[first:last].rstrip()
                    ids = self.source_tokenizer.encode(sentence)
                    gap = body[first + len(sentence) : last]
                    parts.append(Part(sentence, ids, start + lead + first, gap))
                parts[-1] = replace(parts[-1], separator="\n")
            start += len(line) + 1
        parts[-1] = replace(parts[-1], separator="")
        return parts

    def _cut(self, line: str, limit: int) -> list[tuple[int, int]]:
        """Spans of `line` of at most `limit` of its pieces each; split anew, a part may take a few more."""
        ids, spans = self.source_tokenizer.spans(line)
        cuts, first = [0], 0
        while len(ids) - first > limit:
            window = line[spans[first][0] : spans[first + limit][0]]
            ends = [match.end() for match in SENTENCE_END.finditer(window) if match.end() < len(window)]
            end = ends[-1] if ends else window.rstrip().rfind(" ") + 1
            cut = spans[first][0] + (end or len(window))
            if cut <= cuts[-1]:  # one character of more pieces than the limit
                cut = next((start for start, _ in spans[first + limit :] if start > cuts[-1]), len(line))
            cuts.append(cut)
            first = next((index for index, (start, _) in enumerate(spans) if start >= cut), len(ids))
        return [span for span in zip(cuts, [*cuts[1:], len(line)], strict=True) if span[0] < span[1]]

    def _hypotheses(self, part: Part, hypotheses: Sequence[Hypothesis]) -> Translation:
        source_words = self.source_tokenizer.words(part.ids)
        best, *others = (self._translation(part, found, source_words) for found in hypotheses)
        return replace(best, alternatives=others)

    def _translation(self, part: Part, found: Hypothesis, source_words: Sequence[WordSpan]) -> Translation:
        ids = list(found.tokens)
        words = self.target_tokenizer.words(ids)
        attention = None if found.weights is None else found.weights.float().cpu().numpy()
        if attention is not None:  # batch mates may have been longer: their padding has weight 0
            attention = np.ascontiguousarray(attention[:, : len(part.ids) + 1])
        probabilities = found.token_log_probs
        return Translation(
            text=self.target_tokenizer.decode(ids).strip(),
            log_prob=found.log_prob,
            score=found.score,
            confidence=mean_probability(probabilities),
            source_tokens=[*self.source_tokenizer.pieces(part.ids), EOS],
            target_tokens=[*self.target_tokenizer.pieces(ids), EOS],
            source_words=tuple(Word(w.text, w.start + part.start, w.end + part.start) for w in source_words),
            words=tuple(
                Word(w.text, w.start, w.end, mean_probability(probabilities[w.pieces.start : w.pieces.stop]))
                for w in words
            ),
            attention=attention,
            alignment=[]
            if attention is None
            else align(attention, [w.pieces for w in source_words], [w.pieces for w in words]),
        )

    def stream(self, text: str, **options: Any) -> Iterator[Translation]:
        """Translations of `text` as they grow, the last of them what `translate` returns.

        Partial ones are greedy and carry their text alone.
        """
        config = replace(self.decoding, **options)
        parts, done = self.split(text, config.max_source_length), list[Translation]()
        separators = [part.separator for part in parts]
        for part in parts:
            if part.ids:
                before = "".join(t.text + s for t, s in zip(done, separators, strict=False))
                for ids in greedy_stream(self.network, part.ids, config):
                    yield Translation(before + self.target_tokenizer.decode(ids).strip())
                found = decode(self.network, [part.ids], config)[0]
                done.append(self._hypotheses(part, found))
            else:
                done.append(Translation(part.text))
        yield join(done, separators)

    def translate_lines(
        self, lines: Iterable[str], *, buffer: int = 1000, **options: Any
    ) -> Iterator[Translation]:
        """Translate any number of lines in constant memory, `buffer` at a time, in order."""
        rest = iter(lines)
        while chunk := list(islice(rest, buffer)):
            yield from self.translate(chunk, **options)

    def translate_file(
        self, source: str | Path, target: str | Path, *, buffer: int = 1000, **options: Any
    ) -> int:
        """Translate a UTF-8 text file line by line; returns the number of lines. Lines end in "\\n" only."""
        with (
            Path(source).open(encoding="utf-8", newline="\n") as lines,
            Path(target).open("w", encoding="utf-8", newline="\n") as out,
        ):
            return write_lines(self.translate_lines(map(_chomp, lines), buffer=buffer, **options), out)


def write_lines(translations: Iterable[Translation], out: IO[str]) -> int:
    """One line each; returns how many."""
    count = 0
    for translation in translations:
        out.write(translation.text.replace("\n", " ") + "\n")
        count += 1
    return count


def _chomp(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")
