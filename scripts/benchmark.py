"""How fast is training, and translating, and which share of what the machine can do is that?

python scripts/benchmark.py train                                # the recipe multi30k on generated sentences
python scripts/benchmark.py train --recipe tatoeba --data train.tsv --set training.precision=float32
python scripts/benchmark.py translate --model en-fr --data val.tsv --beams 1 5 --batches 1 64 --threads 1 2
python scripts/benchmark.py train --data train.en train.de --peer-command "onmt_train -config onmt.yaml"

Speeds are medians of rounds in which everything that is compared takes its turn. docs/how-to/benchmark.md
explains the figures.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

sys.path.insert(0, str(Path(__file__).parents[1]))

from seq2seq.cli.options import EngineName
from seq2seq.config import find_recipe
from seq2seq.devices import find_device, reuse_memory, use_threads
from seq2seq.errors import SeqError, UsageError

if TYPE_CHECKING:
    from seq2seq.benchmarks.peers import Peer


@dataclass(frozen=True, kw_only=True)
class _Common:
    data: tuple[str, ...] = ()
    """One path, or two of aligned text, as of `seq2seq train --train`. Without it: generated sentences."""
    rounds: int = 5
    """Rounds that are counted."""
    peer_command: str = ""
    """A command that is run after each of our rounds, and prints its target tokens a second."""
    peer_pattern: str = ""
    """A regular expression with a group, the number that the peer prints. Default: both
    "target_tokens_per_s": 12.3 and 12/34 tok/s."""
    json: bool = False
    """Print JSON instead of a table."""

    def _peer(self) -> Peer | None:
        from seq2seq.benchmarks.peers import PATTERN, Peer

        return Peer(self.peer_command, self.peer_pattern or PATTERN) if self.peer_command else None

    def _check(self, least: int, *options: str) -> None:
        """UsageError for the first of `options` that has a number below `least`, or none."""
        for option in options:
            value = getattr(self, option)
            numbers = value if isinstance(value, tuple) else (value,)
            if not numbers:
                raise UsageError(f"--{option} has no number, expected {least} or more")
            if min(numbers) < least:
                raise UsageError(f"--{option} is {min(numbers)}, expected {least} or more")


@dataclass(frozen=True, kw_only=True)
class Train(_Common):
    """Updates of a recipe."""

    recipe: str = "multi30k"
    """A recipe, or a TOML file."""
    model: str = ""
    """Train the network of this model further, with the settings of the recipe for the training."""
    set: tuple[str, ...] = ()
    """Settings that differ from the recipe, such as model.cell=gru training.precision=float32."""
    updates: int = 12
    """Updates of a round, each with another batch."""
    pairs: int = 5000
    """Pairs that are read."""
    threads: int = 0
    """CPU threads. 0: one per core."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""

    def run(self) -> None:
        """Measure and print."""
        self._check(1, "rounds", "updates", "pairs")
        from seq2seq.benchmarks.tables import training_lines
        from seq2seq.benchmarks.texts import pairs_of
        from seq2seq.benchmarks.training import TrainingBenchmark
        from seq2seq.bundle.starting import load_start
        from seq2seq.experiments.setting import parse_setting

        use_threads(self.threads)
        reuse_memory()
        settings = parse_setting(f"benchmark: {', '.join(self.set)}", find_recipe(self.recipe), [1]).settings
        benchmark = TrainingBenchmark(
            settings,
            pairs_of(self.data, most=self.pairs),
            device=find_device(self.device),
            updates=self.updates,
            bundle=load_start(self.model) if self.model else None,
        )
        figures = benchmark.run(rounds=self.rounds, peer=self._peer(), say=say)
        print(json.dumps(asdict(figures)) if self.json else "\n".join(training_lines(figures)))


@dataclass(frozen=True, kw_only=True)
class Translate(_Common):
    """Translations of a model."""

    model: str = "en-fr"
    """A model directory, a run, or a direction that is bundled."""
    engines: tuple[EngineName, ...] = ("auto",)
    """What computes: torch, onnx, onnx-float32, or auto."""
    threads: tuple[int, ...] = (0,)
    """Numbers of CPU threads. 0: one per core."""
    beams: tuple[int, ...] = (1, 5)
    """Beam sizes."""
    batches: tuple[int, ...] = (64,)
    """Sentences of a batch."""
    sentences: int = 200
    """Sentences that are translated in a round."""
    alone: int = 50
    """So many of them are translated one at a time, too."""
    fresh: int = 3
    """New processes for each engine, from start to first translation."""

    def run(self) -> None:
        """Measure and print."""
        self._check(1, "rounds", "sentences", "beams", "batches")
        self._check(0, "threads", "alone", "fresh")
        from seq2seq.benchmarks.tables import translation_lines
        from seq2seq.benchmarks.texts import pairs_of
        from seq2seq.benchmarks.translating import TranslationBenchmark

        benchmark = TranslationBenchmark(
            self.model,
            [pair.source for pair in pairs_of(self.data, most=self.sentences)],
            engines=self.engines,
            threads=[number or os.cpu_count() or 1 for number in self.threads],
            beams=self.beams,
            batches=self.batches,
        )
        report = benchmark.run(
            rounds=self.rounds, alone=self.alone, fresh=self.fresh, peer=self._peer(), say=say
        )
        print(json.dumps(asdict(report)) if self.json else "\n".join(translation_lines(report)))


def say(line: str) -> None:
    """What happens meanwhile goes to stderr."""
    print(line, file=sys.stderr)


def main() -> int:
    """Run the command; returns the exit code."""
    command = tyro.cli(Train | Translate, description=__doc__)
    try:
        command.run()
    except SeqError as error:
        say(f"error: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
