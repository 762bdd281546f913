"""How long the agent waits for a sink that does not judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sink.answer import Accepted, Answer, Later, Misconfigured, PartlyRejected, Refused, TooLarge
from agent.sink.patience import Trial, of_empty, patience, result_of, trial_patience


@pytest.mark.parametrize(
    ("answer", "ceilings"),
    [
        (Later(""), [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (Later("", slow=True), [5, 10, 20, 40, 60, 60]),
        (Later("", retry_after=7), [7, 7, 7]),
        (Misconfigured(""), [5, 10, 20, 40, 60, 60]),
    ],
)
def test_waits_grow_to_a_minute(answer: Later | Misconfigured, ceilings: list[float]) -> None:
    """Full jitter between nothing (5 s for a misconfiguration) and a ceiling that doubles."""
    assert [patience(answer, attempt, 1.0) for attempt in range(len(ceilings))] == ceilings
    assert patience(answer, 10**6, 0.999) <= 60


@given(st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_an_operators_fault_is_not_hammered(attempt: int, random: float) -> None:
    """Between two attempts at a misconfigured sink there are at least five seconds."""
    assert 5 <= patience(Misconfigured(""), attempt, random) <= 60


@pytest.mark.parametrize("retry_after", [None, 5.0])
def test_a_fault_is_long_after_enough_attempts_and_seconds(retry_after: float | None) -> None:
    """Four attempts in half a minute; if the sink asks for a wait, twice as many."""
    trial, answer = Trial(began=100.0), Later("busy", retry_after)
    needed = 4 if retry_after is None else 8
    for _ in range(needed - 1):
        trial.count(answer)
    assert not trial.is_long(answer, 1000.0, has_accepted=True)
    trial.count(answer)
    assert not trial.is_long(answer, 129.0, has_accepted=True)
    assert trial.is_long(answer, 130.0, has_accepted=True)


def test_an_overload_has_a_minute() -> None:
    """A throttled request is given more time than one that is not answered."""
    trial, answer = Trial(began=0.0, attempts=10), Later("busy", throttled=True)
    assert not trial.is_long(answer, 59.0, has_accepted=True)
    assert trial.is_long(answer, 60.0, has_accepted=True)


@pytest.mark.parametrize(("has_accepted", "attempts", "seconds"), [(True, 2, 5.0), (False, 4, 30.0)])
def test_what_does_not_pass_by_itself_is_searched_sooner(has_accepted: bool, attempts: int, seconds: float) -> None:
    """Two attempts are enough for a filter's page, unless the sink is known to accept nothing at all."""
    answer = Misconfigured("a page")
    trial = Trial(began=0.0, attempts=attempts)
    assert trial.is_long(answer, seconds, has_accepted=has_accepted)
    assert not trial.is_long(answer, seconds - 0.1, has_accepted=has_accepted)
    assert not Trial(0.0, attempts - 1).is_long(answer, 1000.0, has_accepted=has_accepted)


@pytest.mark.parametrize("answer", [Later(""), Later("", slow=True), Misconfigured("")])
def test_a_search_is_eager_at_first(answer: Later | Misconfigured) -> None:
    """Its first round waits two seconds at most, later ones as for any sink, up to ten."""
    assert [trial_patience(answer, n, 1.0, is_eager=True) for n in range(6)] == [0.5, 1, 2, 2, 2, 2]
    for attempt in range(9):
        usual = min(patience(answer, attempt, 1.0), 10)
        assert trial_patience(answer, attempt, 1.0, is_eager=False) == usual


@pytest.mark.parametrize("answer", [Later("", retry_after=9.0), Later("", throttled=True, slow=True)])
def test_a_search_waits_as_long_as_the_sink_asks(answer: Later) -> None:
    """An overload is not made worse, nor a wait cut short that was asked for."""
    assert trial_patience(answer, 5, 1.0, is_eager=True) == trial_patience(answer, 5, 1.0, is_eager=False) >= 9


@pytest.mark.parametrize("kind", [Refused, TooLarge])
def test_an_empty_request_may_be_refused_for_its_emptiness_only(kind: type[Refused | TooLarge]) -> None:
    """Any other refusal of it cannot be about records: it is the address or the settings."""
    empty = kind("answered 400", "request body is empty")
    assert of_empty(empty) == empty
    assert of_empty(kind("answered 400", "bad label")) == Misconfigured("answered 400", "bad label")
    assert of_empty(Accepted()) == Accepted()


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Accepted(), "ok"),
        (PartlyRejected(1, ""), "partial"),
        (Refused(""), "rejected"),
        (TooLarge(""), "rejected"),
        (Misconfigured(""), "misconfigured"),
        (Later(""), "unavailable"),
        (Later("", throttled=True), "throttled"),
    ],
)
def test_every_answer_has_a_result_that_is_counted(answer: Answer, result: str) -> None:
    """The metric of requests tells them apart."""
    assert result_of(answer) == result
