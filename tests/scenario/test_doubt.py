"""Is it me, or is it the sink? Whole agents before a sink whose own setting or clock makes it refuse everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import pytest

from agent.faults.environment_faults import EnvironmentFault
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.events import event
from tests.support.far_side import Reply
from tests.support.objects import ref
from tests.support.world import HOUR, MINUTE, World


def set_wrongly(world: World, *, until: float) -> None:
    """Let the sink refuse every record with the same words, and no empty request, until then."""
    judge = world.sink._judge

    def refuse(received: Sequence[ReceivedRecord]) -> Reply:
        return Reply(400, text="structured metadata is not allowed for this tenant") if received else judge(received)

    world.sink._judge = refuse  # type: ignore[method-assign]
    world.clock.at(until, lambda: setattr(world.sink, "_judge", judge))


@pytest.mark.row(55)
def test_a_setting_of_the_sink_buries_nothing() -> None:
    """For six hours it refuses all: unready with what to do, nothing buried; mended, everything is delivered."""
    world = World()
    world.produce(45)
    set_wrongly(world, until=6 * HOUR)
    agent = world.agent()
    seen = agent.observe(60, 3 * HOUR, 6 * HOUR - 1)
    agent.run(7 * HOUR)
    for glance in seen.values():
        assert any(problem.startswith("sink refuses: ") for problem in glance.ready), glance.ready
        assert glance.metrics.value("trail_agent_sink_up") == 0
        assert not glance.live
    told = agent.said("gate_closed")
    assert {line["hint"] for line in told} == {EnvironmentFault.SINK_REFUSES.advice.hint}
    assert agent.said("gate_opened")
    assert agent.telemetry.health.ready() == []
    assert seen[6 * HOUR - 1].receives - seen[3 * HOUR].receives <= 185, "one more receive a minute, in a quiet queue"
    world.check_all_delivered()


@pytest.mark.row(55)
def test_neighbours_go_on_while_the_sink_refuses() -> None:
    """What holds nothing for the sink is deleted meanwhile, and does not end the doubt."""
    world = World()
    world.produce(12)
    set_wrongly(world, until=2 * HOUR)
    for _ in range(20):
        world.send('{"Service": "Amazon S3", "Event": "s3:TestEvent"}')
    agent = world.agent()
    seen = agent.observe(HOUR)
    agent.run(3 * HOUR)
    assert len(seen[HOUR].ready) == 1
    assert agent.metric("trail_agent_notifications_ignored_total") == 20
    world.check_all_delivered()


@pytest.mark.row(56)
def test_bad_records_that_are_all_the_sink_was_sent_wait_for_another() -> None:
    """Alone they look like the sink's setting, and are held; the next good message tells that it is the records."""
    world = World()
    bad = [world.put(ref(name), event(name)) for name in ("bad0", "bad1", "bad2")]
    for one in bad:
        world.notify(one)
    world.sink.refused = {"bad0", "bad1", "bad2"}
    agent = world.agent()
    letters: list[int] = []
    world.clock.at(HOUR - 1, lambda: letters.append(len(world.letters())))
    seen = agent.observe(HOUR - 1)
    world.clock.at(HOUR, lambda: world.produce(1))
    agent.run(2 * HOUR)
    assert (len(seen[HOUR - 1].ready), letters) == (1, [0])
    assert sorted(world.letters()) == [("sink_rejected", one.ref.key) for one in bad]
    assert agent.telemetry.health.ready() == []
    world.check_end()


@pytest.mark.row(55)
def test_a_stop_while_the_sink_refuses_gives_all_back() -> None:
    """What one agent holds is visible at once after its stop; another one holds it in its turn, and delivers it."""
    world = World()
    world.produce(15)
    set_wrongly(world, until=2 * HOUR)
    first, second = world.agent("first"), world.agent("second")
    first.run(HOUR)
    assert world.queue.dead_letters == []
    assert all(message.visible_at <= world.clock.time() for message in world.queue.messages.values())
    second.run(2 * HOUR)
    world.check_all_delivered()


SECOND_NS = 10**9


def produce_fresh(world: World, name: str, *, age: float) -> None:
    """A message of one event that happened so many seconds ago, by our clock."""
    at = datetime.fromtimestamp(world.clock.time() - age, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.notify(world.put(ref(name), {**event(name), "eventTime": at}))


def clock_off(world: World, seconds: float) -> Callable[[], None]:
    """Let the sink's clock be off: it takes what is at most a day old and ten minutes new by that. Returns the mending.

    As Loki does with reject_old_samples_max_age and creation_grace_period; those of a request that are good are kept.
    """
    off = [seconds]
    judge = world.sink._judge

    def refuse(received: Sequence[ReceivedRecord]) -> Reply:
        now = (world.clock.time() + off[0]) * SECOND_NS
        if any(each.time_unix_nano < now - 24 * HOUR * SECOND_NS for each in received):
            return Reply(400, text="entry for stream '{}' has timestamp too old: 1, oldest acceptable timestamp is: 2")
        if any(each.time_unix_nano > now + 10 * MINUTE * SECOND_NS for each in received):
            return Reply(400, text="entry for stream '{}' has timestamp too new: 1")
        return judge(received)

    world.sink._judge = refuse  # type: ignore[method-assign]
    return partial(off.__setitem__, 0, 0.0)


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize(("off", "called"), [(30 * HOUR, "too old"), (-30 * HOUR, "too new")])
def test_a_sink_whose_clock_is_wrong_gets_everything_once_it_is_right(off: float, called: str) -> None:
    """For six hours it calls all too old, or too new: nothing is buried, one receive is spent, then all passes."""
    world = World()
    mend = clock_off(world, off)
    for number in range(40):
        produce_fresh(world, f"o{number}", age=300)
    for minute in range(10, 360, 10):
        world.clock.at(minute * MINUTE, partial(produce_fresh, world, f"m{minute}", age=200))
    world.clock.at(6 * HOUR, mend)
    agent = world.agent()
    seen = agent.observe(MINUTE, 3 * HOUR, 6 * HOUR - 1)
    receives: list[int] = []
    world.clock.at(6 * HOUR - 1, lambda: receives.extend(each.receives for each in world.queue.messages.values()))
    agent.run(7 * HOUR)
    for glance in seen.values():
        (problem,) = glance.ready
        assert called in problem
        assert "our clock" in problem
    assert max(receives) == 1
    assert {line["hint"] for line in agent.said("gate_closed")} == {EnvironmentFault.SINK_REFUSES.advice.hint}
    assert agent.telemetry.health.ready() == []
    world.check_all_delivered()


@pytest.mark.row(85)
def test_a_sink_whose_clock_is_behind_takes_what_it_called_too_new_when_its_time_has_come() -> None:
    """An hour behind, and nobody mends it: what is held passes by itself."""
    world = World()
    clock_off(world, -HOUR)
    for number in range(12):
        produce_fresh(world, f"o{number}", age=300)
    agent = world.agent()
    seen = agent.observe(20 * MINUTE)
    agent.run(2 * HOUR)
    assert len(seen[20 * MINUTE].ready) == 1
    world.check_all_delivered()


@pytest.mark.row(85)
def test_a_record_of_the_future_does_not_spend_its_receives_within_minutes() -> None:
    """Forged, or by a wrong clock: four receives take more than a quarter of an hour, and others are delivered."""
    world = World()
    clock_off(world, 0)
    produce_fresh(world, "future", age=-48 * HOUR)
    produce_fresh(world, "good", age=300)
    agent = world.agent()
    seen = agent.observe(15 * MINUTE)
    agent.run(2 * HOUR)
    assert seen[15 * MINUTE].metrics.value("trail_agent_dead_letters_total") == 0
    assert seen[15 * MINUTE].ready == []
    assert [reason for reason, _ in world.letters()] == ["sink_too_new"]
    assert agent.settled() == {"delivered": 1, "retry": 3, "dead_letter": 1}
    world.check_end()


@pytest.mark.row(83)
def test_old_records_are_held_too_while_the_sinks_clock_is_in_doubt() -> None:
    """What is days old is no proof while fresh records are refused like it; afterwards it is a dead letter if it is."""
    world = World()
    mend = clock_off(world, 30 * HOUR)
    produce_fresh(world, "fresh", age=300)
    produce_fresh(world, "older", age=5 * HOUR)
    produce_fresh(world, "ancient", age=48 * HOUR)
    letters: list[int] = []
    world.clock.at(HOUR, lambda: letters.append(len(world.letters())))
    world.clock.at(HOUR, mend)
    agent = world.agent()
    agent.run(3 * HOUR)
    assert letters == [0]
    assert world.letters() == [("sink_too_old", ref("ancient").key)]
    world.check_end()


def _some_too_old_by_a_wrong_clock(world: World) -> Callable[[], None]:
    """The sink's clock is ahead by nearly its own limit: of 30 fresh records it takes the five of the last minutes."""
    for number in range(30):
        produce_fresh(world, f"o{number}", age=(number + 1) * 2 * MINUTE if number % 6 else 30)
    return clock_off(world, 24 * HOUR - MINUTE)


@pytest.mark.row(83)
def test_fresh_records_that_a_wrong_clock_calls_too_old_come_again_until_it_is_right() -> None:
    """That others are accepted proves nothing of them: the clock is set right after minutes, and all are delivered."""
    world = World()
    world.clock.at(2 * MINUTE, _some_too_old_by_a_wrong_clock(world))
    agent = world.agent()
    seen = agent.observe(MINUTE)
    agent.run(HOUR)
    assert seen[MINUTE].metrics.by("trail_agent_deliveries_settled_total", "outcome")["delivered"] == 5
    assert seen[MINUTE].metrics.value("trail_agent_retries_total", reason="sink_too_old") == 25
    assert seen[MINUTE].ready == []
    told = agent.said("retried")[0]
    assert "our clock" in str(told["detail"])
    world.check_all_delivered()


@pytest.mark.row(83)
def test_a_fresh_record_that_the_sink_never_takes_is_a_dead_letter_at_its_fourth_receive() -> None:
    """Its limit is that small, or nobody mends its clock: more than a quarter of an hour was there to do so."""
    world = World()
    clock_off(world, 24 * HOUR - MINUTE)
    produce_fresh(world, "late", age=5 * MINUTE)
    produce_fresh(world, "good", age=30)
    agent = world.agent()
    seen = agent.observe(15 * MINUTE)
    agent.run(2 * HOUR)
    assert seen[15 * MINUTE].metrics.value("trail_agent_dead_letters_total") == 0
    assert world.letters() == [("sink_too_old", ref("late").key)]
    assert agent.settled() == {"delivered": 1, "retry": 3, "dead_letter": 1}
    assert agent.by("trail_agent_events_total", "fate") == {"exported": 1, "retried": 3, "dead_lettered": 1}
    world.check_end()


@pytest.mark.row(83)
def test_history_that_is_older_than_the_sink_takes_is_a_dead_letter_at_once() -> None:
    """By our clock, too, the records are old: to wait would help nobody who replays a trail of last year."""
    world = World()
    clock_off(world, 0)
    for number in range(8):
        produce_fresh(world, f"old{number}", age=(25 + number) * HOUR)
    produce_fresh(world, "good", age=5 * MINUTE)
    agent = world.agent()
    agent.run(MINUTE)
    assert agent.settled() == {"delivered": 1, "dead_letter": 8}
    assert {reason for reason, _ in world.letters()} == {"sink_too_old"}
    world.check_end()
