"""How the pages look in a real browser, in each state of the daemon: at 400, 800 and 1,400 pixels, light and dark."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from agent.telemetry.status import front
from tests.screenshots.__main__ import OF_README, SHOWN
from tests.screenshots.chromium import Browser, View, browser
from tests.screenshots.looks import PAGES, digest, faults, served
from tests.screenshots.palette import PAGE


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    with browser() as one:
        yield one


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_and_is_legible(chromium: Browser, page: str) -> None:
    """Nothing is cut off, outside the window, too faint, or refused by the policy; no part jumps at a reload."""
    assert faults(chromium, page) == []


@pytest.mark.parametrize("place", ["", "#dead-letters"])
def test_the_page_renews_itself_wherever_it_is_opened(chromium: Browser, place: str) -> None:
    """Again and again, also for who came by a link to a part of it."""
    with served("idle") as (url, seen), patch.object(front, "REFRESH_SECONDS", 1):
        chromium.open(f"{url}{place}", View(800))
        for minutes in (1, 2):
            seen.clock.elapsed += 60
            chromium.reload_awaited()
            assert f"up {17 + minutes} min" in chromium.value("document.querySelector('footer').innerText")


def test_the_readme_shows_the_page_as_it_is() -> None:
    """Its pictures are of today's page, which is the same each time; they are small."""
    today = digest(SHOWN)
    for path in OF_README:
        picture = path.read_bytes()
        width, height = struct.unpack(">II", picture[16:24])
        assert width < 1300
        assert height < 1500
        assert len(picture) < 150_000
        told = picture.partition(b"tEXt" + PAGE + b"\0")[2][: len(today)].decode("ascii", "replace")
        assert told == today, f"{path.name} shows an older page: run `make screenshots`, and look at what it wrote"
