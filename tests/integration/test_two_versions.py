"""Two versions of the agent on one queue, as it is during an upgrade and a rollback."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import pytest

from agent.demo.generator import Generator
from agent.demo.trail_objects import TrailObject, pack, trail_key
from tests.support.archive import unpack
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import HttpReceiver

ROOT: Final = Path(__file__).parents[2]
BEFORE: Final = "3f6686d499c231acfa42ed74b4d3ddc0fb170594"
"""The version before: a commit, until there is a release."""
NOW: Final = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """What Python is started with to run the version before; it stands in the repository's history."""
    archive = subprocess.run(
        ["git", "archive", BEFORE, "agent"], cwd=ROOT, capture_output=True, check=False, timeout=30
    )
    if archive.returncode:
        pytest.skip(f"the repository's history is not here: {archive.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        unpack(packed, folder)
    code = f"import runpy, sys; sys.path.insert(0, {str(folder)!r}); runpy.run_module('agent', run_name='__main__')"
    return ("-c", code)


def _objects(count: int, seed: int) -> list[TrailObject]:
    rng = Random(seed)
    generator = Generator(rng, NOW)
    objects = []
    for _ in range(count):
        events = generator.generate(3, NOW)
        account, region = events[0].account, events[0].region
        body = pack([event.record for event in events])
        objects.append(TrailObject(trail_key(rng, account, region, NOW), body, tuple(events)))
    return objects


def test_an_upgrade_and_a_rollback_lose_nothing(cloud: Cloud, tmp_path: Path, before: tuple[str, ...]) -> None:
    """Both versions share one queue, each with work to do; what both ship is the same; the old one goes on alone."""
    shared, alone = _objects(24, seed=3), _objects(6, seed=4)
    with HttpReceiver() as old_sink, HttpReceiver() as new_sink:
        old_settings = cloud.settings(old_sink, workers=1, reads=1)
        new_settings = cloud.settings(new_sink, workers=1, reads=1)
        with (
            Daemon.run(tmp_path / "old", old_settings, program=before) as old,
            Daemon.ready(tmp_path / "new", new_settings) as new,
        ):
            eventually(lambda: old.get("/readyz").status == 200, "the old version is ready")
            for trail in shared * 2:
                cloud.world.put(trail.key, trail.body)
            eventually(cloud.is_idle, "the queue is empty")
            assert new.stop() == 0
            for trail in alone:
                cloud.world.put(trail.key, trail.body)
            eventually(cloud.is_idle, "the queue is empty again")
            assert old.stop() == 0
        told = defaultdict(set)
        for export in (*old_sink.exports, *new_sink.exports):
            for record in export.records:
                told[str(record.attributes["log.record.uid"])].add((record.body, *sorted(record.attributes.items())))
    assert old_sink.exports
    assert new_sink.exports
    assert set(told) == {event.event_id for trail in (*shared, *alone) for event in trail.events}
    assert [uid for uid, forms in told.items() if len(forms) > 1] == []
    assert cloud.dead_letters() == []
