"""The page: a translator in the browser, and an endpoint `/translate` for programs.

    page.py            the whole of it: `build_page`
    translate_tab.py   the two panes, live translation, what is shown of a result
    about_tab.py       what is known of the model
    api.py             the endpoint for programs
    request.py         what a call may ask for, checked before a model is touched
    engine.py          models, and turns at them
    facts.py           what there is to say of a model
    markup.py          translations and models as HTML, every text escaped
    guard.py           body size, security headers, no details in errors
    server.py          start, serve, drain, stop
    style.css live.js  looks; debouncing, counter, keys and copying in the browser

gradio is imported when the page is built, so that the rest of the package works without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seq2seq.errors import UsageError

if TYPE_CHECKING:
    import gradio

    from seq2seq.translator import Translator

__all__ = ["build_page", "serve"]


def build_page(translators: Mapping[str, Translator]) -> gradio.Blocks:
    """The page for these translators, by the name that users see. It is not served yet."""
    try:
        from seq2seq.webui import page
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    return page.build_page(translators)


def serve(
    models: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    threads: int | None = None,
    open_browser: bool = False,
) -> None:
    """Serve the page with `models` (folders, bundled names or Hub ids) until SIGINT or SIGTERM.

    At the signal, calls that run are finished, for 10 seconds at most. `threads` are torch's threads of the
    process. Raises ModelError for a model that cannot be loaded and UsageError when the port is taken.
    """
    try:
        from seq2seq.webui import server
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    server.serve(models, host=host, port=port, threads=threads, open_browser=open_browser)


def _missing(error: ModuleNotFoundError) -> Exception:
    if (error.name or "").partition(".")[0] != "gradio":
        return error
    return UsageError('the page needs gradio, which is not installed: pip install "seq2seq-mt[page]"')
