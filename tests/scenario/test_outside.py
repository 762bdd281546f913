"""What the outside sees and cannot do: threads that die or hang are missed, no stranger's text breaks an output."""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from html.parser import HTMLParser
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from agent.cli.app import app
from agent.faults.dead_letters import Reason
from tests.support.clock import finish, soon
from tests.support.events import Members, event
from tests.support.far_side import Reply
from tests.support.objects import BUCKET, ref, trail_object
from tests.support.world import MINUTE, Agent, World

HOSTILE: Final = (
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "line\r\nlevel=error event=forged",
    '{"event": "forged"}\n{"event": "forged"}',
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"'><b>&amp;",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "nul \0 bell \x07 back \b\b\b",
    "\ud800 lone \udfff",
    'label",other="x"} 1\n# TYPE forged counter',
    "A" * 1_000_000,
)
_LONGEST_FIELD: Final = 20_000  # an event that passes limits.record_bytes is another row's
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _live(agent: Agent) -> int:
    """The exit code of the command that a container's HEALTHCHECK runs, against the agent's own port."""
    server = agent.telemetry.server("127.0.0.1", 0)
    server.start()
    try:
        url = f"http://127.0.0.1:{server.port}/livez"
        return CliRunner().invoke(app, ["healthcheck", "--url", url]).exit_code
    finally:
        server.stop()


@pytest.mark.row(30)
def test_a_thread_that_dies_of_a_bug_is_missed_within_a_minute() -> None:
    """The keeper of leases dies: liveness fails, so that whoever watches starts the process anew; nothing is lost."""
    world = World()
    world.produce(1)
    agent = world.agent()

    def keep() -> None:
        with suppress(MemoryError):
            agent.inside.leases.keep(threading.Event())

    agent.stop_keeping()
    agent.inside.leases.take(agent.sqs_queue.receive())
    agent.sqs.trouble(MemoryError("as a bug"), "ChangeMessageVisibilityBatch")
    keeper = threading.Thread(target=keep, name="leases")
    keeper.start()
    finish(keeper)
    world.clock.advance(59)
    assert _live(agent) == 0
    world.clock.advance(2)
    assert agent.glance().live == ["thread leases has not moved for more than 60 s"]
    assert "leases" in agent.get("/livez")
    assert _live(agent) == 1
    world.truth.check()


@pytest.mark.row(30)
def test_a_worker_that_hangs_is_missed_within_a_minute() -> None:
    """A call that never returns stops its thread's heart, while a wait for the sink of any length does not."""
    world = World()
    agent = world.agent()
    hangs, released = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        soon(released)

    world.store.on_chunk = hang
    world.produce(1)
    worker = threading.Thread(target=lambda: agent.run(10 * MINUTE), name="worker-1")
    worker.start()
    soon(hangs)
    world.clock.elapsed += 59
    assert agent.glance().live == []
    world.clock.elapsed += 2
    assert agent.glance().live == ["thread worker-1 has not moved for more than 60 s"]
    assert _live(agent) == 1
    released.set()
    finish(worker)
    assert _live(agent) == 0
    world.check_all_delivered()


@pytest.mark.row(30)
def test_a_bug_in_one_unit_of_work_ends_no_thread() -> None:
    """What a bug interrupts is told with its place, comes again, and is delivered; the thread lives."""
    world = World()
    world.produce(3)
    agent = world.agent()
    agent.s3.trouble(ref("o1"), MemoryError("as a bug"))  # what botocore raises of its own is an odd answer
    agent.run(10 * MINUTE)
    assert agent.by("trail_agent_retries_total", "reason") == {"bug": 1}
    (line,) = agent.said("worker_failed")
    assert "MemoryError" in str(line["error"])
    assert agent.glance().live == []
    assert world.sink.stored == world.truth.produced
    assert world.queue.messages == {}


class _Elements(HTMLParser):
    """The elements and attributes of a page, and nothing of its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember."""
        self.found |= {tag, *(f"{tag}.{name}" for name, _ in attrs)}


def _elements(page: str) -> set[str]:
    parser = _Elements()
    parser.feed(page)
    return parser.found


def _odd(text: str) -> Members:
    """An event that has `text` in every field that reaches a label or an attribute of note."""
    short = text[:_LONGEST_FIELD]
    return {**event("odd", name=short), "userIdentity": {"type": short, "userName": short}, "errorCode": short}


def _meet(text: str, log: str) -> tuple[World, Agent]:
    """An agent that has met `text` in a key, a bucket's name, every field of an event, and a sink's answers."""
    world = World()
    agent = world.agent(log=log)
    is_text = not _SURROGATE.search(text)
    for bucket, key in ((BUCKET, f"../{text}"), (text, "key")):
        body = json.dumps({"s3Bucket": bucket, "s3ObjectKey": [key]})
        world.send(body, Reason.NOT_ALLOWED if is_text else Reason.NOTIFICATION_UNKNOWN)
    mended = _SURROGATE.sub("\ufffd", text)
    world.notify(world.put(ref("odd"), _odd(mended), body=trail_object(_odd(text))))
    world.sink.script.extend([Reply(503, text=text), Reply(404, text=text), Reply(400, text=text)])
    agent.run(10 * MINUTE)
    return world, agent


@pytest.mark.row(32)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_strangers_text_breaks_a_line_of_the_json_log(text: str) -> None:
    """Whatever a key, a bucket, an event or the sink says, one event is one line of bounded, printable JSON."""
    _, agent = _meet(text, "json")
    lines = agent.log_text().splitlines()
    assert all(line.isascii() and line.isprintable() and len(line) < 5000 for line in lines)
    events = {json.loads(line)["event"] for line in lines}
    assert "forged" not in events
    assert {"dead_lettered", "sink_down"} <= events


@pytest.mark.row(32)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_strangers_text_steers_a_terminal(text: str) -> None:
    """On the console every line is printable and bounded, and no line begins with a stranger's text."""
    _, agent = _meet(text, "console")
    lines = agent.log_text().splitlines()
    assert all(line.isprintable() and len(line) < 5000 for line in lines)
    assert all(line.startswith("20") for line in lines), "each line begins with its time"


@pytest.mark.row(32)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_strangers_text_adds_markup_or_series(text: str) -> None:
    """The status page has the elements that it has for harmless texts, and /metrics stays readable and bounded."""
    _, harmless = _meet("harmless", "json")
    _, agent = _meet(text, "json")
    page = agent.get("/")
    assert _elements(page) == _elements(harmless.get("/"))
    assert "dead letters" in page.lower()
    assert len(page) < 100_000
    families = {family.name: family for family in text_string_to_metric_families(agent.get("/metrics"))}
    assert "forged" not in families
    labels = {value for family in families.values() for sample in family.samples for value in sample.labels.values()}
    assert all(value.isprintable() and value.isascii() and len(value) <= 128 for value in labels)
    assert agent.metric("trail_agent_dead_letters_total") == 3
    assert all(reason.isprintable() and len(reason) < 1000 for reason in agent.glance().ready)


@pytest.mark.row(32)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_strangers_text_makes_a_dead_letter_that_sqs_refuses(text: str) -> None:
    """The attributes hold what SQS takes, at most 1,024 characters each; the body is the message's own."""
    world, _ = _meet(text, "json")
    reasons = [letter.attributes["reason"] for letter in world.queue.dead_letters]
    assert (len(reasons), reasons.count("sink_rejected")) == (3, 1)
    for letter in world.queue.dead_letters:
        assert all(value.isprintable() and 0 < len(value) <= 1024 for value in letter.attributes.values())
    world.check_end()
