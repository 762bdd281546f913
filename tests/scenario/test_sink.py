"""Faults of the sink: it is away, slow, misconfigured, refuses or loses its answer. Work waits, nothing is lost."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from agent.sink.otlp.decode import ReceivedRecord
from agent.sink.otlp.http import HttpTransport
from agent.sink.wire import Transport
from tests.support.events import event
from tests.support.far_side import Reply, event_id
from tests.support.objects import ref
from tests.support.otlp_receiver import HttpReceiver, HttpReply
from tests.support.private_ca import PrivateCa
from tests.support.truth import Written
from tests.support.world import HOUR, MINUTE, World

Open = Callable[..., HttpTransport]
_SHORT_SECONDS: Final = 0.3  # of the real clock, for what never comes

BROKEN: Final = {
    "hangs up": HttpReply(drop=True),
    "resets": HttpReply(reset=True),
    "resets within the response": HttpReply(cut=b"HTTP/1.1 200 OK\r\nContent-Len"),
    "ends before its body does": HttpReply(body=b"\x0a", missing=9),
    "stalls before the response": HttpReply(dribble="head"),
    "stalls within the response": HttpReply(dribble="body"),
}


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens real ways to a sink, and closes them at the end."""
    transports: list[HttpTransport] = []

    def build(url: str, *, timeout: float = 10, ca_file: Path | None = None) -> HttpTransport:
        transport = HttpTransport(
            f"{url}/v1/logs",
            {},
            timeout=timeout,
            compression="gzip",
            ca_file=ca_file,
            cert_file=None,
            key_file=None,
            user_agent="test",
        )
        transports.append(transport)
        return transport

    yield build
    for transport in transports:
        transport.close()


def _gaps(times: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(times)]


@pytest.mark.row(22)
@pytest.mark.row(25)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_is_lost_on_a_real_connection_is_asked_for_with_the_same_bytes(
    opened: Open, reply: HttpReply
) -> None:
    """The sink had the request each time, and a store that drops repeats keeps one; no torn answer counts as a yes."""
    world = World()
    world.produce(10)
    with HttpReceiver([reply] * 3) as receiver:
        agent = world.agent(transport=opened(receiver.url, timeout=_SHORT_SECONDS if reply.dribble else 10))
        seen = agent.observe(0.1)
        agent.run(MINUTE)
        assert len(receiver.exports) == 4
        assert len({export.payload for export in receiver.exports}) == 1
    assert seen[0.1].metrics.value("trail_agent_sink_up") == 0
    assert seen[0.1].metrics.value("trail_agent_ready") == 0
    assert agent.by("trail_agent_export_requests_total", "result") == {"unavailable": 3, "ok": 1}
    assert agent.metric("trail_agent_sink_up") == 1
    world.check_all_delivered()


@pytest.mark.row(25)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_sink_that_stores_and_then_fails_gets_the_same_bytes_again(status: int) -> None:
    """Nothing is counted before the yes, everything once after it, and the store has each event once."""
    world = World()
    world.produce(10)
    agent = world.agent()
    world.sink.script.extend([Reply(status, keeps=True)] * 3)
    seen = agent.observe(0.2)
    agent.run(5 * MINUTE)
    assert len(set(agent.line.sent)) == 1
    assert len(agent.line.sent) == 4
    assert seen[0.2].metrics.value("codecatalyst_events_total") == 0
    assert agent.metric("codecatalyst_events_total") == 20
    world.check_all_delivered()


def _refused(opened: Open) -> Transport:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return opened(f"http://127.0.0.1:{listener.getsockname()[1]}")


def _nameless(opened: Open) -> Transport:
    return opened("http://sink.invalid:4318")


@pytest.mark.row(22)
@pytest.mark.parametrize("way", [_refused, _nameless], ids=["refused", "no address"])
def test_a_sink_that_cannot_be_reached_is_waited_for(
    opened: Open, way: Callable[[Open], Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an hour nothing is received and nothing given back; the waits grow to a minute; then all is delivered."""
    look_up = socket.getaddrinfo

    def find(host: str, *others: Any, **more: Any) -> Any:
        if host == "sink.invalid":  # a name server would say so too, but in its own time
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *others, **more)

    monkeypatch.setattr("socket.getaddrinfo", find)
    world = World()
    world.produce(25)
    with HttpReceiver() as receiver:
        agent = world.agent(transport=way(opened))
        agent.work_beside(HOUR / 2)
        seen = agent.observe(HOUR - 1)
        world.clock.at(HOUR, lambda: agent.line.lead_to(opened(receiver.url)))
        agent.run(HOUR + 5 * MINUTE)
    (glance,) = seen.values()
    assert glance.metrics.value("trail_agent_sink_up") == 0
    assert glance.metrics.value("trail_agent_ready") == 0
    assert glance.receives == 1
    assert glance.live == []
    assert _gaps(agent.line.times)[:9] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert set(agent.by("trail_agent_export_requests_total", "result")) == {"unavailable", "ok"}
    assert agent.metric("trail_agent_leases_lost_total") == 0
    world.check_all_delivered()


@pytest.mark.row(22)
def test_a_sink_whose_certificate_is_not_trusted_is_waited_for(opened: Open, ca: PrivateCa) -> None:
    """Nothing is sent to it; once the authority is known, all is delivered."""
    world = World()
    world.produce(3)
    with HttpReceiver(tls=ca) as receiver:
        agent = world.agent(transport=opened(receiver.url))
        seen = agent.observe(9 * MINUTE)
        nothing: list[int] = []
        world.clock.at(10 * MINUTE, lambda: nothing.append(len(receiver.exports)))
        world.clock.at(10 * MINUTE, lambda: agent.line.lead_to(opened(receiver.url, ca_file=ca.ca_file)))
        agent.run(15 * MINUTE)
    assert nothing == [0]
    assert "certificate" in " ".join(seen[9 * MINUTE].ready)
    assert seen[9 * MINUTE].metrics.value("trail_agent_sink_up") == 0
    world.check_all_delivered()


@pytest.mark.row(22)
def test_the_waits_are_those_that_the_sink_asks_for(opened: Open) -> None:
    """Retry-After is kept to the second for 429 and 503, up to five minutes; without it the waits grow."""
    world = World()
    world.produce(5)
    replies = [
        HttpReply(429, headers={"Retry-After": "17"}),
        HttpReply(503, headers={"Retry-After": "120"}),
        HttpReply(503, headers={"Retry-After": "86400"}),
        HttpReply(503),
    ]
    with HttpReceiver(replies) as receiver:
        agent = world.agent(transport=opened(receiver.url))
        agent.run(10 * MINUTE)
    assert _gaps(agent.line.times) == [17, 120, 300, 4]
    results = {"throttled": 1, "unavailable": 3, "ok": 1}
    assert agent.by("trail_agent_export_requests_total", "result") == results
    world.check_all_delivered()


@pytest.mark.row(22)
def test_a_sink_that_flaps_gets_everything_once() -> None:
    """Up and down by the minute, with answers lost in between: all arrives, and readiness follows the sink."""
    world = World()
    agent = world.agent()
    for minute in range(10):
        begin = minute * MINUTE
        world.clock.at(begin, partial(world.produce, 5, prefix=f"m{minute}x"))
        world.clock.at(begin + 30, partial(setattr, world.sink, "down", True))
        world.clock.at(begin + 31, partial(world.produce, 5, prefix=f"m{minute}y"))
        world.clock.at(begin + 55, partial(setattr, world.sink, "down", False))
    seen = agent.observe(MINUTE + 29, MINUTE + 54, 2 * MINUTE + 29)
    agent.run(15 * MINUTE)
    assert [glance.metrics.value("trail_agent_sink_up") for glance in seen.values()] == [1, 0, 1]
    assert agent.settled() == {"delivered": 100}
    assert agent.metric("trail_agent_events_total", fate="exported") == 200
    world.check_all_delivered()


@pytest.mark.row(23)
@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(302, headers={"Location": "http://127.0.0.1:9/login"}),
        HttpReply(301, headers={"Location": "/elsewhere"}),
        HttpReply(401, b"who are you?"),
        HttpReply(403),
        HttpReply(404),
        HttpReply(405),
        HttpReply(415),
    ],
    ids=lambda reply: str(reply.status),
)
def test_a_sink_that_is_misconfigured_keeps_everything_and_says_so(opened: Open, reply: HttpReply) -> None:
    """Neither a redirect nor a refusal is a yes, nor the messages' fault: asked 5 to 60 s apart, told once a minute."""
    world = World()
    world.produce(25)
    wrong = True
    with HttpReceiver(rule=lambda _export: reply if wrong else None) as receiver:
        agent = world.agent(transport=opened(receiver.url))
        seen = agent.observe(HOUR - 1)

        def mend() -> None:
            nonlocal wrong
            wrong = False

        world.clock.at(HOUR, mend)
        agent.run(HOUR + 5 * MINUTE)
        assert {export.path for export in receiver.exports} == {"/v1/logs"}, "redirects are not followed"
    (glance,) = seen.values()
    assert glance.metrics.value("trail_agent_ready") == 0
    assert glance.metrics.value("trail_agent_sink_up") == 0
    assert glance.receives == 1
    assert len(world.queue.messages) == 0
    gaps = _gaps(agent.line.times[:50])
    assert (min(gaps), max(gaps)) == (5, 60)
    assert agent.metric("trail_agent_export_requests_total", result="misconfigured") > 50
    told = agent.said("sink_down")
    assert 50 <= len(told) <= 61
    assert all(line["level"] == "error" and "otlp.endpoint" in str(line["hint"]) for line in told)
    assert agent.settled() == {"delivered": 25}
    world.check_all_delivered()


@pytest.mark.row(24)
@pytest.mark.parametrize("place", [0, 4, 9])
def test_one_record_that_the_sink_refuses_costs_one_message_of_ten(place: int) -> None:
    """The request is halved until the bad record is alone: nine messages are delivered, one is a dead letter."""
    world = World()
    names = [f"event{number}" for number in range(10)]
    objects = [world.put(ref(name), event(name, minute=number)) for number, name in enumerate(names)]
    for one in objects:
        world.notify(one)
    world.sink.refused = {names[place]}
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letters() == [("sink_rejected", objects[place].ref.key)]
    assert "on demand" in world.letter().attributes["detail"]
    assert agent.settled() == {"delivered": 9, "dead_letter": 1}
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"sink_rejected": 1}
    assert agent.metric("trail_agent_events_total", fate="dead_lettered") == 1
    assert agent.metric("trail_agent_events_total", fate="exported") == 9
    assert agent.metric("trail_agent_export_requests_total") <= 11
    assert world.sink.stored == set(names) - {names[place]}
    world.check_end()


def _answer_with(world: World, reply: Reply, name: str) -> Callable[[], None]:
    """Have every request with this event answered so, and nothing of it kept; returns what ends that."""
    judge = world.sink._judge

    def answer(received: Sequence[ReceivedRecord]) -> Reply:
        return reply if name in map(event_id, received) else judge(received)

    world.sink._judge = answer  # type: ignore[method-assign]
    return lambda: setattr(world.sink, "_judge", judge)


def _one_of_ten(world: World, place: int) -> Written:
    """Ten messages of one event each, a minute apart; the one at `place` has the event "odd"."""
    names = [*"abcdefghi"]
    names.insert(place, "odd")
    objects = [world.put(ref(name), event(name, minute=number)) for number, name in enumerate(names)]
    for one in objects:
        world.notify(one)
    return objects[place]


TOO_NEW: Final = Reply(400, text="entry for stream '{}' has timestamp too new: 2126-01-01T00:00:00Z")


@pytest.mark.row(24)
def test_a_record_that_is_too_new_comes_again_and_is_a_dead_letter_at_its_fourth_receive() -> None:
    """A clock may be set right meanwhile: three times its message is given back; the others are delivered."""
    world = World()
    odd = _one_of_ten(world, 9)
    _answer_with(world, TOO_NEW, "odd")
    agent = world.agent()
    seen = agent.observe(1)
    agent.run(HOUR)
    assert seen[1].metrics.by("trail_agent_deliveries_settled_total", "outcome")["delivered"] == 9
    assert world.letters() == [("sink_too_new", odd.ref.key)]
    assert agent.settled() == {"delivered": 9, "retry": 3, "dead_letter": 1}
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"sink_too_new": 1}
    world.check_end()


@pytest.mark.row(24)
def test_a_record_that_is_too_new_for_a_minute_is_delivered() -> None:
    """The sink's clock was behind: the message that came again is delivered like any other."""
    world = World()
    _one_of_ten(world, 9)
    world.clock.at(MINUTE, _answer_with(world, TOO_NEW, "odd"))
    agent = world.agent()
    agent.run(HOUR)
    settled = agent.settled()
    assert settled["delivered"] == 10
    assert 1 <= settled["retry"] <= 3
    world.check_all_delivered()


@pytest.mark.row(24)
def test_one_record_that_alone_is_never_judged_is_a_dead_letter_once_others_pass() -> None:
    """It gets a 500 wherever it is. The others are sent in parts, and nothing waits for it longer than minutes."""
    world = World()
    odd = _one_of_ten(world, 4)
    world.sink.sickening = {"odd"}
    for minute in range(0, 60, 2):
        world.clock.at(minute * MINUTE + 30, partial(world.produce, 1, prefix=f"m{minute}x"))
    agent = world.agent()
    seen = agent.observe(10 * MINUTE)
    agent.run(2 * HOUR)
    assert seen[10 * MINUTE].metrics.by("trail_agent_deliveries_settled_total", "outcome")["delivered"] >= 9
    assert world.letters() == [("sink_rejected", odd.ref.key)]
    assert agent.settled()["delivered"] == 9 + 30
    assert world.sink.stored == world.truth.produced - {"odd"}
    assert agent.telemetry.health.ready() == []
    world.check_end()


NEVER_SETTLES: Final = {
    "502": Reply(502),
    "500": Reply(500),
    "no answer in time": Reply(504),
    "a filter's 403": Reply(403, text="<html>Request blocked</html>"),
}


@pytest.mark.row(82)
@pytest.mark.parametrize("place", [0, 4, 9])
@pytest.mark.parametrize(
    ("name", "most"), [("502", 38), ("no answer in time", 38), ("500", 55), ("a filter's 403", 25)]
)
def test_the_neighbours_of_a_record_without_an_answer_are_settled_soon(name: str, most: float, place: int) -> None:
    """A fault that may pass by itself has half a minute for that; what a filter refuses is searched after five seconds.

    `most` includes two last tries of the record alone.
    """
    world = World()
    _one_of_ten(world, place)
    world.sink.sickening, world.sink.sickness = {"odd"}, NEVER_SETTLES[name]
    agent = world.agent()
    agent.run(5 * MINUTE)
    assert agent.sqs.times("DeleteMessageBatch")[0] <= most
    assert world.sink.stored == world.truth.produced - {"odd"}


@pytest.mark.row(82)
@pytest.mark.row(86)
@pytest.mark.parametrize("place", [0, 2, 3])
@pytest.mark.parametrize("reply", NEVER_SETTLES.values(), ids=NEVER_SETTLES)
def test_a_record_without_an_answer_that_settles_it_keeps_nobody_waiting(reply: Reply, place: int) -> None:
    """Its neighbours and the other messages are settled soon. It comes again a few times, and is then buried."""
    world = World()
    names = ["a", "b", "c"]
    names.insert(place, "odd")
    odd = world.put(ref("mixed"), *(event(name, minute=number) for number, name in enumerate(names)))
    world.notify(odd)
    world.produce(3)
    world.sink.sickening, world.sink.sickness = {"odd"}, reply
    for minute in range(4, 120, 4):
        world.clock.at(minute * MINUTE, partial(world.produce, 1, prefix=f"m{minute}x"))
    agent = world.agent()
    seen = agent.observe(3 * MINUTE, 4.5 * MINUTE)
    agent.run(2 * HOUR)
    for glance in seen.values():
        assert glance.ready == []
        assert glance.metrics.value("trail_agent_in_flight_deliveries") == 0
    assert seen[3 * MINUTE].metrics.by("trail_agent_deliveries_settled_total", "outcome")["delivered"] == 3
    assert seen[3 * MINUTE].metrics.value("trail_agent_retries_total", reason="sink_unsettled") == 1
    told = agent.said("retried")[0]
    assert (told["reason"], told["level"]) == ("sink_unsettled", "warning")
    assert odd.ref.key in str(told["detail"])
    assert world.letters() == [("sink_rejected", odd.ref.key)]
    assert agent.settled()["retry"] <= 4, "at most the fifth receive makes it a dead letter"
    assert world.sink.stored == world.truth.produced - {"odd"}
    assert agent.said("gate_closed") == []
    assert agent.telemetry.health.ready() == []
    world.check_end()


@pytest.mark.row(82)
def test_many_records_without_an_answer_are_each_found_and_buried() -> None:
    """Ten messages have one among sound ones: they do not excuse each other, and the sound ones are delivered."""
    world = World()
    for number in range(10):
        names = (f"good{number}", f"odd{number}", f"fine{number}")
        world.notify(world.put(ref(f"mixed{number}"), *(event(name, minute=number) for name in names)))
    world.sink.sickening = {f"odd{number}" for number in range(10)}
    for minute in range(0, 300, 4):
        world.clock.at(minute * MINUTE, partial(world.produce, 1, prefix=f"m{minute}x"))
    agent = world.agent()
    agent.run(5 * HOUR)
    assert [reason for reason, _ in world.letters()] == ["sink_rejected"] * 10
    assert agent.settled()["retry"] <= 40
    assert world.sink.stored == world.truth.produced - world.sink.sickening
    world.check_end()


@pytest.mark.row(82)
def test_a_record_that_is_settled_later_is_delivered() -> None:
    """What broke at it is mended before it is to blame: nothing is cut, and nothing is a dead letter."""
    world = World()
    world.notify(world.put(ref("mixed"), event("a"), event("odd", minute=1)))
    world.sink.sickening = {"odd"}
    world.clock.at(3 * MINUTE, world.sink.sickening.clear)
    agent = world.agent()
    agent.run(HOUR)
    assert agent.by("trail_agent_retries_total", "reason") == {"sink_unsettled": 1}
    assert agent.metric("trail_agent_records_truncated_total") == 0
    world.check_all_delivered()


@pytest.mark.row(82)
def test_a_sink_that_settles_no_record_is_not_said_to_refuse() -> None:
    """It answers empty requests only. What there is is held, for hours, costs one receive, and is delivered whole."""
    world = World()
    world.notify(world.put(ref("only"), event("only")))
    mend = _answer_with(world, Reply(502), "only")
    world.clock.at(6 * HOUR, mend)
    agent = world.agent()
    seen = agent.observe(5 * MINUTE, 5 * HOUR)
    receives: list[int] = []
    world.clock.at(6 * HOUR - 1, lambda: receives.extend(each.receives for each in world.queue.messages.values()))
    agent.run(7 * HOUR)
    for glance in seen.values():
        assert any(problem.startswith("sink refuses: ") for problem in glance.ready)
        assert "no answer that settles them" in " ".join(glance.ready)
    assert receives == [1]
    world.check_all_delivered()


@pytest.mark.row(82)
@pytest.mark.row(86)
@pytest.mark.parametrize("count", [2, 12])
@pytest.mark.parametrize("reply", [Reply(500), Reply(403, text="<html>Request blocked</html>")], ids=["500", "403"])
def test_several_records_without_an_answer_do_not_stop_the_agent(reply: Reply, count: int) -> None:
    """They are all that a message has, and all that there is: it is held after minutes, and the next ones pass."""
    world = World()
    names = [f"odd{number}" for number in range(count)]
    odd = world.put(ref("odd"), *(event(name, minute=number) for number, name in enumerate(names)))
    world.notify(odd)
    world.sink.sickening, world.sink.sickness = set(names), reply
    for minute in range(1, 240, 4):
        world.clock.at(minute * MINUTE, partial(world.produce, 1, prefix=f"m{minute}x"))
    agent = world.agent()
    seen = agent.observe(20 * MINUTE)
    agent.run(4 * HOUR)
    assert seen[20 * MINUTE].ready == []
    assert seen[20 * MINUTE].metrics.by("trail_agent_deliveries_settled_total", "outcome")["delivered"] >= 4
    assert world.letters() == [("sink_rejected", odd.ref.key)]
    assert agent.settled()["retry"] <= 5
    assert world.sink.stored == world.truth.produced - set(names)
    world.check_end()


@pytest.mark.row(82)
def test_a_sink_that_answers_empty_requests_only_gets_everything_once_it_is_mended() -> None:
    """For six hours it fails at every record: what there is is held, at one receive, and then all is delivered."""
    world = World()
    world.produce(25)
    judge = world.sink._judge
    world.sink._judge = lambda received: Reply(500)  # type: ignore[method-assign]
    world.clock.at(6 * HOUR, lambda: setattr(world.sink, "_judge", judge))
    for minute in range(10, 360, 10):
        world.clock.at(minute * MINUTE, partial(world.produce, 1, prefix=f"m{minute}x"))
    agent = world.agent()
    receives: list[int] = []
    world.clock.at(6 * HOUR - 1, lambda: receives.extend(each.receives for each in world.queue.messages.values()))
    agent.run(8 * HOUR)
    assert max(receives) == 1
    assert world.letters() == []
    assert agent.metric("trail_agent_records_truncated_total") == 0
    world.check_all_delivered()
