"""Is it me, or is it the sink? Whole agents before a sink whose own setting makes it refuse everything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent.faults.environment_faults import EnvironmentFault
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.events import event
from tests.support.far_side import Reply
from tests.support.objects import ref
from tests.support.world import HOUR, World


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
