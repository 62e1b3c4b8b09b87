"""Cutoff: what is zeroed, where, and how often."""

from __future__ import annotations

import torch

from seq2seq.nn.model import build_model
from seq2seq.objectives.cutoff import cut, cut_second_reading
from tests import tiny


def test_whole_tokens_are_cut_at_their_rate() -> None:
    torch.manual_seed(0)
    vectors = cut(torch.full((40, 50, 3), 2.0), tokens=0.2, features=0.0)
    kept = vectors[:, :, 0] != 0
    assert torch.equal(vectors, 2.0 * kept.unsqueeze(-1).expand(-1, -1, 3))
    assert abs(float(kept.float().mean()) - 0.8) < 0.03  # 2,000 draws: standard deviation 0.009


def test_features_are_cut_at_all_tokens_of_a_sentence() -> None:
    torch.manual_seed(0)
    vectors = cut(torch.ones(50, 6, 40), tokens=0.0, features=0.1)
    assert torch.equal(vectors, vectors[:, :1].expand(-1, 6, -1))
    assert len(set(map(tuple, vectors[:, 0].tolist()))) > 40  # each sentence has its own
    assert abs(float(vectors.mean()) - 0.9) < 0.03


def test_nothing_is_cut_at_rate_0() -> None:
    vectors = torch.ones(2, 3, 4)
    assert torch.equal(cut(vectors, tokens=0.0, features=0.0), vectors)


def test_only_the_second_reading_is_cut_and_only_in_training() -> None:
    """Source and target: with all tokens cut, the second half no longer depends on what it reads."""
    torch.manual_seed(0)
    network = build_model(tiny.model_config(tie_source=False, embedding_dropout=0.0))
    tokens = torch.tensor([[5, 6, 7], [8, 9, 10]])
    before = [embedding(tokens) for embedding in (network.source, network.decoder.embedding)]
    cut_second_reading(network, tokens=0.999999, features=0.0)
    for embedding, plain in zip((network.source, network.decoder.embedding), before, strict=True):
        vectors = embedding.train()(tokens)
        assert torch.equal(vectors[0], plain[0]) and not vectors[1].any()
        assert torch.equal(embedding.eval()(tokens), plain)
