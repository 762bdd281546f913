"""What all tests share: one hypothesis profile, golden files, which never write themselves, and a private authority."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.private_ca import PrivateCa, make_private_ca

settings.register_profile(
    "trail-agent", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("trail-agent")

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person, and only a person, rewrite the golden files."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ instead of comparing with it")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """A function that compares a text with `tests/golden/<name>`; a missing file fails.

    With `--update-golden` it writes the file and the test passes: `git diff` shows what is to be judged.
    """
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"tests/golden/{name} is missing: run `pytest --update-golden` and read what it wrote"
        assert text == path.read_text(encoding="utf-8"), f"differs from tests/golden/{name}"

    return compare


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCa:
    """A private authority, with a server's and a client's certificate that it signed."""
    return make_private_ca(tmp_path_factory.mktemp("ca"))
