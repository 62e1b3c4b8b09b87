"""A node in the tree of a beam search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fate = Literal["kept", "ended", "dropped", "open"]


@dataclass(frozen=True)
class BeamNode:
    """A token behind the tokens of its parents.

    Attributes:
        number: in `BeamTree.nodes`; parents come first.
        parent: number of the node before it; None for the first one, which has no token.
        step: number of tokens up to here.
        token: id of the piece.
        text: the piece; a space at its start is a space.
        probability: of the token, given the source and the tokens before.
        log_prob: of all tokens up to here, natural logarithm.
        score: `log_prob` after the length normalisation.
        fate: "kept", the search went on from it; "ended", a complete translation (its token is the end);
            "dropped", among the best of the rest; "open", still in the beam when the search was done.
    """

    number: int
    parent: int | None
    step: int
    token: int
    text: str
    probability: float
    log_prob: float
    score: float
    fate: Fate
