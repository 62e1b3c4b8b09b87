"""How much a translation flickers while its text is typed letter by letter, and what its end is worth.

    python tests/decoding/measure_live.py en-fr val.tsv --sentences 200 --bias 0 0.3 0.5

Normalised erasure (Arivazhagan et al., 2020): the words that are taken back, over all updates, divided by the
words of the last output. BLEU is that of the last output. "independent" translates each text by itself.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import sacrebleu

from seq2seq import Translator
from seq2seq.live import LiveTranslator


def erased(before: Sequence[str], after: Sequence[str]) -> int:
    """Words of `before` behind what it has in common with `after` at the start."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return len(before) - same


def typed(source: str, translate: Callable[[str], str]) -> tuple[int, str, float]:
    """Words taken back, the last output, and the seconds of the slowest update."""
    total, shown, slowest = 0, list[str](), 0.0
    for end in range(1, len(source) + 1):
        start = time.perf_counter()
        output = translate(source[:end])
        slowest = max(slowest, time.perf_counter() - start)
        words = output.split()
        total, shown = total + erased(shown, words), words
    return total, output, slowest


def report(name: str, results: Sequence[tuple[int, str, float]], references: Sequence[str]) -> None:
    outputs = [output for _, output, _ in results]
    erasure = sum(total for total, _, _ in results) / sum(len(output.split()) for output in outputs)
    bleu = sacrebleu.corpus_bleu(outputs, [list(references)]).score
    slowest = sorted(seconds for _, _, seconds in results)[len(results) // 2]
    print(
        f"{name:12} normalised erasure {erasure:.3f}  BLEU {bleu:.2f}  slowest update {1e3 * slowest:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("file", type=Path, help="TSV of source and target")
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--beam-size", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bias", type=float, nargs="+", default=[0.0, 0.3])
    parser.add_argument("--no-independent", action="store_true")
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model, threads=arguments.threads)
    with arguments.file.open(encoding="utf-8") as stream:
        lines = list(islice(stream, arguments.skip, arguments.skip + arguments.sentences))
    sources, references = zip(*(line.rstrip("\n").split("\t")[:2] for line in lines), strict=True)
    beam = {"beam_size": arguments.beam_size}
    if not arguments.no_independent:
        results = [typed(one, lambda text: translator.translate(text, **beam).text) for one in sources]
        report("independent", results, references)
    for bias in arguments.bias:
        results = []
        for source in sources:
            live = LiveTranslator(translator, bias=bias, **beam)
            results.append(typed(source, lambda text, live=live: live.update(text).text))  # type: ignore[misc]
        report(f"bias {bias}", results, references)


if __name__ == "__main__":
    main()
