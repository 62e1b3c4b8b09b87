"""The tree of a beam search is that of the search: its best ending is the translation."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from seq2seq import Translator, explain
from seq2seq.engines.shortlist import train_shortlist
from seq2seq.errors import UsageError
from seq2seq.explain import BeamNode, Sentence
from tests import tiny
from tests.explain.reference import TEXT, explained, small


def tokens(path: tuple[BeamNode, ...]) -> tuple[int, ...]:
    return tuple(node.token for node in path)


@pytest.mark.parametrize("beam_size", [1, 2, 5])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_best_ending_is_the_translation(beam_size: int, seed: int) -> None:
    translator = small(seed)
    sentence = explain.sentence(translator, TEXT, beam_size=beam_size, n_best=beam_size, verbatim=False)
    tree = explain.beam(sentence)
    best = tree.endings[0]
    assert tokens(tree.path(best.number)) == sentence.target_ids
    assert tree.chosen == (0, *(node.number for node in tree.path(best.number)))
    assert best.score == sentence.translation.score and best.log_prob == sentence.translation.log_prob
    others = [one.score for one in sentence.translation.alternatives]
    assert others == sorted(others, reverse=True)
    assert set(others) <= {node.score for node in tree.endings}


@pytest.mark.parametrize("text", ["He bought a red car last week.", "She paid $3.50 at https://a.b/c."])
def test_best_ending_of_the_bundled_model_is_the_translation(text: str) -> None:
    """With its own engine, and with a placeholder that has to be in every hypothesis."""
    sentence = explain.sentence(Translator.from_pretrained("en-fr"), text)
    tree = explain.beam(sentence)
    assert tree.chosen and tree.nodes[tree.chosen[-1]].score == sentence.translation.score


@pytest.mark.parametrize("shortlist", [True, False])
def test_search_with_a_shortlist_is_the_same_search(shortlist: bool) -> None:
    table = train_shortlist(tiny.pairs(200, seed=2), tiny.tokenizer(), tiny.tokenizer(), size=40)
    bundle = replace(small(1, cell="lstm").bundle, shortlist=table)
    sentence = explain.sentence(Translator(bundle, engine="onnx"), TEXT, verbatim=False, shortlist=shortlist)
    tree = explain.beam(sentence)
    assert tree.endings[0].score == sentence.translation.score
    assert tokens(tree.path(tree.endings[0].number)) == sentence.target_ids


def test_probabilities_are_those_of_the_model() -> None:
    sentence = explained(small(), "one two three four")
    tree = explain.beam(sentence)
    paths = [tokens(tree.path(node.number))[:-1] for node in tree.endings]
    expected = tiny.forced_log_probs(sentence.network, [sentence.source_ids[:-1]] * len(paths), paths)
    assert [node.log_prob for node in tree.endings] == pytest.approx(expected, abs=1e-4)


def steps_of(sentence: Sentence, dropped: int) -> list[list[BeamNode]]:
    nodes = explain.beam(sentence, dropped=dropped).nodes[1:]
    return [list(group) for _, group in groupby(nodes, key=lambda node: node.step)]


def test_what_was_dropped_was_worse_than_what_was_kept() -> None:
    sentence = explained(small(), "one two three four")
    for nodes in steps_of(sentence, 4):
        kept = [node.log_prob for node in nodes if node.fate in ("kept", "open")]
        dropped = [node.log_prob for node in nodes if node.fate == "dropped"]
        assert len(kept) == 3 and len(dropped) == 4
        assert dropped == sorted(dropped, reverse=True) and dropped[0] <= min(kept)
        assert len({(node.parent, node.token) for node in nodes}) == len(nodes)


def test_every_hypothesis_goes_on_until_the_end() -> None:
    tree = explain.beam(explained(small()))
    alive = {node.number for node in tree.nodes if node.fate == "kept"}
    assert {node.parent for node in tree.nodes[1:]} <= alive
    assert {node.fate for node in tree.nodes if node.step == tree.nodes[-1].step} >= {"open"}


def test_table_and_refusals() -> None:
    sentence = explained(small())
    lines = explain.beam(sentence, dropped=0).csv().split("\n")
    assert lines[0] == "number,parent,step,piece,probability,log_prob,score,fate,chosen"
    assert "dropped" not in "".join(lines)
    with pytest.raises(UsageError, match="dropped is -1"):
        explain.beam(sentence, dropped=-1)
    drawn = explain.sentence(small(), TEXT, temperature=1.0)
    with pytest.raises(UsageError, match=r"temperature is 1.0, expected 0"):
        explain.beam(drawn)
