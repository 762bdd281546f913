"""The soak: the real process between an emulated AWS and a faulty sink, ended at random and started again.

What the sink refuses for good by a partial_success ends in the dead-letter queue, as it has to; it is sent back to the
queue at the end, as an operator would, so that in the balance nothing at all may be missing.

Ctrl-C ends a run early: nothing more is written or killed, and what was written is delivered and compared. A second
Ctrl-C ends it at once: what had not arrived by then is told as that, since nobody knows whether it would have come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from agent.demo.trail_objects import TrailObject
from agent.faults.dead_letters import Reason
from tests.soak.memory import Memory
from tests.soak.plan import Plan, objects
from tests.soak.report import Report
from tests.soak.sink import REFUSAL, FaultySink
from tests.support import crash
from tests.support.cloud import Cloud
from tests.support.daemon import PROGRAM, Daemon
from tests.support.edges import Edge
from tests.support.messages import s3_event

_BEAT_SECONDS: Final = 0.1
_PUTS_A_BEAT: Final = 3
_DOUBLED: Final = 0.05
_START_SECONDS: Final = 20.0  # at most, until it listens
_STOP_SECONDS: Final = 30.0
_IDLE_SECONDS: Final = 240.0
_KILL: Final = "kill -9"
_TERM: Final = "SIGTERM"
_BOTH: Final = "SIGTERM, then kill -9"
_ENDS: Final[Mapping[str, int]] = {_KILL: 50, _TERM: 40, _BOTH: 10}
_AT_AN_EDGE: Final = 0.3  # the share of the lives that are to end at one, if they come to it in time
_STILLBORN: Final = 0.1  # the share of the lives that are not waited for until they listen
_LATEST: Final = 2  # such a life ends at the first or second time that it comes to its edge
_SETTINGS: Final[Mapping[str, Any]] = {
    "shutdown_grace_seconds": 3,
    "limits": {"in_flight_bytes": 134_217_728},
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is. `progress` goes from 0 to 1 while the process is being ended again and again."""

    phase: str
    progress: float
    kills: int
    written: int
    stored: int
    repeats: int


class Soak:
    """One run; `watch` is told how far it is ten times a second, and `is_over` says whether it is to end early."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        watch: Callable[[Standing], None] = lambda _standing: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._watch = watch
        self._is_over = is_over
        self._rng = Random(plan.seed)
        self._objects = objects(plan)
        self._sink = FaultySink(Random(plan.seed + 1))
        self._written = 0
        self._began = time.monotonic()
        self._pause = threading.Event()
        self.report = Report()

    def run(self) -> Report:
        """Everything, from the first object to the comparison."""
        try:
            with Cloud.start() as cloud, self._sink.listening():
                self._bounce(cloud)
                self._finish(cloud)
        except KeyboardInterrupt:
            self.report.is_cut_off = True
        self.report.is_early = self._is_over()
        self.report.requests = self._sink.moods
        written = self._objects[: self._written]
        self.report.objects = len(written)
        self.report.compare([event for trail in written for event in trail.events], self._sink.archive)
        return self.report

    def _bounce(self, cloud: Cloud) -> None:
        """One life after the other, until there were enough."""
        self._began = time.monotonic()
        try:
            self._write(cloud, self._plan.due(0), at_once=len(self._objects))
            while self._progress() < 1 and not self._is_over():
                self._live(cloud)
        finally:
            self.report.seconds = time.monotonic() - self._began

    def _progress(self) -> float:
        return self._plan.progress(self.report.kills, time.monotonic() - self._began)

    def _live(self, cloud: Cloud) -> None:
        """One life of the process, to its violent end: mostly some time after it listens, now and then before that."""
        span = self._rng.uniform(self._plan.shortest, self._plan.longest)
        is_stillborn = self._rng.random() < _STILLBORN
        until = time.monotonic() + (span if is_stillborn else _START_SECONDS)
        with self._running(cloud, self._program()) as (agent, memory):
            listens = False
            while time.monotonic() < until and agent.child.alive and not self._is_over():
                if not listens and not is_stillborn and agent.address():
                    listens, until = True, time.monotonic() + span
                self._write(cloud, self._plan.due(self._progress()))
                self._beat("killing", agent, memory)
            how = self._end(agent)
            if edge := crash.reached(agent.events()):
                self.report.crashes[edge] += 1
            else:
                self.report.ends[how] += 1

    def _program(self) -> Sequence[str]:
        """What to start: now and then a process that ends at an edge."""
        if self._rng.random() >= _AT_AN_EDGE:
            return PROGRAM
        return crash.program(self._rng.choice(list(Edge)), self._rng.randint(1, _LATEST))

    def _end(self, agent: Daemon) -> str:
        """End it from outside, unless it has come to its edge, and say how."""
        if not agent.child.alive and not crash.reached(agent.events()):
            self._fault(f"the process ended by itself, with {agent.child.process.returncode}", agent)
        (how,) = self._rng.choices(list(_ENDS), list(_ENDS.values()))
        if how == _TERM:
            self._stop(agent)
        if how == _BOTH:
            agent.child.process.terminate()
            agent.child.wait(self._rng.uniform(0, 0.5))
        agent.child.kill()
        return how

    def _stop(self, agent: Daemon) -> None:
        """SIGTERM; the exit code has to be 0, unless Python had not even begun to run the daemon, or an edge came."""
        ready = bool(agent.address())
        code = agent.child.stop(_STOP_SECONDS)
        if ready and code != 0 and not crash.reached(agent.events()):
            self._fault(f"SIGTERM ended the process with {code}", agent)

    def _finish(self, cloud: Cloud) -> None:
        """Let a last process and a calm sink bring everything to its end."""
        self._sink.calm.set()
        with self._running(cloud) as (agent, memory):
            while self._written < len(self._objects) and agent.child.alive and not self._is_over():
                self._write(cloud, 1, at_once=1)
                self._beat("finishing", agent, memory)
            self._until_idle(cloud, agent, memory)
            self._redrive(cloud)
            self._until_idle(cloud, agent, memory)
            if not agent.ledger_balances():
                self._fault("the ledger does not balance: events read are not the sum of their fates", agent)
            self._stop(agent)
        if letters := cloud.dead_letters():
            self.report.faults.append(f"{len(letters)} messages are in the dead-letter queue after the redrive")

    def _until_idle(self, cloud: Cloud, agent: Daemon, memory: Memory) -> None:
        deadline = time.monotonic() + _IDLE_SECONDS
        while not cloud.is_idle():
            if time.monotonic() > deadline or not agent.child.alive:
                self._fault(f"the queue still holds {cloud.world.queue_depth()}", agent)
                return
            self._beat("finishing", agent, memory)

    def _redrive(self, cloud: Cloud) -> None:
        """Send every dead letter back, as the console's redrive does; only the sink's own refusals may be there."""
        for letter in cloud.dead_letters():
            attributes = {name: each["StringValue"] for name, each in letter.get("MessageAttributes", {}).items()}
            if not attributes:
                self.report.exhausted += 1
                self.report.faults.append(f"SQS gave up, after too many receives: {letter['Body'][:300]}")
            elif attributes.get("reason") == Reason.SINK_REJECTED and REFUSAL in attributes.get("detail", ""):
                self.report.refused += 1
            else:
                self.report.unexpected += 1
                self.report.faults.append(f"unexpected dead letter: {attributes}")
            cloud.world.send(letter["Body"])
            cloud.sqs.delete_message(QueueUrl=cloud.world.dead_letter_url, ReceiptHandle=letter["ReceiptHandle"])

    def _write(self, cloud: Cloud, share: float, at_once: int = _PUTS_A_BEAT) -> None:
        """Put the next objects, until `share` of all is written, at most `at_once`."""
        due = min(int(len(self._objects) * share), self._written + at_once)
        for trail in self._objects[self._written : due]:
            self._written += 1  # first: an end amid this may come after the object is there
            self._put(cloud, trail)

    def _put(self, cloud: Cloud, trail: TrailObject) -> None:
        cloud.world.put(trail.key, trail.body)
        if self._rng.random() < _DOUBLED:
            cloud.world.send(s3_event(trail.key, bucket=cloud.world.bucket))
            self.report.doubled += 1

    @contextmanager
    def _running(self, cloud: Cloud, program: Sequence[str] = PROGRAM) -> Iterator[tuple[Daemon, Memory]]:
        began, memory = time.monotonic(), Memory()
        with Daemon.run(self._folder, self._settings(cloud), program=program) as agent:
            yield agent, memory
        memory.seconds = time.monotonic() - began
        self._look_for_bugs(agent)
        self.report.memories.append(memory)

    def _settings(self, cloud: Cloud) -> Mapping[str, Any]:
        settings = cloud.settings(self._sink.url, **_SETTINGS)
        settings["queue"]["visibility_timeout_seconds"] = 5
        settings["otlp"] |= {"max_batch_records": 40, "timeout_seconds": 5}
        return settings

    def _beat(self, phase: str, agent: Daemon, memory: Memory) -> None:
        archive = self._sink.archive
        if agent.address():  # what Python takes while it loads is no part of any slope
            memory.sample(agent.child.process.pid, archive.stored)
        self._watch(
            Standing(
                phase=phase,
                progress=self._progress(),
                kills=self.report.kills,
                written=self._written,
                stored=archive.stored,
                repeats=archive.repeats,
            )
        )
        self._pause.wait(_BEAT_SECONDS)

    def _look_for_bugs(self, agent: Daemon) -> None:
        """A traceback in the log is a bug, even where nothing was lost by it."""
        if bug := next((line for line in agent.events() if "exception" in line), None):
            self.report.faults.append(f"the log has a traceback: {bug['event']}: {bug['exception']}")

    def _fault(self, sentence: str, agent: Daemon) -> None:
        self.report.faults.append("\n    ".join([sentence, *agent.child.last_lines(5)]))
