"""Takes the pictures of the page in docs/images/page: each tab at three widths, light, dark and in Chinese.

    python tests/webui/take_pictures.py [docs/images/page [TAB...]]

With names of tabs only these are taken. One file has the three widths side by side, with few colours, so that
it stays small.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from seq2seq.webui.server import start  # noqa: E402
from tests.webui.browser import TABS, Browser  # noqa: E402
from tests.webui.client import unused_port  # noqa: E402
from tests.webui.states import walk, whole_page  # noqa: E402

WIDTHS = (1440, 768, 390)
HEIGHT = 1000  # pixels of a page that are shown
GAP = 24
COLOURS = 160


def sheet(page: Browser, folder: Path, *, dark: bool) -> Image.Image:
    """What the page shows now, at each width."""
    page.evaluate(f"document.body.classList.toggle('dark', {str(dark).lower()})")
    shots = []
    for width in WIDTHS:
        page.size(width, HEIGHT, dark=dark, phone=width < 500)
        page.evaluate("new Promise((done) => setTimeout(done, 300))")
        page.evaluate("window.scrollTo(0, 0)")
        path = folder / f"{width}.png"
        page.screenshot(path, full=False)
        with Image.open(path) as shot:
            shots.append(shot.convert("RGB"))
    page.size(WIDTHS[0], HEIGHT)
    page.evaluate("document.body.classList.remove('dark')")
    bottom = min(max(map(used, shots)) + GAP, HEIGHT)
    whole = Image.new("RGB", (sum(WIDTHS) + GAP * 2, bottom), "#8b9199")
    place = 0
    for shot in shots:
        whole.paste(shot, (place, 0))
        place += shot.width + GAP
    return whole


def used(shot: Image.Image) -> int:
    """The row below which there is nothing but background."""
    background = Image.new("RGB", shot.size, shot.getpixel((1, shot.height - 1)))
    box = ImageChops.difference(shot, background).getbbox()
    return box[3] if box else shot.height


def save(picture: Image.Image, path: Path) -> None:
    """Half of the size, few colours."""
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KB", flush=True)


def main() -> None:
    """Take all pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "page"
    wanted = sys.argv[2:] or TABS
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name, Browser() as page:
        folder = Path(name)
        server = start(whole_page(folder), port=unused_port())
        for language in ("en", "zh"):
            page.size(WIDTHS[0], HEIGHT)
            page.open(server.url, ready="!!window.seq2seq")
            page.evaluate(f"document.cookie = 'seq2seq_language={language}; path=/'")
            page.open("about:blank")
            page.open(server.url, ready="!!window.seq2seq")
            for state in walk(page, folder, without=set(TABS) - set(wanted)):
                if state not in wanted:
                    continue
                kinds = [("light", False), ("dark", True)] if language == "en" else [("chinese", False)]
                for kind, dark in kinds:
                    save(sheet(page, folder, dark=dark), target / f"{state}-{kind}.png")
        server.close()


if __name__ == "__main__":
    main()
