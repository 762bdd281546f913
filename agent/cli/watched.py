"""A running agent as `top` watches it: asked again and again, away at times, and started anew at times."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
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
LONGEST_SECONDS: Final = 2 * _PATIENCE_SECONDS + 1.0
"""No question takes longer, unless the host's name is looked for in vain."""

_MOST_METRICS: Final = 8 << 20  # an agent with all of its labels has a twentieth
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
    def is_only_asked(self) -> bool:
        """Whether nothing has come of the first question yet."""
        return self.figures is None and not self.is_away

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
        if not reply.is_whole:
            raise NoReplyError(f"{_NO_AGENT} (more than {_MOST_METRICS >> 20} MiB)")
        snapshot = Snapshot.parsed(reply.text)
        if BUILD_INFO not in snapshot.samples:
            raise ValueError(f"there is no {BUILD_INFO}")
        return snapshot

    def _note_absence(self, how: str, now: float) -> None:
        if not self.absence:
            self.away_since = now
        self.absence = how
        self._course.forget()


class Questions:
    """Asks agents, each in a thread of its own: none waits for another, and one that never ends is left behind."""

    def __init__(self, agents: Sequence[WatchedAgent]) -> None:
        self._agents = agents
        self._under_way: dict[WatchedAgent, Future[None]] = {}

    def ask(self, now: float) -> None:
        """Ask all of them but those whose last question has not ended yet; `now` is in monotonic seconds."""
        for one in self._agents:
            if one not in self._under_way:
                self._under_way[one] = _begun(one, now)

    def wait(self, seconds: float = LONGEST_SECONDS) -> bool:
        """Wait for what was asked, so long at most; False if something is still under way. Raises what a bug raises."""
        done, _ = wait(self._under_way.values(), seconds)
        self._under_way = {one: asked for one, asked in self._under_way.items() if asked not in done}
        for asked in done:
            asked.result()
        return not self._under_way


def _begun(one: WatchedAgent, now: float) -> Future[None]:
    ended = Future[None]()

    def ask() -> None:
        try:
            one.ask(now)
            ended.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            ended.set_exception(error)

    threading.Thread(target=ask, name=f"ask {one.place}", daemon=True).start()
    return ended


def _lines(text: str) -> Sequence[str]:
    lines = [line for one in text.splitlines() if (line := one_line(one))]
    return (*lines[:_MOST_LINES], *(["…"] if len(lines) > _MOST_LINES else [])) or ("not ready",)
