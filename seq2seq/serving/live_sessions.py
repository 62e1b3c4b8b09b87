"""A `LiveTranslator` for each page that is open, so that what is shown while typing changes little."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock

from seq2seq.live import LiveTranslator
from seq2seq.translation import Translation

MAX_SESSIONS = 200  # each holds the last sentence that was shown


@dataclass
class _Session:
    """What serves a page, for the settings `kind`."""

    kind: Hashable
    live: LiveTranslator
    lock: Lock = field(default_factory=Lock)


class LiveSessions:
    """The pages that were used last. It may be used by several threads."""

    def __init__(self, *, most: int = MAX_SESSIONS) -> None:
        self.most = most
        self._sessions = OrderedDict[str, _Session]()
        self._lock = Lock()

    def update(self, name: str, kind: Hashable, make: Callable[[], LiveTranslator], text: str) -> Translation:
        """The translation of `text`, which is being typed in the page `name`.

        Args:
            name: chosen by the page at random.
            kind: model and settings. If they change, what was shown before does not count.
            make: makes what translates.
            text: the sentence as far as it is typed.
        """
        session = self._session(name, kind, make)
        with session.lock:
            return session.live.update(text)

    def _session(self, name: str, kind: Hashable, make: Callable[[], LiveTranslator]) -> _Session:
        with self._lock:
            session = self._sessions.get(name)
        if session is None or session.kind != kind:
            session = _Session(kind, make())
        with self._lock:
            self._sessions[name] = session
            self._sessions.move_to_end(name)
            while len(self._sessions) > self.most:
                self._sessions.popitem(last=False)
        return session
