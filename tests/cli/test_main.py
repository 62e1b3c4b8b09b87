"""The command: exit codes, messages instead of tracebacks, N lines in and N lines out."""

from __future__ import annotations

import io
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from seq2seq.bundle import model_directory
from seq2seq.cli import main
from seq2seq.cli.main import COMMANDS
from seq2seq.config import recipe_names
from seq2seq.training import checkpoint
from seq2seq.training.run_directory import RunDirectory
from seq2seq.translator import Translator
from tests import tiny

ROOT = Path(__file__).parents[2]
TINY = [
    *("--data.vocab-size", "300", "--model.embedding-size", "8", "--model.encoder-size", "8"),
    *("--model.decoder-size", "8", "--model.attention-size", "8", "--training.batch-tokens", "60"),
    *("--training.validation-sentences", "4", "--device", "cpu"),
]


@dataclass(frozen=True)
class Result:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


class Command:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Result:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self.capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        sys.stdout.flush()
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.err
        return Result(code, printed.out, printed.err)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, in this process."""
    return Command(capsys, monkeypatch)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model."""
    path = tmp_path_factory.mktemp("model") / "tiny"
    model_directory.save(path, tiny.bundle())
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TSV file of number words."""
    path = tmp_path_factory.mktemp("data") / "pairs.tsv"
    path.write_text("".join(f"{p.source}\t{p.target}\n" for p in tiny.pairs(80)), encoding="utf-8")
    return path


# Usage


def test_no_command_prints_usage_on_stderr(command: Command) -> None:
    result = command()
    assert result.code == 2 and result.out == "" and "usage: seq2seq COMMAND" in result.err


def test_help_names_every_command(command: Command) -> None:
    result = command("--help")
    assert result.code == 0 and result.err == ""
    for name, (_, line) in COMMANDS.items():
        assert name in result.out and line in result.out


def test_version_option_prints_the_version(command: Command) -> None:
    assert command("--version").out == f"seq2seq {__import__('seq2seq').__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command_explains_every_option(command: Command, name: str) -> None:
    result = command(name, "--help")
    assert result.code == 0
    text = " ".join(result.out.replace("│", " ").split())
    for field in main.load_command(name).__dataclass_fields__:
        if field not in ("model", "data", "training", "decoding", "task", "action"):
            shown = {"run_directory": "run", "source": "in"}.get(field, field)
            assert f"--{shown.replace('_', '-')}" in text, field
    assert "\x1b" not in result.out


def test_help_of_train_lists_choices_and_texts_of_settings(command: Command) -> None:
    text = " ".join(command("train", "--help").out.replace("│", " ").split())
    assert "--model.cell {gru,lstm,rnn," in text and "Recurrent cell of encoder and decoder." in text
    assert "--training.learning-rate" in text and "Highest learning rate, reached after the warm-up." in text


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["trian"], "did you mean 'train'?"),
        (["nonsense"], "no command is called 'nonsense'"),
        (["train", "--recipe", "multi30"], "did you mean 'multi30k'?"),
        (["train", "--recipe", "zzz"], "expected one of adapt, bahdanau2015"),
        (["train", "--recipe", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["train", "--training.learning-rat", "1"], "--training.learning-rate"),
        (["train", "--model.cel", "lstm"], "--model.cell"),
        (["train", "--training.steps", "many"], "many"),
        (["train", "--training.schedule", "quadratic"], "cosine"),
        (["train", "--model.cell", "grl", "--dry-run"], "invalid choice 'grl'"),
        (["train", "--model.dropout", "2", "--dry-run"], "model.dropout is 2.0, expected a number"),
        (["train", "--data.no-joint", "--dry-run"], "data.joint is False, expected True"),
        (["train", "--threads", "-1"], "threads is -1"),
        (["train", "--threads", "100000"], "threads is 100000, expected a whole number from 0 to 1,024"),
        (["translate", "--threads", "100000"], "threads is 100000, expected"),
        (["train", "--seed", "-1"], "training.seed is -1, expected a whole number from 0"),
        (["train", "--seed", "1", "--training.seed", "2"], "--seed is 1 and --training.seed 2"),
        (["train", "--train"], "--train has no value, expected one path"),
        (["translate", "--beam-size", "2", "--n-best", "4"], "--n-best is 4 and --beam-size 2"),
        (["serve", "--port", "99999999"], "port is 99999999, expected"),
        (["train", "--valid", "x.tsv"], "--valid was given without --train"),
        (["translate", "--bufer", "1"], "--buffer"),
        (["translate", "--buffer", "0"], "--buffer is 0, expected 1 or more"),
        (["evaluate"], "--test"),
        (["export"], "--out"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_hint(
    command: Command, tmp_path: Path, arguments: list[str], hint: str
) -> None:
    out = ["--out", tmp_path / "run"] if arguments[0] == "train" and "--out" not in arguments else []
    result = command(*arguments, *out)
    assert result.code == 2 and result.out == ""
    assert hint in " ".join(result.err.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


def test_unknown_setting_in_a_recipe_names_the_nearest_one(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[training]\nlearning_rte = 1.0\n")
    result = command("train", "--recipe", path, "--out", tmp_path / "run")
    assert result.code == 2 and "did you mean 'learning_rate'?" in result.err and str(path) in result.err


@pytest.mark.parametrize("name", ["train", "translate", "evaluate"])
@pytest.mark.parametrize("device", ["tpu", "cuda:77", "meta", "mps"])
def test_missing_device_is_wrong_usage(
    command: Command, model: Path, data: Path, tmp_path: Path, name: str, device: str
) -> None:
    options = {
        "train": ["--train", data, "--out", tmp_path / "run"],
        "translate": ["--model", model],
        "evaluate": ["--model", model, "--test", data],
    }
    result = command(name, *options[name], "--device", device)
    assert result.code == 2 and f"device is '{device}', expected auto, cpu, cuda or cuda:N" in result.err


# Data and models


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "no.tsv: cannot be read (No such file or directory)"),
        (b"", "no.tsv"),
        (b"one column\n", "no.tsv:1: "),
        (b"a\tb\ncaf\xe9\tb\n", "no.tsv:2: byte 0xe9"),
        (b"a\tb\0\n", "no.tsv:1: a NUL"),
    ],
)
@pytest.mark.parametrize("name", ["train", "evaluate"])
def test_bad_data_exits_with_3_and_names_file_and_line(
    command: Command, model: Path, tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "no.tsv"
    if content is not None:
        path.write_bytes(content)
    options = {
        "train": ["--train", path, "--out", tmp_path / "run", *TINY],
        "evaluate": ["--model", model, "--test", path],
    }
    result = command(name, *options[name])
    assert result.code == 3 and result.out == "" and complaint in result.err


@pytest.mark.parametrize("name", ["translate", "evaluate", "info", "export"])
def test_missing_model_exits_with_4(command: Command, data: Path, tmp_path: Path, name: str) -> None:
    more = {"evaluate": ["--test", data], "export": ["--out", tmp_path / "copy"]}.get(name, [])
    for wrong in (tmp_path, tmp_path / "nothing"):
        result = command(name, "--model", wrong, *more, stdin=b"text\n")
        assert result.code == 4 and result.out == "" and str(wrong) in result.err


def test_damaged_model_exits_with_4(command: Command, model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:100])
    result = command("translate", "--model", tmp_path, stdin=b"text\n")
    assert result.code == 4 and "config.json: cannot be read" in result.err


def test_an_error_is_one_line_on_stderr(command: Command, tmp_path: Path) -> None:
    result = command("translate", "--model", tmp_path)
    assert result.err.startswith("error: ") and result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OSError(28, "No space left on device"), 5, "No space left on device"),
        (PermissionError(13, "Permission denied", "/x"), 5, "/x: Permission denied"),
        (FileNotFoundError(2, "No such file or directory", "y"), 3, "y: No such file"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_of_the_system_become_exit_codes(
    command: Command, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def refuse(self: object) -> int:
        raise error

    monkeypatch.setattr(main.load_command("info"), "run", refuse)
    result = command("info")
    assert result.code == code and message in result.err


@pytest.mark.parametrize("fails_later", [True, False])
def test_a_signal_that_an_import_swallows_ends_the_command(
    command: Command, monkeypatch: pytest.MonkeyPatch, fails_later: bool
) -> None:
    """As in `import numpy`, which then lacks a part."""
    monkeypatch.setattr(main, "_signals", [])

    def swallow(name: str) -> type:
        with pytest.raises(SystemExit):
            main._end(signal.SIGTERM, None)
        if fails_later:
            raise AttributeError("module 'numpy' has no attribute 'unique'")
        return Command

    class Command:
        def run(self) -> int:
            raise AssertionError("the command went on")

    monkeypatch.setattr(main, "load_command", swallow)
    result = command("info")
    assert (result.code, result.err) == (143, "")


def test_a_fault_of_the_program_is_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: object) -> int:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(main.load_command("info"), "run", fail)
    result = command("info")
    assert result.code == 1 and result.err.count("\n") == 1
    assert result.err.startswith("error: RuntimeError: first line (a fault of seq2seq itself")
    monkeypatch.setenv("SEQ2SEQ_TRACEBACK", "1")
    assert main.run(["info"]) == 1 and "Traceback" in capsys.readouterr().err


# translate

LINES = b"one two\n\n  \nthree\r\nvier \xe2\x80\xa8 f\xc3\xbcnf\nno end"


def test_as_many_lines_out_as_lines_in(command: Command, model: Path) -> None:
    result = command("translate", "--model", model, stdin=LINES)
    lines = result.out.split("\n")
    assert result.code == 0 and result.err == "" and lines.pop() == "" and len(lines) == 6
    assert lines[1] == "" and lines[2].strip() == ""
    assert "\r" not in result.out
    translator = Translator.from_pretrained(model)
    expected = str(translator.translate("three"))  # an untrained model may write line ends of its own
    assert lines[3] == expected.replace("\r", " ").replace("\n", " ")


@pytest.mark.parametrize("buffer", ["1", "2", "1000"])
def test_the_buffer_changes_nothing(command: Command, model: Path, buffer: str) -> None:
    expected = command("translate", "--model", model, stdin=LINES).out
    assert command("translate", "--model", model, "--buffer", buffer, stdin=LINES).out == expected


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n\n"])
def test_empty_lines_stay_empty_lines(command: Command, model: Path, content: bytes) -> None:
    result = command("translate", "--model", model, stdin=content)
    assert (result.code, result.out) == (0, content.decode())


def test_scores_option_prints_score_and_text(command: Command, model: Path) -> None:
    plain = command("translate", "--model", model, stdin=LINES).out.split("\n")[:-1]
    rows = [
        line.split("\t")
        for line in command("translate", "--model", model, "--scores", stdin=LINES).out.split("\n")
    ]
    assert rows.pop() == [""] and [text for _, text in rows] == plain
    assert all(float(score) <= 0 for score, _ in rows)


def test_n_best_prints_number_score_and_text_best_first(command: Command, model: Path) -> None:
    result = command("translate", "--model", model, "--n-best", "3", stdin=b"one\n\ntwo\n")
    rows = [line.split("\t") for line in result.out.split("\n")[:-1]]
    assert [row[0] for row in rows] == ["0", "0", "0", "1", "2", "2", "2"]
    assert all(len(row) == 3 for row in rows)
    for index in ("0", "2"):
        scores = [float(row[1]) for row in rows if row[0] == index]
        assert scores == sorted(scores, reverse=True)


def test_json_prints_one_object_per_line(command: Command, model: Path) -> None:
    result = command("translate", "--model", model, "--json", "--n-best", "2", stdin=LINES)
    values = [json.loads(line) for line in result.out.split("\n")[:-1]]
    assert len(values) == 6 and values[1]["text"] == "" and values[1]["target_tokens"] == []
    assert values[0]["target_tokens"][-1] == "</s>" and len(values[0]["alternatives"]) == 1
    assert 0 <= values[0]["confidence"] <= 1


def test_invalid_utf_8_on_stdin_names_line_and_byte(command: Command, model: Path) -> None:
    result = command("translate", "--model", model, "--buffer", "1", stdin=b"one\ncaf\xe9\ntwo\n")
    assert result.code == 3 and "stdin:2: byte 0xe9" in result.err
    assert result.out.count("\n") == 1  # what came before was translated


@pytest.mark.parametrize("option", [["--beam-size", "0"], ["--n-best", "999"], ["--length-penalty", "-1"]])
def test_decoding_options_are_checked(command: Command, model: Path, option: list[str]) -> None:
    result = command("translate", "--model", model, *option, stdin=b"one\n")
    assert result.code == 2 and result.out == "" and "expected" in result.err


# evaluate, info, export, plot


def test_evaluate_prints_scores_with_signatures(
    command: Command, model: Path, data: Path, tmp_path: Path
) -> None:
    result = command("evaluate", "--model", model, "--test", data, "--output", tmp_path / "out.txt")
    printed = json.loads(result.out)
    names = ["bleu", "chrf", "ter", "sentences", "seconds", "model", "calibration_error"]
    names += ["by_length", "by_word_frequency"]
    assert result.code == 0 and list(printed) == names
    for name in ("bleu", "chrf", "ter"):
        assert printed[name].keys() == {"score", "signature"} and "version:" in printed[name]["signature"]
    assert (printed["sentences"], printed["model"]) == (80, str(model))
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").count("\n") == 80


def test_evaluate_reads_two_aligned_files(command: Command, model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\n\ntwo\n")
    (tmp_path / "a.fr").write_text("un\n\ndeux\n")
    result = command("evaluate", "--model", model, "--test", tmp_path / "a.en", tmp_path / "a.fr")
    assert result.code == 0 and json.loads(result.out)["sentences"] == 3


def test_evaluate_says_what_it_repaired(command: Command, model: Path, tmp_path: Path) -> None:
    clean, damaged = tmp_path / "clean.tsv", tmp_path / "damaged.tsv"
    clean.write_bytes(b"one\tun\ntwo\tdeux\n")
    damaged.write_bytes(b"\xef\xbb\xbfone\tun\r\n\ntwo\x0c\tdeux\x85\r\n".replace(b"\x85", b"\xc2\x85"))
    quiet, loud = (command("evaluate", "--model", model, "--test", path) for path in (clean, damaged))
    assert (quiet.code, loud.code) == (0, 0) and "test data" not in quiet.err
    assert "2 × CRLF line end" in loud.err and "1 × byte order mark removed" in loud.err
    assert "2 × control character replaced by a space" in loud.err and f"{damaged}:3" in loud.err
    assert json.loads(loud.out)["sentences"] == 2


def test_evaluate_uses_the_decoding_options(
    command: Command, model: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    load = Translator.from_pretrained

    def watch(*arguments: object, **options: object) -> Translator:
        seen.append(load(*arguments, **options))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(Translator, "from_pretrained", watch)
    command("evaluate", "--model", model, "--test", data, "--batch-size", "3", "--beam-size", "1")
    assert (seen[0].decoding.batch_size, seen[0].decoding.beam_size) == (3, 1)


def test_info_as_json_counts_the_parameters(command: Command, model: Path) -> None:
    printed = json.loads(command("info", "--model", model, "--json").out)
    assert printed["source_language"] == "en" and printed["model"]["decoder_size"] == 16
    assert printed["parameters"] == sum(p.numel() for p in tiny.bundle().model.parameters())
    assert sum(layer["parameters"] for layer in printed["layers"]) == printed["parameters"]
    assert sum(layer["share"] for layer in printed["layers"]) == pytest.approx(1)


def test_info_prints_a_table_of_layers(command: Command, model: Path) -> None:
    first, blank, head, *rows, gap, stored = command("info", "--model", model).out.rstrip("\n").split("\n")
    assert (first, blank, gap) == (f"{model}: en → fr", "", "")
    assert stored.startswith("weights on disk: float32, ")
    assert head.split() == ["layer", "kind", "shape", "parameters", "share"]
    (table,) = [row for row in rows if row.startswith("source.table ")]
    size = tiny.tokenizer().vocab_size
    assert table.split()[1:4] == ["Embedding", f"{size}×12", f"{size * 12:,}"]
    assert rows[-1].split()[0] == "total" and len({len(row) for row in rows}) == 1


def test_export_writes_float16_by_default_and_overwrites_no_other_files(
    command: Command, model: Path, tmp_path: Path
) -> None:
    result = command("export", "--model", model, "--out", tmp_path / "half")
    assert (result.code, result.out) == (0, f"{tmp_path / 'half'}\n")
    command("export", "--model", model, "--out", tmp_path / "full", "--no-half")
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    result = command("export", "--model", model, "--out", tmp_path / "mine")
    assert result.code == 2 and "holds letter.txt" in result.err
    assert (tmp_path / "mine" / "letter.txt").exists()


def test_plot_draws_the_log_of_a_run(command: Command, tmp_path: Path) -> None:
    assert command("plot", "--run", tmp_path).code == 2
    run = RunDirectory(tmp_path)
    run.log({"event": "step", "step": 1, "loss": 1.0, "seconds": 1.0})
    run.close()
    result = command("plot", "--run", tmp_path, "--out", tmp_path / "x.svg")
    assert (result.code, result.out) == (0, f"{tmp_path / 'x.svg'}\n") and (tmp_path / "x.svg").exists()


# train


@pytest.mark.parametrize("name", recipe_names())
def test_dry_run_of_every_recipe_prints_its_settings(command: Command, tmp_path: Path, name: str) -> None:
    result = command("train", "--recipe", name, "--seed", "7", "--dry-run", "--out", tmp_path / "run")
    printed = json.loads(result.out)
    assert result.code == 0 and printed["parameters"] > 100_000
    assert printed["settings"]["training"]["seed"] == 7 and name in printed["recipes"]
    assert not (tmp_path / "run").exists()


def test_dry_run_takes_no_memory_for_the_network(command: Command) -> None:
    result = command("train", "--model.decoder-size", "65536", "--dry-run")
    assert result.code == 0 and json.loads(result.out)["parameters"] > 1e10


def test_options_override_the_recipe(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[model]\ncell = "lstm"\n[training]\nepochs = 3\npatience = 4\n')
    result = command("train", "--recipe", path, "--training.epochs", "5", "--dry-run")
    settings = json.loads(result.out)["settings"]
    assert settings["model"]["cell"] == "lstm"
    assert (settings["training"]["epochs"], settings["training"]["patience"]) == (5, 4)


def test_train_resumes_also_from_the_checkpoint_before_a_damaged_one(
    command: Command, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    base = ["train", "--train", data, "--out", out, *TINY, "--training.save-every", "1"]
    result = command(*base, "--training.steps", "3", "--seed", "5")
    assert result.code == 0 and result.out == ""
    assert "done (steps)" in result.err and f"--model {out}" in result.err
    result = command(*base, "--training.steps", "3", "--seed", "5")
    assert result.code == 2 and "add --resume" in result.err
    assert command("train", "--resume", "--out", out, "--training.steps", "4").code == 0
    assert command(*base, "--resume", "--training.steps", "5", "--seed", "5").code == 0
    assert [step for step, _ in checkpoint.stored(out / "checkpoints")] == [4, 5]
    result = command("train", "--resume", "--out", out, "--model.cell", "rnn")
    assert result.code == 2 and "model.cell is 'rnn'" in result.err
    for _, path in checkpoint.stored(out / "checkpoints")[1:]:
        (path / "model.safetensors").write_bytes(b"")
    result = command("train", "--resume", "--out", out)
    assert result.code == 0 and "resumed at step 4" in result.err
    (warning,) = [line for line in result.err.split("\n") if line.startswith("warning: ")]
    assert "model.safetensors: damaged" in warning and "going back to the checkpoint before" in warning
    for _, path in checkpoint.stored(out / "checkpoints"):
        (path / "manifest.json").unlink()
    result = command("train", "--resume", "--out", out)
    assert result.code == 4 and "no sound checkpoint" in result.err


def test_closing_lines_of_train_are_commands_that_run(command: Command, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "my run"
    (out / "sample").mkdir(parents=True)
    (out / "sample" / "test.tsv").touch()  # as if this was a run on the sample corpus
    options = [*TINY, "--training.steps", "1", "--beam-size", "1"]
    result = command("train", "--train", data, "--out", out, *options)
    assert result.code == 0
    lines = {line.partition(":")[0]: line.partition(":")[2] for line in result.err.split("\n")}
    program, *evaluate = shlex.split(lines["evaluate"])
    assert (program, evaluate) == (
        "seq2seq",
        ["evaluate", "--model", str(out), "--test", str(out / "sample" / "test.tsv")],
    )
    assert command(*evaluate, "--help").code == 0
    program, *translate = shlex.split(lines["translate"].partition("<")[0])
    assert command(*translate, stdin=b"one\n").out.count("\n") == 1
    assert shlex.split(lines["web page"]) == ["seq2seq", "serve", "--model", str(out)]


def test_resuming_without_a_run_exits_with_4(command: Command, tmp_path: Path) -> None:
    result = command("train", "--resume", "--out", tmp_path / "nothing")
    assert result.code == 4 and "no run to resume here" in result.err


def test_run_directory_that_cannot_be_written_exits_with_5(
    command: Command, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = command("train", "--train", data, "--out", tmp_path / "file" / "run", *TINY)
    assert result.code == 5 and "cannot be written" in result.err


# As a process of its own


def start(*arguments: str | Path, **options: object) -> subprocess.Popen[bytes]:
    """The command as a process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "seq2seq", *map(str, arguments)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A job in the background ignores SIGINT.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        **options,  # type: ignore[call-overload]
    )


def wait_for_step(out: Path, step: int, process: subprocess.Popen[bytes]) -> None:
    """Until the run in `out` has logged `step`."""
    while RunDirectory(out).log_size() == 0 or last_step(out) < step:
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.02)


def last_step(out: Path) -> int:
    """The last step in the log of a run, 0 if there is none."""
    return max((record["step"] for record in RunDirectory(out).records()), default=0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_training_saves_when_a_signal_stops_it(
    command: Command, data: Path, tmp_path: Path, number: int, code: int
) -> None:
    out = tmp_path / "run"
    with start("train", "--train", data, "--out", out, *TINY, "--training.steps", "100000") as process:
        wait_for_step(out, 5, process)
        process.send_signal(number)
        sent = time.monotonic()
        error = process.communicate()[1].decode()
    assert process.returncode == code, error
    assert (
        f"and saved; continue with: seq2seq train --resume --out {out}" in error and "Traceback" not in error
    )
    assert time.monotonic() - sent < 60  # on a machine of its own it takes a moment
    *_, (step, _) = checkpoint.stored(out / "checkpoints")
    assert step == last_step(out) >= 5
    result = command("train", "--resume", "--out", out, "--training.steps", str(step + 2))
    assert result.code == 0 and f"resumed at step {step}" in result.err
    assert last_step(out) == step + 2


def test_buffer_of_1_answers_each_line_at_once(model: Path) -> None:
    with start("translate", "--model", model, "--buffer", "1") as process:
        assert process.stdin and process.stdout
        for line in (b"one\n", b"\n", b"two\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline().endswith(b"\n")
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_a_command_without_a_traceback(model: Path, number: int, code: int) -> None:
    with start("translate", "--model", model, "--buffer", "1") as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline().endswith(b"\n")
        process.send_signal(number)
        assert process.wait(60) == code
        assert process.stderr.read() == b""


@pytest.mark.parametrize("name", ["train", "translate", "evaluate"])
def test_help_is_printed_without_torch(name: str) -> None:
    code = f"import sys; from seq2seq.cli.main import run; run([{name!r}, '--help']); "
    code += "print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert done.stdout.endswith(b"False\n")


def test_reader_that_closes_the_pipe_ends_the_command_silently(model: Path) -> None:
    with start("translate", "--model", model, "--buffer", "1") as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        try:
            process.stdin.write(b"one\n" * 50)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_behind_stdout_exits_with_5(model: Path) -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "seq2seq", "translate", "--model", str(model)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            input=b"one\n",
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=280,
        )
    assert result.returncode == 5 and b"No space left" in result.stderr and b"Traceback" not in result.stderr


IMPORTS = """
import sys, time, torch
started = time.process_time()
import seq2seq, seq2seq.cli
seconds = time.process_time() - started
heavy = {"gradio", "matplotlib", "datasets", "sacrebleu", "pandas", "huggingface_hub"}
print(seconds, sorted(heavy & sys.modules.keys()))
"""


def test_starting_the_command_imports_nothing_heavy() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, check=True, timeout=280
    )
    seconds, heavy = result.stdout.strip().split(" ", 1)
    assert heavy == "[]" and float(seconds) < 1


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_training_resumes_and_loses_five_steps_at_most(
    command: Command, data: Path, tmp_path: Path
) -> None:
    """10 SIGKILLs, saving every 5 steps: each time the run goes on unaided, and loses 5 steps at most."""
    chance = random.Random(3)
    out, straight = tmp_path / "run", tmp_path / "straight"
    options = [
        *TINY,
        "--threads",  # products on two threads may round differently in another process
        "1",
        "--training.save-every",
        "5",
        "--training.validate-every",
        "7",
        "--training.patience",
        "0",
    ]
    process = start("train", "--train", data, "--out", out, *options, "--training.steps", "100000")
    reached = 0
    for _ in range(10):
        wait_for_step(out, reached + chance.randint(1, 20), process)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.communicate()
        reached = last_step(out)
        stored = checkpoint.stored(out / "checkpoints")  # the newest that has its name is whole
        chosen = checkpoint.load(stored[-1][1]).state["place"]["step"] if stored else 0
        assert reached - chosen <= 5
        process = start("train", "--resume", "--out", out, "--threads", "1")
    wait_for_step(out, reached + 1, process)
    process.send_signal(signal.SIGTERM)
    error = process.communicate()[1].decode()
    assert process.returncode == 143 and "warning" not in error, error
    assert not [entry for entry in (out / "checkpoints").iterdir() if entry.name.startswith(".")]
    steps = last_step(out)
    command("train", "--train", data, "--out", straight, *options, "--training.steps", str(steps))
    losses = [
        [record["loss"] for record in RunDirectory(path).records() if record["event"] == "step"]
        for path in (out, straight)
    ]
    assert losses[0] == losses[1]
