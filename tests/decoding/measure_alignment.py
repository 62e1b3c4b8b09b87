"""Measures the word alignment of a model on the sample corpus, whose alignments are known.

    seq2seq train --recipe sample --out runs/sample
    python tests/decoding/measure_alignment.py --model runs/sample

The test sentences are translated. Those whose translation is the reference are compared with it: there the
words are the same, so the true alignment is known. It prints, as JSON, precision, recall and the alignment
error rate of all their links together, with A the links found and S the true ones, all of them sure (Och and
Ney, "A Systematic Comparison of Various Statistical Alignment Models", 2003):

    AER = 1 - 2 |A ∩ S| / (|A| + |S|)

`lowest` is the rate of the best alignment with one source word for each target word, the form that attention
is read in; `diagonal` that of the word at the same share of the sentence. Words are separated by spaces.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from seq2seq import Translator  # noqa: E402
from seq2seq.cli.output_forms import pharaoh  # noqa: E402
from seq2seq.data.sample import SamplePair, sample_corpus  # noqa: E402

Links = set[tuple[int, int]]


def error_rate(pairs: Iterable[tuple[Links, Links]]) -> dict[str, float]:
    """Precision, recall and alignment error rate of (found, true) links, summed over sentences."""
    found, true, both = 0, 0, 0
    for one, other in pairs:
        found, true, both = found + len(one), true + len(other), both + len(one & other)
    return {
        "precision": round(both / max(found, 1), 4),
        "recall": round(both / max(true, 1), 4),
        "aer": round(1 - 2 * both / max(found + true, 1), 4),
    }


def parsed(links: str) -> Links:
    """The links of a line in the format of Pharaoh."""
    return {(int(source), int(target)) for source, target in (link.split("-") for link in links.split())}


def lowest(pair: SamplePair) -> Links:
    """The best links with one source word for each target word."""
    return {next(link for link in pair.alignment if link[1] == t) for t in {t for _, t in pair.alignment}}


def diagonal(pair: SamplePair) -> Links:
    """The source word at the same share of the sentence, for each target word."""
    sources, targets = len(pair.source.split(" ")), len(pair.target.split(" "))
    return {(t * sources // targets, t) for t in range(targets)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", required=True, help="a run or a model directory, English to French")
    parser.add_argument("--sentences", type=int, default=500, help="of the test part")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    pairs = sample_corpus(test=options.sentences).test
    translator = Translator.from_pretrained(options.model, threads=options.threads)
    translations = translator.translate([pair.source for pair in pairs])
    equal = [(pair, made) for pair, made in zip(pairs, translations, strict=True) if made.text == pair.target]
    true = [set(pair.alignment) for pair, _ in equal]
    found = [parsed(pharaoh(pair.source, made)) for pair, made in equal]
    result = {
        "sentences": len(pairs),
        "equal to the reference": len(equal),
        "links": sum(map(len, true)),
        **error_rate(zip(found, true, strict=True)),
        "lowest": error_rate(zip((lowest(pair) for pair, _ in equal), true, strict=True))["aer"],
        "diagonal": error_rate(zip((diagonal(pair) for pair, _ in equal), true, strict=True))["aer"],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
