"""Collector and store are stopped in the middle, each way, and started again: nothing is lost, the ledger balances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import pytest

from tests.stack.collector import Collector
from tests.stack.conftest import PathOf, Shown
from tests.stack.trail import Trail
from tests.stack.victoria_logs import VictoriaLogs
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.server import Server

ROUNDS = 12


@pytest.mark.timeout(300)
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_whatever_stops_in_the_middle_nothing_is_lost(
    cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown, protocol: str
) -> None:
    """While events flow, Collector and store are ended with SIGKILL and with SIGTERM: every event is in the store."""
    trail = Trail(cloud)
    with (
        VictoriaLogs.running(program("victoria-logs"), tmp_path / "store") as store,
        Collector.running(program("otelcol"), tmp_path / "collector", store.otlp) as collector,
    ):
        address = collector.grpc if protocol == "grpc" else collector.http
        settings = trail.settings(address, protocol, max_batch_records=10)
        with Daemon.ready(tmp_path / "agent", settings) as agent:
            for server, end in _interruptions(collector.server, store.server):
                is_under_way = _grows(agent)
                trail.write(ROUNDS)
                if end is Server.kill and server is store.server:
                    eventually(lambda: cloud.is_idle() and _is_written_down(store), "the store has written all of it")
                else:
                    eventually(is_under_way, "events are on their way")
                end(server)
                trail.write(ROUNDS)
                eventually(lambda: agent.metric("trail_agent_sink_up") == 0, "the agent sees it")
                server.start()
                eventually(lambda: agent.metric("trail_agent_sink_up") == 1, "the agent sees that it is back")
            eventually(cloud.is_idle, "all is settled")
            assert agent.ledger_balances()
            assert agent.metric("trail_agent_dead_letters_total") == 0
            assert agent.stop() == 0
        held = _held(store, len(trail.events))
    assert {*held} == {*trail.events}
    repeats = held.total() - len(held)
    shown(f"{protocol}: {len(trail.events)} events, 4 interruptions; {repeats} came twice")
    assert cloud.dead_letters() == []


def _interruptions(collector: Server, store: Server) -> Iterable[tuple[Server, Callable[[Server], object]]]:
    """The store says yes to what it holds in memory, for a second here: it is killed when it has written that down."""
    return product((collector, store), (Server.kill, Server.stop))


def _is_written_down(store: VictoriaLogs) -> bool:
    return store.metric('vl_storage_rows{type="storage/inmemory"}') == 0


def _grows(agent: Daemon) -> Callable[[], bool]:
    """Whether more events are exported than now."""
    before = agent.metric("trail_agent_events_total", fate="exported")
    return lambda: agent.metric("trail_agent_events_total", fate="exported") > before


def _held(store: VictoriaLogs, count: int) -> Counter[str]:
    """How often the store holds each record, once it shows so many."""
    eventually(lambda: len({*store.uids()}) >= count, "the store shows all of it")
    return Counter(store.uids())
