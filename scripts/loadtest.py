"""Many clients at once on a server of this machine: what is answered, how fast, and whether it is right.

python scripts/loadtest.py --clients 50 --seconds 60          # starts `seq2seq serve` and stops it at the end
python scripts/loadtest.py --clients 200 --seconds 300        # more than the queue holds
python scripts/loadtest.py --clients 8 --calls 20000          # memory, files and threads over many calls
python scripts/loadtest.py --break-off 100                    # clients that leave in the middle of an answer

Each client sends sentences one after the other by the route of the page. All sentences differ, so that none
is answered from memory. The last line is a JSON object of all figures. The exit code is 1 if a call failed or
if an answer differs from that of `Translator`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tyro

ROOT = Path(__file__).parents[1]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PARTS = (
    ["I", "We", "They", "You", "The children", "My parents", "Our friends", "Some people", "The teachers"],
    [
        "want to see",
        "want to buy",
        "cannot find",
        "have to take",
        "do not know",
        "would like",
        "need",
        "found",
    ],
    ["a red car", "the old house", "two books", "a good doctor", "my brother", "the train", "some bread"],
    ["near the river", "in the city", "at the market", "in this village", "behind the church", "here"],
    ["today.", "this morning.", "on Monday.", "before lunch.", "next week.", "tonight.", "in the winter."],
)
LONG = "\n".join(f"This is sentence number {number} of a long text." for number in range(40))


@dataclass(frozen=True)
class Load:
    """Put a load on a server of this machine."""

    clients: int = 50
    """Clients at the same time, 1 to 500."""
    seconds: float = 20.0
    """How long they go on, up to 600."""
    calls: int = 0
    """End after so many calls instead, up to 100,000; 0: after `seconds`."""
    break_off: int = 0
    """Then so many clients, one after the other, that leave after the first line of a long answer."""
    pause: float = 1.0
    """Seconds that a client waits after it was told that the server is busy."""
    compare: int = 200
    """So many answers are compared with those of `Translator`."""
    model: str = "en-fr"
    """The model, from English."""
    queue: int = 32
    """`--queue` of the server."""
    concurrency: int = 2
    """`--concurrency` of the server."""
    url: str = ""
    """A running server instead of one of our own: http://127.0.0.1:PORT/."""

    def __post_init__(self) -> None:
        if not (1 <= self.clients <= 500 and 0 <= self.seconds <= 600 and 0 <= self.calls <= 100_000):
            sys.exit("expected 1 to 500 clients, up to 600 seconds, up to 100,000 calls")
        if self.url and urlsplit(self.url).hostname not in LOOPBACK:
            sys.exit("expected a server of this machine: http://127.0.0.1:PORT/")


@dataclass
class Outcome:
    """What the clients saw. Times are in seconds since the start, `answers` holds text and translation."""

    times: list[float] = field(default_factory=list)  # at which translations were complete
    took: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)  # how long these refusals took
    failures: list[str] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    states: list[dict[str, int]] = field(
        default_factory=list
    )  # of the server, at 60 % of the calls and the end

    @property
    def calls(self) -> int:
        """Calls that ended in any way."""
        return len(self.took) + len(self.busy) + len(self.failures)


def sentences() -> Iterator[str]:
    """Sentences in a fixed order that looks random; each once, then each with a number."""
    every = [" ".join(parts) for parts in itertools.product(*PARTS)]
    random.Random(7).shuffle(every)
    yield from every
    yield from (f"{text} {number}" for number in itertools.count(1) for text in every)


async def request(url: str, path: str, body: Any = None, *, lines: int = 0) -> tuple[int, str]:
    """Status and body. With `lines` the connection is closed after so many of the body.

    HTTP/1.0: the body then is all that comes until the server closes the connection.
    """
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    content = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}"
    head = f"{method} /{path} HTTP/1.0\r\n{kind}\r\n\r\n"
    try:
        writer.write(head.encode() + content)
        status = int((await reader.readline()).split()[1])
        while (await reader.readline()).strip():
            pass
        if lines:
            return status, "".join([(await reader.readline()).decode() for _ in range(lines)])
        return status, (await reader.read()).decode()
    finally:
        writer.close()


async def call(url: str, text: str, start: float, outcome: Outcome) -> bool:
    """Translate a text and note what happened. False if the server was busy."""
    begin = time.monotonic()
    try:
        status, body = await request(url, "live", {"text": text})
        if status == 503 and "busy" in json.loads(body)["detail"]:
            outcome.busy.append(time.monotonic() - begin)
            return False
        *parts, end = [json.loads(line) for line in body.splitlines()]
        if "error" in end:
            raise ValueError(end["error"])
        translation = " ".join(one["text"] for part in parts for one in part["sentences"])
    except (OSError, ValueError, IndexError) as error:
        outcome.failures.append(f"{type(error).__name__}: {error}")
        return True
    now = time.monotonic()
    outcome.times.append(now - start)
    outcome.took.append(now - begin)
    outcome.answers.append((text, translation))
    return True


async def put_load(load: Load, url: str, process: int | None) -> Outcome:
    """Let the clients run until the end, and note the state of the server."""
    outcome, texts, start = Outcome(), sentences(), time.monotonic()

    def goes_on() -> bool:
        if load.calls:
            return outcome.calls < load.calls
        return time.monotonic() - start < load.seconds

    async def client() -> None:
        while goes_on():
            if not await call(url, next(texts), start, outcome):
                await asyncio.sleep(load.pause * random.uniform(0.5, 1.5))

    async def watch() -> None:
        while load.calls and outcome.calls < 0.6 * load.calls:
            await asyncio.sleep(0.2)
        outcome.states.append(await state(url, process))

    await asyncio.gather(watch(), *(client() for _ in range(load.clients)))
    outcome.states.append(await state(url, process))
    return outcome


async def state(url: str, process: int | None) -> dict[str, int]:
    """Memory of the server in MB, and its open files and threads if it is our own."""
    found = {"memory_mb": round(await figure(url, "memory_bytes") / 1e6)}
    if process is not None:
        folder = Path(f"/proc/{process}")
        found["files"] = len(list((folder / "fd").iterdir()))
        found["threads"] = len(list((folder / "task").iterdir()))
    return found


async def figure(url: str, name: str) -> float:
    """A figure of `/metrics`."""
    _, body = await request(url, "metrics")
    found = re.search(rf"^seq2seq_{name} (\S+)$", body, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def break_off(url: str, number: int) -> list[float]:
    """Seconds after which the server no longer worked for clients that left."""
    took = []
    for _ in range(number):
        await request(url, "live", {"text": LONG.replace("long", str(random.random()))}, lines=1)
        begin = time.monotonic()
        while await figure(url, "running") and time.monotonic() - begin < 30:
            await asyncio.sleep(0.01)
        took.append(time.monotonic() - begin)
    return took


async def alone(url: str, texts: Iterator[str]) -> float:
    """The median time of 15 calls, one after the other."""
    outcome = Outcome()
    for _ in range(15):
        await call(url, next(texts), 0.0, outcome)
    return quantile(outcome.took, 0.5)


async def run(load: Load, url: str, process: int | None) -> tuple[dict[str, Any], Outcome]:
    """The whole test. Returns its figures and what the clients saw."""
    single = (f"{number} {text}" for number, text in enumerate(sentences()))
    before = await alone(url, single)
    start = time.monotonic()
    outcome = await put_load(load, url, process)
    seconds = time.monotonic() - start
    windows = [0] * max(1, int(seconds // 5))
    for moment in outcome.times:
        windows[min(int(moment // 5), len(windows) - 1)] += 1
    figures = {
        **{
            name: value for name, value in asdict(load).items() if name in ("clients", "queue", "concurrency")
        },
        "seconds": round(seconds, 1),
        "completed": len(outcome.took),
        "completed_per_second": round(len(outcome.took) / seconds, 1),
        "least_per_second_in_5_s": round(min(windows) / 5, 1),
        "busy": len(outcome.busy),
        "failed": len(outcome.failures),
        "median_s": quantile(outcome.took, 0.5),
        "p95_s": quantile(outcome.took, 0.95),
        "longest_s": quantile(outcome.took + outcome.busy, 1.0),
        "states": outcome.states,
        "alone_before_s": before,
    }
    await asyncio.sleep(5)
    figures["alone_5_s_later_s"] = await alone(url, single)
    if load.break_off:
        took = await break_off(url, load.break_off)
        figures["stopped_after_s"] = {"median": quantile(took, 0.5), "longest": round(max(took), 3)}
    return figures, outcome


def quantile(values: list[float], part: float) -> float:
    """The value below which `part` of all are."""
    return round(sorted(values)[min(int(part * len(values)), len(values) - 1)], 3) if values else 0.0


def different(load: Load, outcome: Outcome) -> list[tuple[str, str, str]]:
    """Text, answer and translation where the answer is not what `Translator` says."""
    from seq2seq import Translator

    answers = random.Random(1).sample(outcome.answers, min(load.compare, len(outcome.answers)))
    translations = Translator.from_pretrained(load.model).translate([text for text, _ in answers])
    return [
        (text, answer, str(translation))
        for (text, answer), translation in zip(answers, translations, strict=True)
        if answer != str(translation)
    ]


@contextmanager
def server(load: Load) -> Iterator[tuple[str, int | None]]:
    """Address of the server, and the number of its process if it was started here."""
    if load.url:
        yield load.url, None
        return
    options = {"model": load.model, "port": 0, "queue": load.queue, "concurrency": load.concurrency}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, str(ROOT / "app.py"), *words]
    begin = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = next((line for line in process.stderr if line.startswith("serving")), "")
            if not line:
                sys.exit("the server did not start")
            print(f"the server was ready after {time.monotonic() - begin:.1f} s", file=sys.stderr)
            yield line.partition(" at ")[2].split()[0], process.pid
        finally:
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
            print(
                f"it ended {time.monotonic() - begin:.1f} s after SIGTERM with exit code {code}",
                file=sys.stderr,
            )


def main() -> int:
    """Run the test and print its figures; returns the exit code."""
    load = tyro.cli(Load, description=__doc__)
    with server(load) as (url, process):
        figures, outcome = asyncio.run(run(load, url, process))
    wrong = different(load, outcome)
    figures |= {"compared": min(load.compare, len(outcome.answers)), "different": len(wrong)}
    for text in [*sorted(set(outcome.failures))[:5], *map(str, wrong[:5])]:
        print(text, file=sys.stderr)
    print(json.dumps(figures))
    return int(bool(outcome.failures or wrong or not outcome.took))


if __name__ == "__main__":
    sys.exit(main())
