"""The mixin is the one source of the rules and dashboards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference.mixin import DASHBOARDS, mixin_files


@pytest.mark.parametrize("path", mixin_files(), ids=lambda path: path.name)
def test_the_plain_files_are_what_the_mixin_makes(path: Path) -> None:
    """Whoever has no jsonnet gets the same rules and dashboards."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert text == mixin_files()[path], f"{path.name} differs from deploy/mixin: run `make docs`"


def test_every_dashboard_comes_from_the_mixin() -> None:
    """None is left behind when it gets another name."""
    assert set(DASHBOARDS.glob("*.json")) == {path for path in mixin_files() if path.parent == DASHBOARDS}
