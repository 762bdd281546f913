"""Which path gets which answer. There are no sockets here.

`/livez`, `/healthz` and `/-/healthy` are one endpoint under the names that Kubernetes and Prometheus users expect, and
so are `/readyz` and `/-/ready`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from agent.pulse import Clock
from agent.telemetry.activity import Activity
from agent.telemetry.exposition import render
from agent.telemetry.health import Health
from agent.telemetry.metrics import Metrics
from agent.telemetry.status.anchors import RUNBOOK

TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
OK: Final = 200
NOT_FOUND: Final = 404
UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for. A query in `path` is ignored."""

    path: str
    accept: str = ""
    accept_encoding: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What the client gets."""

    status: int
    content_type: str
    body: bytes
    gzipped: bool = False


class Pages:
    """Answers GET requests from the state of the telemetry."""

    def __init__(self, metrics: Metrics, health: Health, activity: Activity, clock: Clock) -> None:
        self._metrics = metrics
        self._health = health
        self._activity = activity
        self._clock = clock
        self._paths: Mapping[str, Callable[[Request], Page]] = {
            "/": self._status,
            RUNBOOK: self._runbook,
            "/metrics": self._exposition,
            **dict.fromkeys(("/livez", "/healthz", "/-/healthy"), self._live),
            **dict.fromkeys(("/readyz", "/-/ready"), self._ready),
        }

    def answer(self, request: Request) -> Page:
        """The answer to `request`. It never repeats any of it."""
        page = self._paths.get(request.path.partition("?")[0])
        return page(request) if page else text(NOT_FOUND, "not found: see /, /metrics, /livez, /readyz and /runbook")

    def _exposition(self, request: Request) -> Page:
        rendered = render(self._metrics.registry, request.accept, request.accept_encoding)
        return Page(OK, rendered.content_type, rendered.body, rendered.gzipped)

    def _live(self, _request: Request) -> Page:
        return _health(self._health.live())

    def _ready(self, _request: Request) -> Page:
        return _health(self._health.ready())

    def _status(self, _request: Request) -> Page:
        from agent.telemetry.status import front  # noqa: PLC0415 - a start must not wait for what people look at

        page = front.page(self._metrics.registry, self._health, self._activity, self._clock.time())
        return Page(OK, HTML, page.encode("utf-8", "replace"))

    def _runbook(self, _request: Request) -> Page:
        from agent.telemetry.status.runbook import runbook  # noqa: PLC0415 - as above

        return Page(OK, HTML, runbook().encode())


def text(code: int, line: str) -> Page:
    """A plain answer of one or more lines."""
    return Page(code, TEXT, f"{line}\n".encode("utf-8", "replace"))


def _health(problems: list[str]) -> Page:
    return text(UNAVAILABLE, "\n".join(problems)) if problems else text(OK, "ok")
