"""The whole page, and its look. server.py serves it.

A tab is a function `add_tab(service, models)` and a line in `TABS`; its label is a text of `languages/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from seq2seq.gateway import endpoint, mcp
from seq2seq.gateway.arguments import EndpointArguments
from seq2seq.gateway.running import AdmissionGate, Running
from seq2seq.gateway.status import status_routes
from seq2seq.serving.limits import Limits
from seq2seq.serving.service import TranslationService, reverse_of
from seq2seq.translator import Translator
from seq2seq.webui import (
    about_tab,
    api,
    evaluate_tab,
    files_tab,
    job_tabs,
    panes,
    strings,
    train_tab,
    translate_tab,
    why_tab,
)
from seq2seq.webui.live import live_routes
from seq2seq.webui.model_info import ModelInfo, read_model_info
from seq2seq.webui.page_head import PATH, PageHead, Scripts

TABS: list[tuple[str, Callable[[TranslationService, Sequence[ModelInfo]], None]]] = [
    ("tabs.translate", translate_tab.add_tab),
    ("tabs.why", why_tab.add_tab),
    ("tabs.files", files_tab.add_tab),
    ("tabs.train", train_tab.add_tab),
    ("tabs.evaluate", evaluate_tab.add_tab),
    ("tabs.about", about_tab.add_tab),
]
QUEUE_SLEEP = 0.02  # seconds between looks at the queue; gradio's 0.001 costs 4 % of a core while idle
CONCURRENCY_ID = "translations"  # the limit on requests of the endpoint for programs
MAX_REQUESTS = 16  # of them that are answered at once, or wait for their turn in a batch
CACHE_SECONDS = 3600  # age at which gradio deletes its temporary files
FONTS = ["-apple-system", "Segoe UI", "Inter", "Roboto", "Noto Sans", "system-ui", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


class Page(gr.Blocks):
    """The page, and the `routes` and `middleware` that its server must have besides those of gradio.

    `service` is what translates, and `gate` closes the routes that start translations.
    """

    service: TranslationService
    gate: AdmissionGate
    routes: list[BaseRoute]
    middleware: list[Middleware]


def build_page(
    translators: Mapping[str, Translator],
    *,
    limits: Limits | None = None,
    with_mcp: bool = False,
    runs: Path | None = None,
) -> Page:
    """Build the page for `translators`, by the names that users see. The first one is the default.

    `with_mcp` adds the tool for assistants. `runs` is the folder of trainings; without it they are deleted
    when the process ends.
    """
    service = TranslationService(translators, limits=limits)
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
            for label, add_tab in TABS:
                with gr.Tab(strings.label(label)):
                    add_tab(service, models)
        api.add_endpoint(service, concurrency_id=CONCURRENCY_ID, concurrency_limit=MAX_REQUESTS)
    page.service, page.gate = service, AdmissionGate()
    running = Running(service.limits.queue)
    page.routes = [
        *live_routes(service, running),
        *status_routes(service, page.gate, running=running, queued=lambda: len(page._queue)),
        *([mcp.mcp_route(service, running)] if with_mcp else []),
        *why_tab.routes(service),
        *job_tabs.routes(service, runs),
        Route(f"{PATH}/strings.json", all_strings),
        static_files(),
    ]
    page.middleware = [Middleware(PageHead), endpoint_arguments(page, service)]
    page.queue(
        max_size=service.limits.queue,
        default_concurrency_limit=service.limits.concurrency,
        api_open=False,
    )
    page._queue.sleep_when_free = QUEUE_SLEEP
    return page


def endpoint_arguments(page: gr.Blocks, service: TranslationService) -> Middleware:
    """The middleware for the arguments of the endpoint for programs."""
    index = next(number for number, function in page.fns.items() if function.api_name == endpoint.NAME)
    return Middleware(EndpointArguments, name=endpoint.NAME, index=index, defaults=endpoint.defaults(service))


async def all_strings(request: Request) -> JSONResponse:
    """All texts of the page in all its languages."""
    texts = {language: dict(strings.table(language)) for language in strings.LANGUAGES}
    return JSONResponse(texts, headers={"Cache-Control": "no-cache"})


def static_files() -> Route:
    """The scripts of the page. A `Mount` would not find them behind a proxy with `--root-path`."""
    files = Scripts(directory=Path(str(resources.files("seq2seq.webui") / "static")))

    async def file(request: Request) -> Response:
        return await files.get_response(request.path_params["name"], request.scope)

    return Route(f"{PATH}/{{name:path}}", file)


def launch_style() -> dict[str, Any]:
    """The arguments of gradio's `launch` for style, script and texts. Fonts are those of the system."""
    folder = resources.files("seq2seq.webui")
    tabs = sorted(file.name for file in (folder / "static").iterdir() if file.name.endswith(".css"))
    styles = [folder / "style.css", *(folder / "static" / name for name in tabs)]
    theme = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="stone", font=FONTS, font_mono=MONOSPACE
    )
    return {
        "theme": theme,
        "css": "\n".join(style.read_text(encoding="utf-8") for style in styles),
        "js": f"() => {{ import(new URL('.{PATH}/main.js', document.baseURI)); }}",
        "i18n": strings.for_gradio(),
        "footer_links": [],
    }
