"""How long the next try waits."""

from __future__ import annotations

from agent.waiting.backoff import doubled, full_jitter, half_jitter


def test_it_doubles_up_to_the_most() -> None:
    """However often it was tried."""
    assert [doubled(0.5, times, 3.0) for times in (0, 1, 2, 3, 10_000)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_chance_takes_anything_up_to_it() -> None:
    """Or, where it means little to try again at once, anything from its half."""
    assert [full_jitter(random, 5.0, 2, 60.0) for random in (0.0, 0.5, 1.0)] == [0.0, 10.0, 20.0]
    assert [half_jitter(random, 5.0, 2, 60.0) for random in (0.0, 0.5, 1.0)] == [10.0, 15.0, 20.0]
