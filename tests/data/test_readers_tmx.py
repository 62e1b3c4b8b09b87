"""Translation memories: the pairs of good ones; damaged and hostile ones are refused quickly."""

from __future__ import annotations

import gzip
import tempfile
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.data.readers import read_pairs
from seq2seq.errors import DataError
from seq2seq.pairs import Counts
from tests.limits import cpu_seconds

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header creationtool="x" segtype="sentence" srclang="en"/><body>
"""
TAIL = "</body></tmx>\n"


def unit(**texts: str) -> str:
    variants = "".join(
        f'<tuv xml:lang="{language.replace("_", "-")}"><seg>{text}</seg></tuv>'
        for language, text in texts.items()
    )
    return f"<tu>{variants}</tu>\n"


def write(path: Path, *units: str, head: str = HEAD, tail: str = TAIL) -> str:
    path.write_text(head + "".join(units) + tail, encoding="utf-8")
    return str(path)


def texts(
    path: str, languages: tuple[str, str] | None = ("en", "fr"), counts: Counts | None = None
) -> list[tuple[str, str]]:
    return [(p.source, p.target) for p in read_pairs([path], languages=languages, counts=counts)]


def fault(path: str, languages: tuple[str, str] | None = ("en", "fr")) -> str:
    with pytest.raises(DataError) as error:
        texts(path, languages)
    return str(error.value)


def test_units_in_order_with_their_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.tmx", unit(en="One.", fr="Un."), unit(fr="Deux &amp; trois.", en="Two &amp; three.")
    )
    pairs = list(read_pairs([path], languages=("en", "fr")))
    assert [(p.source, p.target) for p in pairs] == [("One.", "Un."), ("Two & three.", "Deux & trois.")]
    assert [p.location for p in pairs] == [f"{path}:4", f"{path}:5"]
    assert texts(path, ("fr", "en")) == [("Un.", "One."), ("Deux & trois.", "Two & three.")]


def test_gzip_utf_16_and_the_old_attribute(tmp_path: Path) -> None:
    content = (HEAD + unit(en="Tea", fr="Thé") + TAIL).replace("xml:lang", "lang")
    (tmp_path / "m.tmx.gz").write_bytes(gzip.compress(content.encode()))
    assert texts(str(tmp_path / "m.tmx.gz")) == [("Tea", "Thé")]
    (tmp_path / "w.tmx").write_bytes(content.replace("UTF-8", "UTF-16").encode("utf-16"))
    assert texts(str(tmp_path / "w.tmx")) == [("Tea", "Thé")]


def test_regions_match_and_the_exact_one_comes_first(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", unit(EN_us="color", en_GB="colour", FR_fr="couleur"))
    assert texts(path) == [("color", "couleur")]
    assert texts(path, ("en-GB", "fr")) == [("colour", "couleur")]
    assert texts(path, ("en_gb", "fr-CA")) == [("colour", "couleur")]


def test_inline_codes_are_removed_and_marked_text_is_kept(tmp_path: Path) -> None:
    marked = 'Press <bpt i="1">&lt;b&gt;</bpt><hi>OK</hi><ept i="1">&lt;/b&gt;</ept> now<ph x="1">{1}</ph>.'
    path = write(tmp_path / "m.tmx", unit(en=marked, fr="<it>x</it>Appuyez<ut>y</ut>."))
    assert texts(path) == [("Press OK now.", "Appuyez.")]


def test_line_ends_inside_a_text_become_spaces(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", unit(en="two\nlines", fr="deux&#10;lignes"))
    assert texts(path) == [("two lines", "deux lignes")]


def test_units_without_both_languages_are_counted(tmp_path: Path) -> None:
    counts = Counts()
    path = write(tmp_path / "m.tmx", unit(en="a"), unit(en="b", fr="c"), unit(de="d", fr="e"))
    assert texts(path, counts=counts) == [("b", "c")]
    assert counts.repaired == {"translation unit without both languages skipped": 2}


def test_missing_languages_are_an_error_that_names_those_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", unit(en="a", de="b"))
    assert "languages 'en', 'de' found, expected units with 'en' and 'fr'" in fault(path)
    message = "m.tmx: languages 'en', 'de' found, expected --source-lang and --target-lang"
    assert message in fault(path, None)
    assert "languages none found" in fault(write(tmp_path / "e.tmx"))


def test_one_variant_is_never_source_and_target(tmp_path: Path) -> None:
    languages = ("pt-PT", "pt-BR")
    counts = Counts()
    path = write(tmp_path / "m.tmx", unit(pt_BR="trem"), unit(pt_BR="ônibus", pt_PT="autocarro"))
    assert texts(path, languages, counts) == [("autocarro", "ônibus")]
    assert counts.examples == {"translation unit without both languages skipped": f"{path}:4"}
    both = write(tmp_path / "b.tmx", unit(pt_BR="trem", pt="comboio"))
    assert texts(both, ("pt-PT", "pt-BR")) == [("comboio", "trem")]


def test_namespaces_are_ignored(tmp_path: Path) -> None:
    head = '<tmx xmlns="http://www.lisa.org/tmx14" version="1.4"><body>'
    assert texts(write(tmp_path / "m.tmx", unit(en="a", fr="<hi>b</hi><ph>c</ph>"), head=head)) == [
        ("a", "b")
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "m.tmx:1: no element found"),
        ("plain text", "m.tmx:1: syntax error"),
        (HEAD + "<tu><tuv></tu>", "m.tmx:4: mismatched tag"),
        (HEAD + unit(en="a", fr="b"), "m.tmx:5: no element found"),
        (HEAD.replace("UTF-8", "nonsense") + TAIL, "unknown encoding"),
        (HEAD + unit(en="&nothing;", fr="b") + TAIL, "m.tmx:4: undefined entity"),
        ("<xliff><file/></xliff>", "m.tmx:1: <xliff> found as the root element, expected <tmx>"),
        (HEAD + "<tu>" * 200 + TAIL, "m.tmx:4: over 100 nested elements found"),
    ],
)
def test_damaged_files_name_the_line(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "m.tmx").write_text(content, encoding="utf-8")
    assert says in fault(str(tmp_path / "m.tmx"))


def test_wrong_bytes_truncated_gzip_and_missing_files_are_errors(tmp_path: Path) -> None:
    (tmp_path / "m.tmx").write_bytes((HEAD + unit(en="caf\u00e9", fr="x") + TAIL).encode("latin-1"))
    assert "m.tmx:4: not well-formed (invalid token)" in fault(str(tmp_path / "m.tmx"))
    whole = gzip.compress((HEAD + unit(en="a", fr="b") * 5000 + TAIL).encode())
    (tmp_path / "m.tmx.gz").write_bytes(whole[: len(whole) // 2])
    assert "a cut or damaged gzip stream" in fault(str(tmp_path / "m.tmx.gz"))
    assert "cannot be read (No such file" in fault(str(tmp_path / "none.tmx"))


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 50}">' for n in range(10))
HOSTILE = [
    f"<!DOCTYPE tmx [{BOMB}]><tmx><body>" + unit(en="&e9;", fr="b") + TAIL,
    '<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]><tmx><body>' + unit(en="&x;", fr="b") + TAIL,
    f'<!DOCTYPE tmx [<!ENTITY big "{"x" * 100_000}">]><tmx><body>' + unit(en="&big;" * 10_000, fr="b") + TAIL,
]


@pytest.mark.parametrize("content", HOSTILE, ids=["billion laughs", "external entity", "quadratic blow-up"])
def test_hostile_xml_is_refused_at_once(tmp_path: Path, content: str) -> None:
    (tmp_path / "m.tmx").write_text(content, encoding="utf-8")
    started = time.process_time()
    tracemalloc.start()
    try:
        assert "EntitiesForbidden found, expected TMX without entities" in fault(str(tmp_path / "m.tmx"))
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "start",
    ["<!--", '<tu x="', "<tu " + " ".join(f'a{n}="x"' for n in range(10_000)) + " ", "<?x "],
    ids=["comment", "attribute", "attributes", "instruction"],
)
def test_a_tag_without_an_end_is_refused_at_once(tmp_path: Path, start: str) -> None:
    path = write(tmp_path / "m.tmx", start, "x" * 50_000_000)
    started = time.process_time()
    message = fault(path)
    assert time.process_time() - started < 2
    assert f"{path}:4: a tag or comment of over 1048576 bytes found" in message


def test_a_unit_without_an_end_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", "<tu>" + '<tuv xml:lang="en"><seg>' + "x " * 9_000_000)
    assert "m.tmx:4: a unit of over 16777216 characters found, expected a sentence" in fault(path)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tmx", *[unit(en="a sentence", fr="une phrase")] * 20_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_pairs([path], languages=("en", "fr"))) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1.5e6
    finally:
        tracemalloc.stop()


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_pairs_or_a_data_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.tmx"
        path.write_bytes(content)
        with cpu_seconds(2), suppress(DataError):
            list(read_pairs([str(path)], languages=("en", "fr")))
