"""Finding what is not language: each kind, what only looks like it, whole sentences, and the time taken."""

from __future__ import annotations

import time
import timeit
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.preparation.verbatim import Verbatim, find_verbatim
from seq2seq.preparation.verbatim_patterns import HINT, PATTERNS
from tests.preparation.verbatim_sentences import Expected, VerbatimSentence, lost_spans, verbatim_sentences
from tests.text.sentences import patient

LATIN = frozenset(map(chr, range(32, 383))) | set("’“”«»…–—€œ")
KINDS = {"url", "email", "mention", "file", "placeholder", "tag", "code", "emoji", "number", "script"}


def found(text: str, alphabet: frozenset[str] | None = None) -> list[tuple[str, str]]:
    """Kind and text of each span."""
    return [(span.kind, text[span.start : span.end]) for span in find_verbatim(text, alphabet=alphabet)]


# One text, and its spans separated by spaces ("␣" is a space in a span).
SPANS = {
    "url": [
        ("Go to https://a.b/c.", "https://a.b/c"),
        ("(see http://x.org/a(b)c), please", "http://x.org/a(b)c"),
        ("https://en.wikipedia.org/wiki/A_(b)?x=1&y=2#z!", "https://en.wikipedia.org/wiki/A_(b)?x=1&y=2#z"),
        ("“https://x.org”, «ftp://y.org/»", "https://x.org ftp://y.org/"),
        ("[text](https://x.org/a)", "https://x.org/a"),
        ("https://api.x.org/{id}/y", "https://api.x.org/{id}/y"),
        ("Is it example.com? Or www.x.org/y, EXAMPLE.ORG...", "example.com www.x.org/y EXAMPLE.ORG"),
        ("l'exemple.fr et docs.google.it et x.it/a", "exemple.fr docs.google.it x.it/a"),
        ("localhost:3000 192.168.0.1:80/x mailto:a@b.org", "localhost:3000 192.168.0.1:80/x mailto:a@b.org"),
    ],
    "email": [
        ("Mail john.doe+x@mail.example.co.uk.", "john.doe+x@mail.example.co.uk"),
        ("<a@b.org>, (c_d@e.fr)", "a@b.org c_d@e.fr"),
    ],
    "mention": [("@anna: see #news, #42 @me@x.social!", "@anna #news #42 @me@x.social")],
    "file": [
        ("(see a.txt) Readme.MD, b.tar.gz.", "a.txt Readme.MD b.tar.gz"),
        ("report(1).pdf node.js my_photo-2.jpg", "report(1).pdf node.js my_photo-2.jpg"),
        ("/usr/bin/python3, /etc. ~/x ../a/b ./run.sh", "/usr/bin/python3 /etc ~/x ../a/b ./run.sh"),
        ("src/main.py docs/a/b/ my_dir/sub .gitignore", "src/main.py docs/a/b/ my_dir/sub .gitignore"),
        (r"C:\Program Files\App\x.exe, \\server\d. D:\y", r"C:\Program␣Files\App\x.exe \\server\d D:\y"),
        (r"one\ntwo\t", r"\n \t"),
    ],
    "placeholder": [
        ("{name} {0}, {user.name!r:>10}: {{ x }} {%if%}", "{name} {0} {user.name!r:>10} {{␣x␣}} {%if%}"),
        ("%s, %d; %(n)s ${x} $PATH %1$s %.2f.", "%s %d %(n)s ${x} $PATH %1$s %.2f"),
        ("{n, plural, one {# item} other {{n} items}}", "{n,␣plural,␣one␣{#␣item}␣other␣{{n}␣items}}"),
        ("My name is ____.", "____"),
    ],
    "tag": [
        ('<b>x</b> <br/> <a href="http://x.y/?a>b">', '<b> </b> <br/> <a␣href="http://x.y/?a>b">'),
        ("a&nbsp;b &#39; [b]x[/b] <!-- y -->", "&nbsp; &#39; [b] [/b] <!--␣y␣-->"),
    ],
    "code": [
        ("`a b`, ``c``", "`a␣b` ``c``"),
        (
            "my_var getElementById() __init__ MAX_LEN iPhone",
            "my_var getElementById() __init__ MAX_LEN iPhone",
        ),
        ("--option --x=5, std::vector C++ C#", "--option --x=5 std::vector C++ C#"),
        ("GPT-4, COVID-19; H2O mp3 AB-1234-X v3.11.2.", "GPT-4 COVID-19 H2O mp3 AB-1234-X v3.11.2"),
        ("in Python 3.11.", "3.11"),
    ],
    "emoji": [
        ("I ❤️ it😀😀!", "❤️ 😀😀"),
        ("👩‍👩‍👧‍👦 🇫🇷 👍🏽 1️⃣ #️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍👩‍👧‍👦 🇫🇷 👍🏽 1️⃣ #️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        (":) ;-) :smile:.", ":) ;-) :smile:"),
    ],
    "number": [
        ("12, 3.5; 1,234,567.5. 1 234,5 -5", "12 3.5 1,234,567.5 1␣234,5 -5"),
        ("$19.99, 5%! 5 % £5, 19,99 €.", "$19.99 5% 5␣% £5 19,99␣€"),
        ("At 10:45, 12/03/2024 or 2024-03-12.", "10:45 12/03/2024 2024-03-12"),
        ("+33 1 23 45 67 89", "+33␣1␣23␣45␣67␣89"),
        ("(555) 123-4567, 06 12 34 56 78", "(555)␣123-4567 06␣12␣34␣56␣78"),
        ("3.11.2 192.168.0.1 5km 20°C 100km/h", "3.11.2 192.168.0.1 5km 20°C 100km/h"),
        ("on the 21st at 10am, in the 1990s, le 1er", "21 10am 1990 1"),
        ("a 16-year-old, 10-20%, 24/7, 1920x1080", "16 10-20% 24/7 1920x1080"),
        ("$5 million, 5 $20 bills, n°5, No.5", "5 5 $20 5 5"),
        ("我有5个苹果", "5"),
        ("5 kg, 12 km; 200 ml. 1.80 m", "5␣kg 12␣km 200␣ml 1.80␣m"),
        ("50 km/h (25 °C) 3 GB, 60 W? 2 l!", "50␣km/h 25␣°C 3␣GB 60␣W 2␣l"),
        ("5 m², 1 234,5 kg 10 A", "5␣m² 1␣234,5␣kg 10␣A"),
        ("5 a day, 2 l'eau, 3 m-high, 4 men, 6 in 7", "5 2 3 4 6 7"),
        ("10:45 or 5 p.m. or 9 a.m. or 9:30 am, 5pm", "10:45 5␣p.m. 9␣a.m. 9:30␣am 5pm"),
        ("10 h 45, 17 h, 10h30, 5 h du soir. 24 h", "10␣h␣45 17␣h 10h30 5␣h␣du␣soir 24␣h"),
        ("2 h d'attente, 3 h 450, um 9:30 am Montag", "2␣h 3␣h 450 9:30"),
    ],
}
CASES = [(kind, text, spans) for kind, cases in SPANS.items() for text, spans in cases]


@pytest.mark.parametrize(("kind", "text", "spans"), CASES, ids=[text for _, text, _ in CASES])
def test_spans_are_found(kind: str, text: str, spans: str) -> None:
    assert found(text) == [(kind, span.replace("␣", " ")) for span in spans.split()]


@pytest.mark.parametrize(
    "text",
    [
        "He or she, and/or he/she; e.g. this, i.e. that. It ended.Then we left.",
        "The U.S. team met at p.m. in Washington D.C. or so.",
        "i like it.it is good.so there. C'est bien.ca va.",
        "a < b and c > d, AT&T, R&D; rock'n'roll, up-to-date, well-known",
        "Wait... what?! He said -- no; she said: yes.",
        "Dr. Smith, Mr. O'Brien and Mrs. Martin, Ph.D. (PhD), visited Mr.Brown.",
        "TCP/IP, w/o, km/h, c.-à-d., etc. (voir ci-dessous)",
        "hELLO wORLD, HELLO, Hello",
        "l'homme d'aujourd'hui, « bonjour », qu'est-ce que c'est ?",
    ],
)
def test_language_is_left_alone(text: str) -> None:
    assert found(text, LATIN) == []


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("He said שלום to me.", ["שלום"]),
        ("Привет, мир!", ["Привет", "мир"]),
        ("say Καλημέρα κόσμε (你好) now", ["Καλημέρα κόσμε", "你好"]),
        ("नमस्ते สวัสดี  한글", ["नमस्ते สวัสดี", "한글"]),  # two spaces
        ("a → b", ["→"]),
        ("cafe\u0301 \u0301", ["\u0301"]),  # the alphabet has é
        ("x\ue000y …", ["x\ue000y"]),
        ("plain “text” – here", []),
    ],
)
def test_words_outside_the_alphabet(text: str, spans: list[str]) -> None:
    assert found(text, LATIN) == [("script", span) for span in spans]
    assert find_verbatim(text) == []


def test_marks_of_emphasis_are_tags() -> None:
    assert found("**a b** ***c*** *d* _e_ ~~f~~ __g h__.") == [
        ("tag", mark) for mark in ["**", "**", "***", "***", "~~", "~~", "__", "__"]
    ]
    assert found("f**k, 2 ** 3, __init__, ____") == [
        *[("number", "2"), ("number", "3"), ("code", "__init__"), ("placeholder", "____")]
    ]


def test_hexadecimal_words_are_language() -> None:
    assert found("He defaced it, she acceded; 1a2b3c4d") == [("code", "1a2b3c4d")]


def test_words_between_other_spans() -> None:
    assert found("Иван@x.org шум 5 😀мир", LATIN) == [
        ("email", "Иван@x.org"),
        ("script", "шум"),
        ("number", "5"),
        ("emoji", "😀"),
        ("script", "мир"),
    ]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("See you at 5 p.m.", "5 p.m"),  # the stop ends the sentence
        ("“See you at 5 P.M.”", "5 P.M"),
        ("See you at 5 p.m.?", "5 p.m."),
        ("See you (at 5 p.m.).", "5 p.m."),
        ("At 5 p.m. we leave.", "5 p.m."),
    ],
)
def test_the_stop_of_a_time_that_ends_the_text_is_that_of_the_sentence(text: str, span: str) -> None:
    assert found(text) == [("number", span)]


def test_the_span_that_begins_first_counts() -> None:
    assert found("`see https://x.org` <a href='b.txt'> https://x.org/{y}/z.txt") == [
        ("code", "`see https://x.org`"),
        ("tag", "<a href='b.txt'>"),
        ("url", "https://x.org/{y}/z.txt"),
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_spans_of_generated_sentences(seed: int) -> None:
    for sentence in verbatim_sentences(seed=seed):
        expected = [(span.kind, span.text) for span in sentence.spans]
        assert found(sentence.text, LATIN) == expected, sentence.text


def test_generated_sentences_have_all_kinds_and_are_reproducible() -> None:
    sentences = verbatim_sentences()
    assert len(sentences) == 500
    assert {span.kind for sentence in sentences for span in sentence.spans} == KINDS
    assert sentences == verbatim_sentences()
    assert sentences != verbatim_sentences(seed=1)


def test_lost_spans_of_a_translation() -> None:
    price, link = Expected("number", "$1,234.5", Decimal("1234.5")), Expected("url", "https://x.org")
    sentence = VerbatimSentence("en", "It is $1,234.5 at https://x.org.", (price, link))
    assert lost_spans(sentence, "C'est 1\u202f234,5\u00a0$ chez https://x.org.", "fr") == []
    assert lost_spans(sentence, "C'est 1 234,5 $ chez http://x.org.", "fr") == [link]
    assert lost_spans(sentence, "C'est 1.234 $ ou 1234,50 chez https://x.org.", "fr") == []
    assert lost_spans(sentence, "C'est 12 345 $ chez https://x.org.", "fr") == [price]


pieces = st.one_of(
    st.sampled_from(list("<>{}()[]`@#$%&/\\.,:;-_+='\"| \n\t0159aZéж你")),
    st.sampled_from(["http://", "www.", ".com", "C:\\", "1.", "😀", "👩‍👩", "🇫", "\u0301", "--", "<!--"]),
    st.sampled_from(["{a,plural,", "://", "a.b", "/usr", "$5 ", "5km", "+33 ", "my_", "𝔘"]),
    st.characters(exclude_categories=["Cs"]),
)


@patient
@given(st.lists(pieces, max_size=40).map("".join))
def test_spans_of_any_text_are_apart_and_in_order(text: str) -> None:
    spans = find_verbatim(text, alphabet=LATIN)
    assert all(0 <= span.start < span.end <= len(text) and span.kind in KINDS for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    others = [span for span in spans if span.kind != "script"]
    assert others == find_verbatim(text)
    for span in others:
        assert not text[span.start : span.end][0].isspace() and not text[span.end - 1].isspace()


@patient
@given(st.lists(pieces, max_size=8).map("".join))
def test_texts_without_a_hint_have_no_spans(text: str) -> None:
    plain = HINT.sub("", text)
    while HINT.search(plain):
        plain = HINT.sub("", plain)
    assert [kind for kind, pattern in PATTERNS.items() if pattern.search(plain)] == []


def test_every_character_with_a_span_of_its_own_is_a_hint() -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    plain = [char for char in characters if not HINT.search(char)]
    assert [char for char in plain if PATTERNS["emoji"].search(char)] == []


def seconds(text: str) -> float:
    """Processor time of one search, the least of two."""
    times = []
    for _ in range(2):
        start = time.process_time()
        find_verbatim(text, alphabet=LATIN)
        times.append(time.process_time() - start)
    return min(times)


# fmt: off
HARD = [
    "x", "word ", "<", "<a ", "<a b=\"", "<!--", "{", "{a,plural,{", "{%", "@", "a@", "@a", "http://", "[",
    "(", "http://a(", "http://a.", "1.", "1,", "1 ", "1 234 ", "-", "--", "+1 ", "a.b", "a.", "`", "``a`",
    "😀", "😀 ", "👩\u200d", "🇫", "\\", "C:\\", "C:\\a ", "/", "a/", "a_", "_", "aA", "a-1", "a1", "%",
    "%s", "$", "#", "&a", "(a", "ш ", ".txt", "www.", "x.com", "e.g. ", ":a", "\u0301", "\n", "~/", "=",
]
# fmt: on


def test_plain_sentences_take_little_time() -> None:
    """About 3 µs; 60 µs if each pattern were tried."""
    sentence = "The old man reads a book about the small town, but nobody kn"
    assert min(timeit.repeat(lambda: find_verbatim(sentence), number=500, repeat=5)) / 500 < 15e-6


def test_any_text_takes_about_as_long_as_plain_text() -> None:
    """Up to 2.7 times as long, with a span at every second character. Quadratic time is hundreds of times."""
    size = 20_000
    plain = ("The old man reads 2 books about the small town, but nobody knows its name. " * size)[:size]
    allowed = 6 * max(seconds(plain), 0.005)
    slow = {unit: spent for unit in HARD if (spent := seconds((unit * size)[:size])) > allowed}
    assert slow == {}


def test_span_is_a_value() -> None:
    assert find_verbatim("5 a.txt") == [Verbatim(0, 1, "number"), Verbatim(2, 7, "file")]
