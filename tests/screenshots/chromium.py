"""A headless Chromium, spoken to over a pipe (Chrome DevTools Protocol): how a page looks, and what it reports."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from select import select
from typing import Any, Final

from tests.support.tools import tool

_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",  # only our own pages on loopback are opened, and root may not use the sandbox
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
)
_SECONDS: Final = 30.0
_PIECE: Final = 1 << 20
_HANDING_OVER: Final = """
import os, sys
for now, then in ((int(sys.argv[1]), 50), (int(sys.argv[2]), 51), (50, 3), (51, 4)):
    os.dup2(now, then)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True, slots=True)
class View:
    """How a page is looked at."""

    width: int
    dark: bool = False
    height: int = 900


class Browser:
    """One Chromium with one page. `said` is what the page reported: errors, and what the security policy refused."""

    def __init__(self, reads: int, writes: int) -> None:
        self._in = os.fdopen(reads, "rb", buffering=0)
        self._unread = bytearray()
        self._out = os.fdopen(writes, "wb", buffering=0)
        self._number = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        self.said: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """What Chromium answers to a call."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        self._out.write(json.dumps(asked).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                result: dict[str, Any] = heard["result"]
                return result

    def open(self, url: str, view: View) -> None:
        """Show a page; returns when it is there."""
        self.look(view)
        self._events.clear()
        self.ask("Page.navigate", url=url)
        self._await("Page.loadEventFired")

    def reload_awaited(self) -> None:
        """Return when the page has loaded itself again; raises TimeoutError if it does not."""
        self._events.clear()
        self._await("Page.loadEventFired")

    def look(self, view: View) -> None:
        """From now on, look in this way."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=view.width,
            height=view.height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if view.dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def value(self, script: str) -> Any:
        """What a line of JavaScript comes to in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def picture(self, height: int | None = None) -> bytes:
        """A PNG of the whole page, or of its upper part."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        taken = self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def close(self) -> None:
        """End it: Chromium ends when nobody can speak to it any more."""
        self._out.close()
        self._in.close()

    def _await(self, event: str) -> None:
        while not any(each["method"] == event for each in self._events):
            self._hear()

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            if not select([self._in], [], [], _SECONDS)[0]:
                raise TimeoutError(f"Chromium said nothing for {_SECONDS:.0f} s")
            piece = self._in.read(_PIECE)
            if not piece:
                raise EOFError("Chromium went away")
            self._unread += piece
        told, _, self._unread = self._unread.partition(b"\0")
        heard: dict[str, Any] = json.loads(told)
        if "method" in heard:
            self._events.append(heard)
            self._note(heard)
        return heard

    def _note(self, event: dict[str, Any]) -> None:
        match event["method"]:
            case "Log.entryAdded":
                entry = event["params"]["entry"]
                self.said.append(f"{entry['source']}: {entry['text']}")
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(json.dumps(event["params"]))


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium with a profile that is thrown away; without one, skips or fails the test like `tool`."""
    path = tool("chromium-headless-shell")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = _start(path, profile, theirs_in, theirs_out)
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            with closing(Browser(ours_in, ours_out)) as one:
                yield one
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _start(path: str, profile: str, reads: int, writes: int) -> subprocess.Popen[bytes]:
    """Chromium reads commands from its file 3, and writes answers to its file 4."""
    command = [path, *_OPTIONS, f"--user-data-dir={profile}"]
    return subprocess.Popen(
        [sys.executable, "-c", _HANDING_OVER, str(reads), str(writes), *command],
        pass_fds=(reads, writes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=profile,
    )
