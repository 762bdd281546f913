"""A running agent as `top` watches it: asked again and again, away at times, and started anew at times."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Final, Self

from agent.cli.agent_http import AgentAddress, NoReplyError, get, one_line
from agent.telemetry.course import Course, Seen
from agent.telemetry.figures import Figures
from agent.telemetry.metric_names import BUILD_INFO
from agent.telemetry.snapshot import Snapshot

METRICS: Final = "/metrics"
READY: Final = "/readyz"
WINDOW_SECONDS: Final = 30.0
_NO_AGENT: Final = "something else than trail-agent answers"
_PATIENCE_SECONDS: Final = 3.0
_MOST_METRICS: Final = 32 << 20
_MOST_REASONS: Final = 4096
_MOST_LINES: Final = 5


class WatchedAgent:
    """What one agent has said so far.

    `figures` is None before its first answer; while it is away, they are the last ones. `absence` says how it does not
    answer, since when `away_since` tells (monotonic seconds). `reasons` are those for which it is not ready.
    """

    def __init__(self, address: AgentAddress) -> None:
        self._metrics = replace(address, target=METRICS)
        self._ready = replace(address, target=READY)
        self._course = Course(WINDOW_SECONDS)
        self.figures: Figures | None = None
        self.absence = ""
        self.away_since = 0.0
        self.reasons: Sequence[str] = ()

    @classmethod
    def of(cls, url: str) -> Self:
        """The agent at `url`, or at `host:port`; raises `ValueError` for what is no such address."""
        with_scheme = url if "://" in url else f"http://{url}"
        address = AgentAddress.of(with_scheme, METRICS)
        if address.target not in {METRICS, READY, "/"}:
            raise ValueError("must be the address of an agent, without a path")
        return cls(address)

    @property
    def place(self) -> str:
        """Host and port."""
        return self._metrics.place

    @property
    def is_away(self) -> bool:
        """Whether it does not answer."""
        return bool(self.absence)

    @property
    def is_ready(self) -> bool:
        """Whether it answers and says that events flow."""
        return self.figures is not None and not self.is_away and not self.reasons

    def told(self) -> dict[str, object]:
        """All of it for a program: names and numbers as plain JSON has them."""
        figures = None if self.figures is None else self.figures.told()
        state = {"agent": self.place, "answers": not self.is_away, "absence": self.absence or None}
        return {**state, "ready": self.is_ready, "reasons": list(self.reasons), "figures": figures}

    def ask(self, now: float) -> None:
        """Ask for its metrics, and whether it is ready. `now` is monotonic seconds."""
        try:
            snapshot = self._snapshot()
            ready = get(self._ready, _MOST_REASONS, _PATIENCE_SECONDS)
        except NoReplyError as error:
            self._note_absence(str(error), now)
            return
        except ValueError:
            self._note_absence(_NO_AGENT, now)
            return
        self.absence = ""
        self.reasons = () if ready.is_ok else _lines(ready.text)
        self._course.add(Seen(now, snapshot))
        self.figures = Figures.of(self._course)

    def _snapshot(self) -> Snapshot:
        reply = get(self._metrics, _MOST_METRICS, _PATIENCE_SECONDS)
        if not reply.is_ok:
            raise NoReplyError(f"{_NO_AGENT} ({reply.status})")
        snapshot = Snapshot.parsed(reply.text)
        if BUILD_INFO not in snapshot.samples:
            raise ValueError(f"there is no {BUILD_INFO}")
        return snapshot

    def _note_absence(self, how: str, now: float) -> None:
        if not self.absence:
            self.away_since = now
        self.absence = how
        self._course.forget()


def ask_all(agents: Sequence[WatchedAgent], pool: Executor, now: float) -> None:
    """Ask all of them at once."""
    for _ in pool.map(lambda agent: agent.ask(now), agents):
        pass


def _lines(text: str) -> Sequence[str]:
    lines = [line for one in text.splitlines() if (line := one_line(one))]
    return (*lines[:_MOST_LINES], *(["…"] if len(lines) > _MOST_LINES else [])) or ("not ready",)
