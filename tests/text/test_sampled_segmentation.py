"""Random segmentations have the probabilities of SentencePiece's own scores, and are the same everywhere."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import sentencepiece

from seq2seq.text.sampled_segmentation import SegmentationSampler
from seq2seq.text.tokenizer import Tokenizer
from tests.text.sentences import SENTENCES

DRAWS = 20_000


@pytest.mark.parametrize(("text", "alpha"), [("house", 1.0), ("house", 0.3), ("the men", 0.2), ("man", 0.0)])
def test_unigram_probabilities_are_powers_of_those_of_sentencepiece(
    unigram: Tokenizer, text: str, alpha: float
) -> None:
    """All segmentations come from SentencePiece's n-best list, which is shorter than its longest."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=unigram.to_bytes())
    listed = processor.nbest_encode(" " + text, nbest_size=512)
    scores = {tuple(ids): sum(map(processor.get_score, ids)) for ids in listed}
    total = sum(math.exp(alpha * score) for score in scores.values())
    drawn = Counter(map(tuple, unigram.encode_batch([text] * DRAWS, sample=True, alpha=alpha, seed=5)))
    assert drawn.keys() <= scores.keys() and 3 <= len(scores) < 512
    for ids, score in scores.items():
        share = math.exp(alpha * score) / total
        assert abs(drawn[ids] / DRAWS - share) < 5 * math.sqrt(share / DRAWS) + 1 / DRAWS, ids


def test_bpe_dropout_leaves_out_each_merge_with_its_probability() -> None:
    """Worked out by hand for the merges ab and abc with p = 0.25. "a b c": ab is left out with p, and nothing
    else can be merged; else "ab c": abc is left out with p."""
    ids = {"a": 300, "b": 301, "c": 302, "ab": 303, "abc": 304}
    scores = {piece: -float(rank) for rank, piece in enumerate(["ab", "abc", "a", "b", "c"])}
    sampler, random = SegmentationSampler(scores, ids, bpe=True), Random(1)
    drawn = Counter(tuple(sampler.sample("abc", alpha=0.25, random=random)) for _ in range(DRAWS))
    expected = {(300, 301, 302): 0.25, (303, 302): 0.75 * 0.25, (304,): 0.75 * 0.75}
    assert drawn.keys() == expected.keys()
    for one, share in expected.items():
        assert drawn[one] / DRAWS == pytest.approx(share, abs=0.02)


def test_a_character_without_a_piece_becomes_its_bytes(unigram: Tokenizer) -> None:
    ids = unigram.encode("the 漢", sample=True, alpha=0.5, seed=1)
    assert unigram.pieces(ids)[-3:] == ["<0xE6>", "<0xBC>", "<0xA2>"]


def test_a_long_word_is_drawn_in_bounded_time(unigram: Tokenizer) -> None:
    word = "ab" * 20_000
    assert unigram.decode(unigram.encode(word, sample=True, alpha=0.1, seed=1)) == word


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_separate_processes_draw_the_same(kind: str, tmp_path: Path) -> None:
    tokenizer = Tokenizer.train(SENTENCES, vocab_size=450, kind=kind)
    tokenizer.save(tmp_path / "joint.model")
    code = (
        "from seq2seq.text.tokenizer import Tokenizer\nfrom tests.text.sentences import SENTENCES\n"
        f"tokenizer = Tokenizer.load({str(tmp_path / 'joint.model')!r})\n"
        "print(tokenizer.encode_batch(SENTENCES[:40], sample=True, alpha=0.2, seed=3))"
    )
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    here = tokenizer.encode_batch(SENTENCES[:40], sample=True, alpha=0.2, seed=3)
    assert [run.stdout for run in runs] == [f"{here}\n"] * 2
    assert here != tokenizer.encode_batch(SENTENCES[:40])
