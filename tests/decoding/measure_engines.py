"""Measures the engines side by side: one sentence at a time, in batches, and where the time of one goes.

    python tests/decoding/measure_engines.py --data val.tsv --threads 2 --quality 2000

DATA has source ⇥ reference in each line. The engines take turns in one process, sentence by sentence and
batch by batch, so that whatever else the machine does hits all of them. It prints JSON: milliseconds of one
sentence (median and 95th percentile) and sentences per second in batches, for each engine and beam size, with
the ratio of the medians to those of the first engine; the milliseconds of a sentence that are spent in the
encoder, in the steps of the decoder, in the rest of the search, and outside it; with --quality BLEU, and how
many translations differ from those of the first engine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import sacrebleu

from seq2seq import part_translator
from seq2seq.translator import Translator


def milliseconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


class Watch:
    """Replaces a function by one that adds up its milliseconds."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner, self.name, self.run, self.total = owner, name, getattr(owner, name), 0.0

    def __enter__(self) -> Watch:
        setattr(self.owner, self.name, self)
        return self

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        result = self.run(*arguments, **options)
        self.total += 1e3 * (time.perf_counter() - start)
        return result

    def __exit__(self, *_: object) -> None:
        setattr(self.owner, self.name, self.run)


def shares(translator: Translator, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds of a sentence by where they are spent, one sentence at a time."""
    engine = translator.engine
    watches = Watch(engine, "start"), Watch(engine, "step"), Watch(part_translator, "decode")
    with watches[0] as start, watches[1] as step, watches[2] as decode:
        total = sum(milliseconds(lambda text=text: translator.translate(text)) for text in texts)
    parts = {
        "encoder": start.total,
        "decoder": step.total,
        "search": decode.total - start.total - step.total,
        "text": total - decode.total,
    }
    return {name: round(value / len(texts), 2) for name, value in parts.items()}


def latency(translators: dict[str, Translator], texts: Sequence[str], beam: int) -> dict[str, Any]:
    """Milliseconds of one sentence for each engine."""
    spent: dict[str, list[float]] = {name: [] for name in translators}
    for text in texts:
        for name, one in translators.items():
            spent[name].append(milliseconds(lambda one=one, text=text: one.translate(text, beam_size=beam)))
    first = statistics.median(spent[next(iter(spent))])
    return {
        name: {
            "p50": round(statistics.median(values), 2),
            "p95": round(sorted(values)[int(0.95 * len(values))], 2),
            "ratio": round(statistics.median(values) / first, 3),
        }
        for name, values in spent.items()
    }


def throughput(
    translators: dict[str, Translator], texts: Sequence[str], beam: int, runs: int
) -> dict[str, Any]:
    """Sentences per second in batches, the median of `runs`."""
    spent: dict[str, list[float]] = {name: [] for name in translators}
    for _ in range(runs):
        for name, one in translators.items():
            spent[name].append(milliseconds(lambda one=one: one.translate(texts, beam_size=beam)))
    first = statistics.median(spent[next(iter(spent))])
    return {
        name: {
            "sentences_per_second": round(1e3 * len(texts) / statistics.median(values), 1),
            "ratio": round(first / statistics.median(values), 2),
        }
        for name, values in spent.items()
    }


def quality(
    translators: dict[str, Translator], texts: Sequence[str], references: Sequence[str]
) -> dict[str, Any]:
    """BLEU of each engine, and how many translations differ from those of the first."""
    made = {name: [t.text for t in one.translate(texts)] for name, one in translators.items()}
    first = made[next(iter(made))]
    return {
        name: {
            "bleu": round(sacrebleu.corpus_bleu(answers, [list(references)]).score, 2),
            "different": sum(one != other for one, other in zip(answers, first, strict=True)),
        }
        for name, answers in made.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="en-fr")
    parser.add_argument("--data", required=True)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--quality", type=int, default=0, help="sentences for BLEU; 0: none")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engines", default="torch,onnx-float32,onnx")
    options = parser.parse_args()
    lines = Path(options.data).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t")[:2] for line in lines]
    texts = [source for source, _ in pairs[: options.sentences]]
    names = options.engines.split(",")
    translators = {
        name: Translator.from_pretrained(options.model, threads=options.threads, engine=name)  # type: ignore[arg-type]
        for name in names
    }
    for one in translators.values():
        one.translate(texts[:20])  # warm up
    report: dict[str, Any] = {"threads": options.threads, "sentences": len(texts)}
    for beam in (5, 1):
        report[f"one at a time, beam {beam}"] = latency(translators, texts, beam)
        report[f"batches, beam {beam}"] = throughput(translators, texts, beam, options.runs)
    report["milliseconds of a sentence"] = {name: shares(one, texts) for name, one in translators.items()}
    if options.quality:
        sources, references = zip(*pairs[: options.quality], strict=True)
        report["quality"] = quality(translators, sources, references)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
