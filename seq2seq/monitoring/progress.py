"""Messages and a progress bar on stderr: the bar on a terminal only, messages always."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from typing import Any

SMOOTHING = 0.95  # weight of the earlier steps in the loss and the rate that are shown


@dataclass(frozen=True)
class Outlook:
    """What a progress bar shows.

    Attributes:
        share: the part of the whole that is done, 0 to 1.
        done: work done so far, in any unit; it only grows.
        left: work left, in the same unit. The time left follows from the time that `done` took.
        whole: what `share` is a part of; "" for the training.
        note: where the training is, such as "epoch 3 (40 %)".
        time_left: how the time left is shown; {} stands for it.
    """

    share: float
    done: float
    left: float
    whole: str = ""
    note: str = ""
    time_left: str = "{} left"


class Progress:
    """Shows what is done, target tokens a second, loss and time left; `say` prints a line above the bar.

    Without a terminal there is no bar, and instead a line every `every` seconds. With `show` false nothing is
    printed.
    """

    def __init__(self, *, show: bool = True, every: float = 60.0) -> None:
        self.show, self.every = show, every
        self.bar: Any = None
        self.rate = self.loss = 0.0
        self.first_done = self.first_time = self.last_time = self.last_line = 0.0

    def start(self, outlook: Outlook) -> None:
        """Begin here: the time left is estimated from what follows."""
        self.first_done, self.first_time = outlook.done, time.monotonic()
        self.last_time = self.last_line = self.first_time
        if self.show and self.bar is None and sys.stderr.isatty():
            from tqdm import tqdm

            layout = "{percentage:3.0f}% |{bar:8}| {desc}"  # what is too wide is cut at its end
            self.bar = tqdm(
                total=1.0, initial=outlook.share, bar_format=layout, file=sys.stderr, dynamic_ncols=True
            )

    def update(self, outlook: Outlook, *, tokens: int, loss: float) -> None:
        """Show the state after a step of so many target `tokens` and this `loss` in nats a token."""
        now = time.monotonic()
        rate = tokens / max(now - self.last_time, 1e-9)
        self.rate = rate if not self.rate else SMOOTHING * self.rate + (1 - SMOOTHING) * rate
        if math.isfinite(loss):  # a loss that is not finite would stay in the mean for ever
            self.loss = loss if not self.loss else SMOOTHING * self.loss + (1 - SMOOTHING) * loss
        self.last_time = now
        if self.bar is not None:
            text = f"{_whole(outlook)}  {self._numbers(outlook, now)}".strip()
            self.bar.set_description_str(text, refresh=False)
            self.bar.update(outlook.share - self.bar.n)
        elif self.show and now - self.last_line >= self.every:
            self.last_line = now
            self.say(f"{100 * outlook.share:5.1f} %{_whole(outlook)}  {self._numbers(outlook, now)}")

    def _numbers(self, outlook: Outlook, now: float) -> str:
        """The most important first: a narrow terminal cuts the rest off."""
        parts, done = [f"loss {self.loss:.3f}", f"{self.rate:,.0f} tokens/s"], outlook.done - self.first_done
        if done > 0:
            seconds = (now - self.first_time) * outlook.left / done
            parts.insert(0, outlook.time_left.format(_duration(seconds)))
        return "  ".join([*parts, outlook.note] if outlook.note else parts)

    def say(self, message: str) -> None:
        """Print a line on stderr."""
        if not self.show:
            return
        if self.bar is not None:
            self.bar.write(message, file=sys.stderr)
        else:
            print(message, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _whole(outlook: Outlook) -> str:
    """What the percentage is a part of, behind its sign."""
    return f" of {outlook.whole}" if outlook.whole else ""


def _duration(seconds: float) -> str:
    """Such as 3:05 or 2:03:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
