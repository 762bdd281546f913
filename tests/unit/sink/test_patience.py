"""How long the agent waits for a sink that does not judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sink.answer import (
    Later,
    Misconfigured,
)
from agent.sink.patience import patience


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
