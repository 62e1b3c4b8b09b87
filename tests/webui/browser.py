"""A headless Chromium, driven over a pipe by the DevTools protocol. It needs no package and no port.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
]
TABS = ("translate", "why", "files", "train", "evaluate", "about")
KEY_CODES = {"Enter": 13, "Escape": 27, "Backspace": 8, "Tab": 9}


class Browser:
    """One tab of a browser of its own. A context manager; leaving it ends the browser."""

    def __init__(self) -> None:
        assert CHROMIUM is not None
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands_read, self.commands = os.pipe()
        self.answers, answers_write = os.pipe()
        options = [*OPTIONS, f"--user-data-dir={self.profile.name}", "about:blank"]
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        redirect = f'exec "$0" "$@" 3<&{commands_read} 4>&{answers_write}'
        self.process = subprocess.Popen(
            ["bash", "-c", redirect, CHROMIUM, *options],
            pass_fds=(commands_read, answers_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_read)
        os.close(answers_write)
        self.buffer, self.number, self.session = b"", 0, ""
        self.errors = list[str]()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        os.close(self.commands)
        os.close(self.answers)
        self.profile.cleanup()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one command of the protocol. Events that arrive before it are read."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("method") == "Runtime.exceptionThrown":
                details = message["params"]["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description") or details["text"])
            if message.get("id") == self.number:
                assert "error" not in message, f"{method}: {message['error']}"
                return dict(message["result"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            data = os.read(self.answers, 1 << 20)
            assert data, "the browser has ended"
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return dict(json.loads(message))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression. A promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, url: str, *, ready: str = "true") -> None:
        """Load a page and wait until `ready` is true in it."""
        self.call("Page.navigate", url=url)
        self.wait(ready)

    def wait(self, condition: str, seconds: float = 60.0) -> Any:
        """The value of `condition` as soon as it is true in JavaScript."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(condition)):
            assert time.monotonic() < end, f"not true within {seconds} seconds: {condition}"
            time.sleep(0.02)
        return value

    def size(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Set the size of the window, and whether the user prefers dark colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def type(self, text: str, *, pauses: Sequence[float] = ()) -> None:
        """Press one key for each character; `pauses[i]` are the seconds before key i, default 0."""
        due = time.monotonic()
        for index, character in enumerate(text):
            due += pauses[index] if index < len(pauses) else 0.0
            time.sleep(max(0.0, due - time.monotonic()))
            self.call("Input.dispatchKeyEvent", type="keyDown", key=character, text=character)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    def press(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        """Press one key, with Ctrl or Shift held."""
        code = KEY_CODES.get(key, ord(key[0].upper()))
        event = {"key": key, "modifiers": 2 * control + 8 * shift, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="rawKeyDown", **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def click(self, selector: str) -> None:
        """Click the middle of an element with the mouse."""
        x, y = self.evaluate(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            "element.scrollIntoView({block: 'nearest'}); const box = element.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def choose(self, selector: str, path: Path) -> None:
        """Choose a file in a field for files, as a user does in the dialog of the browser."""
        document = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def open_tab(self, name: str) -> None:
        """Click a tab of `TABS` in any language, and wait until its script has started, if it has one."""
        self.evaluate(f"document.querySelectorAll('button[role=tab]')[{TABS.index(name)}].click()")
        if name not in ("translate", "about"):
            self.wait(f"!!document.querySelector('#{name}')?.dataset.started")

    def screenshot(self, path: Path, *, full: bool = True) -> None:
        """Write a PNG of the whole page, or of what the window shows."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=full)["data"]
        path.write_bytes(base64.b64decode(data))
