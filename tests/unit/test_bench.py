"""What the bench measures with: the far side, the objects, and who is measured. How fast anything is, is not tested."""

from __future__ import annotations

import asyncio
import gzip
import json
import pickle
import platform
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import pytest

from agent.model import ObjectSource
from tests.bench import __main__ as command
from tests.bench import bars, surroundings
from tests.bench.__main__ import arguments, main
from tests.bench.answering import Connection, Request
from tests.bench.corpus import MIXES, NOISE, OURS, bodies, keys
from tests.bench.failures import Failure, Failures
from tests.bench.far_side import FarSide
from tests.bench.load import ACCOUNT, BUCKET, QUEUE, SOURCE, Load, State
from tests.bench.measures import GROWN, Figures, Rounds
from tests.bench.processes import ROOT, Service, StuckError, running, stage_microseconds
from tests.bench.results import as_json
from tests.bench.table import lines, stage_lines
from tests.bench.writing import why_not, write
from tests.bench.yardstick import _record
from tests.support.protobuf_encoder import ProtobufEncoder
from tests.support.records import log_record, open_mapper

_BENCH: Final = Path(__file__).parents[1] / "bench"


class _Caller:
    """Asks a far side, on a clock that stands still: `fire` lets time pass, and with it timers run down."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self.far_side = FarSide(lambda seconds, then: self._timers.append((self._now + seconds, then)))

    def fire(self, seconds: float = 10.0) -> None:
        self._now += seconds
        due = sorted((one for one in self._timers if one[0] <= self._now), key=lambda one: one[0])
        self._timers = [one for one in self._timers if one not in due]
        for _, then in due:
            then()

    def ask(self, method: str, path: str, body: bytes = b"", *, operation: str = "", gone: bool = False) -> list[bytes]:
        """The answers to a request, each without its head; one that waits has none yet."""
        answers: list[bytes] = []
        reply = lambda answer: answers.append(answer.partition(b"\r\n\r\n")[2])  # noqa: E731
        self.far_side.answer(Request(method, path, operation, body, reply, lambda: gone))
        return answers

    def sqs(self, operation: str, *, gone: bool = False, **asked: Any) -> list[bytes]:
        return self.ask("POST", "/", json.dumps(asked).encode(), operation=operation, gone=gone)

    def receive(self, most: int = 10, *, gone: bool = False) -> list[bytes]:
        return self.sqs("ReceiveMessage", MaxNumberOfMessages=most, WaitTimeSeconds=10, gone=gone)

    def change(self, handle: str, seconds: int) -> Any:
        entries = [{"Id": "0", "ReceiptHandle": handle, "VisibilityTimeout": seconds}]
        return json.loads(self.sqs("ChangeMessageVisibilityBatch", Entries=entries)[0])

    def delete(self, *handles: str) -> Any:
        entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(handles)]
        return json.loads(self.sqs("DeleteMessageBatch", Entries=entries)[0])

    def state(self) -> State:
        state = pickle.loads(self.ask("POST", "/control/count")[0])
        assert isinstance(state, State)
        return state


def _ids(answers: list[bytes]) -> list[list[str]]:
    return [[one["MessageId"] for one in json.loads(answer).get("Messages", [])] for answer in answers]


def _handles(answers: list[bytes]) -> list[str]:
    return [one["ReceiptHandle"] for answer in answers for one in json.loads(answer).get("Messages", [])]


def test_everything_that_is_put_in_is_handed_out_once_and_can_be_read() -> None:
    """Ten messages at a time, each naming an object that is there."""
    caller, named = _Caller(), keys(12, 1)
    caller.far_side.put(Load([b"one", b"two"], named))
    first, second = caller.receive(), caller.receive()
    assert _ids(first + second) == [[str(n) for n in range(10)], ["10", "11"]]
    told = json.loads(json.loads(first[0])["Messages"][1]["Body"])["Records"][0]["s3"]
    assert told == {"bucket": {"name": BUCKET}, "object": {"key": named[1], "size": 3}}
    assert caller.ask("GET", f"/{BUCKET}/{named[1]}?x-id=GetObject") == [b"two"]


def test_a_poll_waits_for_a_message_and_ends_without_one() -> None:
    """SQS's long poll: whoever has gone away meanwhile swallows nothing."""
    caller = _Caller()
    gone, waiting = caller.receive(gone=True), caller.receive(1)
    caller.far_side.put(Load([b"x"], keys(1, 1)))
    assert (gone, _ids(waiting)) == ([], [["0"]])
    caller.delete(*_handles(waiting))
    empty = caller.receive()
    caller.fire()
    assert _ids(empty) == [[]]


def test_objects_come_one_by_one_and_each_wait_is_measured() -> None:
    """The next message is shown after the last one was deleted, and a while."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(2, 1), pause_seconds=0.02))
    for number in ("0", "1"):
        received = caller.receive()
        assert _ids(received) == [[number]]
        caller.ask("POST", "/v1/logs", b"x" * 100)
        caller.ask("POST", "/v1/logs", b"x" * 100)
        caller.delete(*_handles(received))
        caller.fire()
    assert (len(caller.far_side.state.waits), caller.far_side.state.deleted) == (2, 2)


def test_a_load_forgets_the_timers_of_the_one_before() -> None:
    """Else the first message of a load is shown twice."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(2, 1), pause_seconds=0.02))
    assert caller.sqs("DeleteMessage", ReceiptHandle=_handles(caller.receive())[0]) == [b"{}"]
    assert caller.far_side.state.deleted == 1
    caller.far_side.put(Load([b"x"], keys(2, 2), pause_seconds=0.02))
    caller.fire()
    assert _ids(caller.receive()) == [["0"]]


def test_who_does_not_delete_a_message_in_time_sees_it_again() -> None:
    """As in SQS; who asks for minutes is given ten seconds, so that a process that was killed does not hold it up."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(3, 1)))
    [answer] = caller.sqs("ReceiveMessage", MaxNumberOfMessages=3, VisibilityTimeout=120)
    caller.delete(_handles([answer])[1])
    waiting = caller.receive()
    caller.fire(9.9)
    assert waiting == []
    caller.fire(0.1)
    assert _ids(waiting) == [["0", "2"]]
    told = json.loads(waiting[0])["Messages"][0]
    assert (told["Attributes"]["ApproximateReceiveCount"], told["ReceiptHandle"]) == ("2", _handles([answer])[0])


def test_a_message_is_deleted_once() -> None:
    """However late, be it shown again or in other hands; a second time, or in a later load, it does not count."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(3, 1)))
    late = _handles(caller.receive(2))
    caller.fire()
    caller.receive(2)
    assert [one["Id"] for one in caller.delete(late[0], late[0])["Successful"]] == ["0", "1"]
    caller.fire()
    caller.delete(late[1], late[0])
    assert caller.far_side.state.deleted == 2
    assert _ids(caller.receive()) == [["2"]]
    caller.far_side.put(Load([b"x"], keys(3, 2)))
    caller.delete(*late)
    assert caller.far_side.state.deleted == 0
    assert _ids(caller.receive()) == [["0", "1", "2"]]


def test_the_time_for_which_a_message_is_hidden_can_be_changed() -> None:
    """0 shows it at once; more counts from now, whatever was asked before; what is not hidden is refused."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(2, 1)))
    first, second = _handles(caller.receive())
    assert caller.change(first, 0)["Successful"] == [{"Id": "0"}]
    assert [one["Code"] for one in caller.change(first, 60)["Failed"]] == ["MessageNotInflight"]
    assert caller.sqs("ChangeMessageVisibility", ReceiptHandle=second, VisibilityTimeout=60) == [b"{}"]
    caller.fire(59.9)
    assert _ids(caller.receive()) == [["0"]]
    caller.fire(0.1)
    assert _ids(caller.receive()) == [["1"]]


def test_the_queue_tells_how_many_messages_are_left() -> None:
    """Those that are shown, and those that are received and not deleted."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(5, 1)))
    caller.delete(_handles(caller.receive(3))[0])
    [answer] = caller.sqs("GetQueueAttributes", QueueUrl=f"http://127.0.0.1/1/{QUEUE}")
    told = json.loads(answer)["Attributes"]
    assert (told["ApproximateNumberOfMessages"], told["ApproximateNumberOfMessagesNotVisible"]) == ("2", "2")


def test_the_records_that_reach_the_sink_are_counted() -> None:
    """Compressed or not; a request that only asks whether the sink is there has none."""
    caller, payload = _Caller(), ProtobufEncoder({}, "0").payload([log_record("e-1"), log_record("e-2")])
    caller.far_side.put(Load([b"x"], keys(1, 1)))
    for body in (payload, gzip.compress(payload, mtime=0), b""):
        caller.ask("POST", "/v1/logs", body)
    assert (caller.state().records, caller.state().posts) == (4, 2)


def test_who_awaits_the_end_is_told_at_once_when_it_comes() -> None:
    """And after a second at the latest, so that a contestant that has died is noticed."""
    caller = _Caller()
    caller.far_side.put(Load([b"x"], keys(2, 1)))
    late = caller.ask("POST", "/control/await", b"2")
    caller.fire()
    done = caller.ask("POST", "/control/await", b"2")
    caller.delete(*_handles(caller.receive()))
    assert [pickle.loads(one).deleted for one in late + done] == [0, 2]


class _Socket(asyncio.Transport):
    """What a connection writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data


def test_a_request_may_arrive_in_pieces() -> None:
    """Its body counts by Content-Length; who expects to be asked for it is asked once."""
    far_side, written = FarSide(lambda _seconds, _then: None), _Socket()
    connection = Connection(far_side)
    connection._transport = written
    for piece in (
        b"POST /v1/logs HTTP/1.1\r\nExpect: 100-continue\r\ncontent-LENGTH: 70\r",
        b"\n\r\n",
        b"x" * 30,
        b"x" * 40,
    ):
        connection.data_received(piece)
    assert written.written.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert far_side.state.posts == 1


def test_no_event_is_shipped_twice() -> None:
    """The agent drops repeats: with them, the bench would measure how it forgets, not how it ships."""
    made = bodies(OURS, 26, events=20)
    records = [one for body in made for one in json.loads(gzip.decompress(body))["Records"]]
    assert {one["eventSource"] for one in records} == {SOURCE}
    assert len({one["eventID"] for one in records}) == 26 * 20


def test_noise_holds_nothing_of_ours() -> None:
    """A few objects are enough: nothing of them is shipped."""
    made = bodies(NOISE, 600, events=20)
    assert len(made) < 600
    records = [one for body in made for one in json.loads(gzip.decompress(body))["Records"]]
    assert SOURCE not in {one["eventSource"] for one in records}


def test_the_yardstick_ships_as_much_as_the_agent() -> None:
    """Else the comparison is not of equal work: as many characters, in as many attributes as README.md says."""
    [body] = bodies(OURS, 1)
    events, path = json.loads(gzip.decompress(body))["Records"], f"s3://{BUCKET}/{keys(1, 1)[0]}"
    mapper, source = open_mapper(), ObjectSource(BUCKET, keys(1, 1)[0], ACCOUNT, 1)
    agent = [dict(mapper.to_record(json.dumps(one).encode(), source).attributes) for one in events]
    plain = [dict(_record(one, path).log_record.attributes or {}) for one in events]
    assert 0.95 < _characters(plain) / _characters(agent) < 1.05
    told = re.sub(r"\s+", " ", (_BENCH / "README.md").read_text(encoding="utf-8"))
    of_agent, of_plain = (round(fmean(map(len, each))) for each in (agent, plain))
    assert f"{of_agent} attributes of an event that is ours, the yardstick {of_plain}," in told


def _characters(of: list[dict[str, Any]]) -> int:
    return sum(len(name) + len(str(value)) for attributes in of for name, value in attributes.items())


_FIGURES: Final = (
    Figures("noise", "trail-agent", {"CPU ms/object": 1.0, "peak MiB": 100.0}),
    Figures("noise", "yardstick", {"CPU ms/object": 4.5, "far side %": 80.0}),
    Figures("noise", "floor", {"CPU ms/object": 0.5}),
)


def test_a_table_shows_each_figure_as_a_multiple_of_the_agents() -> None:
    """What somebody does not have stays empty; a far side that was too slow is named."""
    first, ours, yardstick, warning, floor = lines("noise", _FIGURES)
    assert (first.split()[-1], ours.split()[1:], yardstick.split()[1:]) == ("%", ["1", "100"], ["4.5", "(4.50)", "80"])
    assert "held yardstick up" in warning
    assert floor.split() == ["floor", "0.5", "(0.50)"]


def test_without_the_agents_figure_there_is_no_ratio() -> None:
    """Where it has failed, a multiple of somebody else's would be taken for one of its."""
    _, yardstick, _, floor = lines("noise", _FIGURES[1:])
    assert (yardstick.split()[1:], floor.split()[1:]) == (["4.5", "80"], ["0.5"])


def test_the_figures_are_written_with_their_ratios_and_what_they_are_worth() -> None:
    """Of contestants, of loads that grow, and of stages; and whether goal and stretch of each bar are met."""
    grown = Figures("noise, grown", "6000 objects", {"objects/s": 800.0}, "600 objects", {"objects/s": [700.0, 800.0]})
    stage = Figures("stages", "map it, per event", {"trail-agent": 10.0, "plain": 15.0})
    figures = [
        *_FIGURES,
        Figures("noise, grown", "600 objects", {"objects/s": 1000.0}, beside="600 objects"),
        grown,
        stage,
    ]
    failed = Failure("mixed", "Collector", "it is not ready")
    told = as_json({"date": "today"}, figures, list(bars.held(figures)), [failed])
    ratios = [{}, {"CPU ms/object": 4.5}, {"CPU ms/object": 0.5}, {}, {"objects/s": 0.8}, {"plain": 1.5}]
    assert [one["ratios"] for one in told["figures"]] == ratios
    assert [one["rounds"] for one in told["figures"]] == [{}, {}, {}, {}, {"objects/s": [700.0, 800.0]}, {}]
    met = {one["bar"]: (one["met"], one["stretch_met"], one["at_least"]) for one in told["bars"]}
    assert met["noise: CPU ms an object"] == (True, False, False)
    assert met["noise: the yardstick's CPU ÷ ours"] == (True, False, True)
    assert told["failures"] == [{"what": "mixed", "who": "Collector", "why": "it is not ready"}]
    assert json.loads(json.dumps(told))["date"] == "today"


def test_who_fails_once_has_no_figures_and_holds_up_nobody() -> None:
    """Of somebody who did half of the rounds no median counts; it is asked no more for this load, and named."""
    failures = Failures()
    rounds, asked = Rounds("noise", failures), iter([1.0, None, 3.0])

    def flaky() -> Mapping[str, float]:
        value = next(asked)
        if value is None:
            raise StuckError("3 of 5 messages\nthe end of its log")
        return {"CPU ms/object": value}

    for _ in range(3):
        rounds.add("flaky", flaky)
        rounds.add("sound", lambda: {"CPU ms/object": 2.0})
    sound = Figures("noise", "sound", {"CPU ms/object": 2.0}, rounds={"CPU ms/object": [2.0, 2.0, 2.0]})
    assert list(rounds.figures()) == [sound]
    assert next(asked) == 3.0
    assert list(failures.lines()) == ["FAILED noise: flaky", "  3 of 5 messages", "  the end of its log"]
    assert not failures.has("mixed", "flaky")


def test_the_surroundings_of_a_run_are_known() -> None:
    """Which revision, which processor, when; a program that says no version has none."""
    tree = surroundings.this_tree()
    assert re.fullmatch("[0-9a-f]{40}", tree["revision"] or "0" * 40)
    assert surroundings.base("HEAD")["revision"] == tree["revision"]
    assert surroundings.machine()["cpu"]
    assert Path(surroundings.machine()["python_home"]).is_dir()
    assert surroundings.now().endswith("+00:00")
    assert surroundings.collector(Path(sys.executable))["version"] == f"Python {platform.python_version()}"
    assert surroundings.collector(Path("/no/such/otelcol")) == {"program": "otelcol", "version": None}


def test_the_bars_of_what_was_measured_are_shown() -> None:
    """At least and at most; what was not measured has no line."""
    told = {one.bar.name: (one.measured, one.meets_goal, one.meets_stretch) for one in bars.held(_FIGURES)}
    assert told == {
        "noise: CPU ms an object": (1.0, True, False),
        "noise: the yardstick's CPU ÷ ours": (4.5, True, False),
        "noise: the floor ÷ our CPU": (0.5, False, False),
    }
    assert [line.split()[-1] for line in bars.lines(list(bars.held(_FIGURES)))] == ["stretch", "no", "no", "no"]


def test_every_bar_can_be_measured() -> None:
    """Each names figures that the measurements have: a bar of nothing would go missing without a word."""
    names = ["objects/s", "CPU ms/object", "events/CPU s", "peak MiB", "ready s", "p50 ms", "p99 ms", "CPU %"]
    names += ["MiB above idle"]
    loads = [*(mix.name for mix in MIXES), GROWN, "notification to accepted", "idle", "flood, slow sink"]
    who = ["trail-agent", "yardstick", "Collector", "floor", "S3 with 20 ms"]
    figures = [Figures(load, one, dict.fromkeys(names, 1.0)) for load in loads for one in who]
    assert len(list(bars.held(figures))) == len(bars.BARS)


def test_stages_stand_beside_the_plain_way_and_another_revision() -> None:
    """A stage without a plain way has an empty place there."""
    figures = [
        Figures("stages", "inflate it, per object", {"trail-agent": 100.0, "v1": 50.0, "plain": 200.0}),
        Figures("stages", "decide, per object", {"trail-agent": 10.0, "v1": 10.0}),
    ]
    head, inflate, decide = stage_lines(figures)
    assert head.split()[-3:] == ["trail-agent", "v1", "plain"]
    assert inflate.split()[-5:] == ["100", "50", "(0.50)", "200", "(2.00)"]
    assert decide.split()[-3:] == ["10", "10", "(1.00)"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("--rounds 0", "0 is no number of 1 or more"),
        ("--objects 0", "0 is no number of 8 or more"),
        ("--objects=-5", "-5 is no number of 8 or more"),
        ("--base no-such-rev", "no-such-rev is no revision of this repository"),
        ("--collector /", "/ is no program that can be run"),
        ("--json /", "--json: / cannot be written: it is a folder"),
        ("--json /dev/null/x.json", "--json: /dev/null/x.json cannot be written: Not a directory"),
        ("--json /proc/self/x.json", "--json: /proc/self/x.json cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_measured_is_refused(capsys: pytest.CaptureFixture[str], asked: str, told: str) -> None:
    """In one line, and before anything is started."""
    with pytest.raises(SystemExit, match="2"):
        main(asked.split())
    assert capsys.readouterr().err.endswith(f"{told}\n")


def test_a_part_that_is_asked_for_twice_is_measured_once() -> None:
    """Its file is named after it once, too."""
    asked = arguments("--only idle --only stages --only idle".split())
    assert (asked.parts, asked.json.name) == (["idle", "stages"], "bench-idle-stages.json")
    assert arguments([]).json.name == "bench.json"


def test_an_earlier_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """Also where a link leads to it: looking whether it can be written changes nothing, and nothing stays beside it."""
    path, link = tmp_path / "deep" / "figures.json", tmp_path / "link.json"
    link.symlink_to(path)
    assert why_not(link) is None
    assert list(path.parent.iterdir()) == []
    write(link, "first")
    with pytest.raises(UnicodeEncodeError):
        write(link, "half\udc80")
    assert (why_not(link), path.read_text(encoding="utf-8"), link.is_symlink()) == (None, "first", True)
    assert list(path.parent.iterdir()) == [path]


def test_links_that_lead_to_each_other_are_no_place(tmp_path: Path) -> None:
    """Python has an error of its own for them."""
    path = tmp_path / "figures.json"
    path.symlink_to(path)
    assert why_not(path)


def test_a_device_is_written_to_not_replaced() -> None:
    """Whether there is room shows only then."""
    full = Path("/dev/full")
    assert why_not(full) is None
    with pytest.raises(OSError, match="No space left"):
        write(full, "{}")
    assert full.is_char_device()


def test_figures_that_cannot_be_written_after_all_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables have been shown by then, and who failed, too."""

    def measured(_asked: object, failures: Failures) -> Mapping[str, Any]:
        failures.noted.append(Failure("mixed", "Collector", "it is not ready"))
        return {}

    monkeypatch.setattr(command, "_measure", measured)
    monkeypatch.setattr(command, "heed_signals", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main(["--json", "/dev/full"])
    assert str(ended.value).splitlines() == [
        "The figures cannot be written to /dev/full: No space left on device.",
        "Not all could be measured: Collector (mixed). The reasons stand above.",
    ]
    assert capsys.readouterr().out == "FAILED mixed: Collector\n  it is not ready\n\n"


def test_of_a_process_that_is_gone_nothing_can_be_told(tmp_path: Path) -> None:
    """That is its own failure, whichever figure is asked for."""
    with running(["-c", "print('the end')"], tmp_path, "gone") as measured:
        measured.child.wait(20)
        for figure in (measured.cpu_seconds, measured.peak_mib):
            with pytest.raises(StuckError, match="the end"):
                figure()


def test_a_tree_without_stages_is_not_measured_by_those_of_this_one(tmp_path: Path) -> None:
    """Python would find these instead, and they would measure the other agent with what it never had."""
    assert (ROOT / "tests" / "bench" / "stages.py").is_file()
    with pytest.raises(StuckError, match="has no stages"):
        stage_microseconds(Service(1), tmp_path)
