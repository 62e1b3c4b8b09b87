"""Why a model translates a sentence as it does.

    from seq2seq import Translator, explain
    sentence = explain.sentence(Translator.from_pretrained("en-fr"), "He bought a red car.")
    explain.attention(sentence).save("attention.svg")
    print(explain.gates(sentence).csv())

One function answers one question. Its result is a frozen dataclass that has its numbers as attributes,
`csv()` for them as a table, and `save(path)` for the picture as PNG or SVG.

    one_sentence.py    `sentence`: the sentence as the network sees it, from which all others start
    gate_values.py     `gates`: what recurrent layers keep, forget and write at each word
    attention_map.py   `attention`: which source words were read to write each word
    word_saliency.py   `saliency`: which source words count for each word, by gradients
    beam_tree.py, beam_node.py   `beam`: what the search kept and dropped at each step
    word_changes.py    `changes`: what happens if a source word is removed or replaced
    certainty.py       `confidence`: how sure each word is and why; `reliability`: whether that comes true
    side_by_side.py    `compare`: the same sentence under two models
    words_apart.py     the words that two translations do not share
    result.py          what the results share; plain.py  `to_dict`: a result as plain values for JSON
    heat_maps.py, bars.py, tree_picture.py, fonts.py   drawing
"""

from seq2seq.explain.attention_map import AttentionMap, attention
from seq2seq.explain.beam_node import BeamNode
from seq2seq.explain.beam_tree import BeamTree, beam
from seq2seq.explain.certainty import Certainty, Reliability, WordCertainty, confidence, reliability
from seq2seq.explain.gate_values import Gates, LayerGates, UnitChange, gates
from seq2seq.explain.one_sentence import Sentence, Unit, sentence, sentences
from seq2seq.explain.plain import to_dict
from seq2seq.explain.result import Explanation
from seq2seq.explain.side_by_side import Side, SideBySide, compare
from seq2seq.explain.word_changes import Change, WordChanges, changes
from seq2seq.explain.word_saliency import Saliency, saliency

__all__ = [
    "AttentionMap",
    "BeamNode",
    "BeamTree",
    "Certainty",
    "Change",
    "Explanation",
    "Gates",
    "LayerGates",
    "Reliability",
    "Saliency",
    "Sentence",
    "Side",
    "SideBySide",
    "Unit",
    "UnitChange",
    "WordCertainty",
    "WordChanges",
    "attention",
    "beam",
    "changes",
    "compare",
    "confidence",
    "gates",
    "reliability",
    "saliency",
    "sentence",
    "sentences",
    "to_dict",
]
