"""Which dead letters are meant."""

from __future__ import annotations

import pytest

from agent.letters.choosing import Choice, by_reason, short_ids
from agent.letters.told import ToldLetter
from agent.model import Letter
from tests.support.clock import START
from tests.support.messages import delivery

NOW = START + 1000.0
FIRST = "aaaaaaaa-1111-4111-8111-111111111111"
SECOND = "aaaaaaaa-2222-4222-8222-222222222222"
THIRD = "cccccccc-3333-4333-8333-333333333333"


def told(
    message_id: str = FIRST, reason: str = "object_missing", age: float = 100.0, source_id: str = ""
) -> ToldLetter:
    """A letter that SQS got so many seconds ago."""
    letter = Letter(delivery(message_id, sent_at=NOW - age), {})
    return ToldLetter(letter, reason, "because", source_id=source_id)


def test_everything_is_meant_where_nothing_is_said() -> None:
    """No id, no reason, no age."""
    assert Choice().selects(told(), NOW)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (Choice((FIRST,)), True),
        (Choice(("aaaa",)), True),
        (Choice(("cccc", "aaaaaaaa-1")), True),
        (Choice(("cccc",)), False),
        (Choice(reasons=("object_missing", "not_sent")), True),
        (Choice(reasons=("not_sent",)), False),
        (Choice(older_than=99), True),
        (Choice(older_than=101), False),
        (Choice(newer_than=101), True),
        (Choice(newer_than=99), False),
        (Choice(older_than=50, newer_than=150, reasons=("object_missing",)), True),
        (Choice(older_than=50, newer_than=150, reasons=("not_sent",)), False),
    ],
)
def test_all_that_is_said_must_be_so(wanted: Choice, meant: bool) -> None:
    """An id or the beginning of one, a reason among several, and the age."""
    assert wanted.selects(told(), NOW) is meant


def test_an_id_must_name_one_message() -> None:
    """None and several are told, each in a sentence with the id that was given."""
    found = [told(FIRST), told(SECOND)]
    assert Choice((FIRST, "aaaaaaaa-2")).problems(found, 2) == []
    none, several = Choice(("dddd", "aaaa")).problems(found, 2)
    assert none == "dddd: no message that was found has such an id (2 messages looked at); see `list`"
    assert several == f"aaaa: several messages have an id that begins so: {FIRST}, {SECOND}"


def test_a_beginning_names_a_message_only_if_all_were_seen() -> None:
    """Another one may begin so, too; so it is with the id that it had in the queue. The whole id here is sure."""
    found = [told(FIRST, source_id=THIRD)]
    assert Choice((FIRST,)).problems(found, 1, were_all_seen=False) == []
    for given in ("aaaa", THIRD):
        (one,) = Choice((given,)).problems(found, 1, were_all_seen=False)
        assert one == (
            f"{given}: others may have an id that begins so (1 message looked at, and there are more); "
            f"give the whole id, {FIRST}, or let --most look at more"
        )


def test_the_id_of_the_log_line_names_the_letter() -> None:
    """Whole or its beginning, in whatever case another version wrote it; two letters of one message are told."""
    first, second = told(FIRST, source_id=THIRD.upper()), told(SECOND)
    for wanted in (THIRD, "cccc"):
        assert [Choice((wanted,)).selects(one, NOW) for one in (first, second)] == [True, False]
        assert Choice((wanted,)).problems([first], 1) == []
    assert not Choice((THIRD,)).has_all_of([first]), "the message may have been buried twice"
    (twice,) = Choice((THIRD,)).problems([first, told(SECOND, source_id=THIRD)], 2)
    named = f"{FIRST} (in the queue: {THIRD.upper()}), {SECOND} (in the queue: {THIRD})"
    assert twice == f"{THIRD}: several messages have an id that begins so: {named}"


def test_nothing_more_is_looked_for_once_all_whole_ids_are_found() -> None:
    """The beginning of an id may mean another one, too, and without ids there is always more."""
    assert Choice((FIRST, SECOND)).has_all_of([told(SECOND), told(THIRD), told(FIRST)])
    assert not Choice((FIRST, SECOND)).has_all_of([told(FIRST)])
    assert not Choice(("aaaaaaaa-1",)).has_all_of([told(FIRST)])
    assert not Choice().has_all_of([told(FIRST)])


def test_ids_are_shown_as_short_as_they_can_be_told_apart() -> None:
    """Eight characters, or more where two begin alike."""
    assert short_ids([FIRST, THIRD]) == {FIRST: FIRST[:8], THIRD: THIRD[:8]}
    assert short_ids([FIRST, SECOND, THIRD]) == {each: each[:10] for each in (FIRST, SECOND, THIRD)}
    assert short_ids([FIRST, FIRST]) == {FIRST: FIRST[:8]}
    assert short_ids([]) == {}


def test_the_most_frequent_reason_comes_first() -> None:
    """With its number."""
    assert by_reason([told(reason="a"), told(reason="b"), told(reason="b")]) == [("b", 2), ("a", 1)]
