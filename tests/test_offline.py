"""Without a network: training, evaluating, translating and serving reach nothing but this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Denies all sockets to other machines, and the names of other machines. It stands before any import of ours.
CODE = """
import json, socket, sys, threading, urllib.request
from pathlib import Path

LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", None)
tried, connect, resolve = [], socket.socket.connect, socket.getaddrinfo

def check(here, address):
    if not here:
        tried.append(address)
        raise OSError("no network")

def connect_here(self, address):
    check(self.family not in (socket.AF_INET, socket.AF_INET6) or address[0] in LOOPBACK, address)
    return connect(self, address)

def resolve_here(host, *arguments, **options):
    check(host in LOOPBACK, host)
    return resolve(host, *arguments, **options)

socket.socket.connect = socket.socket.connect_ex = connect_here
socket.getaddrinfo = resolve_here

from seq2seq import Translator
from seq2seq.cli.main import run

folder, small = Path(sys.argv[1]), ["--threads", "1"]
pairs = folder / "pairs.tsv"
words = "one two three four five six seven eight nine ten".split()
lines = [f"{a} {b} {c}\\t{a} {c} {b}" for a in words for b in words for c in words[:3]]
test = folder / "test.tsv"
test.write_text("\\n".join(lines[:5]) + "\\n", encoding="utf-8")
pairs.write_text("\\n".join(lines) + "\\n", encoding="utf-8")
sizes = "--data.vocab-size 300 --model.embedding-size 8 --model.encoder-size 8 --model.decoder-size 8".split()
out = ["--out", str(folder / "run")]
few = ["--training.steps", "3", "--training.validate-every", "3"]
assert run(["train", "--train", str(pairs), "--recipe", "default", *out, *sizes, *few, *small]) == 0
model = ["--model", str(folder / "run")]
assert run(["evaluate", *model, "--test", str(test), *small]) == 0
assert isinstance(Translator.from_pretrained(folder / "run").translate("one two three").text, str)
assert isinstance(Translator.from_pretrained("en-fr").translate("Good morning.").text, str)

from seq2seq.webui import build_page
from seq2seq.webui.server import free_port, start
server = start(build_page({"x": Translator.from_pretrained(folder / "run")}), port=free_port("127.0.0.1", 0))
head = {"content-type": "application/json"}
request = urllib.request.Request(server.url + "live", json.dumps({"text": "one two"}).encode(), head)
assert b'"done": true' in urllib.request.urlopen(request, timeout=60).read()
assert urllib.request.urlopen(server.url, timeout=60).status == 200
server.close()
assert tried == [], tried
print("nothing was tried")
"""


@pytest.mark.slow
def test_train_evaluate_translate_and_serve_without_a_network(tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    proxies = {name for name in os.environ if name.lower().endswith("_proxy")}
    environment = {name: value for name, value in os.environ.items() if name not in proxies}
    environment |= {"PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0 and done.stdout.endswith("nothing was tried\n"), done.stderr[-3000:]
