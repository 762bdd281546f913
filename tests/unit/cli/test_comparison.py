"""Two logs of the same events: which one has what, and by what an event is known again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.cli.comparison import Comparison, KnownBy, Pair
from agent.model import EventLabels, LogRecord
from tests.support.records import NOON, SECOND, log_record

HALF = SECOND // 2


def record(event_id: str, at: int = NOON, name: str = "CreateProject", **attributes: str) -> LogRecord:
    """A record with attributes, `user_id` standing for `user.id`, `request_id` for `aws.request_id`."""
    spelled = {"user_id": "user.id", "user_name": "user.name", "request_id": "aws.request_id"}
    named = {spelled[short]: value for short, value in attributes.items()}
    return log_record(event_id, name=name, at=at, attributes={"rpc.method": name, **named})


def found(pairs: list[Pair]) -> list[tuple[str, str, KnownBy | None]]:
    """Which events were taken for one, and by what."""
    return [
        (pair.event_log.event_id if pair.event_log else "", pair.trail.event_id if pair.trail else "", pair.by)
        for pair in pairs
    ]


def test_a_request_id_says_that_it_is_one_event() -> None:
    """Whatever else differs: the logs may spell a name in two ways, and a clock may be wrong."""
    one = record("1", request_id="r")
    other = record("2", request_id="r", name="CreateProjects", at=NOON + 60 * SECOND)
    assert found(Comparison([one], [other]).pairs) == [("1", "2", KnownBy.REQUEST_ID)]


def test_several_events_of_one_request_are_told_by_their_names() -> None:
    """One call can leave more than one event."""
    log = [record("1", request_id="r"), record("2", request_id="r", name="StartDevEnvironment")]
    trail = [record("4", request_id="r", name="StartDevEnvironment"), record("3", request_id="r")]
    assert found(Comparison(log, trail).pairs) == [("1", "3", KnownBy.REQUEST_ID), ("2", "4", KnownBy.REQUEST_ID)]


@pytest.mark.parametrize("actor", [{"user_id": "U-1"}, {"user_name": "mary"}])
def test_without_request_ids_event_actor_and_time_tell(actor: dict[str, str]) -> None:
    """A trail's time is a whole second; of several candidates the nearest counts."""
    upper = {name: value.upper() for name, value in actor.items()}
    log = [record("1", NOON + HALF, "CreateProject", **actor)]
    trail = [
        record("3", NOON - SECOND, "CreateProject", **upper),
        record("2", NOON, "CreateProject", **upper),
        record("4", user_id="u-2", user_name="jo"),
    ]
    assert ("1", "2", KnownBy.EVENT_ACTOR_TIME) in found(Comparison(log, trail).pairs)
    assert len(Comparison(log, trail).differing) == 2


def test_event_and_time_tell_if_no_other_can_be_meant() -> None:
    """The logs may have two ids for one person."""
    one, other = record("1", user_id="a"), record("2", user_id="b", at=NOON + SECOND)
    assert found(Comparison([one], [other]).pairs) == [("1", "2", KnownBy.EVENT_TIME)]
    assert len(Comparison([one], [other, record("3", user_id="c")]).differing) == 3
    assert len(Comparison([one, record("3", user_id="c")], [other]).differing) == 3


@pytest.mark.parametrize(
    "other",
    [
        record("2", name="DeleteProject"),
        record("2", at=NOON + 3 * SECOND),
        record("2", user_name="jo"),
    ],
    ids=["name", "time", "person"],
)
def test_another_event_is_another(other: LogRecord) -> None:
    """A different name, time or person."""
    assert len(Comparison([record("1", user_name="mary")], [other]).differing) == 2


def test_different_requests_are_different_events_where_the_ids_are_alike() -> None:
    """Once one request id stands in both logs, two ids mean two calls."""
    one, other = record("1", request_id="a", user_id="u"), record("2", request_id="b", user_id="u")
    assert len(Comparison([one], [other]).differing) == 0
    both = record("3", request_id="c", name="GetSpace")
    assert len(Comparison([one, both], [other, both]).differing) == 2


def test_an_event_that_stands_twice_is_one() -> None:
    """CloudTrail writes an event into two files at times."""
    one = record("1", request_id="r")
    assert len(Comparison([one], [one, one]).pairs) == 1


def test_events_of_other_services_are_left_out() -> None:
    """CodeCatalyst's log cannot have them."""
    labels = EventLabels("PutObject", "IAMUser", "success", "s3.amazonaws.com")
    assert Comparison([], [replace(log_record("1"), labels=labels)]).pairs == []


def test_what_the_other_log_does_not_reach_is_said() -> None:
    """An event log has 30 days, a trail years: that is no loss."""
    log = [record("1", request_id="a"), record("2", request_id="b", at=NOON + 9 * SECOND)]
    early, within = record("3", request_id="c", at=NOON - SECOND), record("4", request_id="d", at=NOON + 5 * SECOND)
    compared = Comparison(log, [*log, early, within])
    assert [(pair.record.event_id, compared.is_outside(pair)) for pair in compared.differing] == [
        ("3", True),
        ("4", False),
    ]


def test_an_event_in_the_last_second_of_a_trail_is_not_after_it() -> None:
    """A trail cuts its times to whole seconds: the event log's own time of the same second is a little later."""
    log = [record("1", request_id="a"), record("2", NOON + HALF, request_id="b")]
    compared = Comparison([*log, record("3", NOON + SECOND, request_id="c")], [record("4", request_id="a")])
    assert [(pair.record.event_id, compared.is_outside(pair)) for pair in compared.differing] == [
        ("2", False),
        ("3", True),
    ]


def test_an_event_in_the_first_second_of_an_event_log_is_not_before_it() -> None:
    """The trail's time of it is a little earlier."""
    trail = [record("1", NOON - SECOND, request_id="a"), record("2", request_id="b")]
    compared = Comparison([record("3", NOON + HALF, request_id="c")], trail)
    assert [compared.is_outside(pair) for pair in compared.differing if pair.trail] == [True, False]


RECORDS = st.lists(
    st.builds(
        lambda place, name, seconds, request, user: record(
            place, NOON + seconds * SECOND, name, request_id=request, user_id=user
        ),
        st.uuids().map(str),
        st.sampled_from(["CreateProject", "GetSpace"]),
        st.integers(0, 6),
        st.sampled_from(["", "r-1", "r-2", "r-3"]),
        st.sampled_from(["", "mary", "jo"]),
    ),
    max_size=8,
)


@given(RECORDS, RECORDS)
def test_each_event_stands_in_one_pair(log: list[LogRecord], trail: list[LogRecord]) -> None:
    """None is lost, none counts twice, and two that are taken for one have the same name or request."""
    pairs = Comparison(log, trail).pairs
    assert sorted(pair.event_log.event_id for pair in pairs if pair.event_log) == sorted(one.event_id for one in log)
    assert sorted(pair.trail.event_id for pair in pairs if pair.trail) == sorted(one.event_id for one in trail)
    for pair in pairs:
        assert (pair.by is not None) == (pair.event_log is not None and pair.trail is not None)


@given(RECORDS)
def test_a_log_is_the_same_as_itself(log: list[LogRecord]) -> None:
    """Whatever stands in it, as long as events can be told from each other by their requests."""
    told = [one for one in log if one.attributes["aws.request_id"]]
    assert Comparison(told, told).differing == []
