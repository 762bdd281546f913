"""Faults that need a process or a socket: what the daemon itself does when the world around it fails."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from agent.demo.environment import isolated
from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply
from tests.support.recorded_aws import RecordedAws, Reply, Request

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def _produce(cloud: Cloud, objects: int, *, seed: int = 1) -> set[str]:
    """So many objects of three events each; returns the ids of the events."""
    rng = Random(seed)
    generator, written = Generator(rng, NOW), set[str]()
    for _ in range(objects):
        events = generator.generate(3, NOW)
        cloud.world.put(trail_key(rng, "111122223333", "us-west-2", NOW), pack(event.record for event in events))
        written |= {event.event_id for event in events}
    return written


def _ids(*exports: Export) -> set[str]:
    return {str(record.attributes["log.record.uid"]) for export in exports for record in export.records}


class _Refusing(BaseHTTPRequestHandler):
    """An SQS that denies whatever is asked of it."""

    def do_POST(self) -> None:
        """Answer as SQS does to a role without the permission."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform"}'
        self.send_response(403)
        self.send_header("x-amzn-query-error", "AccessDenied;Sender")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def _refusing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _settings_of_a_refused(endpoint: str) -> dict[str, Any]:
    return {
        "queue": {"url": f"{endpoint}/111122223333/trail-agent", "region": "us-west-2"},
        "buckets": [{"name": "acme-trail"}],
        "http": {"listen": "127.0.0.1:0"},
        "log": {"format": "json"},
        "aws": {"endpoint_url": endpoint},
    }


@pytest.mark.row(2)
def test_a_queue_that_denies_access_at_the_start_is_asked_again(tmp_path: Path) -> None:
    """The daemon lives, is unready with SQS's own words, says once what to do, and still stops with 0."""
    with _refusing() as endpoint, Daemon.run(tmp_path, _settings_of_a_refused(endpoint)) as agent:
        denied = {"operation": "GetQueueAttributes", "result": "denied"}
        eventually(lambda: agent.metric("trail_agent_sqs_requests_total", **denied) >= 2, "it is asked again")
        assert agent.get("/livez").status == 200
        assert agent.get("/readyz").status == 503
        assert "AccessDenied" in agent.get("/readyz").text
        (line,) = (line for line in agent.events() if line["event"] == "queue_down")
        assert line["level"] == "error"
        assert "allow the SQS actions" in line["hint"]
        assert agent.stop() == 0


@pytest.mark.row(2)
def test_require_healthy_ends_with_69_if_the_queue_denies_access(tmp_path: Path) -> None:
    """With --require-healthy the first refusal ends the start, and the message names the setting."""
    with (
        _refusing() as endpoint,
        Daemon.run(tmp_path, _settings_of_a_refused(endpoint), "--require-healthy") as agent,
    ):
        assert agent.child.wait(DEADLINE_SECONDS) == 69
        assert "queue.url" in agent.log_text()


@pytest.mark.row(28)
def test_a_stop_under_load_loses_nothing_and_hides_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """SIGTERM amid exports ends with 0 in the grace; what was not delivered is visible at once, and delivered next."""
    written = _produce(cloud, 60)
    slow = threading.Event()

    def stall(export: Export) -> HttpReply | None:
        if len(export.records) and len(receiver.exports) > 3:
            slow.wait(1.0)
        return HttpReply(status=503) if len(receiver.exports) > 5 else None

    with HttpReceiver(rule=stall) as receiver:
        with Daemon.ready(tmp_path, cloud.settings(receiver, shutdown_grace_seconds=4, workers=2)) as agent:
            eventually(lambda: len(receiver.exports) > 5, "the sink is at work")
            begun = time.monotonic()
            assert agent.stop() == 0
            assert time.monotonic() - begun < 4 + 2
            assert agent.said("draining")
        depth = cloud.world.queue_depth()
        assert (depth.in_flight, depth.visible > 0) == (0, True)
        delivered = _ids(*receiver.exports)
    with HttpReceiver() as sink, Daemon.ready(tmp_path / "next", cloud.settings(sink)) as agent:
        eventually(cloud.is_idle, "the next daemon delivers the rest")
        assert agent.stop() == 0
        assert delivered | _ids(*sink.exports) == written
    assert cloud.dead_letters() == []


class _Holding(RecordedAws):
    """A door that keeps back the next object that is asked for, once `holds` is set, until it is `released`."""

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.holds = threading.Event()
        self.held = ""
        self.released = threading.Event()

    def passed(self, request: Request) -> Reply:
        """Hand it on, sooner or later."""
        if self.holds.is_set() and request.method == "GET" and not self.held:
            self.held = request.path
        if request.path == self.held:
            self.released.wait(DEADLINE_SECONDS)
        return super().passed(request)


def test_an_object_that_does_not_come_stops_no_others(cloud: Cloud, tmp_path: Path) -> None:
    """Little else is going on, so one worker is enough; while it waits for S3, others ask the queue."""
    with HttpReceiver() as sink, _Holding.before(cloud.world.endpoint, {}) as door:
        with Daemon.ready(tmp_path, cloud.settings(sink, aws={"endpoint_url": door.url})) as agent:
            first = _produce(cloud, 1)
            eventually(lambda: _ids(*sink.exports) == first, "the agent has shown that it can finish a message")
            door.holds.set()
            late = _produce(cloud, 1, seed=2)
            eventually(lambda: door.held, "a worker waits for the object")
            others = _produce(cloud, 3, seed=3)
            eventually(lambda: _ids(*sink.exports) >= others, "others are delivered meanwhile", 20)
            assert not _ids(*sink.exports) & late
            door.released.set()
            eventually(cloud.is_idle, "all is delivered")
            assert agent.stop() == 0
        assert _ids(*sink.exports) == first | late | others
    assert cloud.dead_letters() == []


def test_the_first_object_of_a_process_stops_no_others(cloud: Cloud, tmp_path: Path) -> None:
    """A process that has not finished a message holds one; but if S3 lets that one wait, it takes another."""
    cloud.sqs.purge_queue(QueueUrl=cloud.world.queue_url)  # S3's test event would be the first message
    written = _produce(cloud, 12)
    with HttpReceiver() as sink, _Holding.before(cloud.world.endpoint, {}) as door:
        door.holds.set()
        with Daemon.ready(tmp_path, cloud.settings(sink, aws={"endpoint_url": door.url})) as agent:
            eventually(lambda: door.held, "a worker waits for the object")
            eventually(lambda: len(_ids(*sink.exports)) == len(written) - 3, "others are delivered meanwhile", 20)
            door.released.set()
            eventually(cloud.is_idle, "all is delivered")
            assert agent.stop() == 0
        assert _ids(*sink.exports) == written
    assert cloud.dead_letters() == []


class _Odd(RecordedAws):
    """A door that changes the answers to some operations, or to all reads of objects."""

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.last_modified = ""
        self.bodies: dict[str, bytes] = {}

    def passed(self, request: Request) -> Reply:
        """Hand it on, and change the answer."""
        reply, asked = super().passed(request), request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if body := self.bodies.get(asked):
            return Reply(
                200, [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(body)))], body
            )
        if self.last_modified and request.method == "GET":
            headers = [pair for pair in reply.headers if pair[0].lower() != "last-modified"]
            return replace(reply, headers=[*headers, ("Last-Modified", self.last_modified)])
        return reply


@pytest.mark.row(88)
def test_an_object_is_read_whatever_its_last_modified_says(cloud: Cloud, tmp_path: Path) -> None:
    """The events have times of their own: what is wrong with that header keeps nobody from reading them."""
    with HttpReceiver() as sink, _Odd.before(cloud.world.endpoint, {}) as door:
        door.last_modified = "garbage"
        with Daemon.ready(tmp_path, cloud.settings(sink, aws={"endpoint_url": door.url})) as agent:
            written = _produce(cloud, 2)
            eventually(cloud.is_idle, "all is delivered")
            assert agent.stop() == 0
        assert _ids(*sink.exports) == written
    assert cloud.dead_letters() == []


@pytest.mark.row(88)
@pytest.mark.parametrize("body", [b"null", b"[]", b'{"Messages":[1]}', b'{"Messages":[{}]}', b"\xff"])
def test_a_queue_whose_answers_cannot_be_read_is_waited_for(cloud: Cloud, tmp_path: Path, body: bytes) -> None:
    """It is told as a queue that does not answer, and no bug; when it answers again, all is delivered."""
    with HttpReceiver() as sink, _Odd.before(cloud.world.endpoint, {}) as door:
        with Daemon.ready(tmp_path, cloud.settings(sink, aws={"endpoint_url": door.url})) as agent:
            eventually(cloud.is_idle, "S3's test event is gone")
            door.bodies["ReceiveMessage"] = body
            eventually(lambda: agent.said("queue_down"), "the queue is told to be down")
            door.bodies.clear()
            written = _produce(cloud, 2)
            eventually(cloud.is_idle, "all is delivered")
            assert agent.stop() == 0
            assert not agent.said("worker_failed")
        assert _ids(*sink.exports) == written


@pytest.mark.row(28)
def test_a_message_that_a_long_poll_brings_after_the_stop_is_visible_at_once(cloud: Cloud, tmp_path: Path) -> None:
    """SIGTERM while idle ends with 0 in the grace; what arrives meanwhile is neither processed nor kept hidden."""
    queue = {"url": cloud.world.queue_url, "region": "us-west-2", "wait_seconds": 5}
    with HttpReceiver() as sink:
        settings = cloud.settings(sink, queue=queue, workers=1, shutdown_grace_seconds=8)
        with Daemon.ready(tmp_path, settings) as agent:
            eventually(cloud.is_idle, "S3's test event is gone")
            polls = _polls(agent)
            eventually(lambda: _polls(agent) > polls, "a long poll has ended, and the next one begins")
            agent.child.process.terminate()
            eventually(lambda: agent.said("draining"), "the daemon drains")
            _produce(cloud, 1)
            assert agent.child.wait(DEADLINE_SECONDS) == 0
        assert _ids(*sink.exports) == set()
        depth = cloud.world.queue_depth()
        assert (depth.in_flight, depth.visible) == (0, 1)


def _polls(agent: Daemon) -> float:
    return agent.metric("trail_agent_sqs_requests_total", operation="ReceiveMessage")


@pytest.mark.row(29)
def test_a_process_with_hardly_any_memory_delivers_all(cloud: Cloud, tmp_path: Path) -> None:
    """With room for less than one read, and four workers that want to read it all, every object gets its turn."""
    written = _produce(cloud, 12)
    with HttpReceiver() as sink:
        settings = cloud.settings(sink, limits={"in_flight_bytes": 1_100_000})
        with Daemon.run(tmp_path, settings) as agent:
            eventually(cloud.is_idle, "the queue is empty")
            assert agent.metric("trail_agent_in_flight_bytes") == 0
            assert agent.ledger_balances()
            assert agent.stop() == 0
        assert _ids(*sink.exports) == written
    assert cloud.dead_letters() == []


@pytest.mark.row(33)
def test_hundreds_of_silent_clients_do_not_touch_the_pipeline(cloud: Cloud, tmp_path: Path) -> None:
    """With two hundred connections that say nothing or drip, events flow, a probe is answered, threads are bounded."""
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent, ExitStack() as clients:
        host, _, port = agent.address().rpartition(":")
        before = _threads(agent)
        for number in range(200):
            client = clients.enter_context(socket.create_connection((host, int(port)), timeout=5))
            client.sendall(b"GET /metrics HTTP/1.1\r\n"[: number % 24])
        written = _produce(cloud, 10)
        eventually(lambda: len(_ids(*sink.exports)) == len(written), "events flow")
        assert agent.get("/livez").status == 200
        assert agent.get("/readyz").status == 200
        assert _threads(agent) <= before + 40
        eventually(cloud.is_idle, "the queue is empty")
        assert agent.stop() == 0
        assert _ids(*sink.exports) == written


def _threads(agent: Daemon) -> int:
    status = Path(f"/proc/{agent.child.process.pid}/status").read_text(encoding="utf-8")
    return int(status.partition("Threads:")[2].split()[0])


_WITHOUT_A_DISK = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sys.argv = ["trail-agent", "run", "-c", sys.argv[1]]
runpy.run_module("agent", run_name="__main__", alter_sys=True)
"""


@pytest.mark.row(34)
def test_a_process_that_cannot_write_a_byte_to_any_disk_works(cloud: Cloud, tmp_path: Path) -> None:
    """With a file size limit of 0, and a home and a temporary folder that do not exist, all is delivered."""
    config, nowhere = tmp_path / "agent.yaml", tmp_path / "nowhere"
    written = _produce(cloud, 10)
    environment = {**isolated(), "HOME": str(nowhere), "TMPDIR": str(nowhere), "XDG_CACHE_HOME": str(nowhere)}
    with HttpReceiver() as sink:
        config.write_text(yaml.safe_dump(cloud.settings(sink)), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-c", _WITHOUT_A_DISK, str(config)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            eventually(cloud.is_idle, "the queue is empty")
            assert _files_open_for_writing(process.pid) == []
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0
        assert _ids(*sink.exports) == written
    lines = [json.loads(line) for line in said.decode().splitlines()]
    assert [line for line in lines if line["level"] in {"warning", "error"}] == []
    assert [path.name for path in tmp_path.iterdir()] == ["agent.yaml"]


def _files_open_for_writing(pid: int) -> list[str]:
    """The regular files to which a process could write now."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        flags = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text(encoding="utf-8").partition("flags:")[2]
        writable = int(flags.split()[0], 8) & os.O_ACCMODE != os.O_RDONLY
        if writable and descriptor.is_file():
            found.append(str(descriptor.readlink()))
    return found


_BLACK_HOLE = """
import socket, threading
from agent.telemetry import health
from agent.waiting import lookups
system = socket.getaddrinfo
def hang(host, *arguments, **options):
    if str(host)[:1].isdigit():
        return system(host, *arguments, **options)
    threading.Event().wait()
socket.getaddrinfo = hang
health.STILL_SECONDS, lookups._SECONDS = 10.0, 1.0  # six or eight times as fast
from agent.__main__ import main
main()
"""


@pytest.mark.row(52)
def test_a_resolver_that_never_answers_does_not_stop_the_heart(tmp_path: Path) -> None:
    """The process asks for its queue again and again, is alive all the while, tells the fault, and stops with 0."""
    settings = {
        "queue": {"url": "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"},
        "buckets": [{"name": "acme-trail"}],
        "http": {"listen": "127.0.0.1:0"},
        "log": {"format": "json"},
    }
    lives: set[int] = set()
    with Daemon.run(tmp_path, settings, program=("-c", _BLACK_HOLE)) as agent:
        eventually(agent.address, "it listens")

        def has_failed_thrice() -> bool:
            lives.add(agent.get("/livez").status)
            failed = {"operation": "GetQueueAttributes", "result": "unavailable"}
            return agent.metric("trail_agent_sqs_requests_total", **failed) >= 3

        eventually(has_failed_thrice, "the queue is asked again")
        assert lives == {200}
        assert agent.get("/readyz").status == 503
        assert agent.stop() == 0
