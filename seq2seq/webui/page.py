"""The page as a whole, and how it looks. server.py puts it on the network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import gradio as gr

from seq2seq.translator import Translator
from seq2seq.webui import about_tab, api, facts, markup, translate_tab
from seq2seq.webui.engine import TURNS, Engine

QUEUE = 32  # calls that wait; more are told that the server is busy
SWEEP = 3600  # seconds after which gradio's temporary files go
FONTS = ["-apple-system", "Segoe UI", "Inter", "Roboto", "Noto Sans", "system-ui", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


def build_page(translators: Mapping[str, Translator]) -> gr.Blocks:
    """The page for these translators, by the name that users see; the first is the default."""
    engine = Engine(dict(translators))
    info = {name: translator.info for name, translator in translators.items()}
    models = [facts.read(name, known) for name, known in info.items()]
    cards = {name: str(known.get("card", "")) for name, known in info.items()}
    pair = f"{facts.language(models[0].source)} → {facts.language(models[0].target)}"
    with gr.Blocks(title=f"{pair} · seq2seq", analytics_enabled=False, delete_cache=(SWEEP, SWEEP)) as page:
        gr.HTML(markup.banner(), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Translate"):
                choice = translate_tab.add_tab(engine, models, calls="calls")
            with gr.Tab("About the model"):
                about_tab.add_tab(models, cards, choice)
        api.add_endpoint(engine, calls="calls")
    page.queue(max_size=QUEUE, default_concurrency_limit=TURNS, api_open=False)
    return page


def looks() -> dict[str, Any]:
    """What gradio's `launch` takes of style and script. Fonts are the system's: nothing is fetched."""
    here = resources.files("seq2seq.webui")
    theme = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="stone", font=FONTS, font_mono=MONOSPACE
    )
    return {
        "theme": theme,
        "css": (here / "style.css").read_text(encoding="utf-8"),
        "js": (here / "live.js").read_text(encoding="utf-8"),
        "footer_links": ["api", "settings"],
    }
