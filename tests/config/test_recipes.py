"""Every recipe gives a network; those of papers have as many weights as the papers' sizes give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seq2seq.config import Settings, find_recipe, recipe_names
from seq2seq.nn.model import build_on_meta, count_parameters

PUBLISHED = ["sutskever2014", "bahdanau2015", "luong2015", "gnmt", "nematus2017", "bideep2017"]


def parameters(settings: Settings, source: int, target: int) -> int:
    config = replace(settings.model, source_vocab_size=source, target_vocab_size=target)
    return count_parameters(build_on_meta(config))


def test_recipe_names() -> None:
    assert set(recipe_names()) == {"default", "sample", "multi30k", "tatoeba", "adapt", *PUBLISHED}


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_gives_a_network(name: str) -> None:
    assert parameters(find_recipe(name), 1000, 1000) > 10_000


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_prepare_for_what_users_type_unless_they_are_of_a_paper_or_a_benchmark(name: str) -> None:
    data = find_recipe(name).data
    plain = name in (*PUBLISHED, "multi30k")
    placeholders = 0 if name == "adapt" else 8  # the model that is adapted decides
    assert (data.noise, data.placeholders) == (("", 0) if plain else ("default", placeholders))


def lstm(inputs: int, hidden: int) -> int:
    """Four gates, each with W (H × I), U (H × H) and torch's two biases."""
    return 4 * (hidden * inputs + hidden * hidden + 2 * hidden)


def test_bahdanau2015_has_the_size_of_the_paper() -> None:
    """Appendix A: m = 620, n = 1000, n' = 1000, l = 500, 30,000 words. The paper leaves out biases; here
    each gate, the alignment model, the first state, the deep output and the scores have one."""
    m, n, align, maxout, words = 620, 1000, 1000, 500, 30_000
    embeddings = 2 * words * m
    encoder = 2 * 3 * (n * m + n * n + n)  # W, U of two gates and the candidate, in both directions
    decoder = 3 * (n * m + n * n + n * 2 * n + n)  # W, U, C
    first_state = n * n + n  # W_s
    alignment = align * n + align * 2 * n + align + align  # W_a, U_a, v_a
    deep_output = 2 * maxout * (n + m + 2 * n + 1)  # U_o, V_o, C_o
    scores = words * maxout + words  # W_o
    expected = embeddings + encoder + decoder + first_state + alignment + deep_output + scores
    assert parameters(find_recipe("bahdanau2015"), words, words) == expected == 80_443_000


def test_sutskever2014_has_the_size_of_the_paper() -> None:
    """Section 3.4: 4 + 4 layers of 1000 cells, embeddings of 1000, 160,000 source and 80,000 target words:
    "384M parameters of which 64M are pure recurrent connections", without biases."""
    published, recurrent, biases = 384_000_000, 64_000_000, 8 * 2 * 4 * 1000 + 80_000
    assert parameters(find_recipe("sutskever2014"), 160_000, 80_000) == published + biases
    assert 8 * lstm(1000, 1000) == recurrent + biases - 80_000


def test_luong2015_has_the_size_of_the_paper() -> None:
    """Section 4.1: 4 layers of 1000 cells, embeddings of 1000, 50,000 words; input feeding doubles the first
    decoder layer's input; local-p (equation 9: W_p, v_p) with `general` scores (section 3.1: W_a)."""
    n, words = 1000, 50_000
    embeddings = 2 * words * n
    encoder = 4 * lstm(n, n)
    decoder = lstm(2 * n, n) + 3 * lstm(n, n)
    attention = n * n + n * n + n
    attentional = n * 2 * n + n  # W_c of equation 5
    scores = words * n + words
    expected = embeddings + encoder + decoder + attention + attentional + scores
    assert parameters(find_recipe("luong2015"), words, words) == expected == 222_116_000


def test_gnmt_has_the_size_of_the_paper() -> None:
    """Sections 3 and 4: 8 + 8 layers of 1024 nodes, the lowest encoder layer in both directions, 32,000
    wordpieces for both languages; every decoder layer above the lowest reads the context as well."""
    n, words = 1024, 32_000
    embeddings = words * n
    encoder = 2 * lstm(n, n) + lstm(2 * n, n) + 6 * lstm(n, n)
    decoder = lstm(n, n) + 7 * lstm(2 * n, n)
    attention = n * n + n * n + n + n
    scores = words * n + words
    expected = embeddings + encoder + decoder + attention + scores
    assert parameters(find_recipe("gnmt"), words, words) == expected == 243_967_232
