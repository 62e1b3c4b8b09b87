"""The BLEU to expect: between the rows of the table, worked out by hand."""

from __future__ import annotations

import pytest

from seq2seq.planning.expectation import BAND, Run, expected_bleu, runs

TABLE = (
    Run("small", 1_000, 10, 1, 10.0, ""),
    Run("small", 1_000, 40, 4, 20.0, ""),
    Run("large", 100_000, 10, 60, 40.0, ""),
)


def middle(pairs: int, epochs: float) -> float:
    return expected_bleu(pairs, epochs, table=TABLE).low / BAND[0]


@pytest.mark.parametrize(
    ("pairs", "epochs", "bleu"),
    [
        (1_000, 10, 10.0),
        (1_000, 20, 15.0),  # halfway between 10 and 40 on a logarithmic scale
        (1_000, 400, 20.0),  # nothing is extrapolated upwards
        (1_000, 5, 6.0),  # 4 less for half
        (10_000, 10, 25.0),  # halfway between 1,000 and 100,000
        (10**9, 10, 40.0),
        (1_000, 0.001, 0.0),
    ],
)
def test_interpolation(pairs: int, epochs: float, bleu: float) -> None:
    assert middle(pairs, epochs) == pytest.approx(bleu)


def test_a_training_that_has_read_little_is_limited_by_the_early_one() -> None:
    """A large corpus, of which 5,000 pairs are read, cannot be better than the other was after 5,000."""
    table = (*TABLE, Run("early", 10_000, 0.5, 1, 2.0, ""), Run("early", 10_000, 20, 9, 30.0, ""))
    assert expected_bleu(100_000, 0.05, table=table).low == pytest.approx(2.0 * BAND[0])
    assert str(expected_bleu(100_000, 0.05, table=table)) == "BLEU 1 to 2"
    assert str(expected_bleu(100_000, 0.04, table=table)) == "BLEU below 1"
    assert expected_bleu(100_000, 10, table=table).low == pytest.approx(40.0 * BAND[0])


def test_the_trainings_are_named_that_the_number_comes_from() -> None:
    assert expected_bleu(10_000, 10, table=TABLE).near == ("small", "large")
    assert expected_bleu(10**6, 10, table=TABLE).near == ("large",)


def test_our_own_trainings_lie_in_the_band_and_have_a_source() -> None:
    for run in runs():
        expected = expected_bleu(run.pairs, run.epochs)
        assert expected.low <= run.bleu <= expected.high and run.source, run
