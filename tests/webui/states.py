"""Every tab and panel of the page in a real browser, one after the other: for tests, and for pictures.

The page has the bundled models, and a training that was stopped.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from seq2seq import Translator
from seq2seq.bundle import finding
from seq2seq.config import DecodingConfig
from seq2seq.webui.page import Page, build_page
from tests.webui.browser import Browser

TEXT = "She has been reading the same old book since noon."
TABLE = (
    "en\tfr\n"
    "Good morning.\tBonjour.\n"
    "Where is the station?\tOù est la gare ?\n"
    "She has been reading the old book since noon.\tElle lit le vieux livre depuis midi.\n"
    "I do not know what to say.\tJe ne sais pas quoi dire.\n"
    "The children are playing in the garden.\tLes enfants jouent dans le jardin.\n"
    "It has been raining for three days, and the river is rising.\t"
    "Il pleut depuis trois jours, et la rivière monte.\n"
)
SAMPLES = [
    ("A girl sees the small house.", "Une fille voit la petite maison."),
    ("We do not buy the red car.", "Nous n'achetons pas la voiture rouge."),
    ("Does he read a book?", "Est-ce qu'il lit un livre ?"),
]
ANSWER = "document.querySelector('#result:not(.stale) ~ #others')?.checkVisibility()"
SECTIONS = ("glossary", "history", "share", "code", "settings")


def whole_page(folder: Path) -> Page:
    """A page with two models of the same languages, one of the other way round, and a stopped training."""
    write_training(folder / "runs" / "20260101-120000")
    beams = {"en-fr": DecodingConfig(), "greedy": DecodingConfig(beam_size=1)}
    models = {name: Translator.from_pretrained("en-fr", decoding=one) for name, one in beams.items()}
    return build_page(models | {"fr-en": Translator.from_pretrained("fr-en")}, runs=folder / "runs")


def write_training(folder: Path) -> None:
    """The files of a training as `serving.training_runs` leaves them. Its model is the bundled one."""
    run = folder / "run"
    run.mkdir(parents=True)
    plan = {"corpus": "sample", "source": "en", "target": "fr", "minutes": 5.0, "pid": 0}
    (folder / "page.json").write_text(json.dumps(plan))
    (run / "training.json").write_text("{}")
    shutil.copytree(finding.bundled()["en-fr"], run / "best")
    best = {"bundle": "best", "validation": {"step": 800, "bleu": 61.3}}
    (run / "best.json").write_text(json.dumps(best))
    records = list[dict[str, object]]()
    for step in range(10, 801, 10):
        loss = 1.2 + 4 * math.exp(-step / 180) + 0.15 * math.sin(step)
        records.append({"event": "step", "step": step, "loss": loss, "seconds": step / 5} | {"epoch": 1})
        records[-1]["tokens_per_second"] = 5200
        if step % 100 == 0:
            samples = [
                {
                    "source": source,
                    "reference": target,
                    "translation": target if step > 600 else "Une fille voit.",
                }
                for source, target in SAMPLES
            ]
            validation = {
                "epoch": 1,
                "loss": 1.1 + 4 * math.exp(-step / 180),
                "bleu": 65 * (1 - math.exp(-step / 300)),
            }
            records.append({"event": "validation", "step": step, "samples": samples} | validation)
    (run / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")


def walk(page: Browser, folder: Path, *, without: Collection[str] = ()) -> Iterator[str]:
    """Bring a page that was just opened into each state; yields the name of the state.

    `without` names tabs that are left out.
    """
    for tab in (translate, why, files, train, evaluate, about):
        if tab.__name__ not in without:
            yield from tab(page, folder)


def translate(page: Browser, folder: Path) -> Iterator[str]:
    yield "translate-empty"
    page.click("#source textarea")
    page.call("Input.insertText", text=TEXT)
    page.wait(ANSWER)
    page.evaluate("document.querySelector('#others').open = true")
    yield "translate"
    page.evaluate("(document.querySelector('.word.choice') ?? document.querySelector('.word')).click()")
    page.wait("!!document.querySelector('#menu [role=option]')")
    yield "translate-menu"
    page.press("Escape")
    page.click("[data-action=edit]")
    page.wait("!!document.querySelector('#draft-help .next-words')")
    yield "translate-draft"
    page.press("Escape")
    for section in SECTIONS:
        page.click(f"[data-drawer={section}]")
        yield f"drawer-{section}"
        page.evaluate("document.querySelector('#drawer').close()")
    page.click("#source textarea")
    page.call("Input.insertText", text="Too long. " * 600)
    page.wait("!!document.querySelector('#counter.over')")
    yield "translate-refused"
    page.click("[data-action=clear]")


def why(page: Browser, folder: Path) -> Iterator[str]:
    page.open_tab("why")
    yield "why-empty"
    page.click("#why-text")
    page.call("Input.insertText", text="The old man gave her a red apple.")
    page.click("#why-go")
    page.wait("!!document.querySelector('#why-compare .why-side')", 60)
    page.wait("document.querySelector('#why-status').textContent === ''")
    yield "why"


def files(page: Browser, folder: Path) -> Iterator[str]:
    page.open_tab("files")
    yield "files-empty"
    (folder / "letter.tsv").write_text(TABLE, encoding="utf-8")
    page.choose("#files-file", folder / "letter.tsv")
    page.evaluate("document.querySelector('#files-column').value = 'en'")
    page.click("#files-go")
    page.wait("document.querySelector('#files-done').checkVisibility()", 60)
    yield "files"
    (folder / "empty.txt").write_text("")
    page.choose("#files-file", folder / "empty.txt")
    page.wait("document.querySelector('#files-status').className.includes('error')")
    yield "files-error"


def train(page: Browser, folder: Path) -> Iterator[str]:
    page.open_tab("train")
    page.wait("document.querySelectorAll('.train-sample').length === 3")
    page.click("#train-sample")
    page.evaluate(  # what a preflight says, without its seconds
        "import('/page/strings.js').then(({say}) => {"
        "document.querySelector('#train-expect').textContent = say('train.expect_pairs', {number: '2,000'});"
        "document.querySelector('#train-lines').textContent = 'Preflight\\n  pairs    2,000';"
        "document.querySelector('#train-report').hidden = false; })"
    )
    yield "train"


def evaluate(page: Browser, folder: Path) -> Iterator[str]:
    page.open_tab("evaluate")
    yield "evaluate-empty"
    (folder / "test.tsv").write_text(TABLE, encoding="utf-8")
    page.choose("#evaluate-file", folder / "test.tsv")
    page.evaluate("document.querySelector('#evaluate-second').value = 'greedy'")
    page.click("#evaluate-go")
    page.wait("document.querySelector('#evaluate-done').checkVisibility()", 60)
    page.wait("document.querySelector('#evaluate-report').srcdoc.length > 1000")
    yield "evaluate"


def about(page: Browser, folder: Path) -> Iterator[str]:
    page.open_tab("about")
    page.wait("!!document.querySelector('.card-text td')")
    yield "about"
