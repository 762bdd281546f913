"""What the demo answers from the records that it saw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.demo.answers import answers
from agent.demo.cast import LEFT
from agent.sink.otlp.decode import ReceivedRecord

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
_NAMES = {
    "error": "aws.error.code",
    "kind": "aws.codecatalyst.actor.kind",
    "outcome": "aws.codecatalyst.outcome",
    "space": "aws.codecatalyst.space.name",
}
NOTHING = ["nobody and nothing, in these records"]


def received(event: str, ago: timedelta, **attributes: str) -> ReceivedRecord:
    """The record of an event in the space ExampleCorp, so long before the demo's now."""
    told = {
        "aws.codecatalyst.event": event,
        "aws.codecatalyst.actor": LEFT.people[0].user_id,
        "aws.codecatalyst.actor.kind": "builder_id",
        "aws.codecatalyst.space.name": "ExampleCorp",
        "aws.codecatalyst.outcome": "success",
        **{_NAMES[name]: value for name, value in attributes.items()},
    }
    at = int((NOW - ago).timestamp() * 1e9)
    return ReceivedRecord({"cloud.account.id": "111122223333"}, "", "", at, 0, 9, "", "{}", told)


def lines(*records: ReceivedRecord) -> list[list[str]]:
    """The lines of the three answers."""
    return [list(answer.lines) for answer in answers(records, NOW)]


def test_records_that_say_nothing_are_an_answer_too() -> None:
    """Each question has a line, even where no record answers it."""
    assert lines() == [NOTHING] * 3
    assert lines(received("GetSpace", timedelta(minutes=5))) == [NOTHING] * 3


def test_yesterday_is_the_day_before_and_a_refused_call_created_nothing() -> None:
    """Neither today's events nor those of the day before yesterday count, nor one that failed."""
    create = "CreateDevEnvironment"
    created, _, _ = lines(
        received(create, timedelta(hours=14)),
        received(create, timedelta(hours=16)),
        received(create, timedelta(hours=17), outcome="failure"),
        received(create, timedelta(hours=40)),
        received("GetSpace", timedelta(hours=16)),
    )
    assert created == ["Thu 23:00  Paulo Santos (Builder ID): CreateDevEnvironment in ExampleCorp"]


def test_what_root_did_is_told_in_order() -> None:
    """Every call of root is there, of which the first four are shown."""
    deeds = [received(f"Deed{number}", timedelta(minutes=9 - number), kind="root") for number in range(6)]
    _, root, _ = lines(*reversed(deeds))
    assert [line.split(": ")[-1].split(" in ")[0] for line in root[:4]] == ["Deed0", "Deed1", "Deed2", "Deed3"]
    assert root[4:] == ["and 2 more"]


def test_a_call_that_failed_says_how() -> None:
    """Not every failure is a refusal, and not every one has a code."""
    _, root, _ = lines(
        received("GetSpace", timedelta(minutes=3), kind="root", outcome="failure", error="ThrottlingException"),
        received("GetSpace", timedelta(minutes=2), kind="root", outcome="failure"),
        received("GetSpace", timedelta(minutes=1), kind="root"),
    )
    assert [line.split(" in ")[1] for line in root] == [
        "ExampleCorp, failed: Throttling",
        "ExampleCorp, failed",
        "ExampleCorp",
    ]


def test_a_space_is_silent_after_a_day_without_any_event() -> None:
    """The newest event of each space counts, whatever it was."""
    _, _, silent = lines(
        received("GetSpace", timedelta(hours=25)),
        received("GetSpace", timedelta(hours=80)),
        received("GetSpace", timedelta(hours=80), space="Busy"),
        received("GetSpace", timedelta(hours=23), space="Busy"),
    )
    assert silent == ["ExampleCorp: nothing since Thu 14:00, 1 day ago"]
