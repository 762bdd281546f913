"""What is given away: the sdist has all that git has, and the wheel made of it has the package and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from agent import __version__
from tests.support.archive import unpack

ROOT = Path(__file__).parents[2]
REVISION = "0123456789abcdef0123456789abcdef01234567"
MANUAL = f"trail_agent-{__version__}.data/data/share/man/man1/trail-agent.1"
PLACES = ("agent/", f"trail_agent-{__version__}.dist-info/")


def _build(source: Path, kind: str, folder: Path) -> Path:
    """What hatchling makes of `source`."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(_build(ROOT, "sdist", folder / "made")) as packed:
        unpack(packed, folder / "open")
    (unpacked,) = (folder / "open").iterdir()
    return unpacked


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that is made of the sdist, with a commit as in `make dist`."""
    (sdist / "agent" / "REVISION").write_text(REVISION)
    return zipfile.ZipFile(_build(sdist, "wheel", tmp_path_factory.mktemp("wheel") / "made"))


def _metadata(wheel: zipfile.ZipFile) -> Message:
    return Parser().parsestr(wheel.read(f"trail_agent-{__version__}.dist-info/METADATA").decode())


def test_the_sdist_has_all_that_git_has(sdist: Path) -> None:
    """Whoever gets it can build the package and run its tests."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    missing = [name for name in listed.stdout.splitlines() if (ROOT / name).exists() and not (sdist / name).exists()]
    assert missing == []


def test_the_wheel_has_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Each file of the package is in it, with the mark of types and the licences; no test is."""
    names = set(wheel.namelist())
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "agent").rglob("*.py")}
    assert ours | {"agent/py.typed", "agent/demo/noise/LICENSE", "agent/REVISION"} <= names
    assert f"trail_agent-{__version__}.dist-info/licenses/LICENSE" in names
    assert {name for name in names if not name.startswith(PLACES)} == {MANUAL}


def test_the_wheel_has_the_page_for_man(wheel: zipfile.ZipFile) -> None:
    """It is installed where man looks beside a program; in a virtual environment, too."""
    assert wheel.read(MANUAL) == (ROOT / "docs" / "trail-agent.1").read_bytes()


def test_the_wheel_names_its_commit(wheel: zipfile.ZipFile) -> None:
    """Git ignores the file, and it is in the wheel all the same."""
    assert wheel.read("agent/REVISION").decode() == REVISION


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    """Name, version, licence, and the Pythons that it is for."""
    said = _metadata(wheel)
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("trail-agent", __version__, "Apache-2.0")
    assert said["Requires-Python"] == ">=3.11"
    assert wheel.read(f"trail_agent-{__version__}.dist-info/entry_points.txt").decode().split() == [
        "[console_scripts]",
        "trail-agent",
        "=",
        "agent.__main__:main",
    ]
