"""The subcommands of `seq2seq`, one frozen dataclass each, whose fields are its options.

`run` does the work and returns the exit code; `default`, where there is one, gives the values that the other
options change. What becomes of errors is the affair of `cli`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import tyro

from seq2seq.config import DataConfig, DecodingConfig, ModelConfig, Settings, TrainingConfig, UsageError
from seq2seq.pretrained import DEFAULT
from seq2seq.settings import find_recipe, recipe_names

Paths: TypeAlias = Annotated[tuple[tuple[str, ...], ...], tyro.conf.UseAppendAction]


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
            from seq2seq.pipeline import stored_run

            name, settings = "", stored_run(Path(out) if out else cls.out)[0]
        else:
            name, settings = recipe_settings(arguments)
        return cls(recipe=name, **{part.name: getattr(settings, part.name) for part in fields(settings)})

    def run(self) -> int:
        """Train; returns the exit code."""
        from seq2seq.pipeline import Corpora, Interruption, count_weights, train
        from seq2seq.progress import Progress

        use_threads(self.threads)
        training = self.training if self.seed is None else replace(self.training, seed=self.seed)
        settings = Settings(self.model, self.data, training, self.decoding)
        if self.dry_run:
            shown = {"parameters": count_weights(settings), "settings": asdict(settings)}
            print(json.dumps(shown | {"recipes": recipe_names()}, indent=2))
            return 0
        corpora = Corpora(self.train, self.valid, (self.source_lang, self.target_lang))
        interruption, progress = Interruption(), Progress()
        place = train(
            settings,
            corpora,
            self.out,
            resume=self.resume,
            device=self.device,
            progress=progress,
            interruption=interruption,
        )
        if interruption.signal:
            progress.say(f"stopped at step {place.step} and saved; go on with --resume --out {self.out}")
            return 128 + interruption.signal
        best = f"best greedy BLEU {place.best_bleu:.2f} at step {place.best_step}"
        progress.say(f"done ({place.stopped}): {best}")
        sample = self.out / "sample" / "test.tsv"
        test = sample if sample.exists() else "TEST.tsv"
        progress.say(f"evaluate it:  python scripts/evaluate.py --model {self.out} --test {test}")
        return 0


@dataclass(frozen=True)
class Evaluate:
    """Score a model on a test set: BLEU, chrF and TER as one JSON object on stdout."""

    test: tuple[str, ...]
    """Test data: one path, two paths of aligned text, or hf:NAME[:CONFIG]."""
    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""
    columns: tuple[str, str] | None = None
    """Names of the source and target columns."""
    split: str = "test"
    """Split of a Hugging Face data set."""
    output: Path | None = None
    """Write the translations to this file as well, one a line."""
    beam_size: int | None = None
    """Hypotheses kept a sentence; default: the model's."""
    length_penalty: float | None = None
    """Default: the model's."""
    batch_size: int = 64
    """Sentences translated at once."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, auto."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Evaluate; returns the exit code."""
        from seq2seq.evaluation import evaluate
        from seq2seq.files import write_text
        from seq2seq.linewise import one_line
        from seq2seq.pipeline import read_test

        translator = _translator(self)
        languages = (translator.source_language, translator.target_language)
        pairs = read_test(self.test, languages=languages, columns=self.columns, split=self.split)
        result = evaluate(translator, pairs)
        if self.output is not None:
            write_text(self.output, "".join(one_line(text) + "\n" for text in result.translations))
        print(json.dumps(result.to_dict(), ensure_ascii=False, indent=2))
        return 0


@dataclass(frozen=True)
class Translate:
    """Translate stdin to stdout, a line for a line."""

    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""
    scores: bool = False
    """Print score ⇥ text."""
    n_best: int = 1
    """Above 1: print line number from 0 ⇥ score ⇥ text, up to that many lines a line."""
    json: bool = False
    """Print an object a line: text, score, log_prob, confidence, tokens, words, alignment, alternatives."""
    buffer: int = 1000
    """Lines read before the first is translated; 1 for interactive use."""
    beam_size: int | None = None
    """Hypotheses kept a sentence; default: the model's."""
    length_penalty: float | None = None
    """Default: the model's."""
    batch_size: int = 64
    """Sentences translated at once."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, auto."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Translate; returns the exit code."""
        from seq2seq import linewise

        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        translator = _translator(self)
        found = translator.translate_lines(
            linewise.read(sys.stdin.buffer),
            buffer=self.buffer,
            n_best=self.n_best,
            beam_size=max(self.n_best, translator.decoding.beam_size),
        )
        form = "json" if self.json else "n-best" if self.n_best > 1 else "scores" if self.scores else "text"
        shown = (linewise.show(number, translation, form=form) for number, translation in enumerate(found))
        linewise.write(shown, sys.stdout.buffer, buffer=self.buffer)
        return 0


@dataclass(frozen=True)
class Plot:
    """Draw the learning curves of a run."""

    run_directory: Annotated[Path, tyro.conf.arg(name="run")]
    """The run's directory."""
    out: Path | None = None
    """PNG or SVG file; default: learning-curves.png in the run."""

    def run(self) -> int:
        """Draw; returns the exit code."""
        from seq2seq import plots
        from seq2seq.rundir import RunDirectory

        records = RunDirectory(self.run_directory).records()
        if not records:
            raise UsageError(f"{self.run_directory}: holds no log.jsonl with steps to draw")
        path = self.out or self.run_directory / "learning-curves.png"
        plots.save(plots.learning_curves(records), path)
        print(path)
        return 0


@dataclass(frozen=True)
class Info:
    """Show what a model is: languages, and a table of its layers with their shapes and parameters."""

    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""
    json: bool = False
    """Print one object: languages, sizes, settings, scores, layers."""

    def run(self) -> int:
        """Print; returns the exit code."""
        from seq2seq import summary
        from seq2seq.translator import Translator

        translator = Translator.from_pretrained(self.model)
        rows = summary.layers(translator.model)
        if self.json:
            info = dict(translator.info)
            info["model"] = asdict(info["model"])
            del info["card"]
            print(json.dumps(info | {"layers": [asdict(row) for row in rows]}, ensure_ascii=False, indent=2))
        else:
            source, target = translator.source_language or "?", translator.target_language or "?"
            print(f"{translator.name}: {source} → {target}\n\n{summary.table(rows)}")
        return 0


@dataclass(frozen=True)
class Serve:
    """Serve the page on this machine."""

    model: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A model or run directory, or a bundled model's name; repeat the option for several."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 7860
    """Port to listen on."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Serve until a signal; returns the exit code."""
        from seq2seq.webui import serve

        use_threads(self.threads)
        serve(self.model or (DEFAULT,), host=self.host, port=self.port)
        return 0


@dataclass(frozen=True)
class Export:
    """Copy a model into a directory of its own, with float16 weights unless told otherwise."""

    model: str
    """A model or run directory, or a bundled model's name."""
    out: Path
    """The new model directory."""
    half: bool = True
    """Store weights in float16, at half the size."""

    def run(self) -> int:
        """Export; returns the exit code."""
        from seq2seq.translator import Translator

        Translator.from_pretrained(self.model).save_pretrained(self.out, half=self.half)
        print(self.out)
        return 0


def recipe_settings(arguments: Sequence[str]) -> tuple[str, Settings]:
    """The recipe that a command line starts from, and its settings: that of `--recipe`, else `default`, or
    `sample` when no data is given."""
    name = given(arguments, "--recipe")
    name = name or ("sample" if given(arguments, "--train") is None else "default")
    return name, find_recipe(name)


def given(arguments: Sequence[str], option: str) -> str | None:
    """The value of `option` on the command line, "" if it stands there without one."""
    for index, argument in enumerate(arguments):
        if argument == option:
            return arguments[index + 1] if index + 1 < len(arguments) else ""
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None


def _translator(options: Evaluate | Translate) -> Any:
    """The model that `options` name, with the decoding settings that they give."""
    from seq2seq.translator import Translator

    use_threads(options.threads)
    translator = Translator.from_pretrained(options.model, device=options.device)
    asked = {name: getattr(options, name) for name in ("beam_size", "length_penalty", "batch_size")}
    changes = {name: value for name, value in asked.items() if value is not None}
    if "beam_size" in changes:
        changes["n_best"] = min(translator.decoding.n_best, changes["beam_size"])
    translator.decoding = replace(translator.decoding, **changes)
    return translator


def use_threads(number: int) -> None:
    """Let torch compute on so many threads; 0 leaves its own choice."""
    if number < 0:
        raise UsageError(f"--threads is {number}, expected 0 or more")
    if number:
        import torch

        torch.set_num_threads(number)
