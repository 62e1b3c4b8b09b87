"""A whole training run, from corpora to a kept model: what `train.py` and `seq2seq train` call.

It reads and cleans the data, trains the tokenizer, builds the network, trains, and draws the learning curves.
With no data at all it takes the sample corpus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from seq2seq import files
from seq2seq.config import Settings, from_dict, to_dict
from seq2seq.data.pairs import Counts, SentencePair
from seq2seq.data.readers import read_pairs
from seq2seq.data.sample import write_sample
from seq2seq.data.splitting import hold_out
from seq2seq.data.training_data import Prepared, load_prepared, names_of, prepare, read_all
from seq2seq.devices import find_device
from seq2seq.errors import DataError, ModelError, SeqError, UsageError
from seq2seq.nn.model import build_on_meta, count_parameters
from seq2seq.text.languages import is_language_tag
from seq2seq.training import distributed
from seq2seq.training.interruption import Interruption
from seq2seq.training.optimization import check_schedule
from seq2seq.training.progress import Progress
from seq2seq.training.run_directory import RunDirectory
from seq2seq.training.run_state import RunState
from seq2seq.training.trainer import Trainer

LIMITS = ("epochs", "steps", "minutes", "patience", "save_every", "keep_checkpoints")


@dataclass(frozen=True)
class Corpora:
    """Where training and validation data are, and in which languages. A corpus is one path or two."""

    train: tuple[tuple[str, ...], ...] = ()
    valid: tuple[tuple[str, ...], ...] = ()
    languages: tuple[str, str] = ("", "")


def train(
    settings: Settings | None,
    corpora: Corpora,
    out: Path,
    *,
    resume: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
    interruption: Interruption | None = None,
) -> RunState:
    """Train into the directory `out`, or go on there with `resume`; returns where it stopped, and why.

    A resumed run keeps its settings (None will do) and corpora; `settings` may change its limits, anything
    else that differs is a UsageError. `device` "auto" is a GPU if there is one. Raises UsageError, DataError,
    ModelError or RunError.
    """
    progress, interruption = progress or Progress(), interruption or Interruption()
    chosen = find_device(device)
    if not resume:
        settings = settings or Settings()
        check(settings)  # what is wrong shows before anything is written or read
    distributed.start(chosen)
    progress.show = progress.show and distributed.is_main()
    run = RunDirectory(out)
    try:
        with interruption.watch():
            if resume or settings is None:
                settings, corpora = _continued(settings, corpora, out)
            else:
                corpora = _new(settings, corpora, out, progress)
            prepared, valid = _data(settings, corpora, out, progress, stored=resume)
            trainer = Trainer(
                _sized(settings, prepared),
                prepared,
                valid,
                run,
                languages=corpora.languages,
                corpora=[" + ".join(paths) for paths in corpora.train],
                device=str(chosen),
                progress=progress,
                interrupted=interruption,
            )
            if resume:
                trainer.resume()
                progress.say(f"resumed at step {trainer.state.step}")
            interruption.patient = True
            state = trainer.run()
            if distributed.is_main() and state.step:
                draw_curves(run, progress)
            return state
    finally:
        progress.stop()
        run.close()
        distributed.stop()


def check(settings: Settings) -> None:
    """UsageError if there can be no such network, or no such training."""
    check_schedule(settings.training)
    count_weights(settings)


def count_weights(settings: Settings) -> int:
    """Weights of the network, the vocabulary as large as asked for. Takes no memory; UsageError if there can
    be no such network."""
    size = settings.data.vocab_size
    config = replace(settings.model, source_vocab_size=size, target_vocab_size=size)
    return count_parameters(build_on_meta(config))


def _new(settings: Settings, corpora: Corpora, out: Path, progress: Progress) -> Corpora:
    """Make the run directory and note in it what will be done."""
    if (out / "training.json").exists() and distributed.is_main():
        raise UsageError(f"{out} holds a run already: add --resume to go on with it, or choose another --out")
    if not corpora.train:
        if corpora.valid:
            raise UsageError("--valid was given without --train")
        progress.say(
            "NO DATA GIVEN: training on the sample corpus (English to French, generated; see --train)"
        )
        folder = out / "sample"
        if distributed.is_main():
            write_sample(folder)
        distributed.barrier()
        corpora = Corpora(((str(folder / "train.tsv"),),), ((str(folder / "valid.tsv"),),), ("en", "fr"))
    corpora = replace(corpora, languages=_languages(corpora))
    _store(out, settings, corpora)
    return corpora


def _store(out: Path, settings: Settings, corpora: Corpora) -> None:
    if distributed.is_main():
        files.write_json(out / "training.json", {"settings": to_dict(settings), "corpora": asdict(corpora)})
    distributed.barrier()


def _languages(corpora: Corpora) -> tuple[str, str]:
    """The languages as given, else as two aligned files are called: train.en, train.de."""
    if all(corpora.languages) or len(corpora.train[0]) != 2:
        return corpora.languages
    names = [Path(path.removesuffix(".gz")).suffix[1:] for path in corpora.train[0]]
    if names[0] == names[1] or not all(map(is_language_tag, names)):
        return corpora.languages
    given = zip(corpora.languages, names, strict=True)
    source, target = (language or name for language, name in given)
    return source, target


def stored_run(out: Path) -> tuple[Settings, Corpora]:
    """Settings and corpora of the run in `out`. Raises ModelError when there is none."""
    path = out / "training.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        settings = from_dict(Settings, stored["settings"], where=str(path))
        train, valid = (
            tuple(tuple(paths) for paths in stored["corpora"][name]) for name in ("train", "valid")
        )
        source, target = stored["corpora"]["languages"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"{path}: no run to resume here ({reason})") from None
    return settings, Corpora(train, valid, (source, target))


def _continued(settings: Settings | None, corpora: Corpora, out: Path) -> tuple[Settings, Corpora]:
    """Settings and corpora of the run in `out`, with the limits of `settings`; nothing else may differ."""
    stored, known = stored_run(out)
    asked = [
        ("train", corpora.train, known.train),
        ("valid", corpora.valid, known.valid),
        ("source_lang", corpora.languages[0], known.languages[0]),
        ("target_lang", corpora.languages[1], known.languages[1]),
    ]
    asked = [(name, value, kept) for name, value, kept in asked if value]
    if settings is not None:
        limits = {name: getattr(settings.training, name) for name in LIMITS}
        stored = replace(stored, training=replace(stored.training, **limits))
        check_schedule(stored.training)
        asked += [
            (f"{part}.{name}", value, getattr(getattr(stored, part), name))
            for part, values in to_dict(settings).items()
            for name, value in values.items()
        ]
    for name, value, kept in asked:
        if value != kept:
            raise UsageError(
                f"{name} is {value!r}, but {kept!r} in the run that {out} holds: a run is resumed as it is, "
                f"only {', '.join(f'training.{limit}' for limit in LIMITS)} may change"
            )
    _store(out, stored, known)
    return stored, known


def _sized(settings: Settings, prepared: Prepared) -> Settings:
    model = replace(
        settings.model,
        source_vocab_size=prepared.source.vocab_size,
        target_vocab_size=prepared.target.vocab_size,
    )
    return replace(settings, model=model)


def _data(
    settings: Settings, corpora: Corpora, out: Path, progress: Progress, *, stored: bool
) -> tuple[Prepared, list[SentencePair]]:
    """Training data in `out`, made by the main process and read by all, and the validation pairs."""
    counts = Counts()
    if corpora.valid:
        valid = [
            pair for pair in read_valid(corpora, settings) if pair.source.strip() and pair.target.strip()
        ]
        if not valid:
            raise DataError(f"{corpora.valid[0][0]}: no pair in it, expected at least one")
    else:
        valid = []
    held_out = out / "valid.json"
    ready = stored and (out / "lengths.npy").exists() and (bool(corpora.valid) or held_out.exists())
    if not ready and distributed.is_main():
        pairs = read_all(corpora.train, settings.data, counts, languages=corpora.languages)
        if not corpora.valid:
            pairs = hold_out(pairs, valid, where=names_of(corpora.train), counts=counts)
        prepare(pairs, out, settings.data, counts=counts, seed=settings.training.seed, say=progress.say)
        if not corpora.valid:
            progress.say(f"no validation data given: {len(valid)} pairs held out of the training data")
            files.write_json(held_out, [[pair.source, pair.target] for pair in valid])
    distributed.barrier()
    if not corpora.valid:
        valid = [SentencePair(*pair) for pair in json.loads(held_out.read_text(encoding="utf-8"))]
    return load_prepared(out), valid


def read_valid(corpora: Corpora, settings: Settings) -> Iterator[SentencePair]:
    """All validation pairs, uncleaned."""
    for paths in corpora.valid:
        languages = corpora.languages if all(corpora.languages) else None
        yield from read_pairs(
            paths, columns=settings.data.columns, languages=languages, split=settings.data.valid_split
        )


def draw_curves(run: RunDirectory, progress: Progress) -> None:
    """Draw `learning-curves.png` from the log. That it cannot be drawn is said, and no reason to fail."""
    from seq2seq.evaluation import figures

    try:
        figures.save(figures.learning_curves(run.records()), run.path / "learning-curves.png")
    except SeqError as error:
        progress.say(f"no learning curves drawn: {error}")
