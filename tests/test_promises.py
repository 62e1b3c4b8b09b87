"""docs/explanation/promises.md: every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "explanation" / "promises.md"


def test_every_named_test_exists() -> None:
    file, missing, named = "", list[str](), 0
    for name in re.findall(r"`((?:[\w/]+\.py|…)(?:::\w+)*)`", PAGE.read_text(encoding="utf-8")):
        path, *parts = name.split("::")
        file = file if path == "…" else path
        content = (TESTS / file).read_text(encoding="utf-8") if (TESTS / file).is_file() else ""
        defined = [rf"^ *(def|class) {part}\b" for part in parts]
        if not content or not all(re.search(pattern, content, re.MULTILINE) for pattern in defined):
            missing.append(f"{file}::{'::'.join(parts)}")
        named += 1
    assert not missing
    assert named > 50


def test_every_promise_has_a_number_and_a_test() -> None:
    rows = re.findall(r"^\| \*\*(\d+)\. .*\| `\S+\.py", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(map(int, rows)) == list(range(1, 30))
