"""The whole page, and its look. server.py serves it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import gradio as gr

from seq2seq.translator import Translator
from seq2seq.webui import about_tab, api, markup, translate_tab
from seq2seq.webui.model_info import read_model_info
from seq2seq.webui.service import MAX_CONCURRENT, TranslationService

QUEUE_SIZE = 32  # requests that wait; to more of them the server answers that it is busy
CONCURRENCY_ID = "translations"  # the limit that the page and the endpoint for programs share
CACHE_SECONDS = 3600  # age at which gradio deletes its temporary files
FONTS = ["-apple-system", "Segoe UI", "Inter", "Roboto", "Noto Sans", "system-ui", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


def build_page(translators: Mapping[str, Translator]) -> gr.Blocks:
    """Build the page for `translators`, by the names that users see. The first one is the default."""
    service = TranslationService(translators)
    models = [read_model_info(name, direction) for name, direction in service.directions.items()]
    with gr.Blocks(
        title=f"{models[0].languages} · seq2seq",
        analytics_enabled=False,
        delete_cache=(CACHE_SECONDS, CACHE_SECONDS),
    ) as page:
        gr.HTML(markup.banner(), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Translate"):
                choice = translate_tab.add_tab(service, models, concurrency_id=CONCURRENCY_ID)
            with gr.Tab("About the model"):
                about_tab.add_tab(models, choice)
        api.add_endpoint(service, concurrency_id=CONCURRENCY_ID)
    page.queue(max_size=QUEUE_SIZE, default_concurrency_limit=MAX_CONCURRENT, api_open=False)
    return page


def launch_style() -> dict[str, Any]:
    """The arguments of gradio's `launch` for style and script. Fonts are those of the system."""
    folder = resources.files("seq2seq.webui")
    theme = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="stone", font=FONTS, font_mono=MONOSPACE
    )
    return {
        "theme": theme,
        "css": (folder / "style.css").read_text(encoding="utf-8"),
        "js": (folder / "live.js").read_text(encoding="utf-8"),
        "footer_links": ["api", "settings"],
    }
