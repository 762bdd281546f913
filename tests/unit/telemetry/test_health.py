"""Health: what makes the daemon live and ready, and in which words it says that it is not."""

from __future__ import annotations

import pytest

from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import Pulse
from agent.telemetry.health import Health, Pending, Waiting
from tests.support.clock import FakeClock
from tests.support.telemetry import observed


def health_of() -> tuple[Health, FakeClock]:
    """The health of a daemon that has just started, and its clock."""
    clock = FakeClock()
    return Health(clock, Pulse(clock)), clock


def ready_health() -> tuple[Health, FakeClock]:
    """The health of a daemon whose queue and sink have answered, and its clock."""
    health, clock = health_of()
    health.queue_up()
    health.sink_accepts()
    return health, clock


def test_a_daemon_without_an_answer_from_queue_and_sink_is_not_ready() -> None:
    """Until queue and sink have answered once, readiness names the one that the start waits for."""
    health, _ = health_of()
    assert health.ready() == ["queue has not answered yet"]
    health.queue_up()
    assert health.ready() == ["sink has not answered yet"]
    health.sink_accepts()
    assert health.ready() == []


def test_what_is_awaited_is_no_fault() -> None:
    """First answers and the stop are told apart from what fails; a queue that fails is told alone."""
    health, _ = health_of()
    assert health.pending() == [Pending.QUEUE]
    health.queue_down("access denied", EnvironmentFault.QUEUE_DENIED)
    assert health.pending() == []
    health.queue_up()
    assert health.pending() == [Pending.SINK]
    health.sink_fails("no answer", EnvironmentFault.SINK_UNAVAILABLE)
    assert health.pending() == []
    health.drain()
    assert health.pending() == [Pending.DRAINING]


def test_a_queue_that_never_answered_makes_unready_at_once() -> None:
    """Access denied at the start is told without waiting."""
    health, clock = health_of()
    assert health.queue_down("access denied", EnvironmentFault.QUEUE_DENIED) is False
    clock.elapsed += 5
    assert health.ready() == ["queue: access denied (for 5 s)"]


def test_a_queue_that_answered_before_is_forgiven_for_two_minutes() -> None:
    """A short outage of SQS does not take the daemon out of service; a long one does, until it ends."""
    health, clock = ready_health()
    assert health.queue_down("time-out", EnvironmentFault.QUEUE_UNAVAILABLE) is True
    clock.elapsed += 119
    assert health.ready() == []
    clock.elapsed += 1
    assert health.queue_down("time-out again", EnvironmentFault.QUEUE_UNAVAILABLE) is False
    assert health.ready() == ["queue: time-out again (for 120 s)"]
    assert health.queue_up() == 120
    assert health.ready() == []


def test_each_part_that_holds_the_flow_is_named() -> None:
    """Sink, store and drain are told side by side, each with its reason."""
    health, clock = ready_health()
    health.sink_fails("401 Unauthorized", EnvironmentFault.SINK_MISCONFIGURED)
    clock.elapsed += 60
    health.hold("store", "every read of bucket acme is denied", EnvironmentFault.BUCKET_DENIED)
    health.drain()
    assert health.ready() == [
        "draining",
        "sink: 401 Unauthorized (for 60 s)",
        "store: every read of bucket acme is denied (for 0 s)",
    ]


def test_a_part_that_works_again_holds_nothing() -> None:
    """The time a part was down is told once, by its release."""
    health, clock = ready_health()
    health.sink_fails("refused", EnvironmentFault.SINK_UNAVAILABLE)
    clock.elapsed += 7
    assert (health.sink_up, health.sink_accepts(), health.sink_up) == (False, 7, True)
    assert health.sink_accepts() is None
    assert health.ready() == []


def test_reasons_are_safe_to_show() -> None:
    """A sink's answer cannot add a line to the reasons, nor steer a terminal."""
    health, _ = ready_health()
    health.sink_fails("no\nready\x1b[2J" + "x" * 10_000, EnvironmentFault.SINK_UNAVAILABLE)
    (reason,) = health.ready()
    assert reason.isprintable()
    assert len(reason) < 600


def test_what_is_waited_for_is_told_with_its_fault_and_since_when() -> None:
    """Each part that fails has its kind of fault and its seconds; a queue has them from its first failure on."""
    health, clock = ready_health()
    assert health.waiting() == []
    health.queue_down("time-out", EnvironmentFault.QUEUE_UNAVAILABLE)
    clock.elapsed += 5
    health.sink_fails("refused", EnvironmentFault.SINK_UNAVAILABLE)
    clock.elapsed += 2
    health.sink_fails("401", EnvironmentFault.SINK_MISCONFIGURED)
    assert health.waiting() == [
        Waiting("queue", EnvironmentFault.QUEUE_UNAVAILABLE, "time-out", 7),
        Waiting("sink", EnvironmentFault.SINK_MISCONFIGURED, "401", 2),
    ]
    health.queue_up()
    health.sink_accepts()
    assert health.waiting() == []


def test_the_metric_of_what_is_waited_for_follows() -> None:
    """Every fault has a series at 0; it is 1 while some part waits because of it."""
    subject = observed()
    assert subject.value("trail_agent_waiting") == 0
    for bucket in ("bucket a", "bucket b"):
        subject.telemetry.gate_closed(bucket, EnvironmentFault.BUCKET_DENIED, "403")
    assert subject.value("trail_agent_waiting", fault="bucket denied") == 1
    assert subject.value("trail_agent_waiting") == 1
    subject.telemetry.gate_opened("bucket a")
    assert subject.value("trail_agent_waiting", fault="bucket denied") == 1
    subject.telemetry.gate_opened("bucket b")
    assert subject.value("trail_agent_waiting") == 0


def test_a_thread_that_stands_still_for_a_minute_is_not_alive() -> None:
    """Liveness names the thread whose heart stopped, and recovers when it beats."""
    clock = FakeClock()
    pulse = Pulse(clock)
    health = Health(clock, pulse)
    with pulse.alive():
        clock.elapsed += 60
        assert health.live() == []
        clock.elapsed += 1
        assert health.live() == ["thread MainThread has not moved for more than 60 s"]
        pulse.beat()
        assert health.live() == []


def test_a_thread_that_died_is_never_alive_again() -> None:
    """A bug that ends a thread fails liveness, so that the process is started again."""
    clock = FakeClock()
    pulse = Pulse(clock)
    with pytest.raises(RuntimeError), pulse.alive():
        raise RuntimeError
    clock.elapsed += 61
    assert Health(clock, pulse).live() == ["thread MainThread has not moved for more than 60 s"]


def test_liveness_does_not_depend_on_queue_or_sink() -> None:
    """A restart mends neither AWS nor the sink: nothing that they do fails liveness."""
    health, clock = health_of()
    health.queue_down("denied", EnvironmentFault.QUEUE_DENIED)
    health.sink_fails("down", EnvironmentFault.SINK_UNAVAILABLE)
    health.drain()
    clock.elapsed += 86_400
    assert health.live() == []


def test_the_gauges_say_what_the_endpoints_say() -> None:
    """`ready` and `sink_up` follow the health at each scrape, and a sink that was never heard of is not up."""
    subject = observed()
    assert (subject.value("trail_agent_ready"), subject.value("trail_agent_sink_up")) == (0, 0)
    subject.telemetry.queue_up()
    assert (subject.value("trail_agent_ready"), subject.value("trail_agent_sink_up")) == (0, 0)
    subject.telemetry.sink_up()
    assert (subject.value("trail_agent_ready"), subject.value("trail_agent_sink_up")) == (1, 1)
    subject.telemetry.sink_down("unavailable", "refused")
    assert (subject.value("trail_agent_ready"), subject.value("trail_agent_sink_up")) == (0, 0)
    subject.telemetry.sink_up()
    assert (subject.value("trail_agent_ready"), subject.value("trail_agent_sink_up")) == (1, 1)


def test_a_sink_that_refuses_every_record_is_not_up() -> None:
    """It answers, and takes nothing; other faults around the agent say nothing of the sink."""
    subject = observed()
    subject.telemetry.sink_up()
    for fault, up in [(EnvironmentFault.SINK_REFUSES, 0), (EnvironmentFault.DEAD_LETTERS, 1)]:
        subject.telemetry.gate_closed(fault, fault, "the latest of them")
        subject.telemetry.sink_up()  # an empty request passed, which says nothing of records
        assert subject.value("trail_agent_sink_up") == up
        subject.telemetry.gate_opened(fault)
        assert subject.value("trail_agent_sink_up") == 1


def test_readiness_falls_by_the_clock_alone() -> None:
    """A queue that stays silent makes the gauge fall without a further event."""
    subject = observed()
    subject.telemetry.queue_up()
    subject.telemetry.sink_up()
    subject.telemetry.queue_down("unavailable", "503")
    subject.clock.elapsed += 119
    assert subject.value("trail_agent_ready") == 1
    subject.clock.elapsed += 1
    assert subject.value("trail_agent_ready") == 0
