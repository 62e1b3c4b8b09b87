"""Explanations as plain values for JSON: what the page and programs in other languages need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import singledispatch
from typing import Any

from seq2seq.explain.attention_map import AttentionMap, texts
from seq2seq.explain.beam_tree import BeamTree
from seq2seq.explain.certainty import Certainty
from seq2seq.explain.gate_values import Gates, LayerGates
from seq2seq.explain.result import Explanation
from seq2seq.explain.side_by_side import Side, SideBySide
from seq2seq.explain.tree_picture import label, places
from seq2seq.explain.word_changes import WordChanges
from seq2seq.explain.word_saliency import Saliency
from seq2seq.translation import Translation

Values = dict[str, Any]
_CHANGED = 5  # numbers of the state that are listed for a word


@singledispatch
def to_dict(result: Explanation) -> Values:
    """`result` as lists, texts and numbers. Raises TypeError for a kind that has no such form."""
    raise TypeError(f"result is of type {type(result).__name__}, expected one of explain's that have words")


@to_dict.register
def _attention(result: AttentionMap) -> Values:
    sides = {"sources": texts(result.sources), "targets": texts(result.targets)}
    return {**sides, "values": result.weights.tolist()}


@to_dict.register
def _saliency(result: Saliency) -> Values:
    return {
        "sources": texts(result.sources),
        "targets": texts(result.targets),
        "values": result.values.tolist(),
        "scores": result.scores.tolist(),
        "method": result.method,
        "gap": float(result.gap.max()),
    }


@to_dict.register
def _gates(result: Gates) -> Values:
    return {"layers": [_layer(layer) for layer in result.layers]}


def _layer(layer: LayerGates) -> Values:
    """Means over the state, and for each word the numbers of the state that it changed most."""
    return {
        "name": layer.name,
        "side": layer.side,
        "words": texts(layer.units),
        "gates": {gate: layer.mean(gate).tolist() for gate in layer.gates},
        "changed": [
            [asdict(one) for one in layer.changed(number, n=_CHANGED)] for number in range(len(layer.units))
        ],
    }


@to_dict.register
def _beam(result: BeamTree) -> Values:
    """The nodes with their labels and places (column, row), the chosen ones, and the endings with texts."""
    at = places(result.nodes)
    return {
        "nodes": [{**asdict(node), "label": label(node), "at": at[node.number]} for node in result.nodes],
        "chosen": list(result.chosen),
        "endings": [
            {
                "number": node.number,
                "score": node.score,
                "text": "".join(one.text for one in result.path(node.number)[:-1]).strip(),
                "path": [one.number for one in result.path(node.number)],
            }
            for node in result.endings
        ],
    }


@to_dict.register
def _changes(result: WordChanges) -> Values:
    return {
        "words": texts(result.translation.source_words),
        "translation": result.translation.text,
        "changes": [
            {
                "word": one.word,
                "text": one.text,
                "replacement": one.replacement,
                "source": one.source,
                "drop": one.drop,
                "parts": _marked(one.translation, one.differs),
            }
            for one in result.changes
        ],
    }


@to_dict.register
def _confidence(result: Certainty) -> Values:
    return {
        "confidence": result.confidence,
        "reasons": list(result.reasons),
        "calibrated": result.calibrated,
        "curve": result.curve.tolist(),
        "measured": [list(one) for one in result.measured],
        "words": [asdict(word) for word in result.words],
    }


@to_dict.register
def _two_models(result: SideBySide) -> Values:
    return {"sides": [_one_model(side) for side in result.sides]}


def _one_model(side: Side) -> Values:
    translation = side.sentence.translation
    return {
        "name": side.name,
        "network": side.network,
        "confidence": translation.confidence,
        "score": translation.score,
        "parts": _marked(translation, side.differs),
        "attention": None if side.attention is None else _attention(side.attention),
    }


def _marked(translation: Translation, differs: Sequence[int]) -> list[tuple[str, bool]]:
    """The text in parts, each with whether it differs."""
    parts, at = list[tuple[str, bool]](), 0
    for number, word in enumerate(translation.words):
        parts += [(translation.text[at : word.start], False), (word.text, number in differs)]
        at = word.end
    return [part for part in (*parts, (translation.text[at:], False)) if part[0]]
