"""The `seq2seq` command: train, evaluate, translate, plot, info, serve, export.

Each subcommand is a frozen dataclass whose fields are its options; the scripts and `app.py` call `main` with
the subcommand's name in front. Results go to stdout, messages to stderr. Exit codes: 0 fine, 2 wrong usage,
3 data, 4 model or checkpoint, 5 the run could not go on, 130 and 143 stopped by a signal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Annotated, Any, TypeAlias

import tyro

from seq2seq.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    SeqError,
    Settings,
    TrainingConfig,
    UsageError,
    find_recipe,
    recipe_names,
)
from seq2seq.pretrained import DEFAULT

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
    """Go on with the run in --out, exactly where its newest checkpoint is."""
    dry_run: bool = False
    """Print the settings and the size of the network, and stop."""
    device: str = "auto"
    """Where to compute: auto, cpu, cuda."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""
    seed: int | None = None
    """Same as --training.seed."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def run(self) -> int:
        """Train; returns the exit code."""
        from seq2seq.pipeline import Corpora, Interruption, train

        _threads(self.threads)
        training = self.training if self.seed is None else replace(self.training, seed=self.seed)
        settings = Settings(self.model, self.data, training, self.decoding)
        if self.dry_run:
            print(json.dumps(_dry(settings), indent=2))
            return 0
        corpora = Corpora(self.train, self.valid, (self.source_lang, self.target_lang))
        interruption = Interruption()
        place = train(
            settings, corpora, self.out, resume=self.resume, device=self.device, interruption=interruption
        )
        if interruption.signal:
            _say(f"stopped at step {place.step} and saved; go on with --resume --out {self.out}")
            return 128 + interruption.signal
        _say(f"done ({place.stopped}): best greedy BLEU {place.best_bleu:.2f} at step {place.best_step}")
        _say(f"evaluate it:  python scripts/evaluate.py --model {self.out} --test {self._test_set()}")
        return 0

    def _test_set(self) -> str:
        return "TEST.tsv" if self.train else str(self.out / "sample" / "test.tsv")


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
    """Where to compute: cpu, cuda."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Evaluate; returns the exit code."""
        from seq2seq.evaluation import evaluate
        from seq2seq.files import write_text
        from seq2seq.pipeline import read_test

        translator = _translator(
            self.model, self, device=self.device, threads=self.threads, names=("beam_size", "length_penalty")
        )
        languages = (translator.source_language, translator.target_language)
        pairs = read_test(self.test, languages=languages, columns=self.columns, split=self.split)
        result = evaluate(translator, pairs)
        if self.output is not None:
            text = "".join(t.replace("\n", " ") + "\n" for t in result.translations)
            write_text(self.output, text)
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
    """Above 1: print line number from 0 ⇥ score ⇥ text, that many lines a line."""
    json: bool = False
    """Print an object a line: text, score, log_prob, confidence, tokens, alignment, alternatives."""
    buffer: int = 1000
    """Lines read before the first is translated; 1 for interactive use."""
    beam_size: int | None = None
    """Hypotheses kept a sentence; default: the model's."""
    length_penalty: float | None = None
    """Default: the model's."""
    batch_size: int = 64
    """Sentences translated at once."""
    device: str = "cpu"
    """Where to compute: cpu, cuda."""
    threads: int = 0
    """CPU threads; 0: as many as torch finds."""

    def run(self) -> int:
        """Translate; returns the exit code."""
        if self.buffer < 1:
            raise UsageError(f"--buffer is {self.buffer}, expected 1 or more")
        names = ("beam_size", "length_penalty", "batch_size")
        translator = _translator(self.model, self, device=self.device, threads=self.threads, names=names)
        beam = max(self.n_best, translator.decoding.beam_size)
        with (
            open(sys.stdin.fileno(), encoding="utf-8", newline="\n", closefd=False) as lines,
            open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False) as out,
        ):
            self._filter(translator, lines, out, beam)
        return 0

    def _filter(self, translator: Any, lines: IO[str], out: IO[str], beam: int) -> None:
        texts = (line.removesuffix("\n").removesuffix("\r") for line in lines)
        found = translator.translate_lines(texts, buffer=self.buffer, n_best=self.n_best, beam_size=beam)
        for number, translation in enumerate(found):
            out.write(self._format(number, translation))
            if (number + 1) % self.buffer == 0:
                out.flush()

    def _format(self, number: int, translation: Any) -> str:
        if self.json:
            return json.dumps(_plain(translation), ensure_ascii=False) + "\n"
        all_of_it = [translation, *translation.alternatives]
        rows = [(t.score, t.text.replace("\n", " ")) for t in all_of_it]
        if self.n_best > 1:
            return "".join(f"{number}\t{score:.6f}\t{text}\n" for score, text in rows)
        score, text = rows[0]
        return f"{score:.6f}\t{text}\n" if self.scores else f"{text}\n"


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
    """Show what a model is: languages, sizes, scores, as one JSON object."""

    model: str = DEFAULT
    """A model or run directory, or a bundled model's name."""

    def run(self) -> int:
        """Print; returns the exit code."""
        from seq2seq.translator import Translator

        info = dict(Translator.from_pretrained(self.model).info)
        info["model"] = asdict(info["model"])
        del info["card"]
        print(json.dumps(info, ensure_ascii=False, indent=2))
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

        _threads(self.threads)
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


COMMANDS: dict[str, type[Any]] = {
    "train": Train,
    "evaluate": Evaluate,
    "translate": Translate,
    "plot": Plot,
    "info": Info,
    "serve": Serve,
    "export": Export,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run a command; returns its exit code. A user's mistake is a message, never a traceback."""
    if not arguments or arguments[0] not in COMMANDS:
        asked = bool(arguments) and arguments[0] in ("-h", "--help")
        print(_usage(), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    name, *rest = arguments
    try:
        default = _recipe(rest) if name == "train" else None
        command = tyro.cli(
            COMMANDS[name],
            args=rest,
            default=default,
            prog=f"seq2seq {name}",
        )
        return int(command.run())
    except SeqError as error:
        _say(f"error: {error}")
        return error.exit_code
    except FileNotFoundError as error:
        _say(f"error: {error.filename}: no such file")
        return 3
    except UnicodeDecodeError as error:
        _say(f"error: input is not UTF-8 (byte {error.object[error.start]:#04x} at {error.start})")
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


def _usage() -> str:
    rows = [f"  {name:<10} {(kind.__doc__ or '').partition(chr(10))[0]}" for name, kind in COMMANDS.items()]
    table = "\n".join(rows)
    return f"usage: seq2seq COMMAND [OPTIONS]\n\n{table}\n\nseq2seq COMMAND --help explains each option."


def _recipe(arguments: Sequence[str]) -> Train:
    """`Train` with the settings of `--recipe`; without recipe and without data, of the recipe `sample`."""
    name = ""
    for index, argument in enumerate(arguments):
        if argument == "--recipe" and index + 1 < len(arguments):
            name = arguments[index + 1]
        elif argument.startswith("--recipe="):
            name = argument.partition("=")[2]
    if not name:
        given = any(argument == "--train" or argument.startswith("--train=") for argument in arguments)
        name = "default" if given else "sample"
    settings = find_recipe(name)
    values = {part.name: getattr(settings, part.name) for part in fields(settings)}
    return Train(recipe=name, **values)


def _dry(settings: Settings) -> dict[str, Any]:
    """Settings and network size, the vocabulary as large as asked for."""
    from seq2seq.model import build_model, count_parameters

    size = settings.data.vocab_size
    model = replace(settings.model, source_vocab_size=size, target_vocab_size=size)
    return {
        "parameters": count_parameters(build_model(model)),
        "settings": asdict(settings),
        "recipes": recipe_names(),
    }


def _translator(model: str, options: Any, *, device: str, threads: int, names: Sequence[str]) -> Any:
    from seq2seq.translator import Translator

    translator = Translator.from_pretrained(model, device=device, threads=threads or None)
    changes = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if "beam_size" in changes:
        changes["n_best"] = min(translator.decoding.n_best, changes["beam_size"])
    translator.decoding = replace(translator.decoding, **changes)
    return translator


def _plain(translation: Any) -> dict[str, Any]:
    """A translation as plain values; attention, the largest part, is left out."""
    return {
        "text": translation.text,
        "score": translation.score,
        "log_prob": translation.log_prob,
        "confidence": translation.confidence,
        "source_tokens": translation.source_tokens,
        "target_tokens": translation.target_tokens,
        "words": [asdict(word) for word in translation.words],
        "alignment": translation.alignment,
        "alternatives": [
            {"text": t.text, "score": t.score, "log_prob": t.log_prob} for t in translation.alternatives
        ],
    }


def _threads(number: int) -> None:
    if number:
        import torch

        torch.set_num_threads(number)


def _say(message: str) -> None:
    print(message, file=sys.stderr)
