"""A whole training run, from corpora to a model: what `scripts/train.py` and `seq2seq train` call.

It reads and cleans the data, trains the tokenizer, builds the network, trains, draws the learning curves and
calibrates the confidence of the best model.
Without any data it trains on the sample corpus.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from seq2seq import files
from seq2seq.bundle.finding import resolve
from seq2seq.bundle.model_directory import Bundle, load
from seq2seq.bundle.starting import copy_start, start_directions, start_languages
from seq2seq.config import Settings, TrainingConfig
from seq2seq.data.sample import write_sample
from seq2seq.data.splitting import hold_out
from seq2seq.devices import reuse_memory
from seq2seq.errors import DataError, SeqError, UsageError
from seq2seq.monitoring.closing import closing_verdict
from seq2seq.monitoring.curve import Curve
from seq2seq.monitoring.progress import Progress
from seq2seq.monitoring.show_pairs import show_pairs
from seq2seq.nn.model import build_on_meta, count_parameters
from seq2seq.objectives.averaging import stored, validated_mean
from seq2seq.objectives.guided_alignment import check_guided_alignment
from seq2seq.pairs import Counts, SentencePair
from seq2seq.processes import distributed
from seq2seq.processes.directory_lock import directory_lock
from seq2seq.processes.interruption import Interruption
from seq2seq.training.batch_fitting import with_fitted_batch
from seq2seq.training.confidence import score_and_calibrate
from seq2seq.training.first_model import FineTuner, first_model, vocabulary_of
from seq2seq.training.optimization import check_schedule
from seq2seq.training.out_of_memory import out_of_memory
from seq2seq.training.run_directory import FIRST_MODEL, RunDirectory
from seq2seq.training.run_settings import (
    Corpora,
    check_validation_data,
    describe,
    pairs_sha256,
    resumed_run,
    stored_recipe,
    stored_run,
)
from seq2seq.training.run_state import RunState
from seq2seq.training.trainer import Trainer
from seq2seq.training.translating import Interrupted
from seq2seq.training.validation import Validator
from seq2seq.training_data.arguments import languages_of_names
from seq2seq.training_data.corpora import names_of, read_train, read_valid
from seq2seq.training_data.held_out import read_held_out, write_held_out
from seq2seq.training_data.prepared import Prepared, load_prepared, prepare


def train(
    settings: Settings | None,
    corpora: Corpora,
    out: Path,
    *,
    recipe: Mapping[str, Any] | None = None,
    resume: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
    interruption: Interruption | None = None,
) -> RunState:
    """Train a model into the run directory `out`; returns where the run stopped, and why.

    Args:
        settings: of the run; None: the defaults, or with `resume` those of the run.
        corpora: training and validation data; without training data, the sample corpus.
        out: the run directory. It becomes a run with the first update: a start that fails before can be
            repeated with other arguments.
        recipe: where the settings come from, for the record in training.json: a name, and reasons.
        resume: continue the run in `out` from its newest checkpoint. It keeps its settings and corpora; only
            limits may differ (see `run_settings.CHANGEABLE`).
        device: "cpu", "cuda", "cuda:N", or "auto" for a GPU if there is one.
        progress: receives messages; default: stderr.
        interruption: a request to stop, which it also records; default: SIGINT and SIGTERM.

    Raises:
        UsageError: wrong settings, or `out` holds something else.
        DataError: the data cannot be read, or nothing of it is left to train on.
        ModelError: the run to resume is damaged.
        RunError: the run cannot go on: divergence, memory, disk, or another process trains in `out`.
    """
    reuse_memory()
    progress, interruption = progress or Progress(), interruption or Interruption()
    if resume:
        stored_run(out)  # a missing run is reported before anything is created
    else:
        settings = settings or Settings()
        check(settings)  # wrong settings are reported before anything is read
        for option, given in (("--valid", corpora.valid), ("--init-from", corpora.init_from)):
            if given and not corpora.train:
                raise UsageError(f"{option} was given without --train")
    run = RunDirectory(out, recipe=stored_recipe(out) if resume else recipe)
    try:
        with interruption.watch(), distributed.lost_process():
            chosen = distributed.start(device)
            progress.show = progress.show and distributed.is_main()
            return _run(settings, corpora, run, chosen, progress, interruption, resume=resume)
    finally:
        progress.stop()
        run.close()
        distributed.stop()


def _run(
    settings: Settings | None,
    corpora: Corpora,
    run: RunDirectory,
    device: torch.device,
    progress: Progress,
    interruption: Interruption,
    *,
    resume: bool,
) -> RunState:
    """What `train` says, in the run directory, which is locked meanwhile."""
    with (
        directory_lock(run.path) if distributed.is_main() else nullcontext(),
        out_of_memory("; lower training.batch_tokens, data.vocab_size or the sizes of the network"),
    ):
        interruption.check()
        trainer = _trainer(settings, corpora, run, device, progress, interruption, resume=resume)
        interruption.check()
        interruption.graceful = True
        state = trainer.run()
        if distributed.is_main() and state.step:
            if state.stopped != "interrupted":  # else it has only seconds to end
                draw_curves(run, progress)
                keep_average(run, trainer.validator, say=progress.say)
                say_verdict(run, trainer.settings.training, progress, stopped=state.stopped)
            score_and_calibrate(
                run, trainer.validator.pairs, device, say=progress.say, interrupted=interruption
            )
            run.check_exists()
        return state


def keep_average(run: RunDirectory, validator: Validator, *, say: Callable[[str], None]) -> None:
    """Validate the average of the best weights, if the run has stored any, and keep it if it is not worse
    than the best model. An interruption leaves it out."""
    if not stored(run.path):
        return
    best = resolve(run.path)
    bundle = load(best)
    bundle.model.to(validator.device)
    try:
        averaged = validated_mean(bundle, run.path, validator.score)
    except Interrupted:
        return
    if averaged is not None:
        record = averaged.metrics["validation"]
        run.log(record)
        run.keep(averaged, step=record["step"], validation=record)
        steps = ", ".join(map(str, record["steps"]))
        verdict = "not kept" if resolve(run.path) == best else "kept"
        say(f"average of the weights of steps {steps}: greedy BLEU {record['bleu']:.2f} ({verdict})")


def say_verdict(run: RunDirectory, config: TrainingConfig, progress: Progress, *, stopped: str) -> None:
    """Say what the log shows at the end of a training: whether it should go on. Nothing if it is damaged."""
    curve = Curve()
    with suppress(DataError):  # `draw_curves` has said so
        for record in run.records():
            curve.add(record)
        for line in closing_verdict(curve, config, stopped=stopped, out=run.path).lines():
            progress.say(line)


def check(settings: Settings) -> None:
    """Raise UsageError if there is no such network, or no such training."""
    check_schedule(settings.training)
    check_guided_alignment(settings)
    count_weights(settings)


def count_weights(settings: Settings) -> int:
    """Number of weights of the network, if the vocabulary has the size that is set. Takes no memory.

    Raises UsageError if there is no such network.
    """
    size = settings.data.vocab_size
    config = replace(settings.model, source_vocab_size=size, target_vocab_size=size)
    return count_parameters(build_on_meta(config))


def _trainer(
    settings: Settings | None,
    corpora: Corpora,
    run: RunDirectory,
    device: torch.device,
    progress: Progress,
    interruption: Interruption,
    *,
    resume: bool,
) -> Trainer:
    """The trainer of a new or resumed run, ready to run."""
    if distributed.is_main():
        run.remove_leftovers()
    if resume or settings is None:
        settings, corpora = resumed_run(settings, corpora, run.path)
    else:
        corpora = _start(settings, corpora, run, progress)
    first = first_model(corpora, run)
    if first and not resume:
        name = corpora.init_from
        if corpora.directions:
            corpora = corpora.renamed(start_directions(first, corpora.directions, name=name))
        else:
            corpora = replace(corpora, languages=start_languages(first, corpora.languages, name=name))
    prepared, valid = _data(settings, corpora, run.path, progress, interruption, stored=resume, first=first)
    if resume:
        check_validation_data(valid, corpora, run.path)
    fitted = with_fitted_batch(_with_vocabulary(settings, prepared), prepared, device, say=progress.say)
    settings = replace(settings, training=fitted.training)
    make = partial(FineTuner, first=first, name=corpora.init_from) if first is not None else Trainer
    trainer = make(
        fitted,
        prepared,
        valid,
        run,
        languages=corpora.languages,
        corpora=[" + ".join(map(_shown, paths)) for paths in corpora.train],
        device=str(device),
        progress=progress,
        show=(show_pairs(corpora.train[0]), show_pairs(corpora.valid[0]) if corpora.valid else ""),
        interrupted=interruption,
        check=interruption.check,
    )
    if distributed.is_main():
        run.description = describe(settings, corpora.absolute()) | {"valid_sha256": pairs_sha256(valid)}
    if resume:
        trainer.resume()
        run.write_description()
        progress.say(f"resumed at step {trainer.state.step}")
    progress.say(trainer.summary())
    return trainer


def _start(settings: Settings, corpora: Corpora, run: RunDirectory, progress: Progress) -> Corpora:
    """Make the directory of a new run ready, with the model that it starts from, and the sample corpus if
    there is no data."""
    if distributed.is_main():
        run.check_is_free()
        run.remove_prepared()
        if corpora.init_from:
            copy_start(corpora.init_from, run.path / FIRST_MODEL, settings)
    if not corpora.train:
        progress.say(
            "NO DATA GIVEN: training on the sample corpus (English to French, generated; see --train)"
        )
        folder = run.path / "sample"
        if distributed.is_main():
            with files.writing(folder):
                write_sample(folder)
        corpora = Corpora(((str(folder / "train.tsv"),),), ((str(folder / "valid.tsv"),),), ("en", "fr"))
    distributed.barrier()
    return replace(corpora, languages=languages_of(corpora))


def languages_of(corpora: Corpora) -> tuple[str, str]:
    """The languages as given, else by the names of two aligned files, such as train.en and train.de."""
    names = languages_of_names(corpora.train[0])
    if names is None or corpora.directions:
        return corpora.languages
    source, target = (language or name for language, name in zip(corpora.languages, names, strict=True))
    return source, target


def _shown(path: str) -> str:
    """`path` from the current folder if it is inside, for the record of the model."""
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else path


def _with_vocabulary(settings: Settings, prepared: Prepared) -> Settings:
    model = replace(
        settings.model,
        source_vocab_size=prepared.source.vocab_size,
        target_vocab_size=prepared.target.vocab_size,
    )
    return replace(settings, model=model)


def _data(
    settings: Settings,
    corpora: Corpora,
    out: Path,
    progress: Progress,
    interruption: Interruption,
    *,
    stored: bool,
    first: Bundle | None = None,
) -> tuple[Prepared, list[SentencePair]]:
    """Training data and validation pairs. The main process prepares the data in `out`, and all read it.

    With `stored`, data that was prepared before is used. The vocabulary is that of the model `first`, if
    there is one.
    """
    valid = distributed.main_first(lambda: list(interruption.checked(read_valid(corpora, settings.data))))
    held_out = out / "valid.json"
    ready = stored and (out / "lengths.npy").exists() and (bool(valid) or held_out.exists())
    if not ready and distributed.is_main():
        counts, held = Counts(), list[SentencePair]()
        pairs = interruption.checked(read_train(corpora, settings.data, counts))
        if not valid:
            where, directions = names_of(corpora.train), corpora.directions
            pairs = hold_out(pairs, held, where=where, counts=counts, directions=directions)
        prepare(
            pairs,
            out,
            settings.data,
            languages=corpora.languages,
            directions=corpora.directions,
            counts=counts,
            seed=settings.training.seed,
            say=progress.say,
            check=interruption.check,
            vocabulary=vocabulary_of(first),
        )
        if not valid:
            held = list({(one.source, one.target, one.direction): one for one in held}.values())  # repeated
            progress.say(f"no validation data given: {len(held)} pairs held out of the training data")
            write_held_out(held_out, held)
    distributed.barrier()
    return load_prepared(out, corpora.directions), valid or read_held_out(held_out)


def draw_curves(run: RunDirectory, progress: Progress) -> None:
    """Draw `learning-curves.png` from the log. If that fails, say so; the run itself has succeeded."""
    from seq2seq.evaluation import figures

    try:
        figures.save(figures.learning_curves(run.records()), run.path / "learning-curves.png")
    except SeqError as error:
        progress.say(f"no learning curves drawn: {error}")
