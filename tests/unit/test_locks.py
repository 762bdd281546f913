"""The lock files pin everything, with hashes, and each one what the smaller one pins."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock")
LOCKS_OF_TOOLS = ("requirements-uv.lock", "requirements-checkov.lock")


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS + LOCKS_OF_TOOLS)
def test_every_requirement_has_a_hash_and_no_place(lock: str) -> None:
    """Each requirement is pinned and hashed, and no line names an index or a URL."""
    text = (ROOT / lock).read_text()
    requirements = [part for part in re.split(r"\n(?=\S)", text) if part.strip()]
    assert requirements
    assert [part.splitlines()[0] for part in requirements if "==" not in part or "--hash=sha256:" not in part] == []
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|@ ", text) == []


def test_a_larger_lock_file_agrees_with_the_smaller_one() -> None:
    """What runs is what is shown in the demo and what is tested."""
    runtime, demo, dev = map(_pins, LOCKS)
    assert runtime.items() <= demo.items() <= dev.items()


def test_every_lock_file_is_checked() -> None:
    """No lock file stands outside these tests."""
    assert {path.name for path in ROOT.glob("*.lock")} == {*LOCKS, *LOCKS_OF_TOOLS}


def test_the_lock_of_npm_pins_all_with_hashes_and_names_no_registry() -> None:
    """Whoever installs chooses the registry; the hashes say that it has the same packages."""
    folder = ROOT / "tests" / "tools"
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert packages.pop("")["dependencies"] == wanted
    assert {f"node_modules/{name}": version for name, version in wanted.items()}.items() <= {
        (name, package["version"]) for name, package in packages.items()
    }
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert "://" not in (folder / "package-lock.json").read_text()
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text()
