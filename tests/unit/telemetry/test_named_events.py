"""The named events: each moves its metrics and writes at most one line; both are asserted here and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.errors import AwsError, Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import Ignored, ObjectSource, Outcome, QueueAttributes, Reading, Settlement
from agent.telemetry.flow_events import HowRead
from agent.telemetry.history_events import PassedOver
from agent.telemetry.metrics import CALL_BUCKETS
from agent.telemetry.snapshot import Snapshot
from agent.trail.inflate import TextFacts
from tests.support.clock import START
from tests.support.messages import delivery
from tests.support.records import ago, log_record
from tests.support.telemetry import ObservedTelemetry, observed

MINUTE = 60.0


@pytest.fixture
def subject() -> ObservedTelemetry:
    """A telemetry at debug level, so that every line is seen."""
    return observed(level="debug")


def events(subject: ObservedTelemetry) -> list[str]:
    """Level and event of each line since the last look."""
    return [f"{line['level']} {line['event']}" for line in subject.lines()]


def test_what_the_sink_said_of_a_record_stays_out_of_the_log(subject: ObservedTelemetry) -> None:
    """A sink's refusal may quote the event: neither the log nor the list for the status page repeats it."""
    fault = Fault(Reason.SINK_REJECTED, "the sink refused the record", "acme", "key", said="bad line: user-ID did it")
    subject.telemetry.deliveries_settled([Settlement(delivery("m-1"), Outcome.DEAD_LETTER, fault=fault)])
    (line,) = subject.lines()
    assert line["detail"] == "the sink refused the record"
    assert "user-ID" not in str(line)
    assert "user-ID" not in str(subject.telemetry.activity.dead_letters())


def test_a_retry_tells_what_stood_in_the_way(subject: ObservedTelemetry) -> None:
    """The line has the object and AWS's words, and what to do."""
    settlement = Settlement(
        delivery("m-1"), Outcome.RETRY, retry=RetryReason.STORE_UNAVAILABLE, retry_detail="s3://acme/key: SlowDown"
    )
    subject.telemetry.deliveries_settled([settlement])
    (line,) = subject.lines()
    assert (line["event"], line["reason"]) == ("retried", "store_unavailable")
    assert line["detail"] == "s3://acme/key: SlowDown"


def test_what_a_replay_cannot_ship_is_a_warning_that_speaks_of_no_queue(subject: ObservedTelemetry) -> None:
    """There is no message to be sent back; the sink's own words stay out of the log here, too."""
    fault = Fault(Reason.SINK_REJECTED, "the sink refused the record", "acme", "key", said="bad line: user-ID did it")
    subject.telemetry.object_settled(Settlement(delivery("s3://acme/key"), Outcome.DEAD_LETTER, fault=fault))
    (line,) = subject.lines()
    assert (line["event"], line["reason"], line["object"]) == ("not_shipped", "sink_rejected", "s3://acme/key")
    assert "run the replay again" in str(line["hint"])
    assert "user-ID" not in str(line)
    assert subject.value("trail_agent_dead_letters_total", reason="sink_rejected") == 1


def test_what_a_replay_tries_again_is_told_once_a_minute(subject: ObservedTelemetry) -> None:
    """With the reason, and that others wait for it; what was shipped is only counted."""
    retry = Settlement(delivery("m"), Outcome.RETRY, retry=RetryReason.STORE_UNAVAILABLE, retry_detail="SlowDown")
    for settlement in (retry, retry, Settlement(delivery("m"), Outcome.DELIVERED)):
        subject.telemetry.object_settled(settlement)
    (line,) = subject.lines()
    assert (line["event"], line["reason"], line["detail"]) == ("tried_again", "store_unavailable", "SlowDown")
    assert subject.value("trail_agent_retries_total", reason="store_unavailable") == 2
    assert subject.value("trail_agent_deliveries_settled_total", outcome="delivered") == 1


def test_the_life_cycle_is_told_at_info(subject: ObservedTelemetry) -> None:
    """Start, readiness, drain and stop are one line each, and the drain makes unready."""
    telemetry = subject.telemetry
    endpoint = "https://token@sink:4318/otlp?key=token"
    telemetry.started("1.2.3", "https://u:p@sqs/q", 2, endpoint, "127.0.0.1:9464", selects=("identity", "*"))
    (line,) = subject.lines()
    assert (line["event"], line["queue"], line["endpoint"], line["buckets"], line["selects"]) == (
        "started",
        "https://sqs/q",
        "https://sink:4318/otlp",
        2,
        "identity, *",
    )
    telemetry.queue_up()
    telemetry.sink_up()
    telemetry.draining("SIGTERM", 7)
    telemetry.stopped(1.26)
    assert events(subject) == ["info ready", "info draining", "info stopped"]
    assert telemetry.health.ready() == ["draining"]


def test_the_first_answers_of_queue_and_sink_make_ready(subject: ObservedTelemetry) -> None:
    """Their answers are told once, as readiness, and not again."""
    subject.telemetry.queue_up()
    assert events(subject) == []
    subject.telemetry.sink_up()
    subject.telemetry.queue_up()
    assert events(subject) == ["info ready"]


def test_a_bug_is_an_error_with_its_place(subject: ObservedTelemetry) -> None:
    """A failed worker is told with a traceback and without the value that it stumbled over."""
    actor, known = "arn:aws:iam::1:user/" + "alice", dict[str, str]()
    with pytest.raises(KeyError) as caught:
        known[actor]
    subject.telemetry.worker_failed(caught.value)
    (line,) = subject.lines()
    assert (line["level"], line["event"]) == ("error", "worker_failed")
    assert "test_named_events.py" in str(line["exception"])
    assert "alice" not in str(line)


def test_what_a_selection_adds_is_one_line(subject: ObservedTelemetry) -> None:
    """It names the parts and says where to look, and what to do about it."""
    subject.telemetry.volume_added(["profile identity: each sign-in", "select.event_sources: every event of x"])
    (line,) = subject.lines()
    assert line["event"] == "volume_added"
    assert line["adds"] == "profile identity: each sign-in; select.event_sources: every event of x"
    assert "select.exclude_events" in str(line["hint"])


def test_a_doubtful_setting_is_a_warning(subject: ObservedTelemetry) -> None:
    """What is usable but hardly meant is told once at the start."""
    subject.telemetry.setting_warned("workers: 900 is more than this machine has use for")
    assert events(subject) == ["warning setting_warned"]


def test_a_receive_counts_its_messages_and_their_age(subject: ObservedTelemetry) -> None:
    """The oldest message's age grows while it waits, and is gone with the next empty receive."""
    telemetry = subject.telemetry
    telemetry.deliveries_received([delivery(sent_at=START - 30), delivery(sent_at=START - 300)])
    assert subject.value("trail_agent_deliveries_received_total") == 2
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 300
    subject.clock.elapsed += 60
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 360
    telemetry.deliveries_received([])
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 0
    assert subject.value("trail_agent_last_receive_timestamp_seconds") == START + 60
    assert events(subject) == []


@pytest.mark.row(53)
def test_the_age_of_what_is_held_counts_after_an_empty_receive(subject: ObservedTelemetry) -> None:
    """The oldest message in hand tells how late the agent is, whatever the last poll brought."""
    telemetry = subject.telemetry
    telemetry.deliveries_received([delivery(sent_at=START - 300)])
    telemetry.in_flight(1, START - 300)
    telemetry.deliveries_received([])
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 300
    telemetry.deliveries_received([delivery(sent_at=START - 400)])
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 400
    telemetry.deliveries_received([])
    telemetry.in_flight(0, None)
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 0


def test_a_clock_that_lags_makes_no_negative_age(subject: ObservedTelemetry) -> None:
    """A message from the future is as old as now."""
    subject.telemetry.deliveries_received([delivery(sent_at=START + 100)])
    assert subject.value("trail_agent_oldest_delivery_age_seconds") == 0


def test_calls_to_sqs_are_counted_by_operation_and_result(subject: ObservedTelemetry) -> None:
    """Each call has its series; no line is written for any."""
    subject.telemetry.sqs_request("DeleteMessageBatch", "throttled")
    assert subject.value("trail_agent_sqs_requests_total", operation="DeleteMessageBatch", result="throttled") == 1
    assert events(subject) == []


@pytest.mark.row(2)
def test_a_queue_that_never_answered_is_an_error_once_a_minute(subject: ObservedTelemetry) -> None:
    """Access denied at the start is told at once with what to do, and then once a minute with what was left out."""
    for _ in range(25):
        subject.telemetry.queue_down("denied", "AccessDenied for sqs:ReceiveMessage")
        subject.clock.elapsed += 6
    lines = subject.lines()
    assert [(line["level"], line.get("suppressed")) for line in lines] == [("error", None), ("error", 9), ("error", 9)]
    assert "allow the SQS actions" in str(lines[0]["hint"])


def test_a_short_outage_of_the_queue_is_a_warning_and_its_end_is_told(subject: ObservedTelemetry) -> None:
    """What the agent mends by itself is no error; what lasts becomes one."""
    telemetry = subject.telemetry
    telemetry.queue_up()
    telemetry.sink_up()
    telemetry.queue_down("unavailable", "503")
    subject.clock.elapsed += 2 * MINUTE
    telemetry.queue_down("unavailable", "503")
    telemetry.queue_up()
    assert events(subject) == ["info ready", "warning queue_down", "error queue_down", "info queue_answers_again"]


@pytest.mark.parametrize("queue", ["main", "dead_letter"])
def test_the_depth_of_a_queue_has_three_states(subject: ObservedTelemetry, queue: str) -> None:
    """Visible, in flight and delayed messages are three series, and the retention is one; none before SQS was asked."""
    counted = "trail_agent_queue_messages_timestamp_seconds"
    names = ("trail_agent_queue_messages", "trail_agent_queue_retention_seconds", counted)
    assert not any(Snapshot.of(subject.telemetry.metrics.registry).samples.get(name) for name in names)
    subject.telemetry.queue_described(queue, QueueAttributes(12, 3, 1, "", 864_000))
    assert subject.value("trail_agent_queue_retention_seconds", queue=queue) == 864_000
    assert subject.value(counted, queue=queue) == subject.clock.time()
    states = {"visible": 12, "in_flight": 3, "delayed": 1}
    for state, count in states.items():
        assert subject.value("trail_agent_queue_messages", queue=queue, state=state) == count
    subject.telemetry.queue_described(queue, None)
    left = Snapshot.of(subject.telemetry.metrics.registry).samples
    assert not any(left.get(name) for name in ("trail_agent_queue_messages", counted)), "an old number is no knowledge"


def test_an_ignored_notification_is_counted_by_reason(subject: ObservedTelemetry) -> None:
    """What holds nothing for us is counted, and told at debug level only."""
    subject.telemetry.notification_ignored(Ignored(IgnoredReason.DIGEST, "bucket", "key"))
    assert subject.value("trail_agent_notifications_ignored_total", reason="digest") == 1
    assert events(subject) == ["debug notification_ignored"]


def test_each_kind_of_what_is_not_cloudtrails_is_told_once(subject: ObservedTelemetry) -> None:
    """The first of a kind is a line at info level with what to do; strangers cannot fill the log with new kinds."""
    for number in range(3):
        subject.telemetry.notification_ignored(Ignored(IgnoredReason.OTHER_KEY, "bucket", f"photos/{number}.jpg"))
    assert events(subject) == ["info notification_ignored"] + ["debug notification_ignored"] * 2
    for number in range(300):
        subject.telemetry.notification_ignored(Ignored(IgnoredReason.OTHER_SERVICE, sender=f"sender {number}"))
    assert events(subject).count("info notification_ignored") == 99  # there is room for a hundred kinds
    assert subject.value("trail_agent_notifications_ignored_total", reason="other_service") == 300


def test_an_object_read_is_counted_with_its_size_and_time(subject: ObservedTelemetry) -> None:
    """Objects, bytes and seconds move; the line is at debug level."""
    subject.telemetry.objects_read([HowRead(TextFacts(20_480, is_plain=False), 0.04, START - 5)])
    assert subject.value("trail_agent_objects_read_total") == 1
    assert subject.value("trail_agent_object_bytes_total") == 20_480
    assert subject.value("trail_agent_object_read_seconds_bucket", le="0.05") == 1
    assert subject.value("trail_agent_object_read_seconds_bucket", le="0.025") == 0
    assert events(subject) == ["debug object_read"]


FACTS = st.builds(TextFacts, st.integers(1, 1 << 20), is_plain=st.just(False))
READS = st.lists(st.builds(HowRead, FACTS, st.floats(0, 90), st.just(START)), max_size=20)


@given(READS)
def test_objects_that_are_told_together_are_counted_as_one_by_one(reads: list[HowRead]) -> None:
    """Every metric and every line is the same."""
    together, alone = observed(level="debug"), observed(level="debug")
    together.telemetry.objects_read(reads)
    for read in reads:
        alone.telemetry.objects_read([HowRead(read.facts, read.seconds, read.last_modified)])
    assert events(together) == events(alone) == ["debug object_read"] * len(reads)
    names = ["objects_read_total", "object_bytes_total", "object_read_seconds_count"]
    for name in (f"trail_agent_{each}" for each in names):
        assert together.value(name) == alone.value(name)
    for bound in CALL_BUCKETS:
        name = "trail_agent_object_read_seconds_bucket"
        assert together.value(name, le=str(bound)) == sum(read.seconds <= bound for read in reads)
    assert together.value("trail_agent_object_read_seconds_sum") == pytest.approx(sum(read.seconds for read in reads))
    assert together.telemetry.activity.per_minute("objects") == len(reads) * 60


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2)), max_size=20))
def test_readings_that_are_told_together_are_counted_as_one_by_one(counts: list[tuple[int, int, int]]) -> None:
    """The ledger is the same."""
    readings = [
        Reading(delivery(), (log_record(),) * records, skipped=skipped, malformed=malformed)
        for records, skipped, malformed in counts
    ]
    together, alone = observed(), observed()
    together.telemetry.readings_finished(readings)
    for reading in readings:
        alone.telemetry.readings_finished([reading])
    for seen in (together, alone):
        assert seen.value("trail_agent_events_read_total") == sum(map(sum, counts))
        assert seen.value("trail_agent_events_total", fate="skipped") == sum(each[1] for each in counts)
        assert seen.value("trail_agent_events_total", fate="malformed") == sum(each[2] for each in counts)
        assert seen.telemetry.activity.per_minute("read") == 60 * sum(map(sum, counts))


def test_a_reading_enters_the_ledger(subject: ObservedTelemetry) -> None:
    """Records, skipped and malformed events together are what was read; the latter two have met their fate."""
    subject.telemetry.readings_finished([Reading(delivery(), (log_record(),) * 3, skipped=40, malformed=2)])
    assert subject.value("trail_agent_events_read_total") == 45
    assert subject.value("trail_agent_events_total", fate="skipped") == 40
    assert subject.value("trail_agent_events_total", fate="malformed") == 2


def test_exported_records_are_counted_by_event(subject: ObservedTelemetry) -> None:
    """The project's own metric counts each event once, under its labels, after the sink took it."""
    subject.telemetry.records_exported([log_record("a"), log_record("b"), log_record("c", name="DeleteProject")])
    name = "codecatalyst_events_total"
    labels = {"identity_type": "IdentityCenterUser", "outcome": "success"}
    assert subject.value(name, event_name="CreateProject", **labels) == 2
    assert subject.value(name, event_name="DeleteProject", **labels) == 1
    assert subject.value("trail_agent_events_total", fate="exported") == 3
    assert events(subject) == []


def test_the_age_of_each_object_is_told_once(subject: ObservedTelemetry) -> None:
    """However they come: a clock that is ahead makes none of them negative, and what stands in no object has none."""
    ages = [4000, 1, 300, -50, 20]
    records = [log_record(str(age), written=ago(age), key=str(age)) for age in ages]
    in_a_log = ObjectSource("event-history:us-west-2", "window", "", ago(7))
    subject.telemetry.records_exported([*records, replace(log_record("log"), source=in_a_log)])
    assert subject.value("trail_agent_object_age_seconds_count") == len(ages)
    assert subject.value("trail_agent_object_age_seconds_sum") == pytest.approx(4321, abs=0.01)
    for bound in (30.0, 1800.0):
        within = subject.value("trail_agent_object_age_seconds_bucket", le=str(bound))
        assert within == sum(age <= bound for age in ages)


def test_exported_records_tell_their_delays(subject: ObservedTelemetry) -> None:
    """An event's age is per record, an object's once per object, and both end when the sink accepted."""
    subject.telemetry.records_exported(
        [
            log_record("a", at=ago(200), written=ago(10)),
            log_record("b", at=ago(4000), written=ago(10)),
            log_record("c", at=ago(100), written=ago(10), key="other"),
        ]
    )
    assert subject.value("trail_agent_event_age_seconds_count") == 3
    assert subject.value("trail_agent_event_age_seconds_sum") == pytest.approx(4300, abs=0.01)
    assert subject.value("trail_agent_object_age_seconds_count") == 2
    assert subject.value("trail_agent_object_age_seconds_sum") == pytest.approx(20, abs=0.01)
    assert subject.value("trail_agent_last_delivery_timestamp_seconds") == START


def test_the_newest_event_never_moves_back_nor_into_the_future(subject: ObservedTelemetry) -> None:
    """Old events that come late, and forged times to come, do not spoil the newest eventTime."""
    newest = "trail_agent_last_event_timestamp_seconds"
    subject.telemetry.records_exported([log_record("a", at=ago(100)), log_record("b", at=ago(500))])
    assert subject.value(newest) == pytest.approx(START - 100)
    subject.telemetry.records_exported([log_record("c", at=ago(9000))])
    assert subject.value(newest) == pytest.approx(START - 100)
    subject.telemetry.records_exported([log_record("d", at=ago(-1_000_000))])
    assert subject.value(newest) == START
    assert subject.value("trail_agent_event_age_seconds_sum") == pytest.approx(9600, abs=0.01)


def test_truncated_records_are_counted(subject: ObservedTelemetry) -> None:
    """Both kinds of shortening count: at mapping, and when the sink found a record too large."""
    subject.telemetry.records_exported([log_record("a", truncated=True), log_record("b")])
    subject.telemetry.record_shrunk()
    assert subject.value("trail_agent_records_truncated_total") == 2


def test_an_export_of_nothing_changes_nothing(subject: ObservedTelemetry) -> None:
    """No records: no delivery is claimed."""
    subject.telemetry.records_exported([])
    assert subject.value("trail_agent_last_delivery_timestamp_seconds") == 0


@pytest.mark.parametrize("fate", ["duplicate", "dead_lettered", "retried"])
def test_other_fates_are_counted(subject: ObservedTelemetry, fate: str) -> None:
    """What was not exported has a fate all the same."""
    subject.telemetry.records_fated(fate, 4)
    assert subject.value("trail_agent_events_total", fate=fate) == 4


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), max_size=6))
def test_the_ledger_balances(readings: list[tuple[int, int, int, int]]) -> None:
    """If every record that was read meets a fate, events read are the sum of all fates."""
    subject = observed()
    for exported, duplicate, skipped, malformed in readings:
        records = tuple(log_record(f"e{number}") for number in range(exported + duplicate))
        subject.telemetry.readings_finished([Reading(delivery(), records, skipped=skipped, malformed=malformed)])
        subject.telemetry.records_exported(records[:exported])
        subject.telemetry.records_fated("duplicate", duplicate)
    assert subject.value("trail_agent_events_read_total") == subject.value("trail_agent_events_total")


def test_export_answers_are_counted_by_result(subject: ObservedTelemetry) -> None:
    """Each request has a result and a duration; no line is written for any."""
    subject.telemetry.export_answered("throttled", 0.2)
    assert subject.value("trail_agent_export_requests_total", result="throttled") == 1
    assert subject.value("trail_agent_export_seconds_count") == 1
    assert events(subject) == []


def test_a_sink_that_is_down_is_one_error_a_minute_and_its_end_is_told(subject: ObservedTelemetry) -> None:
    """The error says what to do; the end says how long it lasted."""
    telemetry = subject.telemetry
    for _ in range(20):
        telemetry.sink_down("misconfigured", "401 from https://user:secret@sink/v1/logs")
        subject.clock.elapsed += 6
    telemetry.sink_up()
    telemetry.sink_up()
    lines = subject.lines()
    assert [line["event"] for line in lines] == ["sink_down", "sink_down", "sink_accepts_again"]
    assert "otlp.headers" in str(lines[0]["hint"])
    assert "secret" not in str(lines)
    assert lines[-1]["after_seconds"] == 120


def test_a_flapping_sink_does_not_flood_the_log(subject: ObservedTelemetry) -> None:
    """A sink that fails and recovers every second is told once a minute in each direction."""
    for _ in range(60):
        subject.telemetry.sink_down("unavailable", "503")
        subject.clock.elapsed += 1
        subject.telemetry.sink_up()
    assert events(subject) == ["error sink_down", "info sink_accepts_again"]


def test_a_warning_of_the_sink_is_told_once_a_minute(subject: ObservedTelemetry) -> None:
    """That there was a remark is told, not its words: they may quote an event."""
    for _ in range(1000):
        subject.telemetry.sink_warned()
    assert events(subject) == ["warning sink_warned"]


def test_a_closed_gate_holds_readiness_until_it_opens(subject: ObservedTelemetry) -> None:
    """A fault of the environment is told as an error with its hint, and makes unready."""
    telemetry = subject.telemetry
    telemetry.queue_up()
    telemetry.sink_up()
    telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_DENIED, "every read is denied")
    assert telemetry.health.ready() == ["bucket acme: every read is denied (for 0 s)"]
    telemetry.gate_opened("bucket acme")
    assert telemetry.health.ready() == []
    told = subject.lines()
    assert [line["event"] for line in told] == ["ready", "gate_closed", "gate_opened"]
    assert (told[1]["level"], told[1]["hint"]) == ("error", EnvironmentFault.BUCKET_DENIED.advice.hint)


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.RETURNED])
def test_a_good_settlement_is_a_number(subject: ObservedTelemetry, outcome: Outcome) -> None:
    """Delivered and returned messages are counted and not told."""
    subject.telemetry.deliveries_settled([Settlement(delivery(), outcome)])
    assert subject.value("trail_agent_deliveries_settled_total", outcome=outcome.value) == 1
    assert events(subject) == []


def test_the_age_of_a_delivery_is_its_whole_time_in_the_queue(subject: ObservedTelemetry) -> None:
    """It runs from SentTimestamp, and only of what was delivered: everything else comes again, or is dead."""
    age = "trail_agent_delivery_age_seconds"
    subject.telemetry.deliveries_settled([Settlement(delivery(sent_at=START - 90), Outcome.DELIVERED)])
    subject.telemetry.deliveries_settled([Settlement(delivery(sent_at=START + 5), Outcome.DELIVERED)])
    subject.telemetry.deliveries_settled([Settlement(delivery(sent_at=START - 900), Outcome.RETURNED)])
    subject.telemetry.deliveries_settled([Settlement(delivery(sent_at=START - 900), Outcome.DEAD_LETTER)])
    assert subject.value(f"{age}_count") == 2
    assert subject.value(f"{age}_sum") == pytest.approx(90)
    assert subject.value(f"{age}_bucket", le="60.0") == 1


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.floats(-5, 1e6)), max_size=20))
def test_settlements_that_are_told_together_are_counted_as_one_by_one(settled: list[tuple[Outcome, float]]) -> None:
    """Every metric and every line is the same."""
    settlements = [Settlement(delivery(sent_at=START - age), outcome) for outcome, age in settled]
    together, alone = observed(level="debug"), observed(level="debug")
    together.telemetry.deliveries_settled(settlements)
    for settlement in settlements:
        alone.telemetry.deliveries_settled([settlement])
    assert events(together) == events(alone)
    ages = [max(age, 0.0) for outcome, age in settled if outcome is Outcome.DELIVERED]
    for seen in (together, alone):
        for outcome in Outcome:
            count = sum(each is outcome for each, _ in settled)
            assert seen.value("trail_agent_deliveries_settled_total", outcome=outcome.value) == count
        assert seen.value("trail_agent_delivery_age_seconds_count") == len(ages)
        assert seen.value("trail_agent_delivery_age_seconds_sum") == pytest.approx(sum(ages))
        assert seen.telemetry.activity.per_minute("settled") == 60 * len(settled)


@pytest.mark.parametrize("reason", list(Reason))
def test_a_dead_letter_is_told_with_all_that_finds_it(subject: ObservedTelemetry, reason: Reason) -> None:
    """Reason, place, message and what to do stand in one warning."""
    fault = Fault(reason, "gzip ends early", "bucket", "key")
    subject.telemetry.deliveries_settled([Settlement(delivery("m-9"), Outcome.DEAD_LETTER, fault=fault)])
    assert subject.value("trail_agent_deliveries_settled_total", outcome="dead_letter") == 1
    assert subject.value("trail_agent_dead_letters_total", reason=reason.value) == 1
    (line,) = subject.lines()
    assert (line["level"], line["reason"], line["detail"]) == ("warning", reason.value, "gzip ends early")
    assert (line["bucket"], line["key"], line["message_id"]) == ("bucket", "key", "m-9")
    assert line["hint"]


def test_retries_are_counted_and_told_once_a_minute(subject: ObservedTelemetry) -> None:
    """A wave of messages that come again is one warning per reason."""
    for _ in range(50):
        subject.telemetry.deliveries_settled(
            [Settlement(delivery(), Outcome.RETRY, retry=RetryReason.STORE_UNAVAILABLE)]
        )
    assert subject.value("trail_agent_retries_total", reason="store_unavailable") == 50
    assert events(subject) == ["warning retried"]


def test_a_failed_settlement_is_a_warning_per_operation(subject: ObservedTelemetry) -> None:
    """Messages that could not be deleted come again; the log says so once a minute."""
    for _ in range(3):
        subject.telemetry.settle_failed("DeleteMessageBatch", 2, "InternalError")
    subject.telemetry.settle_failed("SendMessage", 1, "AccessDenied")
    deleted, buried = subject.lines()
    assert {line["event"] for line in (deleted, buried)} == {"settle_failed"}
    assert {line["level"] for line in (deleted, buried)} == {"warning"}
    assert "repeats are recognised" in str(deleted["hint"])
    assert "allow sqs:SendMessage on the dead-letter queue" in str(buried["hint"])


def test_no_password_of_an_address_is_told(subject: ObservedTelemetry) -> None:
    """What a library says of an address that it could not reach is told without the user and password in it."""
    said = "ProxyConnectionError: cannot connect to http://eve:s3cret@proxy:3128/"
    subject.telemetry.settle_failed("SendMessage", 1, said)
    subject.telemetry.queue_down("unavailable", said)
    subject.telemetry.gate_closed("bucket acme", EnvironmentFault.BUCKET_UNAVAILABLE, said)
    subject.telemetry.sink_down("unavailable", said)
    subject.telemetry.deliveries_settled(
        [Settlement(delivery(), Outcome.RETRY, retry=RetryReason.STORE_UNAVAILABLE, retry_detail=said)]
    )
    lines = subject.lines()
    assert len(lines) == 5
    assert all("proxy:3128" in str(line["detail"]) for line in lines)
    assert "s3cret" not in repr(lines) + repr(subject.telemetry.health.ready())


def test_what_is_held_is_shown_as_it_is_now(subject: ObservedTelemetry) -> None:
    """Messages and bytes in hand go up and down."""
    subject.telemetry.in_flight(10, None)
    subject.telemetry.bytes_reserved(5_000)
    subject.telemetry.in_flight(3, None)
    assert subject.value("trail_agent_in_flight_deliveries") == 3
    assert subject.value("trail_agent_in_flight_bytes") == 5_000


def test_leases_are_counted_and_a_lost_one_is_a_warning(subject: ObservedTelemetry) -> None:
    """Extensions are numbers; a message that another may have is worth a look."""
    subject.telemetry.leases_extended(9)
    subject.telemetry.lease_lost(delivery("m-3"))
    assert subject.value("trail_agent_lease_extensions_total") == 9
    assert subject.value("trail_agent_leases_lost_total") == 1
    (line,) = subject.lines()
    assert (line["level"], line["event"], line["message_id"]) == ("warning", "lease_lost", "m-3")


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_stranger_breaks_the_log_or_a_scrape(detail: str, key: str) -> None:
    """Whatever stands in a key, a detail or a sink's answer, lines parse and metrics render."""
    subject = observed()
    fault = Fault(Reason.NOT_ALLOWED, detail, key, key)
    subject.telemetry.deliveries_settled([Settlement(delivery(key), Outcome.DEAD_LETTER, fault=fault)])
    subject.telemetry.sink_warned()
    subject.telemetry.sink_down("unavailable", detail)
    subject.telemetry.records_exported([log_record(key, name=detail, identity_type=key)])
    assert [line["event"] for line in subject.lines()] == ["dead_lettered", "sink_warned", "sink_down"]
    assert subject.value("codecatalyst_events_total") == 1


def test_a_region_has_its_series_from_the_start(subject: ObservedTelemetry) -> None:
    """An alert sees the first event that is passed over, and a region that never answers."""
    subject.telemetry.history_followed("us-west-2", 1000)
    named = "trail_agent_event_history_"
    assert subject.value(f"{named}position_timestamp_seconds", region="us-west-2") == 1000
    assert subject.value(f"{named}unshipped_total", region="us-west-2") == 0
    for result in ("ok", "throttled", "expired", "no_credentials", "denied", "stale_token"):
        subject.telemetry.history_asked("us-west-2", result)
    asked = {
        result: subject.value(f"{named}requests_total", region="us-west-2", result=result)
        for result in ("ok", "throttled", "denied", "unavailable", "error")
    }
    assert asked == {"ok": 1, "throttled": 1, "denied": 3, "unavailable": 0, "error": 1}
    subject.telemetry.history_reached("us-west-2", 2000)
    assert subject.value(f"{named}position_timestamp_seconds", region="us-west-2") == 2000


def test_what_is_passed_over_is_told_with_the_command_that_ships_it(subject: ObservedTelemetry) -> None:
    """There is no dead-letter queue: the line is all that an operator has. Of very many, the rest is one line."""
    passed = PassedOver("e-1", "CreateProject\n", 1_790_000_000, 1_790_000_001, "sink_rejected", "the sink said no")
    subject.telemetry.events_unshipped("us-west-2", [passed])
    (line,) = subject.lines()
    assert (line["level"], line["event"], line["event_id"], line["reason"]) == (
        "error",
        "event_unshipped",
        "e-1",
        "sink_rejected",
    )
    assert line["event_name"] == "CreateProject\\n"
    command = "trail-agent replay -c FILE --from event-history --region us-west-2"
    assert f"{command} --since 2026-09-21T14:13:20Z --until 2026-09-21T14:13:21Z" in str(line["hint"])
    subject.telemetry.events_unshipped("us-west-2", [passed] * 500)
    lines = subject.lines()
    assert (len(lines), lines[-1]["events"]) == (11, 490)
    assert subject.value("trail_agent_event_history_unshipped_total", region="us-west-2") == 501


def test_a_command_that_comes_too_soon_is_told_with_its_time(subject: ObservedTelemetry) -> None:
    """A replay leaves out what is younger than half an hour; it ships all of its time again."""
    at = int(START) - 30
    subject.telemetry.events_unshipped(
        "us-west-2", [PassedOver("e-1", "CreateProject", at, at + 1, "sink_rejected", "no")]
    )
    (line,) = subject.lines()
    assert "at 2026-09-21T14:43:00Z or later, ship it with 'trail-agent replay" in str(line["hint"])
    assert str(line["hint"]).endswith("; this ships again what else happened then")
    subject.clock.advance(1800)
    subject.telemetry.events_unshipped(
        "us-west-2", [PassedOver("e-1", "CreateProject", at, at + 1, "sink_rejected", "no")]
    )
    (line,) = subject.lines()
    assert "once the cause is mended, ship it with" in str(line["hint"])


def test_a_window_that_is_passed_over_counts_as_many_events_as_are_known(subject: ObservedTelemetry) -> None:
    """Where nobody knows how many, the line names no number; and a replay needs room for what was too much here."""
    told = ("", "", 1_790_000_000, 1_790_000_001)
    subject.telemetry.events_unshipped("us-west-2", [PassedOver(*told, "event_malformed", "no JSON", 4)])
    subject.telemetry.events_unshipped("us-west-2", [PassedOver(*told, "object_too_large", "more than 250", 0)])
    malformed, large = subject.lines()
    assert (malformed["events"], large.get("events")) == (4, None)
    room = "with limits.events_per_object so high that all events of this time fit"
    assert (room in str(malformed["hint"]), room in str(large["hint"])) == (False, True)
    assert subject.value("trail_agent_event_history_unshipped_total", region="us-west-2") == 5


def test_history_that_is_lost_is_told(subject: ObservedTelemetry) -> None:
    """It counts as something that was not shipped."""
    subject.telemetry.history_lost("us-west-2", 1_790_000_000, 1_790_100_000)
    (line,) = subject.lines()
    assert (line["event"], line["since"], line["until"]) == (
        "history_lost",
        "2026-09-21T14:13:20Z",
        "2026-09-22T18:00:00Z",
    )
    assert "'trail-agent replay --from event-logs --space NAME'" in str(line["hint"])
    assert subject.value("trail_agent_event_history_unshipped_total", region="us-west-2") == 1


def test_a_place_that_is_set_back_is_told(subject: ObservedTelemetry) -> None:
    """With the command that ships what it may have left out."""
    subject.telemetry.history_set_back("us-west-2", 1_790_100_000, 1_790_000_000)
    (line,) = subject.lines()
    assert (line["event"], line["position"], line["since"]) == (
        "history_set_back",
        "2026-09-22T18:00:00Z",
        "2026-09-21T14:13:20Z",
    )
    assert "--region us-west-2 --since TIME --until 2026-09-21T14:13:20Z'" in str(line["hint"])


def test_a_checkpoint_that_cannot_be_written_is_told_once_a_minute(subject: ObservedTelemetry) -> None:
    """And that it can be written again."""
    for _ in range(3):
        subject.telemetry.places_unkept("places.new: No space left on device")
        subject.clock.advance(10)
    subject.telemetry.places_kept()
    subject.telemetry.places_kept()
    assert [(line["event"], line.get("after_seconds")) for line in subject.lines()] == [
        ("checkpoint_unwritten", None),
        ("checkpoint_written_again", 30.0),
    ]


def test_a_checkpoint_that_cannot_be_written_is_shown_and_holds_nothing_up(subject: ObservedTelemetry) -> None:
    """In the metric of what somebody has to mend, and so in its alert; the agent stays ready."""
    subject.telemetry.sink_up()
    subject.telemetry.queue_unused()
    subject.telemetry.places_unkept("places.new: No space left on device")
    assert subject.telemetry.health.ready() == []
    (shown,) = subject.telemetry.health.waiting()
    assert (shown.fault, shown.detail) == (EnvironmentFault.CHECKPOINT_UNWRITTEN, "places.new: No space left on device")
    subject.telemetry.places_kept()
    assert subject.telemetry.health.waiting() == []


def test_without_credentials_event_history_waits_at_the_start(subject: ObservedTelemetry) -> None:
    """It is not ready, and says so; nothing is awaited of a queue that is not set."""
    subject.telemetry.sink_up()
    subject.telemetry.queue_unused()
    subject.telemetry.history_down(AwsError("no_credentials", "no AWS credentials were found"))
    assert subject.telemetry.health.ready() == ["Event history: no AWS credentials were found (for 0 s)"]
    subject.telemetry.history_up()
    assert subject.telemetry.health.ready() == []
    assert events(subject) == ["info ready", "error gate_closed", "info gate_opened"]


def test_what_is_told_of_windows(subject: ObservedTelemetry) -> None:
    """Where a region begins, what was read, and what comes again; none of it counts as a message or an object."""
    subject.telemetry.history_begun("us-west-2", 1_790_000_000, is_new=True)
    subject.telemetry.windows_read([HowRead(TextFacts(10, is_plain=True), 0.5, 1_790_000_060.0)])
    subject.telemetry.window_settled(Settlement(delivery("m-1"), Outcome.DELIVERED))
    settlement = Settlement(delivery("m-1"), Outcome.RETRY, retry=RetryReason.SINK_UNSETTLED, retry_detail="no answer")
    subject.telemetry.window_settled(settlement)
    assert events(subject) == ["info history_begun", "debug window_read", "warning window_retried"]
    assert subject.value("trail_agent_objects_read_total") == 0
    assert subject.value("trail_agent_deliveries_settled_total", outcome="delivered") == 0
    assert subject.value("trail_agent_retries_total", reason="sink_unsettled") == 1


def test_windows_in_hand_are_counted_beside_messages(subject: ObservedTelemetry) -> None:
    """The ledger is held against what is in hand: a window whose export waits is no imbalance."""
    subject.telemetry.in_flight(2, START)
    subject.telemetry.windows_held("us-west-2", 1)
    subject.telemetry.windows_held("eu-west-1", 1)
    assert subject.value("trail_agent_in_flight_deliveries") == 4
    subject.telemetry.windows_held("us-west-2", 0)
    subject.telemetry.in_flight(0, None)
    assert subject.value("trail_agent_in_flight_deliveries") == 1
