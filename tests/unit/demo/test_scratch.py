"""The demo's temporary files."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest

from agent.demo.scratch import scratch
from agent.errors import DependencyError


def test_a_folder_is_there_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is empty, may be written, and is gone with all that was put into it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch("demo") as folder:
        assert folder.parent == tmp_path
        (folder / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_may_be_written_the_user_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only system the demo names TMPDIR, and shows no traceback."""

    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(DependencyError, match="set TMPDIR to a folder"), scratch("demo"):
        pass
