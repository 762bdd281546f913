"""What all tests share: hypothesis profiles, an order, golden files, which never write themselves, an authority."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from itertools import chain, islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.support.private_ca import PrivateCa, make_private_ca

settings.register_profile(
    "trail-agent", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("trail-agent"), max_examples=1000, derandomize=False)
settings.load_profile("trail-agent")

THOROUGH_SECONDS = 900.0
"""The time limit of a property with more examples: an example that fails is made smaller for minutes, then shown."""

SLOW = (
    "tests/integration/test_image.py",
    "tests/deploy/test_cloud_checks.py",
    "tests/property/test_delivery_model.py",
    "tests/integration/",
    "tests/unit/test_sbom.py",
)
"""Where single tests take seconds; the slowest first."""

CONTAINERS_BEFORE_A_LOOK = 7_000  # ten times Python's own number

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person, and only a person, rewrite the golden files."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ instead of comparing with it")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the collector of cycles away from what is imported and collected, and let it look seldom at the rest.

    Ten thousand tests are so many objects that one look at all of them takes tenths of a second.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(CONTAINERS_BEFORE_A_LOOK)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put slow tests first in the share of each worker: one that begins last would be waited for by all others.

    xdist deals out equal shares in this order, which has to be the same in each worker. Files stay whole, for the sake
    of what their tests share.
    """
    _give_time_for_more_examples(items)
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if workers == 1:
        return
    slow: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.nodeid.startswith(SLOW):
            slow.setdefault(item.location[0], []).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for tests in sorted(slow.values(), key=lambda tests: (_rank(tests[0]), -len(tests))):
        min(shares, key=len).extend(tests)
    quick = iter([item for item in items if not item.nodeid.startswith(SLOW)])
    for share in shares:
        share.extend(islice(quick, max(len(items) // workers - len(share), 0)))
    items[:] = [*chain.from_iterable(shares), *quick]


def _give_time_for_more_examples(items: list[pytest.Item]) -> None:
    if settings().max_examples <= settings.get_profile("trail-agent").max_examples:
        return
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.timeout(THOROUGH_SECONDS))


def _rank(item: pytest.Item) -> int:
    return next(rank for rank, place in enumerate(SLOW) if item.nodeid.startswith(place))


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
