"""What integration tests share: one emulator per test process, in it, which each test finds empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import moto
from tests.support.cloud import Cloud


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The endpoint of an emulated AWS: its start takes longer than many a test."""
    with moto.in_this_process() as endpoint:
        yield endpoint


@pytest.fixture
def cloud(emulator: str) -> Cloud:
    """An emulated AWS with nothing in it of what was there before."""
    moto.forget()
    return Cloud.at(emulator)
