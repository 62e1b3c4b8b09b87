"""The model card: written from metrics.json, whatever that holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.bundle.card import render
from seq2seq.bundle.finding import bundled

RECORD: dict[str, Any] = {
    "model": {
        "directions": [["en", "no"], ["no", "en"]],
        "network": "gru, encoder 1 × 8",
        "parameters": 12345,
        "source_vocabulary": 6000,
        "target_vocabulary": 6000,
        "joint": True,
        "weights": "float16",
    },
    "validation": {"bleu": 43.189, "signature": "nrefs:1|tok:13a", "loss": 1.15965, "step": 11000},
    "tests": {
        "test.tsv": {
            "bleu": {"score": 43.754, "signature": "nrefs:1|tok:13a"},
            "chrf": {"score": 61.829, "signature": "nc:6"},
            "sentences": 2000,
            "decoding": {"beam_size": 5, "length_penalty": 0.6},
        }
    },
    "data": {"train": ["train.tsv"], "pairs": 158240, "valid": 2000},
    "seed": 1,
    "settings": {"data": {"tokenizer": "unigram"}},
    "versions": {"python": "3.11.7", "torch": "2.13.0", "sacrebleu": ""},
}
FACTS = {
    "title": "Everyday\nsentences",
    "licence": "cc-by-2.0",
    "attribution": "By [many](https://example.org).\n\nThanks.",
    "datasets": ["tatoeba"],
    "limits": "Short sentences.",
    "tests": {"test.tsv": "sentences of everyday"},
}


def test_the_card_without_facts() -> None:
    assert render(RECORD) == (
        "---\n"
        "language:\n"
        '- "en"\n'
        '- "no"\n'  # without quotes, YAML reads false
        "pipeline_tag: translation\n"
        "library_name: seq2seq-mt\n"
        "---\n\n"
        "# en → no, no → en\n\n"
        "A recurrent encoder-decoder with attention, trained with seq2seq.\n\n"
        "    from seq2seq import Translator\n"
        '    translator = Translator.from_pretrained("path/to/this/folder")\n'
        '    print(translator.translate("…", target_language="en"))\n\n'
        "| | |\n|---|---|\n"
        "| directions | en → no, no → en |\n"
        "| network | gru, encoder 1 × 8 |\n"
        "| parameters | 12,345, stored in float16 |\n"
        "| vocabulary | 6,000 SentencePiece pieces (unigram), joint |\n"
        "| training data | train.tsv: 158,240 pairs after cleaning |\n"
        "| seed | 1 |\n"
        "| validation | greedy BLEU 43.19 (`nrefs:1\\|tok:13a`), loss 1.160 nats a token, "
        "after 11,000 updates |\n"
        "| test: test.tsv, beam 5, length penalty 0.6 | BLEU 43.75 (`nrefs:1\\|tok:13a`), "
        "chrF 61.83 (`nc:6`); 2,000 sentences |\n"
        "| versions | python 3.11.7, torch 2.13.0 |\n\n"
        "## Limits\n\n"
        "It knows the kind of text that it was trained on. It can be wrong, also where it reads well.\n"
    )


def test_facts_are_in_the_card() -> None:
    card = render(RECORD | {"facts": FACTS})
    metadata, _, text = card.removeprefix("---\n").partition("\n---\n")
    assert "license: cc-by-2.0" in metadata and "datasets:\n- tatoeba" in metadata
    assert "\n# Everyday sentences\n" in text
    assert "## Attribution and licence\n\nBy [many](https://example.org).\n\nThanks.\n" in text
    assert "## Limits\n\nShort sentences.\n" in text
    assert "; sentences of everyday |" in text


def test_a_licence_without_attribution_is_named() -> None:
    assert "## Attribution and licence\n\nThe licence of this model is `mit`." in render(
        {"facts": {"licence": "mit"}}
    )


def test_two_vocabularies_and_an_unknown_language() -> None:
    model = RECORD["model"] | {"joint": False, "target_vocabulary": 5000, "directions": [["", "fr"]]}
    card = render({"model": model})
    assert "| vocabulary | 6,000 source and 5,000 target SentencePiece pieces |" in card
    assert "\n# ? → fr\n" in card and 'language:\n- "fr"\npipeline_tag' in card


def test_the_text_about_data_of_an_old_model_is_kept() -> None:
    assert "| training data | Tatoeba, 5 pairs |" in render({"data": "Tatoeba, 5 pairs"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
PATHS = [
    *((name,) for name in (*RECORD, "facts")),
    *(("model", name) for name in RECORD["model"]),
    *(("facts", name) for name in FACTS),
    ("validation", "loss"),
    ("tests", "test.tsv"),
    ("tests", "test.tsv", "bleu"),
    ("tests", "test.tsv", "decoding"),
    ("tests", "test.tsv", "bleu", "score"),
    ("data", "train"),
    ("data", "pairs"),
    ("model", "directions", 0),
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PATHS), JSON)
def test_any_value_anywhere_gives_a_card(path: tuple[Any, ...], value: Any) -> None:
    record = json.loads(json.dumps(RECORD | {"facts": FACTS}))
    table = record
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    card = render(record)
    assert card.startswith("---\n") and card.endswith("\n")
    assert "nan" not in card.lower() or "nan" in str(value).lower()


@pytest.mark.parametrize("name", list(bundled()))
def test_the_card_of_a_bundled_model_is_written_from_its_metrics(name: str) -> None:
    folder = bundled()[name]
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (folder / "README.md").read_text(encoding="utf-8") == render(record)
    assert record["facts"]["licence"] and record["facts"]["attribution"]


def test_a_card_names_the_model_that_a_fine_tuning_started_from_and_its_attribution() -> None:
    facts = {"licence": "cc-by-2.0", "attribution": "Sentences of Tatoeba."}
    card = render({"init_from": {"name": "en-fr", "facts": facts}})
    assert "| started from | en-fr (licence cc-by-2.0) |" in card
    assert "## Attribution and licence\n\nSentences of Tatoeba." in card
    own = render(
        {"init_from": {"name": "en-fr", "facts": facts}, "facts": {"attribution": "Ours and theirs."}}
    )
    assert "Ours and theirs." in own and "Sentences of Tatoeba." not in own


def test_the_scores_of_each_direction_follow_their_mean() -> None:
    each = {"en-no": {"score": 40.0, "signature": "s"}, "no-en": {"score": 46.384, "signature": "s"}}
    validation = RECORD["validation"] | {"directions": each}
    card = render(RECORD | {"validation": validation})
    assert "`), of each: en-no 40.00, no-en 46.38, loss 1.160 nats a token" in card
