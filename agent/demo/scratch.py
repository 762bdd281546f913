"""Folders for the demo's temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.errors import DependencyError


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A new folder for `purpose` while the block runs. Raises DependencyError where no folder may be written."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=f"trail-agent-{purpose}-")
    except OSError as error:
        raise DependencyError(
            f"the demo writes temporary files, and cannot here ({error.strerror}); set TMPDIR to a folder that this "
            "user may write"
        ) from error
    with folder as name:
        yield Path(name)
