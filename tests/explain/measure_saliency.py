"""Does removing the source words that saliency ranks highest hurt more than removing random ones?

    python tests/explain/measure_saliency.py --model en-fr --lines val.tsv --sentences 200

The first column of the file has the sentences; those of 5 to 12 words are taken, in order. From each, one
word and then two words are removed: those ranked highest by integrated gradients, by gradient × input and by
attention, those ranked lowest by integrated gradients, and random ones. The figure is by how much the log
probability of the first translation drops, in nats, with a 95 % interval by bootstrap over sentences.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from seq2seq import Translator, explain
from seq2seq.errors import UsageError
from seq2seq.explain import Sentence
from seq2seq.explain.word_changes import changed_source, score_drops

RANDOM_DRAWS = 4


def ranked(sentence: Sentence, values: Sequence[float]) -> list[int]:
    """The numbers of the source words, the one with the largest value first."""
    pairs = zip(values, sentence.sources, strict=True)
    return [unit.word for _, unit in sorted(pairs, key=lambda p: -p[0]) if unit.word is not None]


def rankings(sentence: Sentence) -> dict[str, list[int]]:
    """The orders in which words are removed."""
    integrated = ranked(sentence, explain.saliency(sentence, steps=16).importance.tolist())
    gradient = explain.saliency(sentence, "gradient_x_input").importance.tolist()
    attention = explain.attention(sentence).weights.sum(0).tolist()
    chance = random.Random(sentence.text)
    shuffled = {f"random {n}": chance.sample(integrated, len(integrated)) for n in range(RANDOM_DRAWS)}
    return {
        "integrated gradients": integrated,
        "gradient x input": ranked(sentence, gradient),
        "attention": ranked(sentence, attention),
        "lowest integrated gradients": integrated[::-1],
        **shuffled,
    }


def without(sentence: Sentence, words: Sequence[int]) -> str:
    """The source without these words."""
    text = sentence.text
    for number in sorted(words, reverse=True):
        text = changed_source(text, sentence.translation.source_words[number], "")[1]
    return text


def drops_of(sentence: Sentence, orders: dict[str, list[int]], number: int) -> dict[str, float] | None:
    """The drop by the order of removal; the random ones are averaged."""
    drops = score_drops(sentence, [without(sentence, order[:number]) for order in orders.values()])
    if any(drop is None for drop in drops):
        return None
    found = dict(zip(orders, map(float, filter(lambda drop: drop is not None, drops)), strict=True))  # type: ignore
    chosen = [found.pop(f"random {n}") for n in range(RANDOM_DRAWS)]
    return {**found, "random": float(np.mean(chosen))}


def summary(rows: Sequence[dict[str, float]]) -> dict[str, object]:
    """Means with intervals, and in how many sentences an order hurts more than the random ones."""
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    samples = np.random.default_rng(0).integers(0, len(rows), (1000, len(rows)))
    return {
        name: {
            "drop": round(float(values.mean()), 2),
            "interval": [round(float(q), 2) for q in np.quantile(values[samples].mean(1), [0.025, 0.975])],
            "more_than_random": round(float((values > table["random"]).mean()), 3),
        }
        for name, values in table.items()
    }


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="en-fr")
    parser.add_argument("--lines", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=200)
    given = parser.parse_args()
    translator, found = (
        Translator.from_pretrained(given.model, threads=1),
        dict[int, list[dict[str, float]]](),
    )
    for line in given.lines.read_text(encoding="utf-8").split("\n"):
        text = line.split("\t")[0]
        if not 5 <= len(text.split()) <= 12 or len(found.get(1, [])) >= given.sentences:
            continue
        try:
            sentence = explain.sentence(translator, text)
        except UsageError:  # two sentences
            continue
        orders = rankings(sentence)
        drops = {number: drops_of(sentence, orders, number) for number in (1, 2)}
        for number, values in drops.items():
            if values is not None and all(drops.values()):
                found.setdefault(number, []).append(values)
    print(json.dumps({f"{number} removed": summary(rows) for number, rows in found.items()}, indent=1))
    print(len(found[1]), "sentences")


if __name__ == "__main__":
    main()
