"""HTML that the tabs for files, training and evaluation share. static/jobs.js and jobs.css belong to it."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq.webui.strings import html


def drop(name: str, suffixes: Sequence[str]) -> str:
    """A place where a file can be dropped, or chosen with a click."""
    return (
        f'<label class="job-drop" id="{name}-drop"><input type="file" id="{name}-file" class="unseen" '
        f'accept="{",".join(suffixes)}">{html("span", "jobs.drop", class_="job-drop-text")}'
        f'<span class="note">{" ".join(suffixes)}</span></label>'
    )


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
