"""The measurements: what is put in, what is waited for, and which figures come out."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.contestants import Agent, Contestant
from tests.bench.corpus import EVENTS, MIXED, MIXES, NOISE, Mix, bodies, keys
from tests.bench.load import Load, State
from tests.bench.processes import Measured, Service, floor_ms

_WARM: Final = 100
_ARRIVALS: Final = 200
_IDLE_SECONDS: Final = 15.0
_FLOOR_OBJECTS: Final = 300
_HEAVY: Final = 8
"""An object whose every event is shipped costs so much more than noise that fewer of them are put in."""
LATENCIES: Final = (0.02, 0.04)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of `who`, by the name of the figure; `what` says of which load."""

    what: str
    who: str
    values: Mapping[str, float]


def burst(
    service: Service, contestants: Sequence[Contestant], folder: Path, *, rounds: int, objects: int
) -> Iterator[Figures]:
    """For each mix: a queue full of messages, and each in turn as fast as it can, in a new process for each round."""
    for mix in MIXES:
        count = objects // _HEAVY if mix.shipped == EVENTS else objects
        made = bodies(mix)
        seen: dict[str, list[Mapping[str, float]]] = {}
        for number in range(rounds):
            load = Load(made, keys(count, number))
            for one in contestants:
                seen.setdefault(one.name, []).append(_once(service, one, mix, load, folder))
            floor = {"CPU ms/object": floor_ms(service, load, _FLOOR_OBJECTS)}
            seen.setdefault("floor", []).append(floor)
        yield from (Figures(mix.name, who, medians(rounds_of)) for who, rounds_of in seen.items())


def unloaded(service: Service, contestants: Sequence[Contestant], folder: Path) -> Iterator[Figures]:
    """One mixed object at a time: how long from the notification until the sink has its records."""
    load = Load(bodies(MIXED), keys(_ARRIVALS, 0), one_by_one=True)
    for one in contestants:
        with one.run(service, MIXED, folder) as measured:
            service.put(load)
            waits = sorted(service.finish(len(load.keys), measured).waits[_ARRIVALS // 10 :])
        figures = {"p50 ms": waits[len(waits) // 2] * 1e3, "p99 ms": waits[len(waits) * 99 // 100] * 1e3}
        yield Figures("notification to accepted", one.name, figures)


def idle(service: Service, contestants: Sequence[Contestant], folder: Path) -> Iterator[Figures]:
    """An empty queue: what it costs to wait."""
    service.put(Load([b""], []))
    for one in contestants:
        with one.run(service, MIXED, folder) as measured:
            threading.Event().wait(3)
            before, began = measured.cpu_seconds(), time.monotonic()
            threading.Event().wait(_IDLE_SECONDS)
            share = (measured.cpu_seconds() - before) / (time.monotonic() - began)
            yield Figures("idle", one.name, {"CPU %": share * 100, "peak MiB": measured.peak_mib()})


def growth(service: Service, folder: Path, *, objects: int) -> Iterator[Figures]:
    """Ten times the objects, ten times their size, S3 that is slow, and more replicas on one queue."""
    agent, noise = Agent(), bodies(NOISE)
    plain = Load(noise, keys(objects, 1))
    yield Figures(f"{objects} objects of noise", agent.name, _once(service, agent, NOISE, plain, folder))
    many = Load(noise, keys(10 * objects, 2))
    yield Figures("ten times the objects", agent.name, _once(service, agent, NOISE, many, folder))
    large = Load(bodies(NOISE, events=10 * EVENTS), keys(objects // 2, 3))
    yield Figures("ten times their size", agent.name, _once(service, agent, NOISE, large, folder))
    for seconds in LATENCIES:
        slow = Load(noise, keys(5 * objects, 4), latency_seconds=seconds)
        yield Figures(f"S3 with {seconds * 1e3:.0f} ms", agent.name, _once(service, agent, NOISE, slow, folder))
    for replicas in (1, 2, 4):
        figures = _together(service, replicas, Load(noise, keys(5 * objects, 5), latency_seconds=LATENCIES[-1]), folder)
        yield Figures(f"{replicas} replicas, S3 with {LATENCIES[-1] * 1e3:.0f} ms", agent.name, figures)


def medians(rounds: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The median of each figure."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def _once(service: Service, one: Contestant, mix: Mix, load: Load, folder: Path) -> Mapping[str, float]:
    service.put(Load(load.bodies, keys(_WARM if mix.shipped < EVENTS else _WARM // _HEAVY, 10_000)))
    began = time.monotonic()
    with one.run(service, mix, folder) as measured:
        ready = time.monotonic() - began
        service.finish(_WARM if mix.shipped < EVENTS else _WARM // _HEAVY, measured)
        before = measured.cpu_seconds()
        service.put(load)
        state = service.finish(len(load.keys), measured)
        cpu = measured.cpu_seconds() - before
        return {**_rates(state, len(load.keys), cpu, mix), "peak MiB": measured.peak_mib(), "ready s": ready}


def _rates(state: State, count: int, cpu: float, mix: Mix) -> Mapping[str, float]:
    wall = state.done_at - state.put_at
    rates = {"objects/s": count / wall, "CPU ms/object": cpu / count * 1e3}
    return {**rates, "events/CPU s": mix.shipped * count / cpu} if mix.shipped else rates


def _together(service: Service, replicas: int, load: Load, folder: Path) -> Mapping[str, float]:
    service.put(Load([b""], []))
    with ExitStack() as stack:
        running = [stack.enter_context(Agent().run(service, NOISE, folder)) for _ in range(replicas)]
        before = [one.cpu_seconds() for one in running]
        service.put(load)
        state = service.finish(len(load.keys), running[0])
        cpu = sum(one.cpu_seconds() for one in running) - sum(before)
        return {**_rates(state, len(load.keys), cpu, NOISE), "peak MiB": max(map(Measured.peak_mib, running))}
