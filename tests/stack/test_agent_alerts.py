"""Each critical alert about the agent itself: its state is brought about, and then, not before, somebody is told."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.stack.alerting import Watch
from tests.stack.causes import STATES, Cause
from tests.stack.conftest import PathOf, Shown
from tests.stack.trail import Trail
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.objects import trail_key
from tests.support.otlp_receiver import HttpReceiver, HttpReply

GONE: Final = "acme-trail-that-is-gone"
DAY: Final = 86_400


@dataclass(slots=True)
class Scene:
    """An agent under watch, and what can be done to it."""

    cloud: Cloud
    trail: Trail
    agent: Daemon
    sink_is_down: bool = False

    def write(self) -> None:
        """An event happens that wakes nobody."""
        self.trail.write_file(*Cause("codecatalyst", "CreateDevEnvironment").events(self.cloud))

    def end(self) -> None:
        """The process is gone."""
        self.agent.child.kill()

    def take_the_sink_away(self) -> None:
        """The sink answers nothing but 503, while events come."""
        self.sink_is_down = True
        self.write()

    def take_a_bucket_away(self) -> None:
        """A message names an object in a bucket that is listed, and that S3 does not know."""
        self.cloud.world.send(f'{{"s3Bucket":"{GONE}","s3ObjectKey":["{trail_key()}"]}}')


@contextmanager
def scene(cloud: Cloud, folder: Path) -> Iterator[Scene]:
    """Run an agent that reads a bucket, and has a second one on its list."""
    trail = Trail(cloud)
    playing: list[Scene] = []

    def rule(_export: object) -> HttpReply | None:
        return HttpReply(503) if playing and playing[0].sink_is_down else None

    with HttpReceiver(rule=rule) as sink:
        settings = trail.settings(sink.url)
        settings["buckets"].append({"name": GONE})
        with Daemon.ready(folder / "agent", settings) as agent:
            playing.append(Scene(cloud, trail, agent))
            yield playing[0]


CAUSES: Final[Mapping[str, Callable[[Scene], None]]] = {
    "TrailAgentDown": Scene.end,
    "TrailAgentSinkDown": Scene.take_the_sink_away,
    "TrailAgentQueueRetentionRisk": Scene.take_the_sink_away,
    "TrailAgentWaiting": Scene.take_a_bucket_away,
}
"""What is done so that each alert fires; the queue of these tests keeps a message for a minute."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", sorted(CAUSES))
def test_a_state_of_the_agent_is_told(cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown, name: str) -> None:
    """A healthy agent pages nobody. If it is gone, waits for its sink or a bucket, or is late, somebody is paged."""
    for needed in ("prometheus", "alertmanager"):
        program(needed)
    cloud.sqs.set_queue_attributes(QueueUrl=cloud.world.queue_url, Attributes={"MessageRetentionPeriod": "60"})
    with scene(cloud, tmp_path) as on, Watch.over(on.agent.address(), tmp_path) as watch:
        on.write()
        eventually(cloud.is_idle, "all is settled")
        watch.looks_again()
        assert watch.webhook.paged() == []
        CAUSES[name](on)
        eventually(lambda: watch.is_paged(name), "somebody is paged", 120)
        paged = watch.webhook.paged()
    assert [one for one in paged if not one.is_readable()] == []
    assert {one.name for one in paged} <= STATES
    shown(next(one.annotations["summary"] for one in paged if one.name == name))


def test_a_dead_letter_of_last_week_is_told(cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown) -> None:
    """Prometheus remembers that the dead-letter queue was never empty for a week: somebody is paged."""
    for needed in ("prometheus", "alertmanager"):
        program(needed)
    cloud.account.send(cloud.world.dead_letter_url, "not json")
    history = _history(program("promtool"), tmp_path, "trail_agent:dead_letters", days=9)
    with scene(cloud, tmp_path) as on, Watch.over(on.agent.address(), tmp_path, history=history) as watch:
        eventually(lambda: watch.is_paged("TrailAgentDeadLettersOld"), "somebody is paged")
        [told] = watch.webhook.paged()
    assert told.is_readable()
    shown(told.annotations["summary"])


def _history(promtool: str, folder: Path, name: str, *, days: int) -> Path:
    """Blocks of a series that was 1 each minute for so many days, until five minutes ago."""
    now, blocks, text = int(time.time()), folder / "history", folder / "history.om"
    samples = (f"{name} 1 {at}" for at in range(now - days * DAY, now - 300, 60))
    text.write_text("\n".join([f"# TYPE {name} gauge", *samples, "# EOF", ""]), encoding="utf-8")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(blocks)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return blocks
