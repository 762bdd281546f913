"""What was counted between the answers of `/metrics`, through restarts of the process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.course import STARTED, Course, Seen
from agent.telemetry.snapshot import Snapshot


def page(counted: float, started: float = 1.0, label: str = "a") -> Snapshot:
    """An answer with one counter."""
    return Snapshot.parsed(f'{STARTED} {started}\nx_total{{by="{label}"}} {counted}\nx_total{{by="b"}} 1\n')


def course(*answers: Snapshot, seconds: float = 30.0) -> Course:
    """The answers, two seconds apart."""
    found = Course(seconds)
    for number, answer in enumerate(answers):
        found.add(Seen(number * 2.0, answer))
    return found


def test_one_answer_has_no_increase() -> None:
    """Nobody knows when what it says was counted."""
    found = course(page(5))
    assert (found.seconds, found.increase("x_total"), dict(found.increase_by("x_total", "by"))) == (0.0, 0.0, {})
    assert found.latest.value("x_total") == 6


def test_increases_are_those_of_each_series() -> None:
    """A series that is born between two answers counts from 0."""
    found = course(page(5), page(7), page(3, label="new"))
    assert found.seconds == 4.0
    assert dict(found.increase_by("x_total", "by")) == {"a": 2.0, "b": 0.0, "new": 3.0}


@pytest.mark.parametrize("started", [1.0, 2.0])
def test_a_counter_that_falls_began_anew(started: float) -> None:
    """Whether the process tells when it started or not; what it counted before is not taken away."""
    found = course(page(5), page(9), page(2, started), page(4, started))
    assert found.increase_by("x_total", "by")["a"] == 4 + 2 + 2


def test_a_new_process_that_is_ahead_of_the_old_one_counts_whole() -> None:
    """Its counter never fell; only the time of its start tells that it is another one."""
    assert course(page(5, 1.0), page(8, 2.0)).increase_by("x_total", "by")["a"] == 8


def test_old_answers_are_forgotten() -> None:
    """The time that is remembered is spanned, and hardly more; after a silence it begins anew."""
    found = course(*(page(number) for number in range(100)), seconds=10.0)
    assert (found.seconds, found.increase("x_total")) == (10.0, 5.0)
    found.forget()
    assert found.seconds == 0.0
    found.add(Seen(300.0, page(500)))
    assert found.increase("x_total") == 0.0


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20))
def test_nothing_that_was_counted_is_missing(steps: list[tuple[int, bool]]) -> None:
    """For any order of counting and restarts: as much as was counted after the first answer."""
    counted, started, total = 0, 0.0, 0
    answers: list[Snapshot] = []
    for more, restarts in steps:
        counted, started = (0, started + 1) if restarts else (counted, started)
        counted += more
        total += more if answers else 0
        answers.append(page(counted, started))
    assert course(*answers, seconds=1000.0).increase_by("x_total", "by").get("a", 0.0) == total
