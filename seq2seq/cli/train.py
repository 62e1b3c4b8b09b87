"""`seq2seq train`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from seq2seq.cli.options import Paths, given, recipe_settings
from seq2seq.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    Settings,
    TrainingConfig,
    recipe_names,
)
from seq2seq.devices import use_threads


@dataclass(frozen=True)
class Train:
    """Train a translator from parallel text. Without data it trains on the sample corpus."""

    train: Paths = ()
    """Training data: one path (TSV, CSV, JSONL, Parquet; .gz too), two paths of aligned text, or
    hf:NAME[:CONFIG]. Repeat the option for several corpora."""
    valid: Paths = ()
    """Validation data, in the same forms; without it, part of the training data is held out."""
    source_lang: str = ""
    """Language of the source, such as en."""
    target_lang: str = ""
    """Language of the target; it chooses the tokeniser of BLEU."""
    out: Path = Path("runs/sample")
    """Directory of the run."""
    recipe: str = ""
    """Settings to start from: a recipe's name or a TOML file. Options on the command line override it."""
    resume: bool = False
    """Go on with the run in --out, exactly where its newest checkpoint is. Only its limits may change:
    epochs, steps, minutes, patience."""
    dry_run: bool = False
    """Print the settings and the size of the network, and stop."""
    device: str = "auto"
    """Where to compute: auto (a GPU if there is one), cpu, cuda."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""
    seed: int | None = None
    """Same as --training.seed."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    @classmethod
    def default(cls, arguments: Sequence[str]) -> Train:
        """What the other options change: the settings of the recipe, or of the run that is resumed."""
        out = given(arguments, "--out")
        if "--resume" in arguments and not given(arguments, "--recipe"):
            from seq2seq.training.run import stored_run

            name, settings = "", stored_run(Path(out) if out else cls.out)[0]
        else:
            name, settings = recipe_settings(arguments)
        return cls(recipe=name, **{part.name: getattr(settings, part.name) for part in fields(settings)})

    def run(self) -> int:
        """Train; returns the exit code."""
        from seq2seq.training.interruption import Interruption
        from seq2seq.training.progress import Progress
        from seq2seq.training.run import Corpora, count_weights, train

        use_threads(self.threads)
        training = self.training if self.seed is None else replace(self.training, seed=self.seed)
        settings = Settings(self.model, self.data, training, self.decoding)
        if self.dry_run:
            shown = {"parameters": count_weights(settings), "settings": asdict(settings)}
            print(json.dumps(shown | {"recipes": recipe_names()}, indent=2))
            return 0
        corpora = Corpora(self.train, self.valid, (self.source_lang, self.target_lang))
        interruption, progress = Interruption(), Progress()
        state = train(
            settings,
            corpora,
            self.out,
            resume=self.resume,
            device=self.device,
            progress=progress,
            interruption=interruption,
        )
        if interruption.signal:
            progress.say(f"stopped at step {state.step} and saved; go on with --resume --out {self.out}")
            return 128 + interruption.signal
        best = f"best greedy BLEU {state.best_bleu:.2f} at step {state.best_step}"
        progress.say(f"done ({state.stopped}): {best}")
        sample = self.out / "sample" / "test.tsv"
        test = sample if sample.exists() else "TEST.tsv"
        progress.say(f"evaluate it:  python scripts/evaluate.py --model {self.out} --test {test}")
        return 0
