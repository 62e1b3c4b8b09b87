"""Facts that a person writes into a TOML file."""

from __future__ import annotations

from pathlib import Path

import pytest

from seq2seq.bundle.facts import Facts, facts_dict, read_facts
from seq2seq.errors import UsageError

COMPLETE = """
title = "English → French"
licence = "cc-by-2.0"
date = 2026-11-23
datasets = ["tatoeba", "owner/name"]
attribution = \"\"\"
By many.
Thanks.
\"\"\"
[tests]
"test.tsv" = "2,000 sentences"
"""


def test_facts_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    path.write_text(COMPLETE, encoding="utf-8")
    facts = read_facts(path)
    assert facts == Facts(
        title="English → French",
        licence="cc-by-2.0",
        date="2026-11-23",
        datasets=("tatoeba", "owner/name"),
        attribution="By many.\nThanks.",
        tests={"test.tsv": "2,000 sentences"},
    )
    assert facts_dict(facts) == {
        "title": "English → French",
        "licence": "cc-by-2.0",
        "attribution": "By many.\nThanks.",
        "datasets": ["tatoeba", "owner/name"],
        "date": "2026-11-23",
        "tests": {"test.tsv": "2,000 sentences"},
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'license = "mit"', "unknown key 'license'; did you mean 'licence'"),
        (b'zzz = "mit"', "unknown key 'zzz'; expected one of title, summary"),
        (b"licence = 5", "licence is 5, expected a text"),
        (b'licence = "two\\nlines: x"', "licence is .*, expected an identifier such as 'cc-by-4.0'"),
        (b'datasets = "tatoeba"', "datasets is 'tatoeba', expected a list"),
        (b'datasets = ["a b"]', r"datasets is \['a b'\], expected a list of identifiers"),
        (b"tests = 5", "tests is 5, expected a table"),
        (b"[tests]\na = 5", "tests is {'a': 5}, expected a table"),
        (b"title = \n", r"facts\.toml: Invalid value \(at line 1"),
        (b'title = "\xff"', r"facts\.toml: .*invalid start byte"),
    ],
)
def test_wrong_facts_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "facts.toml").write_bytes(content)
    with pytest.raises(UsageError, match=message) as error:
        read_facts(tmp_path / "facts.toml")
    assert str(error.value).startswith(str(tmp_path / "facts.toml"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"facts\.toml: cannot be read \(No such file or directory\)"):
        read_facts(tmp_path / "facts.toml")
