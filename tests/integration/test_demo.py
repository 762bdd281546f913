"""The demo as a newcomer runs it, and the emulated world and the receiver that other tests may use too."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from agent.cli.app import app
from agent.demo import shown_daemon
from agent.demo.generator import OPENING_SIZE, Generator
from agent.demo.receiver import Receiver
from agent.demo.shown_daemon import DaemonEndedError, ShownDaemon
from agent.demo.trail_objects import pack, trail_key
from agent.demo.world import World
from agent.model import ObjectSource
from agent.signals import Stopping
from agent.sink.otlp.encode import Encoder
from tests.support.clock import eventually
from tests.support.records import open_mapper

NOW = datetime(2023, 5, 18, 17, 10, 50, tzinfo=UTC)
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
LINE = re.compile(r"^\d\d:\d\d:\d\d  ")
PATIENCE_SECONDS = 90


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`trail-agent demo` in an environment that must not matter to it, with `folder` for its temporary files."""
    hostile = {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "TRAIL_AGENT_WORKERS": "none"}
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "demo", *arguments],
        env=os.environ | hostile | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
    watchdog.start()
    try:
        with process:
            yield process
    finally:
        watchdog.cancel()


def answers(port: str) -> bool:
    """Whether anything listens on `port` of loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    try:
        connection.connect()
    except OSError:
        return False
    else:
        return True
    finally:
        connection.close()


def post(endpoint: str, body: bytes, path: str = "/v1/logs", encoding: str = "identity") -> int:
    """Send one OTLP request and return the status of the answer."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=5)
    connection.request("POST", path, body, {"Content-Encoding": encoding})
    status = connection.getresponse().status
    connection.close()
    return status


def request_of(count: int) -> bytes:
    """An export request of `count` generated records."""
    mapper, source = open_mapper(), ObjectSource("bucket", "key", "111122223333", 0)
    events = Generator(Random(1), NOW).generate(count)
    return Encoder({}, "1").payload([mapper.to_record(event.record, source) for event in events])


def test_once_shows_every_event_and_succeeds(tmp_path: Path) -> None:
    """`demo --once` prints a line for each event in the order of time and exits 0, whatever the environment."""
    with running_demo(tmp_path, "--once") as demo:
        output, _ = demo.communicate()
    assert demo.returncode == 0, output
    times = [line[:8] for line in output.splitlines() if LINE.match(line)]
    assert len(times) == OPENING_SIZE
    assert times == sorted(times, key=lambda time: (time < times[0], time))  # one story, though midnight may pass in it
    assert "every one arrived, exactly once" in output
    assert "(root): DeleteConnection in AnyCompany" in output
    assert "AnyOrganization: nothing since" in output
    assert output.count(": CreateDevEnvironment in ") == 1
    assert "\x1b" not in output
    assert list(tmp_path.iterdir()) == []


def test_other_profiles_are_mixed_in_and_compared(tmp_path: Path) -> None:
    """`--profiles` shows a line of each, with a mark for what is critical; names of services and series agree."""
    with running_demo(tmp_path, "--once", "--profiles", "codeconnections,identity,pipeline,trail_guard") as demo:
        assert demo.stdout is not None
        output = demo.stdout.read()
    assert demo.returncode == 0, output
    for event in ("! sso.CreatePermissionSet", "! cloudtrail.StopLogging", "! codeconnections.CreateHost"):
        assert event in output
    assert "codebuild.StartBuild" in output
    assert "events written, every one arrived, exactly once" in output


def test_once_with_a_sink_of_ones_own_is_judged_by_the_counters(tmp_path: Path) -> None:
    """`--otlp-endpoint` ships there, and `--once` succeeds when the daemon has counted each event under its labels."""
    with Receiver.start() as receiver, running_demo(tmp_path, "--once", "--otlp-endpoint", receiver.endpoint) as demo:
        output, _ = demo.communicate()
        arrived = 0
        while records := receiver.take(0.1):
            arrived += len(records)
    assert demo.returncode == 0, output
    assert arrived == OPENING_SIZE
    assert "LogQL" in output


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_demo_and_all_it_started(tmp_path: Path, ending: signal.Signals) -> None:
    """On SIGTERM as on Ctrl-C the daemon drains, every process ends, and no temporary file stays."""
    with running_demo(tmp_path) as demo:
        assert demo.stdout is not None
        seen = []
        for line in demo.stdout:
            seen.append(line)
            if LINE.match(line):
                demo.send_signal(ending)
                break
        seen.extend(demo.stdout)
    output = "".join(seen)
    assert demo.returncode == 0, output
    assert "the daemon has stopped cleanly" in output
    assert "Traceback" not in output
    ports = ADDRESS.findall(output)
    assert len(set(ports)) == 3
    assert not any(answers(port) for port in ports)
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_dies_is_reported_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the daemon ends by itself, its exit code and the end of its log reach whoever watches."""
    monkeypatch.setattr(shown_daemon, "_COMMAND", ("-c", "import sys; sys.exit('out of paper')"))
    with World.start() as world, ShownDaemon.start(world, "http://127.0.0.1:1", tmp_path) as dying:
        with pytest.raises(DaemonEndedError, match="exit code 1") as caught:
            dying.await_ready(Stopping())
        assert caught.value.last_lines == ["out of paper"]


def test_the_world_notifies_its_queue_of_each_object() -> None:
    """An object under the trail's prefix becomes a message, one elsewhere does not, and nothing starts out dead."""
    with World.start() as world:
        before = world.queue_depth().total
        world.put(trail_key(Random(1), "111122223333", "us-west-2", NOW), pack([b"{}"]))
        world.put("elsewhere/object.json.gz", pack([b"{}"]))
        assert world.queue_depth().visible == before + 1
        world.send("not a notification")
        assert world.queue_depth().visible == before + 2
        assert world.dead_letter_depth().total == 0
        port = str(urlsplit(world.endpoint).port)
        assert answers(port)
    assert not answers(port)


def test_the_receiver_hands_over_what_was_exported() -> None:
    """The records of an accepted request can be taken once, in their order."""
    with Receiver.start() as receiver:
        assert post(receiver.endpoint, request_of(3)) == 200
        assert [record.event_name for record in receiver.take(5)] == [
            "codecatalyst.GetPendingConnection",
            "codecatalyst.AcceptConnection",
            "codecatalyst.GetBillingAuthorization",
        ]
        assert receiver.take(0) == []


@pytest.mark.parametrize(
    ("body", "path", "encoding", "status"),
    [
        (b"\xff\xff\xff", "/v1/logs", "identity", 400),
        (b"not gzip", "/v1/logs", "gzip", 400),
        (gzip.compress(bytes(65 * 1024 * 1024), 1, mtime=0), "/v1/logs", "gzip", 413),
        (b"", "/v1/traces", "identity", 404),
    ],
    ids=["not protobuf", "not gzip", "inflates too far", "not logs"],
)
def test_the_receiver_refuses_what_is_no_log_export(body: bytes, path: str, encoding: str, status: int) -> None:
    """A request that cannot be understood, or not within bounds, is told so and leaves nothing behind."""
    with Receiver.start() as receiver:
        assert post(receiver.endpoint, body, path, encoding) == status
        assert receiver.take(0) == []


def test_a_receiver_that_nobody_reads_asks_for_patience() -> None:
    """Requests beyond what it may hold are answered 503, and accepted again once there is room."""
    with Receiver.start() as receiver:
        statuses = [post(receiver.endpoint, request_of(1)) for _ in range(257)]
        assert statuses == [200] * 256 + [503]
        receiver.take(0)
        assert post(receiver.endpoint, request_of(1)) == 200


@pytest.mark.parametrize("endpoint", ["foo", "", "http://[::1", "http://u:s3cret@localhost:4317"])
def test_an_endpoint_that_cannot_be_shipped_to_is_a_usage_error(endpoint: str) -> None:
    """It is refused by the name of its option, before anything is started or shown."""
    result = CliRunner().invoke(app, ["demo", "--otlp-endpoint", endpoint])
    assert result.exit_code == 2
    assert "--otlp-endpoint" in result.stderr
    assert result.stdout == ""
    assert "s3cret" not in result.output


def test_nothing_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    """On SIGKILL the demo can end nothing itself; the emulator and the daemon notice, and end."""
    with running_demo(tmp_path) as demo:
        assert demo.stdout is not None
        seen = []
        for line in demo.stdout:
            seen.append(line)
            if LINE.match(line):
                demo.kill()
                break
    ports = set(ADDRESS.findall("".join(seen)))
    assert len(ports) == 3
    eventually(lambda: not any(answers(port) for port in ports), "emulator and daemon have ended")
