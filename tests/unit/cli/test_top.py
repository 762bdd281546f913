"""`trail-agent top`: real agents' HTTP endpoints, as an operator with no more than a terminal sees them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from agent.cli.app import app
from agent.cli.keyboard import END, Keyboard
from agent.cli.top_view import Moment, view
from agent.cli.watched import WatchedAgent
from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.model import Outcome, QueueAttributes, Reading, Settlement
from agent.telemetry.flow_events import HowRead
from agent.telemetry.server import Server
from agent.trail.inflate import TextFacts
from tests.support.clock import START
from tests.support.messages import delivery
from tests.support.otlp_receiver import HttpReceiver, HttpReply
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed
from tests.support.trickle import trickling


@dataclass(slots=True)
class Agent:
    """A telemetry behind real HTTP endpoints."""

    rig: ObservedTelemetry
    server: Server

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server.port}"


@contextmanager
def serving(rig: ObservedTelemetry, port: int = 0) -> Iterator[Agent]:
    """The endpoints of a telemetry while the block runs."""
    server = rig.telemetry.server("127.0.0.1", port)
    server.start()
    try:
        yield Agent(rig, server)
    finally:
        server.stop()


def busy(events: int = 40) -> ObservedTelemetry:
    """An agent to which everything answers, and that has shipped some events."""
    rig = observed()
    rig.telemetry.queue_up()
    rig.telemetry.sink_up()
    rig.telemetry.queue_described("main", QueueAttributes(1_240, 3, 0, "", 864_000))
    ship(rig, events)
    return rig


def ship(rig: ObservedTelemetry, events: int) -> None:
    """One more object with so many events of ours, and as many others."""
    records = tuple(log_record(f"e{number}") for number in range(events))
    rig.telemetry.deliveries_received([delivery()])
    rig.telemetry.objects_read([HowRead(TextFacts(2_048, is_plain=False), 0.034, START - 5)])
    rig.telemetry.readings_finished([Reading(delivery(), records, skipped=events, malformed=0)])
    rig.telemetry.records_exported(records)
    rig.telemetry.export_answered("ok", 0.02)


@pytest.fixture
def agent() -> Iterator[Agent]:
    """A busy agent."""
    with serving(busy()) as one:
        yield one


def top(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["top", *arguments])


def drawn(agents: list[WatchedAgent], monotonic: float = 0.0, columns: int = 80, now: float = START) -> list[str]:
    """The lines of the view."""
    console = Console(file=StringIO(), width=columns)
    with console.capture() as shown:
        console.print(view(agents, Moment(now, monotonic)))
    return [line.rstrip() for line in shown.get().splitlines()]


def asked(place: str, *times: float) -> WatchedAgent:
    """The agent at `place`, asked at these times."""
    found = WatchedAgent.of(place)
    for time in times:
        found.ask(time)
    return found


def test_once_prints_what_there_is_and_ends(agent: Agent) -> None:
    """Plain text, whatever the output is; a place without a scheme is enough."""
    result = top("--once", agent.place)
    assert result.exit_code == 0
    first, state, *rest = result.stdout.splitlines()
    assert first.startswith("trail-agent top  20")
    assert state.startswith(f"✓ {agent.place} is ready  1.2.3 abcdef")
    assert any(line.split() == ["since", "start", "1", "1", "2", "KiB", "80", "40", "40"] for line in rest)
    assert "\x1b" not in result.stdout


def test_json_has_an_entry_for_each_agent(agent: Agent) -> None:
    """Those that do not answer, too."""
    result = top("--once", "--json", agent.place, "http://127.0.0.1:1")
    assert result.exit_code == 0
    here, away = json.loads(result.stdout)["agents"]
    assert (here["agent"], here["answers"], here["ready"], here["reasons"]) == (agent.place, True, True, [])
    assert here["figures"]["total"]["exported"] == 40
    assert (away["answers"], away["absence"], away["figures"]) == (False, "Connection refused", None)


def test_no_answer_at_all_is_69() -> None:
    """A script can tell."""
    result = top("--once", "127.0.0.1:1")
    assert result.exit_code == 69
    assert "✗ 127.0.0.1:1 does not answer: Connection refused\n  start the agent, or name" in result.stdout


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "http://", "http://127.0.0.1:9464/livez", "a b", "127.0.0.1:x"])
def test_what_is_no_address_of_an_agent_is_refused(url: str) -> None:
    """With an example of one."""
    result = top("--once", url)
    assert result.exit_code == 2
    assert "http://127.0.0.1:9464" in result.stderr


def test_json_goes_with_once() -> None:
    """A stream of screens is no JSON."""
    assert top("--json").exit_code == 2


@pytest.mark.parametrize("path", ["", "/", "/metrics", "/readyz"])
def test_the_address_of_a_page_is_that_of_its_agent(agent: Agent, path: str) -> None:
    """People copy what they have."""
    assert WatchedAgent.of(f"http://{agent.place}{path}").place == agent.place


def test_what_else_answers_is_no_agent() -> None:
    """A page without the agent's metrics is not taken for an agent that has done nothing."""
    with serving(observed()) as one:
        watched = asked(one.place, 0.0)
        one.rig.telemetry.metrics.registry.unregister(one.rig.telemetry.metrics.build_info)
        watched.ask(1.0)
        assert watched.absence == "something else than trail-agent answers"
    with HttpReceiver() as other:
        other.pages["*"] = HttpReply(404)
        assert asked(other.url, 0.0).absence == "something else than trail-agent answers (404)"


def test_rates_come_with_the_second_answer(agent: Agent) -> None:
    """Per second, and the time over which they hold."""
    watched = asked(agent.place, 0.0)
    ship(agent.rig, 20)
    watched.ask(4.0)
    (line,) = [line for line in drawn([watched]) if line.startswith("per second")]
    assert line.split() == ["per", "second", "(4", "s)", "0.2", "0.2", "512", "B", "10.0", "5.0", "5.0"]


def test_the_counts_of_the_queue_have_their_age() -> None:
    """The agent asks SQS every 15 seconds, and what it says of itself is of now; an older agent does not say."""
    rig = busy()
    rig.telemetry.queue_described("dead_letter", QueueAttributes(2, 0, 0, "", 864_000))
    with serving(rig) as agent:
        one = asked(agent.place, 0.0)
    lines = drawn([one], now=START + 12)
    assert "queue        1,240 waiting, 3 in flight, 0 delayed; 2 in the dead-letter queue" in lines
    assert "             (12 s ago)" in lines
    assert json.loads(json.dumps(one.told()))["figures"]["depths"]["counted_at"] == START
    rig.telemetry.metrics.queue_counted.clear()
    with serving(rig) as agent:
        assert not [line for line in drawn([asked(agent.place, 0.0)]) if "waiting" in line and "ago" in line]


def test_an_agent_that_is_not_ready_says_why() -> None:
    """With the words of `/readyz`, and what the work waits for."""
    rig = busy()
    rig.telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "S3 answered 403")
    rig.clock.advance(33)
    settled = Settlement(delivery(), Outcome.DEAD_LETTER, fault=Fault(Reason.OBJECT_CORRUPT, "because"))
    rig.telemetry.deliveries_settled([settled])
    with serving(rig) as one:
        lines = drawn([asked(one.place, 0.0)])
    assert "! not ready: bucket acme: S3 answered 403 (for 33 s)" in lines
    assert "waits for    bucket denied" in lines
    assert "dead letters 1: object_corrupt 1" in lines
    (to_do,) = [line for line in lines if line.startswith("what to do   ")]
    assert to_do.removeprefix("what to do").strip()[:20] == EnvironmentFault.BUCKET_DENIED.advice.do[:20]


def test_an_agent_that_has_just_started_is_not_blamed_on_its_sink() -> None:
    """Nothing has been asked yet; and nothing is said as a number that nobody knows."""
    with serving(observed()) as one:
        lines = drawn([asked(one.place, 0.0)])
    assert "! not ready: queue has not answered yet" in lines
    assert "sink         has not answered yet; requests: none; answers none" in lines
    assert "queue        SQS has not said how many messages there are" in lines
    assert "last         receive never, delivery never, newest event never" in lines


def test_an_agent_that_goes_away_and_comes_back_is_followed() -> None:
    """It is said how it is away and for how long; a new process on the same port counts from 0, and is no leap."""
    with serving(busy()) as one:
        port = one.server.port
        watched = asked(one.place, 0.0)
    watched.ask(2.0)
    watched.ask(9.0)
    lines = drawn([watched], monotonic=9.0, columns=120)
    assert lines[1] == f"✗ {one.place} does not answer: Connection refused (for 7 s); below is what it said last"
    assert lines[2].startswith("  see its log: ")
    assert any(line.startswith("since start") and "80" in line for line in lines)
    with serving(busy(events=2), port) as again:
        watched.ask(11.0)
        assert not watched.is_away
        ship(again.rig, 8)
        watched.ask(13.0)
    (line,) = [line for line in drawn([watched]) if line.startswith("per second")]
    assert line.split()[-3:] == ["8.0", "4.0", "4.0"]


def test_several_agents_have_a_line_each_and_one_sum(agent: Agent) -> None:
    """All of it in eighty columns and twenty-four lines."""
    rig = busy(events=2)
    rig.telemetry.sink_down("unavailable", "503")
    with serving(rig) as other:
        agents = [asked(place, 0.0, 10.0) for place in (agent.place, other.place, "127.0.0.1:1")]
        lines = drawn(agents)
    assert [line.split()[:3] for line in lines[3:6]] == [
        [agent.place, "ready", "0.0"],
        [other.place, "not", "ready"],
        ["127.0.0.1:1", "no", "answer"],
    ]
    assert lines[6] == f"! {other.place}  not ready: sink: 503 (for 0 s)"
    assert any(line.startswith(f"sink         not up for {other.place}; requests: ok 2") for line in lines)
    (total,) = [line for line in lines if line.startswith("since start")]
    assert total.split()[-3:] == ["84", "42", "42"]
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_a_narrow_terminal_cuts_no_figure_and_no_name(agent: Agent, columns: int) -> None:
    """Headings, units and the names that tell agents apart are whole; what has no room is left out."""
    names = [f"a-rather-long-name-{number}.observability.svc" for number in range(3)]
    agents = [asked(agent.place, 0.0, 10.0) for _ in names]
    for one, name in zip(agents, names, strict=True):
        one._metrics = replace(one._metrics, host=name)
    lines = drawn(agents, columns=columns)
    assert not [line for line in lines if "…" in line or len(line) > columns]
    folded = "".join(line[:20].strip() for line in lines[3:20])
    assert all(name[:20] in folded for name in names)
    for words in ("messages", "objects", "shipped", "since start", "6 KiB"):
        assert any(words in line for line in lines)


def test_eighty_columns_have_all_figures_of_agents_with_long_names(agent: Agent) -> None:
    """The names are folded before a column is left out; lengths of time have one unit there."""
    agents = [asked(agent.place, 0.0, 10.0) for _ in range(2)]
    for number, one in enumerate(agents):
        one._metrics = replace(one._metrics, host=f"a-rather-long-name-{number}.observability.svc.cluster.local")
    assert agents[0].figures
    lines = drawn(agents, now=agents[0].figures.started + 99 * 86_400 + 23 * 3600)
    assert lines[2].split() == ["agent", "state", "events/s", "shipped/s", "held", "oldest", "dead", "up"]
    assert lines[3].split()[-1] == "99d"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("columns", [30, 20])
def test_a_sliver_of_a_terminal_cuts_nothing_either(agent: Agent, columns: int) -> None:
    """Each figure is there, of the last seconds at the least; what does not fit beside its name stands below it."""
    agent.rig.telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "S3 answered 403")
    lines = drawn([asked(agent.place, 0.0, 10.0)], columns=columns)
    assert not [line for line in lines if "…" in line or len(line) > columns]
    (begin,) = [number for number, line in enumerate(lines) if line.split()[:2] == ["per", "s"]]
    figures = [line.split() for line in lines[begin + 1 : begin + 7]]
    assert [names[0] for names in figures] == ["messages", "objects", "bytes", "events", "shipped", "skipped"]
    assert (lines[begin].split(), figures[2]) == (
        (["per", "s", "total"], ["bytes", "0", "B", "2", "KiB"])
        if columns == 30
        else (["per", "s"], ["bytes", "0", "B"])
    )
    said = " ".join(" ".join(lines).split())
    assert "allow s3:GetObject on the trail's prefix, s3:ListBucket and kms:Decrypt" in said


def test_what_takes_several_lines_stands_beside_its_mark(agent: Agent) -> None:
    """So that it is seen where the next one begins."""
    agent.rig.telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "S3 answered 403")
    lines = drawn([asked(agent.place, 0.0)], columns=40)
    assert lines[1:3] == ["! not ready: bucket acme: S3 answered", "  403 (for 0 s)"]


@pytest.mark.parametrize("arguments", [("--once",), ("--once", "--json")])
def test_an_agent_that_trickles_does_not_hide_the_others(agent: Agent, arguments: tuple[str, ...]) -> None:
    """A byte now and then is no answer in time, and the others are shown."""
    with trickling(b"HTTP/1.1 200 OK\r\n" + b"x" * 10_000) as slow:
        result = top(*arguments, slow, agent.place)
    assert result.exit_code == 0
    assert "timed out" in result.stdout
    assert ("2 KiB" in result.stdout) or ('"object_bytes": 2048' in result.stdout)


def test_a_page_without_an_end_is_no_agent() -> None:
    """Eight MiB are more than any agent has."""
    with HttpReceiver() as other:
        other.pages["*"] = HttpReply(200, b"# a line of no meaning\n" * 400_000)
        assert asked(other.url, 0.0).absence == "something else than trail-agent answers (more than 8 MiB)"


@contextmanager
def terminal(
    *places: str, term: str = "xterm", reads: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command on a terminal of eighty columns; gives the process and the terminal's other end.

    `reads` is its standard input, where that is not the terminal.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "agent", "top", *places]
    environment = {**os.environ, "TERM": term, "COLUMNS": "80", "LINES": "24"}
    stdin = its if reads is None else reads
    process = subprocess.Popen(command, stdin=stdin, stdout=its, stderr=its, env=environment, start_new_session=True)
    os.close(its)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """What the terminal shows until `wanted` stands there."""
    shown = b""
    while wanted not in shown:
        shown += os.read(descriptor, 65536)
    return shown


def read_rest(descriptor: int) -> bytes:
    """What the terminal shows until the process has ended."""
    shown = b""
    try:
        while chunk := os.read(descriptor, 65536):
            shown += chunk
    except OSError:  # Linux says so when nobody has the terminal any more
        pass
    return shown


@pytest.mark.parametrize(
    ("end", "code"),
    [(b"xq", 0), (signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
    ids=str,
)
def test_whatever_ends_it_leaves_the_terminal_as_it_was(agent: Agent, end: bytes | signal.Signals, code: int) -> None:
    """The screen of before comes back, and the cursor; q and Ctrl-C are no error, and other signals are told."""
    with terminal(agent.place) as (process, descriptor):
        shown = read_until(descriptor, b"is ready")
        assert b"\x1b[?1049h" in shown
        if isinstance(end, bytes):
            os.write(descriptor, end)
        else:
            process.send_signal(end)
        shown = read_rest(descriptor)
        assert process.wait(20) == code
        assert b"\x1b[?1049l" in shown
        assert b"\x1b[?25h" in shown


def test_a_terminal_that_cannot_place_text_gets_it_once(agent: Agent) -> None:
    """As a pipe does: plain, and to the end."""
    with terminal(agent.place, term="dumb") as (process, descriptor):
        shown = read_rest(descriptor)
        assert process.wait(20) == 0
    assert (b"is ready" in shown, b"dead letters none" in shown, b"\x1b" in shown) == (True, True, False)


def test_q_ends_at_once_while_an_agent_does_not_come_to_an_end(agent: Agent) -> None:
    """The other one is shown meanwhile; no thread that waits holds the command."""
    with (
        trickling(b"HTTP/1.1 200 OK\r\n" + b"x" * 10_000) as slow,
        terminal(slow, agent.place) as (process, descriptor),
    ):
        read_until(descriptor, b"ready")
        os.write(descriptor, b"q")
        read_until(descriptor, b"\x1b[?1049l")
        assert process.wait(20) == 0


def test_what_is_said_to_end_it_can_end_it(agent: Agent) -> None:
    """Without a keyboard, no q ever comes: Ctrl-C is a signal, and does."""
    with terminal(agent.place, reads=subprocess.DEVNULL) as (process, descriptor):
        shown = read_until(descriptor, b"is ready")
        assert (b"Ctrl-C ends" in shown, b"q ends" in shown) == (True, False)
        process.send_signal(signal.SIGINT)
        read_rest(descriptor)
        assert process.wait(20) == 0


def test_ctrl_z_is_a_key_like_others(agent: Agent) -> None:
    """A process that is suspended would leave its screen to the shell; afterwards, Ctrl-Z suspends again."""
    with terminal(agent.place) as (process, descriptor):
        before = termios.tcgetattr(descriptor)[6][termios.VSUSP]
        read_until(descriptor, b"is ready")
        assert (before, termios.tcgetattr(descriptor)[6][termios.VSUSP]) == (b"\x1a", b"\0")
        os.write(descriptor, b"\x1aq")
        read_until(descriptor, b"\x1b[?1049l")
        assert process.wait(20) == 0
        assert termios.tcgetattr(descriptor)[6][termios.VSUSP] == before


@pytest.mark.parametrize("comes", [b"x", b""])
def test_a_terminal_that_is_gone_ends_it(comes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody presses a key any more: it does not go on for nobody, and asks no faster; before that, keys are keys."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        keyboard = Keyboard()
        with keyboard.listening():
            if comes:
                os.write(ours, comes)
                assert keyboard.wait(5) == comes.decode()
            os.close(ours)
            assert [keyboard.wait(5), keyboard.wait(5)] == [END, END]
