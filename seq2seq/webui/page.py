"""The whole page, and its look. server.py serves it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import gradio as gr
from starlette.routing import Route

from seq2seq.translator import Translator
from seq2seq.webui import about_tab, api, panes, translate_tab
from seq2seq.webui.live import live_route
from seq2seq.webui.model_info import read_model_info
from seq2seq.webui.service import MAX_CONCURRENT, TranslationService, reverse_of

QUEUE_SIZE = 32  # requests that wait; to more of them the server answers that it is busy
CONCURRENCY_ID = "translations"  # the limit on requests of the endpoint for programs
CACHE_SECONDS = 3600  # age at which gradio deletes its temporary files
FONTS = ["-apple-system", "Segoe UI", "Inter", "Roboto", "Noto Sans", "system-ui", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


class Page(gr.Blocks):
    """The page, and the `routes` that its server must have besides those of gradio."""

    routes: list[Route]


def build_page(translators: Mapping[str, Translator]) -> Page:
    """Build the page for `translators`, by the names that users see. The first one is the default."""
    service = TranslationService(translators)
    models = [
        read_model_info(name, direction, reverse=reverse_of(name, service.directions))
        for name, direction in service.directions.items()
    ]
    with Page(
        title=f"{models[0].languages} · seq2seq",
        analytics_enabled=False,
        delete_cache=(CACHE_SECONDS, CACHE_SECONDS),
    ) as page:
        gr.HTML(panes.banner(), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Translate"):
                choice = translate_tab.add_tab(models)
            with gr.Tab("About the model"):
                about_tab.add_tab(models, choice)
        api.add_endpoint(service, concurrency_id=CONCURRENCY_ID)
    page.routes = [live_route(service)]
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
