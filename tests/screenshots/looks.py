"""How the pages are looked at, and what may not be seen: text outside the window, text cut off, errors, jumps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final
from unittest.mock import patch

from agent.telemetry.status import front
from tests.screenshots.chromium import Browser, View
from tests.screenshots.states import STATES
from tests.support.telemetry import ObservedTelemetry
from tests.support.web_page import front_page

WIDTHS: Final = (400, 800, 1400)
VIEWS: Final = tuple(View(width, dark) for width in WIDTHS for dark in (False, True))
RUNBOOK: Final = "runbook"
PAGES: Final = (*STATES, RUNBOOK)

_CUT: Final = """
(() => {
  const root = document.documentElement, bad = [];
  if (root.scrollWidth > window.innerWidth) bad.push(`the page is ${root.scrollWidth} px wide`);
  for (const each of document.querySelectorAll('body *')) {
    const box = each.getBoundingClientRect(), style = getComputedStyle(each);
    if (style.overflowX !== 'visible' && each.scrollWidth > each.clientWidth + 1 && !each.closest('svg'))
      bad.push(`${each.tagName} is cut: ${each.textContent.slice(0, 60)}`);
    if (box.width && (box.right > window.innerWidth + 0.5 || box.left < -0.5))
      bad.push(`${each.tagName} stands outside: ${each.textContent.slice(0, 60)}`);
  }
  return bad;
})()
"""
_FAINT: Final = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => { const [r, g, b] = rgb.map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (node) => { for (; node; node = node.parentElement) {
    const rgba = parse(getComputedStyle(node).backgroundColor); if (rgba.length < 4 || rgba[3] > 0) return rgba; }
    return [255, 255, 255]; };
  const bad = new Set();
  for (const node of document.querySelectorAll('body *')) {
    if (node.closest('svg') || ![...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim())) continue;
    const a = light(parse(getComputedStyle(node).color).slice(0, 3)), b = light(ground(node).slice(0, 3));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) bad.add(`${node.tagName}.${node.className} has a contrast of ${contrast.toFixed(2)}`);
  }
  return [...bad];
})()
"""
_PLACES: Final = "[...document.querySelectorAll('h2, h3, dt, .axis')].map((one) => one.getBoundingClientRect().top)"


def digest(state: str) -> str:
    """What tells the status page in one of the states from an older one, in a few characters."""
    return blake2b(front_page(STATES[state]()).encode(), digest_size=16).hexdigest()


@contextmanager
def served(page: str) -> Iterator[tuple[str, ObservedTelemetry]]:
    """The address of a page in one of the states, from the daemon's own server with its own headers.

    It does not reload itself: a page that goes away while it is looked at cannot be seen.
    """
    seen = STATES["starting" if page == RUNBOOK else page]()
    server = seen.telemetry.server("127.0.0.1", 0)
    server.start()
    try:
        with patch.object(front, "REFRESH_SECONDS", 0):
            yield f"http://127.0.0.1:{server.port}/{RUNBOOK if page == RUNBOOK else ''}", seen
    finally:
        server.stop()


def faults(browser: Browser, page: str) -> list[str]:
    """What is wrong with how a page looks, in every view; empty if nothing is."""
    found: list[str] = []
    refresh = front.REFRESH_SECONDS
    browser.said.clear()
    with served(page) as (url, seen):
        browser.open(url, VIEWS[0])
        for view in VIEWS:
            browser.look(view)
            found += [f"{page}, {view}: {fault}" for fault in (*browser.value(_CUT), *browser.value(_FAINT))]
        before = browser.value(_PLACES)
        seen.clock.elapsed += refresh
        browser.open(url, VIEWS[-1])
        if browser.value(_PLACES) != before:
            found.append(f"{page}: it jumps when it reloads itself")
    return found + [f"{page} said: {said}" for said in browser.said]
