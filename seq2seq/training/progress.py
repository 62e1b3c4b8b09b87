"""Messages and a progress bar on stderr: the bar on a terminal only, messages always."""

from __future__ import annotations

import math
import sys
import time
from typing import Any


class Progress:
    """Shows the share done, target tokens a second, loss and time left; `say` prints a line above the bar.

    Without a terminal there is no bar, and a line every `every` seconds instead.
    """

    def __init__(self, *, show: bool = True, every: float = 60.0) -> None:
        self.show, self.every = show, every
        self.bar: Any = None
        self.rate = self.loss = 0.0
        self.first_share = self.first_time = self.last_time = self.last_line = 0.0

    def start(self, share: float) -> None:
        """Begin at `share` (0 to 1) of the whole."""
        self.first_share, self.first_time = share, time.monotonic()
        self.last_time = self.last_line = self.first_time
        if self.show and sys.stderr.isatty():
            from tqdm import tqdm

            layout = "{l_bar}{bar}| {elapsed} {postfix}"
            self.bar = tqdm(total=1.0, initial=share, bar_format=layout, file=sys.stderr, dynamic_ncols=True)

    def update(self, share: float, *, tokens: int, loss: float) -> None:
        """After each step: `share` done, target `tokens` and `loss` (nats a token) of the step."""
        now = time.monotonic()
        rate = tokens / max(now - self.last_time, 1e-9)
        self.rate = rate if not self.rate else 0.95 * self.rate + 0.05 * rate
        if math.isfinite(loss):  # one that is not would stay in the mean for ever
            self.loss = loss if not self.loss else 0.95 * self.loss + 0.05 * loss
        self.last_time = now
        if self.bar is not None:
            self.bar.set_postfix_str(self._figures(share, now), refresh=False)
            self.bar.update(share - self.bar.n)
        elif self.show and now - self.last_line >= self.every:
            self.last_line = now
            self.say(f"{100 * share:5.1f} %  {self._figures(share, now)}")

    def _figures(self, share: float, now: float) -> str:
        text = f"{self.rate:,.0f} tokens/s  loss {self.loss:.3f}"
        done = share - self.first_share
        if done > 0:
            left = (now - self.first_time) * (1 - share) / done
            text += f"  {int(left // 60)}:{int(left % 60):02d} left"
        return text

    def say(self, message: str) -> None:
        """A line on stderr."""
        if not self.show:
            return
        if self.bar is not None:
            self.bar.write(message, file=sys.stderr)
        else:
            print(message, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
