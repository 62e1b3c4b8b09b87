"""The beam search of a sentence as a tree: what was kept and dropped at each step, and at which score.

The real search runs, with an engine that notes its scores. Each step is then chosen once more from the noted
scores, by the function that the search uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seq2seq.decoding.choices import NEVER, Choice, Scores, choose_best, columns_of
from seq2seq.decoding.constraints import Constraint, configured_constraints
from seq2seq.decoding.decode import LISTED, decode, forbidden_tokens, length_limits
from seq2seq.decoding.engine import Array, Engine, StepOutput
from seq2seq.decoding.penalties import length_divisor
from seq2seq.decoding.placeholders import Placeholders
from seq2seq.decoding.ranking import candidates
from seq2seq.errors import UsageError
from seq2seq.explain.beam_node import BeamNode, Fate
from seq2seq.explain.one_sentence import Sentence
from seq2seq.explain.result import Explanation
from seq2seq.explain.tree_picture import draw_tree
from seq2seq.part_translator import NO_RULES
from seq2seq.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class BeamTree(Explanation):
    """A beam search.

    Attributes:
        nodes: all nodes; number 0 is the start.
        chosen: numbers of the nodes of the translation, from the start to its end; empty if the translation
            is none of the endings.
        beam_size: hypotheses that each step keeps.
    """

    nodes: tuple[BeamNode, ...]
    chosen: tuple[int, ...]
    beam_size: int

    @property
    def endings(self) -> tuple[BeamNode, ...]:
        """The complete translations, best score first."""
        ended = [node for node in self.nodes if node.fate == "ended"]
        return tuple(sorted(ended, key=lambda node: (-node.score, node.number)))

    def path(self, number: int) -> tuple[BeamNode, ...]:
        """The nodes from the first token to node `number`."""
        found, at = list[BeamNode](), self.nodes[number]
        while at.parent is not None:
            found.append(at)
            at = self.nodes[at.parent]
        return tuple(reversed(found))

    def figure(self) -> Figure:
        """The tree from left to right: the translation bold, dropped tokens grey."""
        return draw_tree(self.nodes, self.chosen)

    def table(self) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """A row for each node."""
        header = ("number", "parent", "step", "piece", "probability", "log_prob", "score", "fate", "chosen")
        names = ("number", "parent", "step", "text", "probability", "log_prob", "score", "fate")
        taken = set(self.chosen)
        rows = ((*(getattr(node, name) for name in names), node.number in taken) for node in self.nodes[1:])
        return header, rows


@torch.inference_mode()
def beam(sentence: Sentence, *, dropped: int = 3) -> BeamTree:
    """The search that translated `sentence`, with the settings of `explain.sentence`.

    `dropped` is the number of tokens in each step that are shown though the beam had no room for them. Raises
    UsageError if translations are drawn at random, or for a number below 0.
    """
    config = sentence.way.config
    if config.sampling:
        raise UsageError(f"temperature is {config.temperature}, expected 0: samples have no tree")
    if type(dropped) is not int or dropped < 0:
        raise UsageError(f"dropped is {dropped!r}, expected a whole number from 0")
    noted = _noted_steps(sentence)
    tree = _Growing(sentence, noted, dropped)
    for number, step in enumerate(noted):
        tree.grow(step, last=number == len(noted) - 1)
    return BeamTree(tuple(tree.nodes), tree.chosen(sentence.target_ids), config.beam_size)


class _Step(NamedTuple):
    """What the search saw: logits (K',V) after the constraints, normaliser (K',), ids of the columns."""

    logits: Tensor
    normaliser: Tensor
    candidates: Tensor | None


@dataclass
class _Notes:
    """An engine and the last constraint of a search, which note each step. `listed`: use its shortlist."""

    engine: Engine
    listed: bool
    steps: list[_Step] = field(default_factory=list)
    normaliser: Tensor = field(default_factory=lambda: torch.zeros(0))

    @property
    def device(self) -> torch.device:
        return self.engine.device

    def start(self, sources: Sequence[Sequence[int]]) -> Any:
        start = self.engine.start
        return (getattr(self.engine, "start_listed", start) if self.listed else start)(sources)

    def step(self, tokens: Array, state: Any) -> StepOutput:
        output = self.engine.step(tokens, state)
        self.normaliser = torch.as_tensor(output.log_normaliser)[0].clone()
        return output

    def select(self, sentences: Sequence[int]) -> _Notes:
        return self

    def apply(self, logits: Tensor, prefixes: Tensor, sentences: Tensor, candidates: Tensor | None) -> Tensor:
        own = candidates[0] if candidates is not None and candidates.dim() == 2 else candidates
        self.steps.append(_Step(logits[0].clone(), self.normaliser, own))
        return logits


def _noted_steps(sentence: Sentence) -> list[_Step]:
    """The steps of the search."""
    way, source = sentence.way, sentence.source_ids[:-1]
    choose = way.config.verbatim or bool(way.preparation.glossary) or way.reverse is not None
    config = replace(way.config, n_best=candidates(way.config, choose=choose))
    rules: list[Constraint] = [*configured_constraints(config, [source])]
    if _has_placeholders(sentence):
        rules.insert(0, Placeholders([source], way.placeholders, Tokenizer.eos_id))
    notes = _Notes(way.engine, config.shortlist and all(isinstance(rule, LISTED) for rule in rules))
    decode(
        notes,
        [source],
        replace(config, **NO_RULES),
        forbidden=_forbidden(sentence),
        constraints=[*rules, notes],
    )
    return notes.steps


def _has_placeholders(sentence: Sentence) -> bool:
    return not set(sentence.way.source.placeholder_ids).isdisjoint(sentence.source_ids)


def _forbidden(sentence: Sentence) -> tuple[int, ...]:
    tokens, way = forbidden_tokens(sentence.way.target), sentence.way
    return tokens if _has_placeholders(sentence) else (*tokens, *way.placeholders)


class _Growing:
    """A tree under construction. `live` are the nodes of the hypotheses, None for dead ones."""

    def __init__(self, sentence: Sentence, steps: Sequence[_Step], dropped: int) -> None:
        self.target, self.config, self.dropped = sentence.way.target, sentence.way.config, dropped
        self.limit = int(length_limits([sentence.source_ids], self.config)[0])
        self.forbidden = _forbidden(sentence)
        self.nodes = [BeamNode(0, None, 0, Tokenizer.bos_id, "", 1.0, 0.0, 0.0, "kept")]
        self.live: list[BeamNode | None] = [self.nodes[0]]
        self.totals = np.zeros(1)

    def grow(self, step: _Step, *, last: bool) -> None:
        """Add the nodes of the next step."""
        if len(self.live) == 1 and len(step.logits) > 1:  # the search copies the start
            self.live, self.totals = self.live * len(step.logits), np.repeat(self.totals, len(step.logits))
        blocked, eos = columns_of((*self.forbidden, Tokenizer.eos_id), step.candidates)
        base = self.totals - step.normaliser.cpu().numpy()
        logits = step.logits.cpu().numpy().copy()
        endings = base + logits[:, eos]
        length = max(node.step for node in self.live if node) + 1
        scores = Scores(
            base[None],
            step.logits.clone()[None],
            endings[None],
            step.candidates,
            blocked,
            np.zeros(1, np.int64),
            length,
        )
        choice = choose_best(self.config.beam_size, scores)
        logits[:, blocked[:-1]] = NEVER
        before = list(self.live)
        kept = self._add_kept(choice, before, step, "open" if last else "kept")
        ended = {(k, eos) for k in range(len(before)) if choice.ends[0, k] or length >= self.limit}
        for k, column in sorted(ended):
            self._add(before[k], column, float(endings[k]), step, "ended")
        self._add_dropped(base[:, None] + logits, kept | ended, before, step)

    def _add_kept(
        self, choice: Choice, before: list[BeamNode | None], step: _Step, fate: Fate
    ) -> set[tuple[int, int]]:
        """Add the hypotheses that the search keeps; their (hypothesis, column)."""
        self.totals, columns = choice.totals[0], choice.columns[0].tolist()
        parents = [0] if choice.parents is None else choice.parents[0].tolist()
        places = list(zip(parents, columns, strict=True))
        self.live = [
            self._add(before[k], column, float(total), step, fate)
            for (k, column), total in zip(places, self.totals, strict=True)
        ]
        return set(places)

    def _add_dropped(
        self, sums: Any, taken: set[tuple[int, int]], before: list[BeamNode | None], step: _Step
    ) -> None:
        """Add the best of the rest."""
        number = min(self.dropped + len(taken), sums.size)
        order = np.argsort(-sums, axis=None, kind="stable")[:number]
        rest = [(int(n) // sums.shape[1], int(n) % sums.shape[1]) for n in order]
        for k, column in [place for place in rest if place not in taken][: self.dropped]:
            self._add(before[k], column, float(sums[k, column]), step, "dropped")

    def _add(
        self, parent: BeamNode | None, column: int, total: float, step: _Step, fate: Fate
    ) -> BeamNode | None:
        """Add a node; None if it is impossible."""
        if parent is None or total == NEVER:
            return None
        token = column if step.candidates is None else int(step.candidates[column])
        length = parent.step + 1
        divisor = length_divisor(float(length), self.config.length_normalisation, self.config.length_penalty)
        node = BeamNode(
            number=len(self.nodes),
            parent=parent.number,
            step=length,
            token=token,
            text=self.target.pieces([token])[0].replace("▁", " "),
            probability=float(np.exp(total - parent.log_prob)),
            log_prob=total,
            score=total / divisor,
            fate=fate,
        )
        self.nodes.append(node)
        return node

    def chosen(self, target_ids: Sequence[int]) -> tuple[int, ...]:
        """The numbers of the nodes of these tokens, the start first."""
        children: dict[tuple[int, int, bool], int] = {}
        for node in self.nodes[1:]:
            assert node.parent is not None
            if node.fate != "dropped":
                children[node.parent, node.token, node.fate == "ended"] = node.number
        path = [0]
        for token in target_ids:
            following = children.get((path[-1], token, token == Tokenizer.eos_id))
            if following is None:
                return ()
            path.append(following)
        return tuple(path)
