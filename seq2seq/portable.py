"""Translates with onnxruntime, sentencepiece and numpy alone, without torch and the rest of the package.

    python portable.py MODEL < lines.en > lines.fr

MODEL is a directory that `seq2seq export --onnx` wrote. This file can be copied beside it. In Python:

    model = PortableModel("MODEL")
    texts = model.translate(["Good morning.", "How are you?"])

One line is one sentence: N lines in give N lines out. The search is that of the package, but

- lines are not split into sentences, and names, numbers and addresses are not kept as they are;
- of the decoding settings it has beam size, length penalty and normalisation, limits and batch size;
- a line of more than `max_source_length` pieces is cut there, and its parts are translated;
- no rule ends a translation that repeats itself before its length limit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import unicodedata
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import sentencepiece

FORMAT = 2  # of portable.json
SPACE = "\u2581"  # how SentencePiece writes a space in a piece
FIRST_BYTE = 4  # id of the piece of byte 0; the pieces before it are symbols
BLOCK = 32  # logits of a block, at most: blocks are compared by their maxima first
BUFFER = 1000  # lines that are read before they are translated
_SPACE_AS_BYTES = [FIRST_BYTE + byte for byte in SPACE.encode()]

Array = np.ndarray[Any, Any]  # letters: B sentences, K hypotheses of each, V pieces


class PortableError(Exception):
    """What a user can mend: the message says what is wrong and what was expected."""


class PortableModel:
    """A model that was exported to ONNX.

    Args:
        directory: the model directory.
        target_language: of a model with several; default: its first.
        threads: of each product; 0: one for each core.
    """

    def __init__(self, directory: str | Path, *, target_language: str = "", threads: int = 0) -> None:
        folder = Path(directory)
        about = _read(folder / "onnx" / "portable.json", lambda name: json.loads(Path(name).read_bytes()), {})
        if about.get("format") != FORMAT:
            raise PortableError(f"{folder}: format {about.get('format')!r}, this version reads {FORMAT}")
        tags: dict[str, int] = about["tags"]
        sums = about.get("sha256", {})
        if target_language and target_language not in tags:
            known = ", ".join(tags) or "none: the model has one"
            raise PortableError(f"target language is {target_language!r}, expected one of: {known}")
        self.tag = [tags[target_language or next(iter(tags))]] if tags else []
        self.source, self.target = (
            _read(folder / about[name], lambda file: sentencepiece.SentencePieceProcessor(file), sums)
            for name in ("source", "target")
        )
        self.pieces: list[str] = self.target.id_to_piece(list(range(len(self.target))))
        self.nfc: bool = about["normalization"] == "nfc"
        self.bos, self.eos, self.forbidden = about["bos"], about["eos"], about["forbidden"]
        self.decoding: dict[str, Any] = about["decoding"]
        self.encoder = _session(folder / "onnx" / "encoder.onnx", threads, sums)
        self.step = _session(folder / "onnx" / "step.onnx", threads, sums)
        self.states = [one.name for one in self.step.get_inputs() if one.name.startswith("state_")]

    def translate(self, texts: Sequence[str], *, beam_size: int = 0) -> list[str]:
        """The translation of each text. `beam_size` 0 is that of the model."""
        beam = beam_size or self.decoding["beam_size"]
        most, size = self.decoding["max_source_length"], self.decoding["batch_size"]
        rows = enumerate(map(self.encode, texts))
        parts = [(row, ids[at : at + most]) for row, ids in rows for at in range(0, len(ids), most)]
        results = [""] * len(parts)
        order = sorted(range(len(parts)), key=lambda index: len(parts[index][1]))
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            found = self._search([[*self.tag, *parts[index][1], self.eos] for index in batch], beam)
            for index, ids in zip(batch, found, strict=True):
                results[index] = self.decode(ids)
        translations: list[list[str]] = [[] for _ in texts]
        for (row, _), result in zip(parts, results, strict=True):
            translations[row].append(result)
        return [" ".join(made) for made in translations]

    def encode(self, text: str) -> list[int]:
        """Piece ids of `text`. A typed U+2581 becomes its bytes."""
        text = unicodedata.normalize("NFC", text) if self.nfc else text
        if not text.strip():
            return []
        first, *others = f" {text}".split(SPACE)
        ids = self.source.encode(first.encode())
        for part in others:
            ids += _SPACE_AS_BYTES + self.source.encode(part.encode())
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of piece ids, on one line."""
        surfaces = [
            bytes([number - FIRST_BYTE])
            if FIRST_BYTE <= number < FIRST_BYTE + 256
            else self.pieces[number].replace(SPACE, " ").encode()
            for number in ids
        ]
        return " ".join(b"".join(surfaces).decode(errors="replace").split())

    def _search(self, sources: Sequence[Sequence[int]], beam: int) -> list[list[int]]:
        """The best target ids of each source, which ends in EOS, by beam search."""
        lengths = np.array([len(ids) for ids in sources])
        tokens = np.zeros((len(sources), lengths.max()), np.int64)
        for row, ids in enumerate(sources):
            tokens[row, : len(ids)] = ids
        keys, values, mask, *state = self.encoder.run(None, {"tokens": tokens, "lengths": lengths})
        beams = _Beams(lengths, beam, self.decoding, self.bos)
        names = ["logits", "log_normaliser", *(f"new_{name}" for name in self.states)]
        while len(beams.numbers):
            memory = {"tokens": beams.tokens, "mask": mask, "keys": keys, "values": values}
            feeds = {**memory, **dict(zip(self.states, state, strict=True))}
            logits, normaliser, *state = self.step.run(names, feeds)
            rows, hypotheses = beams.advance(logits, normaliser, self.forbidden, self.eos)
            state = [part.reshape(-1, part.shape[2])[hypotheses] for part in state]
            if len(rows) < len(mask):
                mask, keys, values = mask[rows], keys[rows], values[rows]
        return beams.best


class _Beams:
    """The hypotheses of a batch. Sentences that are done leave; `numbers` says which are left."""

    def __init__(self, lengths: Array, beam: int, decoding: dict[str, Any], bos: int) -> None:
        size, self.beam, self.decoding, self.length = len(lengths), beam, decoding, 0
        factor, extra = decoding["max_length_factor"], decoding["max_length_extra"]
        self.limits = (factor * (lengths - 1)).astype(np.int64) + extra  # (B,) most ids, EOS included
        self.numbers = np.arange(size)
        self.tokens = np.full((size, 1), bos)  # (B, K)
        self.paths = np.zeros((size, 1, 0), np.int64)  # (B, K, t)
        self.live = np.zeros((size, 1))  # (B, K) log probabilities
        self.ended = np.full((size, beam), -np.inf)  # (B, K) scores of endings, descending
        self.best: list[list[int]] = [[] for _ in lengths]

    def _divisor(self, length: Any) -> Any:
        """What a log probability of `length` ids is divided by."""
        exponent, kind = self.decoding["length_penalty"], self.decoding.get("length_normalisation")
        return 1.0 if kind == "none" else ((length + 5) / 6 if kind == "wu" else length) ** exponent

    def advance(
        self, logits: Array, normaliser: Array, forbidden: Sequence[int], eos: int
    ) -> tuple[Array, Array]:
        """Take the best continuations; returns the rows that are left, and the hypotheses they continue.

        A hypothesis ends if its ending is no less likely than the last continuation, and at the limit.
        """
        self.length += 1
        before = logits.shape[1]
        base = self.live - normaliser
        endings = base + logits[..., eos]
        logits[..., [*forbidden, eos]] = -np.inf
        totals, parents, self.tokens = _largest(base, logits, self.beam)
        closing, penalty = self.limits <= self.length, self._divisor(float(self.length))
        ends = (endings >= totals[:, -1:]) | closing[:, None]
        self._end(np.where(ends, endings / penalty, -np.inf))
        highest, bound = totals[:, 0], self.ended[:, 0]
        full = (self.ended[:, -1] > -np.inf) & (highest / penalty <= bound)
        rows = np.flatnonzero(~(closing | full | (highest / self._divisor(self.limits * 1.0) <= bound)))
        sentences = np.arange(len(totals))[:, None]
        paths = np.concatenate([self.paths[sentences, parents], self.tokens[..., None]], -1)
        self.paths, self.tokens, self.live = paths[rows], self.tokens[rows], totals[rows]
        self.numbers, self.limits, self.ended = self.numbers[rows], self.limits[rows], self.ended[rows]
        return rows, (parents + sentences * before)[rows]

    def _end(self, scores: Array) -> None:
        """Remember endings with their scores (B,K), -inf for none."""
        for row in np.flatnonzero(scores.max(1) > self.ended[:, 0]):
            self.best[self.numbers[row]] = self.paths[row, scores[row].argmax()].tolist()
        self.ended = -np.sort(-np.concatenate([self.ended, scores], 1), 1)[:, : self.beam]


def _largest(base: Array, logits: Array, size: int) -> tuple[Array, Array, Array]:
    """The `size` largest of base (B,K) + logits (B,K,V), descending: sums, hypotheses, columns.

    They lie in the `size` blocks with the largest maxima; block b of n has the columns b, b + n, b + 2n ...
    """
    sentences, columns = np.arange(len(base))[:, None], logits.shape[-1]
    rows = next(rows for rows in range(BLOCK, 0, -1) if columns % rows == 0 and columns >= rows * size)
    blocks = logits.reshape(*base.shape, rows, -1)
    number = blocks.shape[-1]
    maxima = (base[..., None] + blocks.max(2)).reshape(len(base), -1)
    k, block = np.divmod(np.argpartition(-maxima, size - 1, 1)[:, :size], number)
    sums = (base[sentences, k][..., None] + blocks[sentences, k, :, block]).reshape(len(base), -1)
    best = np.argsort(-sums, 1)[:, :size]
    place, row = np.divmod(best, rows)
    return sums[sentences, best], k[sentences, place], row * number + block[sentences, place]


def _read(path: Path, read: Callable[[str], Any], sums: dict[str, str]) -> Any:
    """What `read` makes of a file; PortableError if it cannot, or if its SHA-256 is not that in `sums`."""
    try:
        if path.name in sums and hashlib.sha256(path.read_bytes()).hexdigest() != sums[path.name]:
            raise ValueError("damaged or changed: its SHA-256 is not that in portable.json")
        return read(str(path))
    except Exception as error:  # those of onnxruntime have no common class
        made = "expected a directory made by `seq2seq export --onnx`"
        raise PortableError(f"{path}: cannot be read ({error}), {made}") from None


def _session(path: Path, threads: int, sums: dict[str, str]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CPUExecutionProvider"]
    return _read(path, lambda name: onnxruntime.InferenceSession(name, options, providers=providers), sums)


def main() -> int:
    """Translate stdin to stdout; returns the exit code."""
    parser = argparse.ArgumentParser(description="Translate lines of stdin to stdout, one sentence a line.")
    parser.add_argument("model", help="a directory made by `seq2seq export --onnx`")
    parser.add_argument("--beam-size", type=int, default=0, help="default: the model's")
    parser.add_argument("--target-lang", default="", help="of a model with several; default: its first")
    parser.add_argument("--threads", type=int, default=0, help="default: one for each core")
    options = parser.parse_args()
    try:
        model = PortableModel(options.model, target_language=options.target_lang, threads=options.threads)
        lines = (line.decode("utf-8").rstrip("\r\n") for line in sys.stdin.buffer)
        while chunk := list(islice(lines, BUFFER)):
            made = model.translate(chunk, beam_size=options.beam_size)
            sys.stdout.buffer.write("".join(f"{text}\n" for text in made).encode())
    except UnicodeDecodeError as error:
        print(f"error: stdin is not UTF-8 ({error})", file=sys.stderr)
        return 3
    except PortableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
