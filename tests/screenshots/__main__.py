"""`make screenshots`: look at the pages in every state and width, light and dark, and write what is seen.

The pages are those of the daemon's own server, over telemetry that was told what happens in each state. The pictures
stand in `build/screenshots/`; those of the README are written anew. `--check` writes nothing. Exit code 1 if something
is wrong with how a page looks, 69 if there is no Chromium.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.screenshots.chromium import Browser, View, browser
from tests.screenshots.looks import PAGES, VIEWS, digest, faults, served
from tests.screenshots.palette import reduced

ROOT: Final = Path(__file__).parents[2]
PICTURES: Final = ROOT / "build" / "screenshots"
SHOWN: Final = "busy"
OF_README: Final = {
    ROOT / "docs" / "status-page.png": View(1240),
    ROOT / "docs" / "status-page-dark.png": View(1240, dark=True),
}
_UNAVAILABLE: Final = 69
_UPPER_PART: Final = (
    "[...document.querySelectorAll('section')].find((one) => one.innerText.startsWith('NOW')).offsetTop"
)


def main() -> int:
    """Look at all pages."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--check", action="store_true", help="look, and write no pictures")
    check = parser.parse_args().check
    try:
        with browser() as chromium:
            found = [fault for page in PAGES for fault in faults(chromium, page)]
            if not check:
                _write_pictures(chromium)
                _write_readme(chromium)
    except pytest.skip.Exception as missing:
        sys.stderr.write(f"{missing}\n")
        return _UNAVAILABLE
    sys.stdout.write("".join(f"{fault}\n" for fault in found) or "Nothing is wrong with how the pages look.\n")
    return 1 if found else 0


def _write_pictures(chromium: Browser) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        with served(page) as (url, _):
            chromium.open(url, VIEWS[0])
            for view in VIEWS:
                chromium.look(view)
                _write(PICTURES / f"{page}-{view.width}{'-dark' if view.dark else ''}.png", chromium.picture())


def _write_readme(chromium: Browser) -> None:
    today = digest(SHOWN)
    with served(SHOWN) as (url, _):
        for path, view in OF_README.items():
            chromium.open(url, view)
            picture = chromium.picture(chromium.value(_UPPER_PART))
            _write(path, reduced(chromium, picture, today))


def _write(path: Path, picture: bytes) -> None:
    path.write_bytes(picture)
    sys.stdout.write(f"{path.relative_to(ROOT)}  {len(picture) // 1024} KiB\n")


if __name__ == "__main__":
    sys.exit(main())
