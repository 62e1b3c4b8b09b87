"""Decoding settings that contradict each other are refused, with what to change."""

from __future__ import annotations

from typing import Any

import pytest

from seq2seq.config import DecodingConfig
from seq2seq.config.decoding import check_given
from seq2seq.errors import UsageError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_best": 6}, r"n_best is 6, expected 1 to beam_size \(5\)"),
        ({"mbr": 6}, r"mbr is 6, expected at most beam_size \(5\), or a temperature above 0"),
        ({"mbr": 3, "n_best": 4}, r"n_best is 4, expected 1 to mbr \(3\)"),
        ({"mbr": 30, "n_best": 40, "temperature": 1.0}, r"n_best is 40, expected 1 to mbr \(30\)"),
        ({"temperature": 1.0, "n_best": 1001}, r"n_best is 1001, expected 1 to the most samples \(1000\)"),
        ({"top_k": 3}, "top_k is 3, expected 0 without sampling; set temperature above 0"),
        ({"top_p": 0.5}, "top_p is 0.5, expected 1.0 without sampling"),
        ({"sampling_seed": 3}, "sampling_seed is 3, expected 0 without sampling"),
        ({"temperature": 1e-9}, r"temperature is 1e-09, expected 0 \(search\) or at least 0.01"),
        ({"mbr": 3, "coverage_penalty": 0.2}, "coverage_penalty is 0.2, expected 0 with mbr"),
        ({"min_length": 10}, r"min_length is 10, expected below max_length_extra \(10\)"),
        ({"min_length_factor": 2.1}, r"min_length_factor is 2.1, expected at most max_length_factor \(2.0\)"),
        ({"repetition_penalty": 0.9}, "repetition_penalty is 0.9, expected a number from 1 to 10"),
        (
            {"length_normalisation": "mean"},
            "length_normalisation is 'mean', expected one of 'none', 'average'",
        ),
    ],
)
def test_contradictions_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DecodingConfig(**settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"length_normalisation": "none", "length_penalty": 1.0}, "length_penalty is 1.0 and length_norm"),
        ({"temperature": 0.5, "beam_size": 5}, "beam_size is 5 and temperature 0.5, expected one of them"),
        ({"temprature": 0.5}, "unknown option 'temprature'; did you mean 'temperature'?"),
    ],
)
def test_what_is_given_together_must_have_an_effect(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        check_given(given)
    check_given({"temperature": 0.0, "beam_size": 5})


def test_greedy_settings_search_with_one_hypothesis() -> None:
    sampled = DecodingConfig(temperature=0.7, top_k=5, top_p=0.9, sampling_seed=4, mbr=8, n_best=8)
    greedy = sampled.greedy()
    assert not greedy.sampling and (greedy.beam_size, greedy.n_best, greedy.mbr) == (1, 1, 0)
    assert DecodingConfig(beam_size=3, length_penalty=0.6).greedy().length_penalty == 0.6
