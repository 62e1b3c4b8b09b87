"""HTML that the tabs for files, training and evaluation share. static/jobs.js and jobs.css belong to it."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from seq2seq.serving.uploads import shown_size
from seq2seq.webui.page_head import PATH
from seq2seq.webui.strings import html


def add(name: str, content: str) -> None:
    """Add the content of the tab `name` to the page under construction; static/NAME.js starts with it."""
    script = f"import(new URL('.{PATH}/{name}.js', document.baseURI)).then((tab) => tab.start());"
    gr.HTML(content, apply_default_css=False, js_on_load=script, elem_id=name)


def drop(name: str, suffixes: Sequence[str], most: int) -> str:
    """A place where a file of at most `most` bytes can be dropped, or chosen with a click."""
    return (
        f'<label class="job-drop" id="{name}-drop"><input type="file" id="{name}-file" class="unseen" '
        f'accept="{",".join(suffixes)}" data-most="{most}">'
        f"{html('span', 'jobs.drop', class_='job-drop-text')}"
        f'<span class="note">{" ".join(suffixes)}</span></label>'
    )


def limits(name: str, most: int, number: int = 0) -> str:
    """A line with the limits of the tab, in bytes and in what is counted; static/jobs.js puts them in."""
    data = {"data_size": shown_size(most), "data_number": str(number)}
    return html("p", f"{name}.limits", id=f"{name}-limits", class_="note", **data)


def form(name: str, suffixes: Sequence[str], row: str, *, most: int, number: int, below: str = "") -> str:
    """The form of a tab that sends one file: the file, its limits, a row of fields, the button, progress."""
    button = go(name, f"{name}.button", disabled=True)
    return (
        f'{html("p", f"{name}.intro", class_="note")}<div class="card job-form">{drop(name, suffixes, most)}'
        f'{limits(name, most, number)}<div class="job-row">{row}{button}</div>'
        f"{below}</div>{progress(name)}"
    )


def download(name: str) -> str:
    """The link to the result."""
    return html("a", f"{name}.download", id=f"{name}-download", class_="job-go", href="#")


def go(name: str, key: str, *, disabled: bool = False) -> str:
    """The button that starts."""
    return html("button", key, id=f"{name}-go", class_="job-go", type="button", disabled=disabled)


def progress(name: str) -> str:
    """A bar with what is being done, a button that ends it, and a place for errors."""
    return (
        f'<div id="{name}-progress" class="card job-progress" hidden>'
        f'<progress id="{name}-bar" max="1" value="0" aria-labelledby="{name}-left"></progress>'
        f'<p id="{name}-left"></p>'
        f"{html('button', 'jobs.cancel', id=f'{name}-cancel', class_='quiet boxed', type='button')}</div>"
        f'<p id="{name}-status" class="job-status" role="status"></p>'
    )
