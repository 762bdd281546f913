"""What the Dockerfile promises to whoever runs the image: exact bases, no shell, a number for a user, one port."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from agent.cli import healthcheck
from agent.settings.keys import keys
from tests.support.dockerfile import Dockerfile, Instruction, expanded, let_through
from tests.support.tools import run_tool

ROOT: Final = Path(__file__).parents[2]
FILE: Final = Dockerfile.read(ROOT / "Dockerfile")
IGNORE: Final = ROOT / ".dockerignore"
NEEDS_NO_SHELL: Final = set("ARG ENV LABEL COPY USER EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split())


def _env() -> dict[str, str]:
    return {name: value for step in FILE.stages["runtime"].all("ENV") for name, value in step.pairs.items()}


def test_hadolint_finds_nothing() -> None:
    """No rule is broken."""
    found = run_tool("hadolint", "--no-color", ROOT / "Dockerfile")
    assert (found.returncode, found.stdout) == (0, "")


def test_every_base_is_named_exactly() -> None:
    """A base is an image of Python with a whole version and its Debian; one that is not of this file is an argument."""
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", FILE.arguments["PYTHON_IMAGE"])
    assert FILE.arguments["RUNTIME_IMAGE"] == FILE.arguments["PYTHON_IMAGE"]
    outside = {stage.base for stage in FILE.stages.values()} - FILE.stages.keys()
    assert outside == {"scratch", FILE.arguments["PYTHON_IMAGE"]}
    assert "sha256:" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_what_runs_needs_no_shell() -> None:
    """The last stage only copies and declares; what is tried on its base is called without a shell."""
    assert {step.word for step in FILE.last.instructions} <= NEEDS_NO_SHELL
    assert FILE.stages["tried"].base == FILE.last.base == "runtime"
    assert [step.text for step in FILE.stages["tried"].all("RUN") if not step.words] == []
    assert all(FILE.last.only(word).words for word in ("ENTRYPOINT", "CMD"))
    assert Instruction.of(FILE.last.only("HEALTHCHECK").text).words


def test_what_runs_was_tried() -> None:
    """Nothing comes into the image but what the stage before has started once."""
    assert [step.flags for step in FILE.last.all("COPY")] == [{"from": "tried"}]


def test_the_user_is_a_number_that_is_not_root() -> None:
    """Kubernetes can see by a number, and only by a number, that it is not root."""
    assert FILE.last.only("USER").text == "65532:65532"


def test_port_health_check_and_address_agree() -> None:
    """The agent listens where the health check asks, and where EXPOSE says, for other containers too."""
    assert _env()["TRAIL_AGENT_HTTP__LISTEN"] == "0.0.0.0:9464"
    assert FILE.last.only("EXPOSE").text == "9464"
    check = Instruction.of(FILE.last.only("HEALTHCHECK").text)
    assert check.word == "CMD"
    assert check.words[-1] == "healthcheck"
    assert healthcheck.healthcheck.__defaults__ == ("http://127.0.0.1:9464/livez",)


def test_only_variables_that_exist_are_set() -> None:
    """A setting that is misspelt in the image would end every start with 78."""
    assert {name for name in _env() if name.startswith("TRAIL_AGENT_")} <= {key.variable for key in keys()}


def test_sigterm_stops_it() -> None:
    """The signal that the agent drains on, sent to the agent itself: no shell is between."""
    assert FILE.last.only("STOPSIGNAL").text == "SIGTERM"
    assert FILE.last.only("ENTRYPOINT").words == ["python3", "-m", "agent"]


def test_the_labels_say_what_the_package_says() -> None:
    """Description and licence are those of the package; version, commit and source are what the build is told."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = {"VERSION": "1.2.3", "REVISION": "0123abc", "SOURCE": "https://example.com/trail-agent"}
    labels = {name.rpartition(".")[2]: expanded(value, told) for name, value in FILE.last.only("LABEL").pairs.items()}
    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "licenses": project["license"],
        "version": "1.2.3",
        "revision": "0123abc",
        "source": "https://example.com/trail-agent",
    }
    assert told.keys() <= {step.text for step in FILE.last.all("ARG")}


def test_nothing_is_installed_without_a_hash() -> None:
    """What is installed stands in a lock file, with hashes, or is the wheel of this build."""
    runs = [step.text for stage in FILE.stages.values() for step in stage.all("RUN")]
    installs = [part for text in runs for part in text.split("&&") if re.search(r"\b(install|uv build)\b", part)]
    assert len(installs) == 4
    assert [one for one in installs if "--require-hashes" not in one and not one.strip().endswith("/wheel/*.whl")] == []


@pytest.mark.parametrize("path", ["agent/__init__.py", "requirements.lock", "LICENSE"])
def test_the_build_sees_what_it_copies(path: str) -> None:
    """What the Dockerfile copies is let through."""
    assert let_through(Path(path), IGNORE)


@pytest.mark.parametrize(
    "path", [".git/config", "tests/conftest.py", "agent.yaml", ".env", "agent/__pycache__/x.pyc", "agent/REVISION"]
)
def test_the_build_sees_nothing_else(path: str) -> None:
    """No history, no settings with secrets, no leftovers: the list says what is let through."""
    assert not let_through(Path(path), IGNORE)
