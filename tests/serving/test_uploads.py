"""Files that users send: limits, names, and their end."""

from __future__ import annotations

from pathlib import Path

import pytest

from seq2seq.serving import uploads
from seq2seq.serving.request import InvalidRequest
from seq2seq.serving.uploads import Uploads, for_page, shown_size


def test_names_never_lead_out_of_the_folder() -> None:
    made = Uploads()
    for name in ("../../etc/passwd.txt", "C:\\x\\passwd.txt", "a\0\n<b>/passwd.txt"):
        upload = made.find(made.begin(name, (".txt",)))
        assert upload.path.parent == made.folder and upload.name == "passwd.txt"
    for wrong in ("a.exe", "", "a" * 120 + ".txt", None, 3):
        with pytest.raises(InvalidRequest):
            made.begin(wrong, (".txt",))


def test_pieces_follow_each_other_up_to_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Uploads()
    token = made.begin("a.txt", (".txt",))
    assert made.add(token, 0, b"abc", limit=5) == 3
    with pytest.raises(InvalidRequest, match="expected 3"):
        made.add(token, 0, b"x", limit=5)
    assert made.add(token, 3, b"de", limit=5) == 5
    assert made.find(token).path.read_bytes() == b"abcde"
    with pytest.raises(InvalidRequest, match="too large"):
        made.add(token, 5, b"f", limit=5)
    with pytest.raises(InvalidRequest, match="no longer here"):
        made.find(token)
    monkeypatch.setattr(uploads, "MAX_TOTAL", 4)
    two = [made.begin("a.txt", (".txt",)) for _ in range(2)]
    made.add(two[0], 0, b"abc", limit=5)
    with pytest.raises(InvalidRequest, match="no room"):
        made.add(two[1], 0, b"ab", limit=5)
    monkeypatch.setattr(uploads, "MAX_FILES", 2)
    with pytest.raises(InvalidRequest, match="no room"):
        made.begin("a.txt", (".txt",))


def test_old_files_are_deleted_with_what_was_made_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Uploads()
    token = made.begin("a.txt", (".txt",))
    made.add(token, 0, b"abc", limit=5)
    path = made.find(token).path
    path.with_stem(f"{path.stem}-translated").write_text("x")
    made.remove_old()
    assert len(list(made.folder.iterdir())) == 2
    monkeypatch.setattr(uploads, "MAX_AGE", -1.0)
    made.remove_old()
    assert list(made.folder.iterdir()) == []


def test_sizes_for_people() -> None:
    assert [shown_size(5 << 20), shown_size(100 << 20), shown_size(1536)] == ["5 MB", "100 MB", "1.5 KB"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "exchange the files, or the columns (--data.columns 2 1), or the languages "
            "(--source-lang fr --target-lang en)",
            "exchange the files, or the columns, or the languages",
        ),
        ("one column found, expected 2, or two names in --data.columns", "one column found, expected 2"),
        ("found (it is short), expected more (--no-preflight trains)", "found (it is short), expected more"),
    ],
)
def test_errors_for_the_page_name_the_file_and_no_options(message: str, shown: str) -> None:
    path = Path("/tmp/x/3f.tsv")
    assert for_page(f"{path}:2: {message}", path, "mine.tsv") == f"mine.tsv:2: {shown}"
