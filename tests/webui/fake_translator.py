"""A translator for tests of the page, without a network: it returns texts in capitals."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seq2seq.alternatives import Alternative
from seq2seq.completion import Completion
from seq2seq.config import DecodingConfig
from seq2seq.translation import Translation, Word

PAYLOADS = [  # each would run as a script, or leave its place in the HTML, if it were not escaped
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    '"><svg onload=window.ran=1>',
    "'><body onload=window.ran=1>",
    "</p><iframe src=javascript:window.ran=1>",
    "</textarea><script>window.ran=1</script>",
    "</title><script>window.ran=1</script>",
    "<a href=javascript:window.ran=1>x</a>",
    "<math><mtext><img src=x onerror=window.ran=1>",
    "${window.ran=1}",
    "{{constructor.constructor('window.ran=1')()}}",
    "{{{value}}}",
    "`);window.ran=1;//",
    '" onmouseover="window.ran=1" x="',
    "&lt;script&gt;window.ran=1&lt;/script&gt;",
]
CARD = """---
license: x
---

# Capitals

    translator = Translator.from_pretrained("a model with a long name, in one line, too long for a phone")

| | |
|---|---|
| network | one that writes capitals |
| test | BLEU 41.2 (`nrefs:1|case:mixed|tok:13a`), 2,000 sentences |

"""


@dataclass
class FakeTranslator:
    """Translates each text in `seconds`, or raises `error`. It records calls, and how many ran at once."""

    seconds: float = 0.0
    directions: tuple[tuple[str, str], ...] = (("en", "fr"),)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    calls: list[str] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    lock: Any = field(default_factory=threading.Lock)
    error: Exception | None = None

    @property
    def info(self) -> dict[str, Any]:
        bleu = {"bleu": {"score": 41.25, "signature": "nrefs:1|tok:13a"}}
        return {
            "parameters": 3_600_000,
            "metrics": {"test": bleu, "data": "Tatoeba"},
            "card": CARD + PAYLOADS[1],
        }

    def translate(self, texts: Any, *, prefix: str = "", **options: Any) -> Any:
        """A text with a prefix goes on as the text does, in capitals, from that place on."""
        if isinstance(texts, str):
            return in_capitals(prefix + texts.upper()[len(prefix) :])
        with self.lock:
            self.calls += texts
            self.options.append(options)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        time.sleep(self.seconds * len(texts))
        with self.lock:
            self.running -= 1
        if self.error:
            raise self.error
        return [self.answer(text, options.get("n_best", 1)) for text in texts]

    def answer(self, text: str, n_best: int) -> Translation:
        return in_capitals(text, n_best=n_best)

    def alternatives(
        self, text: str, translation: Translation, word: int, **options: Any
    ) -> list[Alternative]:
        """The word twice and three times, and what follows from each."""
        self.options.append(options)
        present = translation.words[word]
        made = []
        for times in (2, 3):
            other = "-".join([present.text] * times)
            whole = translation.text[: present.start] + other + translation.text[present.end :]
            made.append(Alternative(other, 0.3 / times, in_capitals(whole)))
        return made

    def complete(self, text: str, prefix: str, **options: Any) -> list[Completion]:
        self.options.append(options)
        return [Completion(" NEXT", 0.6), Completion("X", 0.1)]

    def reset(self) -> None:
        """Forget all calls."""
        self.calls.clear()
        self.options.clear()
        self.most_running = 0


def in_capitals(text: str, *, n_best: int = 1) -> Translation:
    """What the fake translator returns. Word i of the translation is aligned to word i of the source."""
    spans = [(match.start(), match.end()) for match in re.finditer(r"\S+", text)]
    tokens = [f"▁{text[a:b]}" for a, b in spans] + ["</s>"]
    capitals = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
    return Translation(
        text=capitals,
        log_prob=-1.5,
        score=-0.5,
        confidence=0.6,
        source_tokens=tokens,
        target_tokens=tokens,
        source_words=tuple(Word(text[a:b], a, b) for a, b in spans),
        words=tuple(Word(capitals[a:b], a, b, 0.75) for a, b in spans),
        attention=np.eye(len(tokens), dtype=np.float32),
        alignment=[(index, index) for index in range(len(spans))],
        alternatives=[
            Translation(f"{capitals} {rank}", score=-rank, confidence=0.5) for rank in range(2, n_best + 1)
        ],
    )


class FakeLive:
    """In place of `LiveTranslator`: translates what is typed as the translator does."""

    def __init__(self, translator: FakeTranslator, **options: Any) -> None:
        self.translator, self.options = translator, options

    def update(self, text: str) -> Translation:
        (made,) = self.translator.translate([text], **self.options)
        return made  # type: ignore[no-any-return]


class DescribedTranslator(FakeTranslator):
    """A fake translator with the `info` of the test's choice."""

    def __init__(self, **info: Any) -> None:
        super().__init__()
        self.values = info

    @property
    def info(self) -> dict[str, Any]:
        return self.values


class NotingTranslator(FakeTranslator):
    """A fake translator that leaves "Ja" and "Nein" as they are, and says why."""

    def answer(self, text: str, n_best: int) -> Translation:
        if text.startswith(("Ja", "Nein")):
            return Translation(text, note="this does not look like English")
        return super().answer(text, n_best)
