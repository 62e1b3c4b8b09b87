"""The model card: what a model is, what it was trained on, how good it is, and where it may be wrong."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from seq2seq.config import Settings


def model_card(
    settings: Settings,
    *,
    languages: tuple[str, str],
    parameters: int,
    corpora: Sequence[str],
    pairs: int,
    metrics: Mapping[str, Any],
) -> str:
    """A README.md with the Hub's metadata block. `metrics` is the validation record of the run."""
    source, target = (language or "unknown" for language in languages)
    model, training = settings.model, settings.training
    return f"""---
language:
- {source}
- {target}
pipeline_tag: translation
library_name: seq2seq-mt
---

# {source} → {target}

A recurrent encoder-decoder with attention, trained with seq2seq.

    from seq2seq import Translator
    translator = Translator.from_pretrained("path/to/this/folder")
    print(translator.translate("…"))

| | |
|---|---|
| network | {model.summary} |
| parameters | {parameters:,} |
| vocabulary | {model.source_vocab_size} source and {model.target_vocab_size} target pieces \
({settings.data.tokenizer}) |
| training data | {", ".join(corpora)}: {pairs:,} pairs after cleaning |
| seed | {training.seed} |
| validation | greedy BLEU {metrics.get("bleu", float("nan")):.2f}, \
signature `{metrics.get("signature", "")}`, loss {metrics.get("loss", float("nan")):.3f} nats a token, \
after {metrics.get("step", 0)} steps |

It knows the kind of text that it was trained on. It can be wrong, also where it reads well.
"""


def versions() -> dict[str, str]:
    """Versions of this package and of what a model's weights and scores depend on; "" if not installed."""
    found = {"python": platform.python_version()}
    for name in ("seq2seq-mt", "torch", "sentencepiece", "sacrebleu"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # a checkout that was not installed
            found[name] = ""
    return found
