"""axe-core finds nothing serious on any tab or panel, light or dark.

https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")

from seq2seq.webui.server import start
from tests.webui.browser import CHROMIUM, Browser
from tests.webui.client import unused_port
from tests.webui.states import walk, whole_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

RUN = """(async (only, place) => {
  const rules = only ? {runOnly: {type: "rule", values: [only]}} : {};
  const found = await axe.run(place, {resultTypes: ["violations"], ...rules});
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => [one.id, one.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`)]);
})(%s, document.querySelector("dialog[open], #menu:popover-open") ?? document)"""


def axe() -> str:
    """The script of axe-core. It is in a package for Playwright, of which nothing else is used."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None and spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Browser, rule: str = "") -> dict[str, Any]:
    """What axe calls serious or critical, by its rules; of one rule or of all."""
    return dict(page.evaluate(RUN % json.dumps(rule)))


def in_both_colours(page: Browser) -> dict[str, Any]:
    """The findings in light and dark colours; nothing but colours differs in the dark."""
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    light = findings(page)
    page.size(1200, 900, dark=True)
    page.evaluate("document.body.classList.add('dark')")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    dark = findings(page, "color-contrast")
    page.size(1200, 900)
    page.evaluate("document.body.classList.remove('dark')")
    return light | ({"dark": dark} if dark else {})


def test_axe_finds_faults(tmp_path: Path) -> None:
    bad = '<html><body style="background:#fff"><p style="color:#aaa">pale</p><img src="x"></body></html>'
    (tmp_path / "bad.html").write_text(bad)
    with Browser() as page:
        page.open((tmp_path / "bad.html").as_uri(), ready="!!document.querySelector('img')")
        page.evaluate(axe())
        assert {"color-contrast", "image-alt", "html-has-lang"} <= findings(page).keys()


def test_no_tab_or_panel_has_a_serious_finding(connections: list[Any], tmp_path: Path) -> None:
    server = start(whole_page(tmp_path), port=unused_port())
    found = dict[str, Any]()
    with Browser() as page:
        page.size(1200, 900)
        page.open(server.url, ready="!!window.seq2seq")
        page.evaluate(axe())
        report = ""
        for state in walk(page, tmp_path):
            found[state] = in_both_colours(page)
            if state == "evaluate":
                report = page.evaluate("document.querySelector('#evaluate-report').srcdoc")
        (tmp_path / "report.html").write_text(report, encoding="utf-8")
        page.open((tmp_path / "report.html").as_uri(), ready="!!document.querySelector('h1')")
        page.evaluate(axe())
        found["report"] = in_both_colours(page)
        assert page.errors == []
    server.close()
    assert len(found) == 20
    assert {state: one for state, one in found.items() if one} == {}
