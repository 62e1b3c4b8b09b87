"""The page without a browser: its endpoint, its limits on every route, what it escapes, how it stops."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seq2seq.errors import UsageError
from seq2seq.translation import Translation, Word

pytest.importorskip("gradio")

import httpx
from gradio_client import Client  # type: ignore[import-untyped]

from seq2seq.webui import build_page, facts, markup
from seq2seq.webui.engine import TURNS, Engine, Failure
from seq2seq.webui.guard import HEADERS, MAX_BODY
from seq2seq.webui.request import MAX_CHARACTERS
from seq2seq.webui.server import Site, _names, start

ROOT = Path(__file__).parents[2]
PAYLOADS = [  # each would run, or break out of where it stands, if it were not escaped
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    '"><svg onload=window.ran=1>',
    "'><body onload=window.ran=1>",
    "</p><iframe src=javascript:window.ran=1>",
    "</textarea><script>window.ran=1</script>",
    "</title><script>window.ran=1</script>",
    "<a href=javascript:window.ran=1>x</a>",
    "<math><mtext><img src=x onerror=window.ran=1>",
    "${window.ran=1}",
    "{{constructor.constructor('window.ran=1')()}}",
    "{{{value}}}",
    "`);window.ran=1;//",
    '" onmouseover="window.ran=1" x="',
    "&lt;script&gt;window.ran=1&lt;/script&gt;",
]


@dataclass
class Fake:
    """A translator that shouts: quick, predictable, and it counts what it is asked."""

    seconds: float = 0.0
    source_language: str = "en"
    target_language: str = "fr"
    calls: list[str] = field(default_factory=list)
    running: int = 0
    most: int = 0
    lock: Any = field(default_factory=threading.Lock)
    error: Exception | None = None

    @property
    def info(self) -> dict[str, Any]:
        bleu = {"bleu": {"score": 41.25, "signature": "nrefs:1|tok:13a"}}
        return {
            "source_language": self.source_language,
            "target_language": self.target_language,
            "parameters": 3_600_000,
            "metrics": {"test": bleu, "data": "Tatoeba"},
            "card": "---\nlicense: x\n---\n\n# Shouting\n\n" + PAYLOADS[1],
        }

    def translate(self, text: str, *, beam_size: int, n_best: int) -> Translation:
        with self.lock:
            self.calls.append(text)
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(self.seconds)
        with self.lock:
            self.running -= 1
        if self.error:
            raise self.error
        return shout(text, beam_size=beam_size, n_best=n_best)


def shout(text: str, *, beam_size: int = 5, n_best: int = 1) -> Translation:
    spans = [(match.start(), match.end()) for match in re.finditer(r"\S+", text)]
    tokens = [f"▁{text[a:b]}" for a, b in spans] + ["</s>"]
    loud = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
    return Translation(
        text=loud,
        log_prob=-1.5,
        score=-0.5,
        confidence=0.6,
        source_tokens=tokens,
        target_tokens=tokens,
        source_words=tuple(Word(text[a:b], a, b) for a, b in spans),
        words=tuple(Word(loud[a:b], a, b, 0.75) for a, b in spans),
        attention=np.eye(len(tokens), dtype=np.float32),
        alignment=[(index, index) for index in range(len(spans))],
        alternatives=[
            Translation(f"{loud} {rank}", score=-rank, confidence=0.5) for rank in range(2, n_best + 1)
        ],
    )


@pytest.fixture(scope="module")
def fakes() -> dict[str, Fake]:
    return {"en-fr": Fake(), "slow": Fake(target_language="de", seconds=0.1), "broken": Fake()}


@pytest.fixture(scope="module")
def connections() -> Iterator[list[Any]]:
    """Names and addresses outside this machine that anything tried to reach; none of them is reached."""
    tried: list[Any] = []
    connect, resolve = socket.socket.connect, socket.getaddrinfo
    here = ("127.0.0.1", "::1", "localhost", "0.0.0.0", None)

    def connect_here(self: socket.socket, address: Any) -> None:
        refuse(self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in here, address)
        connect(self, address)

    def resolve_here(host: Any, *arguments: Any, **options: Any) -> Any:
        refuse(host not in here, host)
        return resolve(host, *arguments, **options)

    def refuse(outside: bool, address: Any) -> None:
        if outside:
            tried.append(address)
            raise OSError("no network in this test")

    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")  # the client heeds this alone
    patch.setattr(socket.socket, "connect", connect_here)
    patch.setattr(socket, "getaddrinfo", resolve_here)
    yield tried
    patch.undo()
    assert tried == []


@pytest.fixture(scope="module")
def site(fakes: dict[str, Fake], connections: list[Any]) -> Iterator[Site]:
    site = start(build_page(fakes), port=free_port())  # type: ignore[arg-type]
    yield site
    site.close()


@pytest.fixture(autouse=True)
def forget(fakes: dict[str, Fake]) -> None:
    for fake in fakes.values():
        fake.calls.clear()
        fake.most = 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def post(site: Site, path: str, body: Any) -> httpx.Response:
    """JSON in ASCII, so that lone surrogates can be sent."""
    headers = {"content-type": "application/json"}
    return httpx.post(f"{site.url}gradio_api/{path}", content=json.dumps(body), headers=headers, timeout=30)


def by_name(site: Site, data: Any) -> str:
    """What the endpoint answers to raw data: an HTTP error's body, or the stream of events."""
    answer = post(site, "call/translate", {"data": data})
    if answer.status_code != 200:
        return error_text(answer)
    return httpx.get(f"{site.url}gradio_api/call/translate/{answer.json()['event_id']}", timeout=30).text


def by_queue(site: Site, data: Any, *, name: str = "page") -> str:
    """The same through the route that the page itself uses, for the handler called `name`."""
    session = os.urandom(6).hex()
    config = httpx.get(f"{site.url}config").json()
    index = next(item["id"] for item in config["dependencies"] if item["api_name"] == name)
    answer = post(site, "queue/join", {"data": data, "fn_index": index, "session_hash": session})
    if answer.status_code != 200:
        return error_text(answer)
    return httpx.get(f"{site.url}gradio_api/queue/data?session_hash={session}", timeout=30).text


def error_text(answer: httpx.Response) -> str:
    assert 400 <= answer.status_code < 500, answer.text
    return answer.text


ROUTES: list[Callable[[Site, Any], str]] = [
    by_name,
    by_queue,
    lambda site, data: by_queue(site, data, name="translate"),
]


def test_the_endpoint_gives_what_the_translator_gives(
    site: Site, fakes: dict[str, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # the client greets the Hub
    client = Client(site.url, verbose=False, analytics_enabled=False)
    text, result = client.predict("Good morning.", 5, 3, "en-fr", api_name="/translate")
    expected = shout("Good morning.", n_best=3)
    assert text == expected.text == result["text"]
    assert result["model"] == "en-fr" and result["done"] is True
    assert (result["score"], result["log_prob"], result["confidence"]) == (-0.5, -1.5, 0.6)
    assert result["target_tokens"] == expected.target_tokens
    assert result["words"][1] == {"text": "MORNING.", "start": 5, "end": 13, "confidence": 0.75}
    assert [tuple(pair) for pair in result["alignment"]] == expected.alignment
    assert [other["text"] for other in result["alternatives"]] == ["GOOD MORNING. 2", "GOOD MORNING. 3"]
    assert client.predict("a\n\nb c", api_name="/translate")[0] == "A\n\nB C"
    assert fakes["en-fr"].calls == ["Good morning.", "a", "b c"]


def test_only_translate_is_public(site: Site) -> None:
    described = httpx.get(f"{site.url}gradio_api/info").json()
    assert list(described["named_endpoints"]) == ["/translate"] and not described["unnamed_endpoints"]
    parameters = described["named_endpoints"]["/translate"]["parameters"]
    assert [item["parameter_name"] for item in parameters] == ["text", "beam_size", "n_best", "model"]
    assert len(described["named_endpoints"]["/translate"]["returns"]) == 2


@pytest.mark.parametrize("route", range(len(ROUTES)))
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (["x" * (2 * MAX_CHARACTERS), 5, 1, "en-fr"], "4,000 characters; at most 2,000"),
        ([{"secret": "x"}, 5, 1, "en-fr"], "must be a string"),
        ([["secret"], 5, 1, "en-fr"], "must be a string"),
        ([7, 5, 1, "en-fr"], "must be a string"),
        (["secret\0", 5, 1, "en-fr"], "NUL"),
        (["secret\ud800", 5, 1, "en-fr"], "surrogate"),
        (["secret", 1_000_000, 1, "en-fr"], "beam_size must be a whole number from 1 to 10"),
        (["secret", 0, 1, "en-fr"], "beam_size"),
        (["secret", 5.5, 1, "en-fr"], "beam_size"),
        (["secret", True, 1, "en-fr"], "beam_size"),
        (["secret", "5", 1, "en-fr"], "beam_size"),
        (["secret", None, 1, "en-fr"], "beam_size"),
        (["secret", 3, 4, "en-fr"], "n_best must be a whole number from 1 to the beam size, which is 3"),
        (["secret", 3, -1, "en-fr"], "n_best"),
        (["secret", 3, 1, "/etc/secret"], "There is: en-fr, slow, broken"),
        (["secret", 3, 1, {"secret": 1}], "no such model"),
    ],
)
def test_limits_hold_on_every_route(
    site: Site, fakes: dict[str, Fake], route: int, data: Any, said: str
) -> None:
    answer = ROUTES[route](site, data)
    assert said in answer
    assert "secret" not in answer and "Traceback" not in answer and "/" not in answer.partition("data:")[0]
    assert not any(fake.calls for fake in fakes.values())


@pytest.mark.parametrize("route", range(len(ROUTES)))
@pytest.mark.parametrize("data", [[], ["secret"], "secret", None, 5])
def test_data_of_a_wrong_form_calls_no_model(
    site: Site, fakes: dict[str, Fake], route: int, data: Any
) -> None:
    answer = ROUTES[route](site, data)
    assert "secret" not in answer and ("event: error" in answer or "false" in answer or "detail" in answer)
    assert not any(fake.calls for fake in fakes.values())


@pytest.mark.parametrize("path", ["run/translate", "api/translate", "run/page", "run/predict", "upload"])
def test_there_is_no_way_past_the_queue_and_none_in_for_files(
    site: Site, fakes: dict[str, Fake], path: str
) -> None:
    for body in ({"data": ["secret", 5, 1, "en-fr"]}, {"data": ["secret", 5, 1, "en-fr"], "fn_index": 0}):
        answer = post(site, path, body)
        assert answer.status_code == 404 and "secret" not in answer.text
    assert not fakes["en-fr"].calls


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "gradio_api/file=/etc/passwd", 403),
        ("GET", "gradio_api/file=" + str(ROOT / "app.py"), 403),
        ("GET", "gradio_api/file=../../../etc/passwd", 404),
        ("GET", "gradio_api/proxy=http://127.0.0.1:1/", 400),
        ("POST", "gradio_api/call/secret", 422),
        ("GET", "openapi.json", 404),
        ("GET", "docs", 404),
        ("GET", "monitoring", 403),
    ],
)
def test_probes_are_refused_without_details(site: Site, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, site.url + path)
    assert answer.status_code == status
    assert "passwd" not in answer.text and "secret" not in answer.text and "root:" not in answer.text


def test_unknown_calls_are_not_found(site: Site) -> None:
    assert post(site, "call/secret", {"data": []}).status_code == 404
    answer = post(site, "queue/join", {"data": [], "fn_index": 999, "session_hash": "x"})
    assert answer.status_code == 404 and answer.json() == {"detail": "There is nothing of that name here."}


def test_large_bodies_are_refused_before_they_are_read(site: Site) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"x" * 10_000 for _ in range(200))

    target = f"{site.url}gradio_api/call/translate"
    for body in (b"x" * 2_000_000, chunks()):
        answer = httpx.post(target, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 413 and f"{MAX_BODY:,}" in answer.json()["detail"]
    with socket.create_connection(("127.0.0.1", httpx.URL(site.url).port or 0)) as raw:
        raw.sendall(b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in raw.recv(200)  # though no byte of the body was sent


def test_the_longest_text_fits_however_it_is_written(site: Site) -> None:
    text = "😀" * MAX_CHARACTERS  # 12 bytes each as JSON escapes
    assert "event: complete" in by_name(site, [text, 5, 1, "en-fr"])


def test_every_answer_has_the_security_headers(site: Site) -> None:
    for answer in (
        httpx.get(site.url),
        httpx.get(f"{site.url}config"),
        httpx.get(f"{site.url}theme.css"),
        post(site, "run/translate", {}),
        post(site, "call/translate", 5),
    ):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_nothing_of_the_page_comes_from_elsewhere(site: Site, connections: list[Any]) -> None:
    """What the browser is told to load; tests of the browser look at what it does load."""
    page = httpx.get(site.url).text
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=\s*[\"']([^\"']+)", page)
    assert loaded and not [address for address in loaded if "//" in address]
    styles = httpx.get(f"{site.url}theme.css").text + page
    assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", styles)
    assert connections == []


def test_a_failing_model_says_nothing_of_itself(site: Site, fakes: dict[str, Fake]) -> None:
    fakes["broken"].error = RuntimeError("/home/someone/model: cannot translate 'secret'")
    for route in ROUTES:
        answer = route(site, ["secret", 5, 1, "broken"])
        assert "could not translate this text" in answer
        assert "secret" not in answer and "/home" not in answer and "RuntimeError" not in answer


def test_no_more_turns_than_allowed(site: Site, fakes: dict[str, Fake]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: by_name(site, [f"text {n}", 5, 1, "slow"]), range(8)))
    assert all(f"TEXT {n}" in answer for n, answer in enumerate(answers))
    assert 1 <= fakes["slow"].most <= TURNS


def test_a_cancelled_call_stops_at_the_next_line(site: Site, fakes: dict[str, Fake]) -> None:
    session, text = "cancelled", "\n".join(f"line {n}" for n in range(100))  # 10 seconds
    config = httpx.get(f"{site.url}config").json()
    index = next(item["id"] for item in config["dependencies"] if item["api_name"] == "page")
    body = {"data": [text, 5, 1, "slow"], "fn_index": index, "session_hash": session}
    event = post(site, "queue/join", body).json()["event_id"]
    wait_until(lambda: len(fakes["slow"].calls) >= 2)
    post(site, "cancel", {"session_hash": session, "fn_index": index, "event_id": event})
    wait_until(lambda: not fakes["slow"].running)
    time.sleep(0.4)
    done = len(fakes["slow"].calls)
    time.sleep(0.5)
    assert len(fakes["slow"].calls) == done < 20


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def request(engine: Engine, text: str) -> Any:
    return engine.check(text, 5, 1, None)


def test_an_abandoned_call_leaves_its_turn_free() -> None:
    fake = Fake(seconds=0.06)
    engine = Engine({"x": fake})  # type: ignore[dict-item]
    steps = engine.translate(request(engine, "a\nb\nc\nd\ne\nf"))
    first = next(steps)
    assert not first.last and first.translation.text == "A\nB"  # after two lines 0.1 seconds have passed
    steps.close()  # type: ignore[attr-defined]
    assert fake.calls == ["a", "b"]
    assert [engine.turns.acquire(blocking=False) for _ in range(TURNS + 1)] == [True] * TURNS + [False]


def test_a_failure_leaves_the_turn_free() -> None:
    engine = Engine({"x": Fake(error=ValueError("secret"))})  # type: ignore[dict-item]
    for _ in range(TURNS + 1):
        with pytest.raises(Failure, match="could not translate"):
            list(engine.translate(request(engine, "a")))


def test_waiting_for_a_turn_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seq2seq.webui.engine.PATIENCE", 0.05)
    engine = Engine({"x": Fake()})  # type: ignore[dict-item]
    for _ in range(TURNS):
        engine.turns.acquire()
    with pytest.raises(Failure, match="busy"):
        list(engine.translate(request(engine, "a")))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "a", "a\nb", "\na\n", "a\r\nb\rc"])
def test_lines_in_are_lines_out(text: str) -> None:
    fake = Fake()
    engine = Engine({"x": fake})  # type: ignore[dict-item]
    last = list(engine.translate(request(engine, text)))[-1]
    assert last.last and last.translation.text == text.upper().replace("\r\n", "\n").replace("\r", "\n")
    assert all(call.strip() for call in fake.calls)  # blank lines go past the model


class Outline(HTMLParser):
    """Tags, attributes and text of what markup.py writes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = list[str](), set[str](), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


KNOWN_TAGS = {
    *("p", "span", "section", "div", "h2", "h3", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
    *("i", "b", "code", "button"),
}
KNOWN_ATTRIBUTES = {
    *("class", "style", "lang", "dir", "title", "start", "scope", "tabindex", "role", "type", "id"),
    *("aria-label", "aria-live", "data-word", "data-start", "data-end", "data-limit", "data-action"),
}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_is_shown_as_text(payload: str) -> None:
    word = Word(payload, 0, len(payload), 0.5)
    translation = Translation(
        text=payload,
        source_tokens=[payload, "</s>"],
        target_tokens=[payload, "</s>"],
        source_words=(word,),
        words=(word,),
        attention=np.full((2, 2), 0.5, np.float32),
        alignment=[(0, 0)],
        alternatives=[Translation(payload)],
    )
    info = {"source_language": payload, "target_language": payload, "metrics": {"data": payload}}
    info["metrics"]["test"] = {"bleu": 1.0, "signature": payload}  # type: ignore[index]
    model = facts.read(payload, info)
    for html in (
        markup.result(translation, source=payload, code=payload),
        markup.alternatives(translation, code=payload),
        markup.attention(translation),
        markup.provenance(model),
        markup.about(model),
        markup.source_head(model),
        markup.target_head(model),
        markup.examples([payload]),
    ):
        outline = Outline(html)
        assert set(outline.tags) <= KNOWN_TAGS and outline.attributes <= KNOWN_ATTRIBUTES
    assert payload in Outline(markup.result(translation, source=payload, code="fr")).text
    assert payload in Outline(markup.alternatives(translation, code="fr")).text
    assert payload in Outline(markup.examples([payload])).text


def test_the_words_of_a_result_are_marked_in_place() -> None:
    html = markup.result(shout("😀 good  day!"), source="😀 good  day!", code="fr")
    assert Outline(html).text.startswith("😀 GOOD  DAY!")  # what the copy button takes
    assert 'data-start="3" data-end="7"' in html  # browsers count 😀 as two
    assert "--c:0.75" in html and "75 % sure, looking at “good”" in html and 'lang="fr"' in html


def test_a_large_attention_map_is_cut_and_says_so() -> None:
    html = markup.attention(shout(" ".join(["word"] * 100)))
    assert Outline(html).tags.count("td") == 1 + markup.MAX_PIECES**2
    assert f"first {markup.MAX_PIECES} pieces of 101" in html and "attention, not alignment" in html


@pytest.mark.parametrize("attention", [None, np.zeros((0, 3), np.float32)])
def test_no_attention_no_map(attention: np.ndarray | None) -> None:
    assert markup.attention(Translation("x", attention=attention)) == ""


def test_a_result_that_is_not_finite_is_still_shown() -> None:
    word = Word("x", 0, 1, float("nan"))
    assert "? sure" in markup.result(Translation("x", words=(word,)), source="x", code="fr")


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (
            {"test": {"bleu": {"score": 41.25, "signature": "S"}}, "data": "Tatoeba"},
            ("41.2", "test set", "S", "Tatoeba"),
        ),
        (
            {"validation": {"bleu": 27.26, "signature": "V"}},
            ("27.3", "validation set", "V", "corpus/train.tsv: 9 pairs"),
        ),
        ({}, ("not measured",)),
    ],
)
def test_the_line_about_the_model(metrics: dict[str, Any], said: tuple[str, ...]) -> None:
    card = "# x\n| | |\n|---|---|\n| training data | /home/someone/corpus/train.tsv: 9 pairs |\n"
    line = markup.provenance(facts.read("en-fr", {"metrics": metrics, "card": card, "parameters": 3_600_000}))
    assert all(part in line for part in (*said, "en-fr", "3.6 M parameters", "It can be wrong"))
    assert "/home" not in line


@pytest.mark.parametrize(
    ("code", "name"),
    [("fr", "French"), ("zh-CN", "Chinese"), ("pt_BR", "Portuguese"), ("xx", "xx"), ("", "?")],
)
def test_languages_have_names(code: str, name: str) -> None:
    assert facts.language(code) == name


def test_names_of_models_hide_where_they_are() -> None:
    assert _names(["en-fr", "runs/a/", "/home/x/a", "user/a", "b"]) == ["en-fr", "a", "a (2)", "a (3)", "b"]


def test_several_models_can_be_chosen(site: Site) -> None:
    config = httpx.get(f"{site.url}config").json()
    radio = next(item for item in config["components"] if item["type"] == "radio")
    assert [value for _, value in radio["props"]["choices"]] == ["en-fr", "slow", "broken"]
    assert radio["props"]["choices"][1][0] == "English → German · slow"


def test_a_taken_port_is_a_wrong_usage(site: Site) -> None:
    with pytest.raises(UsageError, match="port"):
        start(build_page({"x": Fake()}), port=httpx.URL(site.url).port)  # type: ignore[dict-item]


def test_without_gradio_the_page_says_what_to_install() -> None:
    code = "import sys; sys.modules['gradio'] = None\nfrom seq2seq.webui import serve\nserve(['en-fr'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "UsageError" in done.stderr and 'pip install "seq2seq-mt[page]"' in done.stderr


SERVE = """
import sys
from tests.webui.test_page import Fake
from seq2seq.webui import serve
from seq2seq.translator import Translator
Translator.from_pretrained = lambda name, **options: Fake(seconds=0.7)
serve(["runs/x"], port=int(sys.argv[1]), threads=1)
"""


def finish(site: Site, number: int, begun: threading.Barrier) -> str:
    """Start a call of two lines, meet the others when the first line is there, and read on to the end."""
    event = post(site, "call/translate", {"data": [f"text {number}\nend", 5, 1, "x"]}).json()["event_id"]
    with httpx.stream("GET", f"{site.url}gradio_api/call/translate/{event}", timeout=60) as answer:
        lines = answer.iter_lines()
        text = next(line for line in lines if "generating" in line)
        begun.wait(60)
        return text + "\n".join(lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_lets_running_calls_end(number: signal.Signals) -> None:
    port, begun = free_port(), threading.Barrier(3)
    command = [sys.executable, "-c", SERVE, str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "serving" in line)
        assert line.startswith("serving x at http://127.0.0.1:")
        site = Site(None, f"http://127.0.0.1:{port}/")  # type: ignore[arg-type]
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(finish, site, n, begun) for n in range(2)]
            begun.wait(60)
            process.send_signal(number)
            for n, answer in enumerate(answers):
                assert "event: complete" in answer.result() and f"TEXT {n}\\nEND" in answer.result()
        assert process.wait(15) == 0
    finally:
        process.kill()


def test_app_explains_itself() -> None:
    done = subprocess.run([sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and all(
        name in done.stdout for name in ("--model", "--host", "--port", "--threads")
    )
