"""Word prediction accuracy and latency of `Translator.complete`, and the margin of `Word.has_alternatives`.

    python tests/decoding/measure_completion.py en-fr val.tsv --sentences 300

Knowles and Koehn (2016): the next word given source and reference prefix, for each word of the reference. The
answer is right if its first completion is the word. It is asked in two ways: with the information that the
word before is complete, as in their work, and as a user types, without. A word is a run of letters and digits
with hyphens and apostrophes inside, or one other mark.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import islice
from pathlib import Path

from seq2seq import Translator
from seq2seq.completion import complete
from seq2seq.decoding.next_words import UNIT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("file", type=Path, help="TSV of source and target")
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--reverse", action="store_true", help="the file has target and source")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model, threads=arguments.threads)
    with arguments.file.open(encoding="utf-8") as stream:
        pairs = [line.rstrip("\n").split("\t")[:2] for line in islice(stream, arguments.sentences)]
    words = right = right_typed = in_five = 0
    seconds, processor = list[float](), list[float]()
    way = translator.part_translator({}, None)
    for source, target in (pair[::-1] if arguments.reverse else pair for pair in pairs):
        for unit in UNIT.finditer(target):
            prefix, expected = target[: unit.start()], unit[0]
            start, cpu = time.perf_counter(), time.process_time()
            typed = complete(way, source, prefix)
            seconds.append(time.perf_counter() - start)
            processor.append(time.process_time() - cpu)
            given = complete(way, source, prefix, whole_word=True)
            words += 1
            right_typed += bool(typed) and typed[0].text == expected
            right += bool(given) and given[0].text == expected
            in_five += expected in [one.text for one in given]
    print(f"{len(pairs)} sentences, {words} words")
    print(f"word prediction accuracy {right / words:.1%}, among five {in_five / words:.1%}")
    print(f"without knowing that the word before is complete {right_typed / words:.1%}")
    for name, values in (("wall", seconds), ("processor", processor)):
        ordered = sorted(values)
        p95 = ordered[int(0.95 * len(ordered))]
        print(f"{name} time: median {1e3 * statistics.median(ordered):.1f} ms, p95 {1e3 * p95:.1f} ms")


if __name__ == "__main__":
    main()
