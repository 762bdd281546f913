"""The worst day: the real process, with its default limits, amid objects and messages that are made to hurt it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from agent.demo.trail_objects import TrailObject
from tests.integration import hostile
from tests.integration.hostile import Hostile, Stage, forged_messages, good_objects, hostile_objects
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import HttpReceiver

_MOST_MIB: Final = 700
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def peak_mib(agent: Daemon) -> float:
    """The most memory that the daemon has had at once."""
    found = _PEAK.search(Path(f"/proc/{agent.child.process.pid}/status").read_text(encoding="utf-8"))
    assert found
    return int(found[1]) / 1024


def reasons(letters: list[Mapping[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """The reason on each dead letter, by the object's key or the message's text, as `Stage.reasons` has them.

    A queue may hand a message out twice, and then it is put aside twice: for the same reason.
    """
    found: dict[str, str] = {}
    for letter in letters:
        told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
        name = letter["Body"] if letter["Body"] in known else told["key"]
        assert found.setdefault(name, told["reason"]) == told["reason"]
    return found


@pytest.mark.row(11)
@pytest.mark.row(17)
def test_the_good_arrive_among_hostile_objects_and_forged_messages(
    cloud: Cloud, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every bad one is put aside for its reason, nothing is read elsewhere, and memory stays within 700 MiB.

    After each handful of bad ones a good one is let through alone: ten dead letters in a row would mean something else.
    """
    stage, good = Stage(cloud), good_objects(10)
    bad = [*hostile_objects(), *forged_messages(cloud.world.bucket, good[0])]
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink, **hostile.settings(cloud))) as agent:
        for number in range(4):
            pieces: list[TrailObject | Hostile] = [good[number], *bad[number::4], good[4 + number]]
            for piece in pieces:
                stage.put(piece)
            eventually(cloud.is_idle, "a handful is settled")
            if number < 2:
                stage.put(good[8 + number])
                eventually(cloud.is_idle, "a good one passes alone")
        peak = peak_mib(agent)
        assert agent.get("/livez").status == 200
        assert agent.get("/readyz").status == 200
        assert agent.ledger_balances()
        assert agent.metric("trail_agent_dead_letters_total") >= len(bad) == 16
        assert agent.metric("trail_agent_in_flight_bytes") == 0
        assert not agent.said("worker_failed")
        assert agent.stop() == 0
    record_property("peak_mib", round(peak))
    assert peak < _MOST_MIB
    assert reasons(cloud.dead_letters(), stage.reasons) == stage.reasons
    arrived = {str(record.attributes["log.record.uid"]): record for each in sink.exports for record in each.records}
    written = {event.event_id: event for each in good for event in each.events}
    assert set(arrived) == set(written)
    assert all(json.loads(arrived[name].body) == json.loads(event.record) for name, event in written.items())
    assert not set(arrived) & {event.event_id for event in stage.secret.events}
