"""A stop while S3 brings nothing: what stands still is given back within a second, and what gets on is finished."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from agent.demo.trail_objects import trail_key
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.events import event, noise
from tests.support.otlp_receiver import Export, HttpReceiver
from tests.support.recorded_aws import RecordedAws, Reply, Request

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
GRACE_SECONDS = 25
SOON_SECONDS = 5  # a second, and what a busy machine adds
LARGE = [noise("n") | {"requestParameters": {"text": "x" * 200_000}}] * 12  # no object of this size is read at once


class _Stalling(RecordedAws):
    """A door behind which objects stand still: before their head if `is_mute`, else amid their body.

    `stalls` tells which: by the path, and how often it was asked for. With a `status`, that is their answer. `slow` is
    the end of the path of an object that comes a piece at a time, with so many seconds between.
    """

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.stalls: Callable[[str, int], bool] = lambda _path, _times: False
        self.is_mute = True
        self.status = 0
        self.slow = ("nothing", 0.0)
        self.held: list[str] = []
        self.came_slowly: list[str] = []
        self.released = threading.Event()
        self._asked: Counter[str] = Counter()

    def passed(self, request: Request) -> Reply:
        """Hand it on, sooner or later."""
        self._asked[request.path] += 1
        if request.path.endswith(self.slow[0]):
            self.came_slowly.append(request.path)
            reply = super().passed(request)
            return replace(reply, amid=lambda: self.released.wait(self.slow[1]))
        if request.method != "GET" or not self.stalls(request.path, self._asked[request.path]):
            return super().passed(request)
        if self.status:
            self.held.append(request.path)
            return Reply(self.status, [("Content-Length", "0"), ("x-amz-request-id", "1")], b"")
        if self.is_mute:
            self._hold(request.path)
            return super().passed(request)
        reply = super().passed(request)
        return replace(reply, amid=lambda: self._hold(request.path))

    def _hold(self, path: str) -> None:
        self.held.append(path)
        self.released.wait(DEADLINE_SECONDS)


def _put(cloud: Cloud, name: str, *, large: bool = False) -> None:
    """An object with one event of this name; if it is large, with much noise."""
    entries = [event(name), *(LARGE if large else ())]
    body = gzip.compress(json.dumps({"Records": entries}).encode(), 0 if large else 6, mtime=0)
    cloud.world.put(_key(name), body)


def _key(name: str) -> str:
    return trail_key(Random(name), "111122223333", "us-west-2", NOW)


def _ids(exports: list[Export]) -> set[str]:
    return {str(record.attributes["log.record.uid"]) for export in exports for record in export.records}


def _seconds_to_stop(agent: Daemon) -> float:
    begun = time.monotonic()
    agent.child.process.terminate()
    assert agent.child.wait(DEADLINE_SECONDS) == 0
    return time.monotonic() - begun


@pytest.mark.row(28)
@pytest.mark.parametrize("is_mute", [True, False], ids=["head", "body"])
@pytest.mark.parametrize("large", [False, True], ids=["at once", "in the pool"])
def test_a_stop_breaks_off_what_brings_nothing(cloud: Cloud, tmp_path: Path, large: bool, is_mute: bool) -> None:
    """Its message is visible at once, others are delivered, and nobody waits for the grace."""
    with HttpReceiver() as sink, _Stalling.before(cloud.world.endpoint, {}) as door:
        settings = cloud.settings(sink, aws={"endpoint_url": door.url}, shutdown_grace_seconds=GRACE_SECONDS)
        with Daemon.ready(tmp_path, settings) as agent:
            _put(cloud, "first")
            eventually(lambda: _ids(sink.exports) == {"first"} and cloud.is_idle(), "the first one is delivered")
            door.is_mute = is_mute
            door.stalls = lambda _, times: times > large  # what is large is asked for a second time, by another way
            _put(cloud, "late", large=large)
            eventually(lambda: door.held, "a worker waits for the object")
            assert _seconds_to_stop(agent) < SOON_SECONDS
            assert agent.said("stopped")
        door.released.set()
        depth = cloud.world.queue_depth()
        assert (depth.in_flight, depth.visible) == (0, 1)
        assert _ids(sink.exports) == {"first"}
    assert cloud.dead_letters() == []


@pytest.mark.row(28)
@pytest.mark.parametrize("large", [False, True], ids=["at once", "in the pool"])
def test_a_stop_finishes_what_gets_on(cloud: Cloud, tmp_path: Path, large: bool) -> None:
    """An object that comes slowly, for longer than a second, is delivered; one beside it that stands still is not."""
    with HttpReceiver() as sink, _Stalling.before(cloud.world.endpoint, {}) as door:
        settings = cloud.settings(sink, aws={"endpoint_url": door.url}, shutdown_grace_seconds=GRACE_SECONDS)
        with Daemon.ready(tmp_path, settings) as agent:
            _put(cloud, "first")
            eventually(lambda: _ids(sink.exports) == {"first"} and cloud.is_idle(), "the first one is delivered")
            door.slow = (_key("slow").rpartition("/")[2], 0.4)
            _put(cloud, "slow", large=large)
            eventually(lambda: len(door.came_slowly) > large, "it begins to come")
            door.stalls = lambda path, times: times > large and not path.endswith(door.slow[0])
            _put(cloud, "late", large=large)
            eventually(lambda: door.held, "a worker waits for the other object")
            assert 1 < _seconds_to_stop(agent) < 2 * SOON_SECONDS
        door.released.set()
        depth = cloud.world.queue_depth()
        assert (depth.in_flight, depth.visible) == (0, 1)
        assert _ids(sink.exports) == {"first", "slow"}
    assert cloud.dead_letters() == []


@pytest.mark.row(28)
def test_a_stop_breaks_off_what_waits_for_its_bucket(cloud: Cloud, tmp_path: Path) -> None:
    """S3 answers 503 to every read: a stop waits for no retry, and the message is visible at once."""
    with HttpReceiver() as sink, _Stalling.before(cloud.world.endpoint, {}) as door:
        settings = cloud.settings(sink, aws={"endpoint_url": door.url}, shutdown_grace_seconds=GRACE_SECONDS)
        with Daemon.ready(tmp_path, settings) as agent:
            door.status, door.stalls = 503, lambda *_: True
            _put(cloud, "late")
            eventually(lambda: agent.said("gate_closed"), "the bucket is waited for")
            assert _seconds_to_stop(agent) < SOON_SECONDS
        depth = cloud.world.queue_depth()
        assert (depth.in_flight, depth.visible) == (0, 1)
    assert cloud.dead_letters() == []
