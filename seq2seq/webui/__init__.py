"""The web page: a translator in the browser, and the endpoint `/translate` for programs.

    page.py            puts the page together: `build_page`, and the list of its tabs
    page_head.py       what must run in the browser before gradio
    quick_import.py    imports gradio without what only editors need
    strings.py         all texts of the interface, in the languages of `languages/`
    translate_tab.py   the two panes
    panes.py           their HTML
    drawer.py          HTML of the glossary, history, links, code and settings
    about_tab.py       facts about the model, and its card
    markup.py          HTML of these facts
    model_info.py      what the page shows about a model
    live.py            the routes by which the page translates while the user types or edits
    answer.py          translations as these routes send them
    api.py             the endpoint for programs
    guard.py           limit on the request body, security headers, errors without details
    server.py          starts the server, and stops it after the running requests
    static/ style.css  the scripts of the translate tab, and the look

What it does for a request is in `seq2seq.serving`; routes for programs and for those who run the server are
in `seq2seq.gateway`. gradio is imported when the page is built. The rest of the package works without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from seq2seq.errors import UsageError
from seq2seq.webui.quick_import import import_gradio

if TYPE_CHECKING:
    import gradio

    from seq2seq.engines.choosing import EngineName
    from seq2seq.serving.limits import Limits
    from seq2seq.translator import Translator

__all__ = ["build_page", "serve"]


def build_page(translators: Mapping[str, Translator]) -> gradio.Blocks:
    """Build the page for `translators`, by the names that users see. It is not served yet.

    Raises UsageError if gradio is not installed.
    """
    try:
        import_gradio()
        from seq2seq.webui import page
    except ModuleNotFoundError as error:
        raise _missing_gradio(error) from None
    return page.build_page(translators)


def serve(
    models: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    device: str = "auto",
    engine: EngineName = "auto",
    limits: Limits | None = None,
    auth: str = "",
    root_path: str = "",
    mcp: bool = False,
    runs: str = "",
    say: Callable[[str], None] = print,
) -> None:
    """Serve the page until SIGINT or SIGTERM.

    At the signal, running requests have 5 seconds to finish; later they get an error. This returns after
    10 seconds at most. A second signal stops at once.

    Args:
        models: directories of models or runs, names of bundled models, or Hub ids.
        host: address to listen on.
        port: port to listen on, 0 to 65,535; 0 is any free port.
        device: where to compute: "auto" (a GPU if there is one), "cpu", "cuda" or "cuda:N".
        engine: what computes: "auto", "torch", "onnx" or "onnx-float32" (see `Translator`).
        limits: what users may do; default: 5,000 characters, 32 requests, 2 of them computed at once.
        auth: "USER:PASSWORD", or a file with one such pair a line; then all others are refused.
        root_path: path or URL at which a proxy shows the page, such as "/translate".
        mcp: add the tool `translate` for assistants, at /mcp.
        runs: folder for the trainings that the page starts; default: that of the environment variable
            SEQ2SEQ_RUNS, else they are deleted with the server.
        say: is called with each message for the user.

    Raises:
        UsageError: gradio is not installed, or an argument cannot be used. Nothing is loaded
            then.
        ModelError: a model cannot be loaded.
        RunError: the folder `runs` cannot be made.
    """
    try:
        import_gradio()
        from seq2seq.webui import server
    except ModuleNotFoundError as error:
        raise _missing_gradio(error) from None
    server.serve(
        models,
        host=host,
        port=port,
        device=device,
        engine=engine,
        limits=limits,
        auth=auth,
        root_path=root_path,
        mcp=mcp,
        runs=runs,
        say=say,
    )


def _missing_gradio(error: ModuleNotFoundError) -> Exception:
    """The error to raise if an import of the page failed."""
    if (error.name or "").partition(".")[0] != "gradio":
        return error
    return UsageError('the page needs gradio, which is not installed: pip install "seq2seq-mt[page]"')
