"""Fine-tuning: a run that starts from a model, its first weights, its resumption, and its record."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from seq2seq.bundle import model_directory
from seq2seq.bundle.starting import start_settings
from seq2seq.config import Settings
from seq2seq.config.corpora import Corpora
from seq2seq.errors import UsageError
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.training.run import train
from seq2seq.training.run_settings import stored_run
from seq2seq.training_data.prepared import load_prepared
from seq2seq.translator import Translator
from tests import tiny
from tests.tiny import RecordingProgress


def write(path: Path, number: int, *, seed: int = 0) -> str:
    lines = (f"{pair.source}\t{pair.target}\n" for pair in tiny.pairs(number, seed=seed))
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def corpora(tmp_path: Path) -> Corpora:
    """Data, and a model to start from, which knows a word that the data does not have."""
    words = Lexicon([("hippo", 7), ("one", 2)])
    bundle = replace(tiny.bundle(seed=5), source_words=words, metrics={"facts": {"licence": "cc-by-2.0"}})
    model_directory.save(tmp_path / "model", bundle)
    files = write(tmp_path / "train.tsv", 150), write(tmp_path / "valid.tsv", 6, seed=9)
    return Corpora(((files[0],),), ((files[1],),), init_from=str(tmp_path / "model"))


def settings(**changes: object) -> Settings:
    base = tiny.settings(**({"steps": 4, "save_every": 2} | changes))  # type: ignore[arg-type]
    return start_settings(tiny.bundle(), base)


def weights(run: Path, step: int) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoints" / f"step-{step}" / "model.safetensors")


def run(corpora: Corpora, out: Path, **changes: object) -> RecordingProgress:
    progress = RecordingProgress()
    train(settings(**changes), corpora, out, device="cpu", progress=progress)
    return progress


def test_training_starts_from_the_weights_and_the_vocabulary(corpora: Corpora, tmp_path: Path) -> None:
    progress = run(corpora, tmp_path / "run", steps=1, learning_rate=1e-9)
    first = dict(tiny.bundle(seed=5).model.named_parameters())
    after = weights(tmp_path / "run", 1)
    assert all(torch.allclose(after[name], first[name], atol=1e-6) for name in first)
    prepared = load_prepared(tmp_path / "run")
    assert prepared.source.to_bytes() == tiny.tokenizer().to_bytes()
    assert prepared.source_words.counts["hippo"] == 7
    counted = Lexicon.count(pair.source for pair in tiny.pairs(150))
    assert prepared.source_words.counts["one"] == counted.counts["one"] + 2
    assert f"tokenizer: {tiny.tokenizer().vocab_size} pieces, kept" in progress.messages


def test_the_run_remembers_its_model_and_its_languages(corpora: Corpora, tmp_path: Path) -> None:
    run(corpora, tmp_path / "run")
    assert stored_run(tmp_path / "run")[1].init_from == corpora.init_from
    translator = Translator.from_pretrained(tmp_path / "run")
    assert translator.directions == (("en", "fr"),)
    record = translator.bundle.metrics["init_from"]
    assert record == {"name": corpora.init_from, "facts": {"licence": "cc-by-2.0"}}


def test_a_resumed_run_is_the_uninterrupted_one_though_the_model_has_gone(
    corpora: Corpora, tmp_path: Path
) -> None:
    run(corpora, tmp_path / "whole", steps=6)
    run(corpora, tmp_path / "cut", steps=3)
    shutil.rmtree(corpora.init_from)
    again = replace(settings(steps=6))
    train(again, corpora, tmp_path / "cut", resume=True, device="cpu", progress=RecordingProgress())
    whole, cut = weights(tmp_path / "whole", 6), weights(tmp_path / "cut", 6)
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_a_run_without_a_checkpoint_starts_again_from_the_model(corpora: Corpora, tmp_path: Path) -> None:
    run(corpora, tmp_path / "whole", steps=2)
    run(corpora, tmp_path / "cut", steps=1)
    shutil.rmtree(tmp_path / "cut" / "checkpoints")
    shutil.rmtree(tmp_path / "cut" / "bundles")
    (tmp_path / "cut" / "best.json").unlink()
    log = tmp_path / "cut" / "log.jsonl"
    log.write_text(log.read_text().split("\n")[0] + "\n")
    train(settings(steps=2), corpora, tmp_path / "cut", resume=True, progress=RecordingProgress())
    whole, cut = weights(tmp_path / "whole", 2), weights(tmp_path / "cut", 2)
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_resuming_with_another_model_is_refused(corpora: Corpora, tmp_path: Path) -> None:
    run(corpora, tmp_path / "run")
    with pytest.raises(UsageError, match="init_from is 'fr-en', but"):
        other = replace(corpora, init_from="fr-en")
        train(settings(), other, tmp_path / "run", resume=True, progress=RecordingProgress())


def test_what_contradicts_leaves_no_run_behind(corpora: Corpora, tmp_path: Path) -> None:
    wrong = settings()
    wrong = replace(wrong, model=replace(wrong.model, decoder_layers=3))
    with pytest.raises(UsageError, match=r"model\.decoder_layers is 3, but 2 in"):
        train(wrong, corpora, tmp_path / "run", progress=RecordingProgress())
    with pytest.raises(UsageError, match="target language is 'de'"):
        languages = replace(corpora, languages=("en", "de"))
        train(settings(), languages, tmp_path / "run", progress=RecordingProgress())
    assert not (tmp_path / "run" / "training.json").exists()
    with pytest.raises(UsageError, match="--init-from was given without --train"):
        train(settings(), replace(corpora, train=(), valid=()), tmp_path / "run")
    run(corpora, tmp_path / "run")


def test_a_start_without_a_model_removes_the_copy_of_an_earlier_one(corpora: Corpora, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="target language"):
        languages = replace(corpora, languages=("en", "de"))
        train(settings(), languages, tmp_path / "run", progress=RecordingProgress())
    assert (tmp_path / "run" / "first-model").exists()
    run(replace(corpora, init_from=""), tmp_path / "run")
    assert not (tmp_path / "run" / "first-model").exists()
    assert json.loads((tmp_path / "run" / "training.json").read_text())["corpora"]["init_from"] == ""
