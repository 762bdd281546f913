"""What contract tests share: one emulated AWS account per test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import moto


@pytest.fixture(scope="session")
def emulator() -> Iterator[moto.Emulator]:
    """moto, over HTTP."""
    with moto.running() as running:
        yield running
