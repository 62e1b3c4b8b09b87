"""Types sentences of 60 characters into the page in a real browser and measures what a user sees.

    python tests/webui/measure_typing.py --runs 20

It prints, as JSON, the time from the last key to the final answer; how many of the answers that were shown
at full strength were given to a text that was not in the box; how many final answers differ from the
library's; and the erasure (Arivazhagan et al., 2020): how many words of the answers were taken back, for each
word of the final one, beside what independent translations of the same texts take back.

Keys come 40 to 160 ms apart, and after every third word the typist thinks for 0.2 to 0.6 seconds.
`--package DIR` measures the page of another checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.webui.browser import Browser  # noqa: E402
from tests.webui.client import unused_port  # noqa: E402

SENTENCES = [  # 60 characters each, so different that none is answered from the cache
    "She has been reading the same old book since yesterday noon.",
    "I would like to know when the next train to Paris will come.",
    "My brother told me that he had never seen such a large fish.",
    "We should have left the house much earlier than we did then.",
    "Nobody knows why the children are playing outside so late...",
    "The doctor says that you must take this medicine every hour.",
    "If it rains tomorrow, we will stay at home and play a game..",
    "They were looking for a small hotel near the sea for a week.",
    "Could you please tell me where I can buy some fresh bread ?.",
    "Last summer, my parents sold their car and bought two bikes.",
    "He opened the window because it was far too hot in the room.",
    "There is nothing better than a cup of hot tea in the winter.",
    "You will need a warm coat and good shoes for the mountains..",
    "The teacher asked her to write the answer on the blackboard.",
    "Everyone was surprised when Tom began to sing in the street.",
    "It took us three hours to find the right key for that door..",
    "Why did they not tell us that the museum is closed on Monday",
    "Our neighbours have a black dog and it barks all night long.",
    "The old man gave the young girl a beautiful red apple today.",
    "When I was a student, I used to get up at six every morning.",
]
# Every change of what is shown: time, text in the box, answer, whether it is at full strength, whether it is
# a part, and the text that was asked for.
RECORD = """(async () => {
  const { answer: state } = await import(new URL("./page/answer.js", document.baseURI));
  window.record = []; window.lastKey = 0;
  const look = () => {
    const box = document.querySelector("#source textarea").value;
    const answer = document.querySelector("#result .translation:not(.empty)")?.textContent ?? "";
    const result = document.querySelector("#result");
    const full = !result.matches(".stale, .stale *");
    const last = record.at(-1);
    const partial = full && result.ariaBusy === "true";
    if (!last || last[1] !== box || last[2] !== answer || last[3] !== full || last[4] !== partial)
      record.push([performance.now(), box, answer, full, partial, state.asked?.text ?? ""]);
  };
  const step = () => { look(); requestAnimationFrame(step); };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  document.addEventListener("keydown", () => { window.lastKey = performance.now(); }, true);
  step();
})()"""


def rhythm(text: str, seed: int) -> list[float]:
    """Seconds before each key."""
    chance = random.Random(seed)
    pauses, words = list[float](), 0
    for before in "x" + text[:-1]:
        words += before == " "
        thinks = before == " " and words % 3 == 0
        pauses.append(chance.uniform(0.2, 0.6) if thinks else chance.uniform(0.04, 0.16))
    return pauses


def run(browser: Browser, text: str, pauses: Sequence[float] = ()) -> tuple[float, list[list[Any]]]:
    """Type `text` into the empty box. Returns the milliseconds to the final answer, and what was shown."""
    browser.evaluate("document.querySelector('[data-action=clear]').click()")
    time.sleep(0.5)
    browser.evaluate("record.length = 0")
    browser.evaluate("document.querySelector('#source textarea').focus()")
    browser.type(text, pauses=pauses)
    end, previous = time.monotonic() + 20, -1
    while time.monotonic() < end:  # until nothing changes for 1.5 seconds
        time.sleep(1.5)
        count = browser.evaluate("record.length")
        if count == previous and browser.evaluate("record.at(-1)[3] && !record.at(-1)[4]"):
            break
        previous = count
    record, last_key = browser.evaluate("[record, lastKey]")
    final = record[-1]
    assert final[1] == text and final[2] and final[3], final
    reached = final[0]
    for time_shown, box, answer, full, *_ in reversed(record):
        if (box, answer, full) != (final[1], final[2], True):
            break
        reached = time_shown
    return reached - last_key, record


def shown_answers(record: list[list[Any]]) -> list[tuple[str, str, str]]:
    """Each text in the box, the answer that was shown at full strength, and the text it was given to."""
    return [
        (box, answer, asked)
        for _, box, answer, full, partial, asked in record
        if full and answer and box.strip() and not partial
    ]


def erased(answers: Sequence[str]) -> int:
    """How many words are taken back from each answer to the next."""
    total = 0
    for one, other in pairwise(answer.split() for answer in answers):
        same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(other))
        total += max(len(one) - same, 0)
    return total


LIBRARY = """
import json, sys, torch
from seq2seq import Translator
torch.set_num_threads(1)
texts = json.load(sys.stdin)
print(json.dumps([one.text for one in Translator.from_pretrained(sys.argv[1]).translate(texts)]))
"""


def translate(texts: list[str], model: str, package: str) -> dict[str, str]:
    """What the library of the measured checkout answers to each text."""
    environment = os.environ | {"PYTHONPATH": package}
    command = [sys.executable, "-c", LIBRARY, model]
    done = subprocess.run(
        command,
        cwd=package,
        env=environment,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(texts, json.loads(done.stdout), strict=True))


def wait_for_server(url: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * len(ordered) * 100) // 100) - 1)]


def main() -> None:
    """Serve, type, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--model", default="en-fr")
    parser.add_argument("--threads", default="0")
    parser.add_argument("--package", default=str(ROOT), help="the checkout whose page is measured")
    options = parser.parse_args()
    port = unused_port()
    command = [sys.executable, "-m", "seq2seq", "serve", "--model", options.model, "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": options.package}
    server = subprocess.Popen([*command, "--threads", options.threads], cwd=options.package, env=environment)
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_for_server(url)
        with Browser() as browser:
            browser.size(1200, 900)
            browser.open(url, ready="!!document.querySelector('#source textarea') && !!window.seq2seq")
            browser.evaluate(RECORD)
            run(browser, "Is there a bank near here?")  # the first request loads what is loaded late
            texts = [SENTENCES[number % len(SENTENCES)] for number in range(options.runs)]
            results = [run(browser, text, rhythm(text, seed)) for seed, text in enumerate(texts)]
            errors = browser.errors
    finally:
        server.terminate()
        server.wait(20)
    runs = [shown_answers(record) for _, record in results]
    shown = [one for run_ in runs for one in run_]
    answers = translate(sorted({box for box, *_ in shown}), options.model, options.package)
    words = sum(len(run_[-1][1].split()) for run_ in runs)
    live = sum(erased([answer for _, answer, _ in run_]) for run_ in runs)
    independent = sum(erased([answers[box] for box, *_ in run_]) for run_ in runs)
    times = [milliseconds for milliseconds, _ in results]
    print(
        json.dumps(
            {
                "runs": len(times),
                "times_ms": [round(time) for time in times],
                "median_ms": round(statistics.median(times)),
                "p95_ms": round(percentile(times, 0.95)),
                "max_ms": round(max(times)),
                "shown": len(shown),
                "stale": sum(box != asked for box, _, asked in shown),
                "wrong": sum(run_[-1][1].strip() != answers[run_[-1][0]].strip() for run_ in runs),
                "erasure": round(live / words, 3),
                "erasure_independent": round(independent / words, 3),
                "errors": errors,
                "load": os.getloadavg()[0],
            }
        )
    )


if __name__ == "__main__":
    main()
