"""Which commit this copy was built from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.telemetry import revision as module
from agent.telemetry.revision import revision


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in the place of the package's."""
    monkeypatch.setattr(module, "files", lambda _package: tmp_path)
    revision.cache_clear()
    yield tmp_path
    revision.cache_clear()


def test_a_copy_that_was_not_told_has_none(package: Path) -> None:
    """A checkout has no such file, and its revision is empty."""
    assert revision() == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"0123abc", "0123abc"),
        (b"0123abc\n", "0123abc"),
        (b"", ""),
        (b"one\ntwo", "one"),
        (b"x" * 100, "x" * 64),
        (b"\xff", ""),
    ],
)
def test_the_first_line_of_the_file_counts(package: Path, written: bytes, read: str) -> None:
    """It becomes a label of a metric: one short line, and nothing if it is not text."""
    (package / "REVISION").write_bytes(written)
    assert revision() == read
