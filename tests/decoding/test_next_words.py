"""The likely next words, compared with all sequences of pieces of a small model."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pytest
import torch

from seq2seq.decoding import next_words as module
from seq2seq.decoding.engine import Array, StepOutput
from seq2seq.decoding.next_words import Question, next_words
from seq2seq.decoding.prefix import Beginning, ForcedPrefix, surfaces_of
from tests import tiny


@pytest.fixture(autouse=True)
def all_tokens_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNIFORM", 0)


TOKENIZER = tiny.tokenizer()
PIECES = TOKENIZER.pieces(range(TOKENIZER.vocab_size))
EOS = TOKENIZER.eos_id


@dataclass(frozen=True)
class PathState:
    last: torch.Tensor  # (K,)

    def select(self, sentences: Array, hypotheses: Array) -> PathState:
        return PathState(self.last[hypotheses.flatten()])


class Markov:
    """The next token depends on the last one; only `TOKENS` and EOS are possible. Counts its steps."""

    device = torch.device("cpu")

    def __init__(self, seed: int, tokens: list[int]) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.tokens, self.steps, self.starts = [*tokens, EOS], 0, 0
        self.table = torch.randn(TOKENIZER.vocab_size, len(self.tokens), generator=generator) * 2

    def start(self, sources: object) -> PathState:
        self.starts += 1
        return PathState(torch.zeros(1, dtype=torch.int64))

    def step(self, tokens: Array, state: PathState) -> StepOutput:
        self.steps += 1
        last = torch.from_numpy(tokens.flatten())
        assert len(state.last) == len(last)
        logits = torch.full((1, len(last), TOKENIZER.vocab_size), -math.inf)
        logits[0][:, self.tokens] = self.table[last]
        return StepOutput(logits, logits.logsumexp(-1), None, None, PathState(last))

    def log_probs(self, last: int) -> dict[int, float]:
        row = self.table[last].log_softmax(-1).tolist()
        return dict(zip(self.tokens, row, strict=True))


def tokens() -> list[int]:
    """Pieces that spell some letters in several ways, a space, a hyphen and a comma."""
    wanted = ["\u2581", "\u2581d", "d", "e", "u", "x", "\u2581s"]
    ids = [PIECES.index(piece) for piece in wanted if piece in PIECES]
    assert len(ids) >= 5
    return [*ids, 4 + ord("-"), 4 + ord(","), 4 + ord("d")]


def brute_force(engine: Markov, prefix: str) -> dict[str, float]:
    """The probability of each continuation up to the end of a word, over all sequences of pieces with a
    probability above 1e-7."""
    found, total = dict[str, float](), 0.0
    stack = [((), 0.0, False)]
    while stack:
        path, log_prob, passed = stack.pop()
        for token, value in engine.log_probs(path[-1] if path else TOKENIZER.bos_id).items():
            longer, chance = (*path, token), math.exp(log_prob + value)
            before = "".join(PIECES[t] if PIECES[t][0] != "<" else chr(t - 4) for t in path)
            text = (
                before
                if token == EOS
                else before + (PIECES[token] if PIECES[token][0] != "<" else chr(token - 4))
            )
            text, goal = text.replace("\u2581", " "), f" {prefix}"
            if not passed and not (text.startswith(goal) or (goal.startswith(text) and token != EOS)):
                continue
            now = passed or (text.startswith(goal) and token != EOS)
            if now and not passed:
                total += chance
            rest = text[len(goal) :]
            ended = re.match(r"(\s*(?:[\w-]+(?![\w-])|[^\w\s]))(.*)", rest, re.S)
            if rest[-1:] == "-" and rest[-2:-1].isalpha() and (token == EOS):
                continue
            if token == EOS:
                found[rest if rest.strip() else ""] = found.get(rest if rest.strip() else "", 0.0) + chance
            elif now and ended and (ended[2] or not re.match(r"[\w-]", ended[1][-1])):
                found[ended[1]] = found.get(ended[1], 0.0) + chance
            elif chance > 1e-7:
                stack.append((longer, log_prob + value, now))
    return {text: chance / total for text, chance in found.items()}


def asked(engine: Markov, prefix: str, n: int = 3) -> list[tuple[str, float]]:
    beginning = Beginning(prefix)
    rule = ForcedPrefix(surfaces_of(TOKENIZER), (beginning,))
    return next_words(engine, TOKENIZER, rule, Question((7, EOS), beginning, (0, 1, 2)), n=n)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("prefix", ["d", "de", "du"])
def test_words_have_the_probabilities_of_all_their_spellings(
    seed: int, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WIDTH", 200)
    monkeypatch.setattr(module, "LEAST", 1e-6)
    engine = Markov(seed, tokens())
    expected = brute_force(engine, prefix)
    found = dict(asked(engine, prefix))
    best = sorted(expected.items(), key=lambda item: -item[1])[:3]
    assert found == pytest.approx(dict(best), abs=0.01)


def test_the_search_finds_the_best_word_with_its_usual_width() -> None:
    for seed in range(4):
        engine = Markov(seed, tokens())
        expected = brute_force(engine, "d")
        text, chance = asked(engine, "d")[0]
        assert expected[text] > max(expected.values()) - 0.1
        assert chance == pytest.approx(expected[text], abs=0.1)


def test_states_are_kept() -> None:
    engine = Markov(0, tokens())
    first = asked(engine, "du de")
    steps = engine.steps
    assert asked(engine, "du de") == first
    assert engine.starts == 1
    assert engine.steps - steps < steps
    again = Markov(0, tokens())
    asked(engine, "xu du de")
    assert asked(engine, "du de") == asked(again, "du de")


def test_a_prefix_that_the_model_cannot_spell_has_no_words() -> None:
    assert asked(Markov(0, tokens()), "日本") == []
