"""The measurements: what is put in, what is waited for, and which figures come out."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from tests.bench.contestants import AGENT, Agent, Contestant
from tests.bench.corpus import EVENTS, MIXED, MIXES, NOISE, OURS, Mix, bodies, keys, large_bodies, shipped_ids
from tests.bench.failures import Failures
from tests.bench.load import Load, State
from tests.bench.processes import Measured, Service, StuckError, floor_ms, stage_microseconds

FLOOR: Final = "floor"
STAGES: Final = "stages"
CPU: Final = "CPU ms/object"
WARM: Final = 100
_ARRIVALS: Final = 200
_PAUSE_SECONDS: Final = 0.02
_IDLE_SECONDS: Final = 45.0  # two long polls, of whoever makes the longest: else one sees none of its requests
_FLOOR_OBJECTS: Final = 300
_HEAVY: Final = 8
"""An object whose every event is shipped costs so much more than noise that fewer of them are put in."""
LATENCIES: Final = (0.02, 0.04)
FLOOD_MIB: Final = 128
REPLICAS: Final = (1, 2, 4)
REPEATS: Final = "repeats"
GROWN: Final = f"{NOISE.name}, grown"
_OTHER_KEYS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of `who`, by the name of the figure; `what` says of which load.

    `beside` is whose figures of the same load they are compared with; `rounds` has each figure in every single round.
    """

    what: str
    who: str
    values: Mapping[str, float]
    beside: str = AGENT
    rounds: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A load of `mix`, after another one that makes warm, and the ids of the events that have to arrive."""

    mix: Mix
    before: Load
    load: Load
    expected: frozenset[str]

    @classmethod
    def of(cls, mix: Mix, before: Load, load: Load) -> Self:
        """With the ids that are in the load."""
        return cls(mix, before, load, shipped_ids(mix, load.bodies))

    def repeats(self, service: Service, who: str) -> int:
        """How many records came again. Raises StuckError unless all objects were got, and just these events came."""
        proof, count = service.proof(), len(self.load.keys)
        if proof.got != count:
            raise StuckError(f"{who}: {proof.got} of {count} objects were got")
        came = proof.arrived.keys()
        if came != self.expected:
            of_all = f"{len(came & self.expected)} of {len(self.expected)} events have reached the sink"
            raise StuckError(f"{who}: {of_all}, and {len(came - self.expected)} that nobody has put in")
        return proof.arrived.total() - len(came)


class Rounds:
    """What each of those who are given the same load, `what`, does in each round. Who fails once has no figures."""

    def __init__(self, what: str, failures: Failures, *, beside: str = AGENT) -> None:
        self._what = what
        self._failures = failures
        self._beside = beside
        self._seen: dict[str, list[Mapping[str, float]]] = {}

    def add(self, who: str, measure: Callable[[], Mapping[str, float]]) -> None:
        """One round of somebody, unless it has failed before."""
        if not self._failures.has(self._what, who):
            with self._failures.noting(self._what, who):
                self._seen.setdefault(who, []).append(measure())

    def figures(self) -> Iterator[Figures]:
        """The medians of each who got on in every round."""
        for who, rounds in self._seen.items():
            if not self._failures.has(self._what, who):
                single = {name: [one[name] for one in rounds] for name in rounds[0]}
                yield Figures(self._what, who, medians(single), self._beside, single)


def burst(
    service: Service,
    contestants: Sequence[Contestant],
    folder: Path,
    *,
    rounds: int,
    objects: int,
    failures: Failures,
) -> Iterator[Figures]:
    """For each mix: a queue full of messages, and each in turn as fast as it can, in a new process for each round."""
    for mix in MIXES:
        warm, count = (n // _HEAVY if mix.shipped == EVENTS else n for n in (WARM, objects))
        made = bodies(mix, warm + count)
        task = Task.of(mix, Load(made[-warm:], keys(warm, _OTHER_KEYS)), Load(made[:count], []))
        rounds_of = Rounds(mix.name, failures)
        for number in range(rounds):
            load = Load(made[:count], keys(count, number))
            for one in _by_turns(contestants, number):
                rounds_of.add(one.name, partial(once, service, one, replace(task, load=load), folder))
            rounds_of.add(FLOOR, partial(_floor, service, load))
        yield from rounds_of.figures()


def _floor(service: Service, load: Load) -> Mapping[str, float]:
    return {CPU: floor_ms(service, load, _FLOOR_OBJECTS)}


def unloaded(
    service: Service, contestants: Sequence[Contestant], folder: Path, *, rounds: int, failures: Failures
) -> Iterator[Figures]:
    """One mixed object at a time, a while after the last: how long from notification until the sink has its records."""
    nothing = Load([b""], [])
    load = Load(bodies(MIXED, _ARRIVALS), keys(_ARRIVALS, 0), pause_seconds=_PAUSE_SECONDS)
    task = Task.of(MIXED, nothing, load)
    rounds_of = Rounds("notification to accepted", failures)
    for number in range(rounds):
        for one in _by_turns(contestants, number):
            rounds_of.add(one.name, partial(_arrivals, service, one, task, folder))
    yield from rounds_of.figures()


def _by_turns(contestants: Sequence[Contestant], number: int) -> Sequence[Contestant]:
    """Who goes first in one round goes last in the next."""
    return contestants[::-1] if number % 2 else contestants


def stages(service: Service, agents: Sequence[Agent], *, failures: Failures) -> list[Figures]:
    """What each stage costs in each tree, where the tree has that stage, and the plain way to do it.

    Another revision may be from before these stages: it fails here, and is measured as a whole process alone.
    """
    by_agent: dict[str, Mapping[str, Any]] = {}
    for one in agents:
        with failures.noting(STAGES, one.name):
            by_agent[one.name] = _by_stage(stage_microseconds(service, one.tree))
    told = []
    for stage, mine in by_agent.get(AGENT, {}).items():
        values = {name: found[stage]["ours"] for name, found in by_agent.items() if stage in found}
        told.append(Figures(STAGES, stage, values | ({"plain": mine["plain"]} if mine["plain"] else {})))
    return told


def _by_stage(told: Sequence[Any]) -> Mapping[str, Any]:
    return {f"{one['name']}, per {one['unit']}": one for one in told}


def idle(service: Service, contestants: Sequence[Contestant], folder: Path, *, failures: Failures) -> Iterator[Figures]:
    """An empty queue: what it costs to wait."""
    service.put(Load([b""], []))
    rounds_of = Rounds("idle", failures)
    for one in contestants:
        rounds_of.add(one.name, partial(_waiting, service, one, folder))
    yield from rounds_of.figures()


def _waiting(service: Service, one: Contestant, folder: Path) -> Mapping[str, float]:
    with one.run(service, MIXED, folder) as measured:
        threading.Event().wait(3)
        before, began = measured.cpu_seconds(), time.monotonic()
        threading.Event().wait(_IDLE_SECONDS)
        share = (measured.cpu_seconds() - before) / (time.monotonic() - began)
        return {"CPU %": share * 100, "peak MiB": measured.peak_mib()}


def growth(service: Service, folder: Path, *, rounds: int, objects: int, failures: Failures) -> Iterator[Figures]:
    """Ten times the objects, ten times their size, S3 that is slow, and more replicas on one queue."""
    noise, large = bodies(NOISE, objects), bodies(NOISE, objects, events=10 * EVENTS)
    loads = {
        f"{objects} objects": Load(noise, keys(objects, 1)),
        f"{10 * objects} objects": Load(noise, keys(10 * objects, 2)),
        f"{objects // 2} objects, ten times as large": Load(large, keys(objects // 2, 3)),
    }
    loads |= {_slow(one): Load(noise, keys(5 * objects, 4), latency_seconds=one) for one in LATENCIES}
    before = Load(noise, keys(WARM, _OTHER_KEYS))
    of_loads = Rounds(GROWN, failures, beside=next(iter(loads)))
    for name, load in loads.items():
        for _ in range(rounds):
            of_loads.add(name, partial(once, service, Agent(), Task.of(NOISE, before, load), folder))
    yield from of_loads.figures()
    of_replicas = Rounds(f"replicas, {_slow(LATENCIES[-1])}", failures, beside=str(REPLICAS[0]))
    for replicas in REPLICAS:
        warm = replace(before, keys=keys(5 * WARM * replicas, _OTHER_KEYS), latency_seconds=LATENCIES[-1])
        load = Load(noise, keys(5 * objects, 5), latency_seconds=LATENCIES[-1])
        for _ in range(rounds):
            of_replicas.add(str(replicas), partial(_together, service, replicas, Task.of(NOISE, warm, load), folder))
    yield from of_replicas.figures()


def flood(service: Service, folder: Path, *, failures: Failures) -> Iterator[Figures]:
    """Large events against a slow sink, so that memory fills: its peak beyond that of a process that shipped little."""
    once_only = Rounds("flood, slow sink", failures)
    once_only.add(AGENT, partial(_flooded, service, folder))
    yield from once_only.figures()


def _flooded(service: Service, folder: Path) -> Mapping[str, float]:
    agent = Agent(settings={"limits": {"in_flight_bytes": FLOOD_MIB << 20}})
    load = Load(large_bodies(40, events=100, characters=50_000), keys(40, 6), sink_seconds=0.1)
    task = Task.of(OURS, Load(bodies(OURS, 20), keys(20, _OTHER_KEYS)), load)
    service.put(task.before)
    with agent.run(service, OURS, folder) as measured:
        service.finish(len(task.before.keys), measured)
        idle = measured.peak_mib()
        service.put(load)
        service.finish(len(load.keys), measured)
        above = measured.peak_mib() - idle
        task.repeats(service, agent.name)
    return {"MiB above idle": above, "in flight MiB": FLOOD_MIB}


def medians(rounds: Mapping[str, Sequence[float]]) -> Mapping[str, float]:
    """The median of each figure; repeats are a fault, of which the most in one round is shown."""
    return {name: (max if name == REPEATS else statistics.median)(each) for name, each in rounds.items()}


def _slow(seconds: float) -> str:
    return f"S3 with {seconds * 1e3:.0f} ms"


def once(service: Service, one: Contestant, task: Task, folder: Path) -> Mapping[str, float]:
    """The figures of one process that empties the queue of the load, once it is warm."""
    mix, load = task.mix, task.load
    service.put(task.before)
    began = time.monotonic()
    with one.run(service, mix, folder) as measured:
        ready = time.monotonic() - began
        service.finish(len(task.before.keys), measured)
        used = measured.cpu_seconds()
        service.put(load)
        state = service.finish(len(load.keys), measured)
        cpu = measured.cpu_seconds() - used
        repeats = {REPEATS: task.repeats(service, one.name)}
        figures = {**_rates(state, len(load.keys), cpu, mix), **repeats, "peak MiB": measured.peak_mib()}
        return {**figures, "ready s": ready} if one.says_ready else figures


def _arrivals(service: Service, one: Contestant, task: Task, folder: Path) -> Mapping[str, float]:
    service.put(task.before)
    with one.run(service, MIXED, folder) as measured:
        service.put(task.load)
        waits = sorted(service.finish(len(task.load.keys), measured).waits[_ARRIVALS // 10 :])
        task.repeats(service, one.name)
    return {"p50 ms": waits[len(waits) // 2] * 1e3, "p99 ms": waits[len(waits) * 99 // 100] * 1e3}


def _rates(state: State, count: int, cpu: float, mix: Mix) -> Mapping[str, float]:
    wall = state.done_at - state.put_at
    rates = {"objects/s": count / wall, CPU: cpu / count * 1e3}
    shipped = {"events/CPU s": mix.shipped * count / cpu} if mix.shipped else {}
    return {**rates, **shipped, "far side %": state.busy_seconds / wall * 100}


def _together(service: Service, replicas: int, task: Task, folder: Path) -> Mapping[str, float]:
    load = task.load
    service.put(Load([b""], []))
    with ExitStack() as stack:
        running = [stack.enter_context(Agent().run(service, NOISE, folder)) for _ in range(replicas)]
        service.put(task.before)
        service.finish(len(task.before.keys), running[0])
        before = [one.cpu_seconds() for one in running]
        service.put(load)
        state = service.finish(len(load.keys), running[0])
        cpu = sum(one.cpu_seconds() for one in running) - sum(before)
        task.repeats(service, f"{replicas} replicas")
        return {**_rates(state, len(load.keys), cpu, NOISE), "peak MiB": max(map(Measured.peak_mib, running))}
