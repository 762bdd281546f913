"""What is kept of what was made before: within limits, and never of anything else."""

from __future__ import annotations

import pytest

from agent.records.memo import Memo, characters


def test_the_same_is_made_once() -> None:
    """Whoever asks again gets what was made the first time."""
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    memo = Memo(make, 10, 10)
    assert [memo["a"], memo["b"], memo["a"]] == ["A", "B", "A"]
    assert made == ["a", "b"]


def test_no_more_is_kept_than_the_limits_say() -> None:
    """A flood of new keys, or of large ones, takes no more memory than a few small ones; each gets its answer."""
    memo = Memo(str.upper, 3, 4)
    for number in range(100):
        assert memo[f"k{number}"] == f"K{number}"
        assert len(memo) <= 3
    assert memo["large"] == "LARGE"
    assert "large" not in memo


def test_what_cannot_be_made_is_not_kept() -> None:
    """An error is the caller's, each time."""
    memo = Memo(int, 10, 10)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            memo["x"]
    assert not memo


def test_values_are_as_large_as_their_texts() -> None:
    """Flags, and what is absent, count as one character each."""
    assert characters(("abc", None, True, "de")) == 7
