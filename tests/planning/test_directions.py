"""The look at data of several directions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seq2seq.config import DataConfig, Settings
from seq2seq.config.corpora import Corpora
from seq2seq.errors import DataError, UsageError
from seq2seq.planning.directions import all_warnings, check_all, look_at
from seq2seq.planning.look import look
from seq2seq.planning.pieces import cut_into_pieces
from seq2seq.training_data.arguments import make_corpora

TEXTS = {
    "en": "this is the house of my father and it is on the hill, number {}",
    "de": "das ist das Haus von meinem Vater und es ist auf dem Berg, Nummer {}",
    "fr": "c'est la maison de mon père et elle est sur la montagne, numéro {}",
}


def corpora(folder: Path, **numbers: int) -> Corpora:
    """English to each language, with so many pairs."""
    named = []
    for language, number in numbers.items():
        for side in ("en", language):
            lines = "".join(TEXTS[side].format(n) + "\n" for n in range(number))
            (folder / f"{language}.{side}").write_text(lines, encoding="utf-8")
        named.append((f"en-{language}={folder / language}.en,{folder / language}.{language}",))
    return make_corpora(named, ())


def test_the_parts_add_up(tmp_path: Path) -> None:
    both = corpora(tmp_path, de=300, fr=100)
    found = look_at(both, DataConfig(mix="1,0.5"))
    assert [part.counts.kept for part in found.directions.values()] == [300, 100]
    assert (found.counts.read, found.counts.kept, found.stored) == (400, 400, 400)
    assert found.pairs == sum(part.pairs for part in found.directions.values()) == 294 + 49
    shares = [pair.target.startswith("c'est") for pair in found.sample]
    assert 0 < sum(shares) < 60 and len(shares) > 300


def test_a_direction_without_validation_data_is_warned_of_and_holds_nothing_out(tmp_path: Path) -> None:
    both = corpora(tmp_path, de=300, fr=100)
    some = replace(both, valid=both.train[:1], valid_directions=both.train_directions[:1])
    found = look_at(some, DataConfig())
    assert found.pairs == 400
    pieces = cut_into_pieces(found.sample, Settings().data, seed=1)
    said = "en-fr: no validation data: not counted in the choice of the best model"
    of_valid = [one for one in all_warnings(found, pieces, Settings(), some) if "no validation" in one]
    assert of_valid == [said]
    assert not [one for one in all_warnings(found, pieces, Settings(), both) if "no validation" in one]


def test_a_mix_that_leaves_nothing_of_a_direction_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^data\.mix leaves nothing of en-fr"):
        look_at(corpora(tmp_path, de=60, fr=60), DataConfig(mix="1,0"))


def test_one_direction_is_looked_at_as_before(tmp_path: Path) -> None:
    one = corpora(tmp_path, de=80)
    assert look_at(one, DataConfig()) == look(one.train, (), DataConfig(), languages=("en", "de"))


def test_each_direction_is_checked_by_itself(tmp_path: Path) -> None:
    both = corpora(tmp_path, de=60, fr=20)
    with pytest.raises(DataError, match=r"fr\.fr: only 20 pairs"):
        check_all(look_at(both, DataConfig()), both)
    rows = (f"{TEXTS['de'].format(n)}\t{TEXTS['en'].format(n)}\n" for n in range(60))
    (tmp_path / "swapped.tsv").write_text("".join(rows), encoding="utf-8")
    swapped = make_corpora(((f"en-de={tmp_path}/swapped.tsv",), (f"en-fr={','.join(both.train[1])}",)), ())
    with pytest.raises(DataError, match="swapped: the first side is German"):
        check_all(look_at(swapped, DataConfig()), swapped)


def test_a_warning_names_its_direction(tmp_path: Path) -> None:
    both = corpora(tmp_path, de=60, fr=60)
    wrong = Corpora(both.train, (), train_directions=(("en", "de"), ("en", "es")))
    found = look_at(wrong, DataConfig())
    pieces = cut_into_pieces(found.sample, Settings().data, seed=1)
    (warning,) = [one for one in all_warnings(found, pieces, Settings(), wrong) if "given as" in one]
    assert warning.startswith("en-es: the target is given as Spanish, but looks like French")
