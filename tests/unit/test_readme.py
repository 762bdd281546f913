"""The README says what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml
from typer.testing import CliRunner

from agent.cli.app import app
from agent.settings.keys import keys
from agent.sink.answer import MAX_RETRY_AFTER_SECONDS
from agent.sink.otlp import grpc, http
from agent.sink.safe_text import SHOWN_CHARACTERS
from agent.telemetry.connection import DEADLINE_SECONDS, HEAD_BYTES
from agent.telemetry.server import CONNECTIONS
from tests.reference.metrics import metrics_table

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")


def shell_lines() -> list[list[str]]:
    """The words of each command in the README, without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    return [line.partition(" #")[0].split() for block in blocks for line in block.splitlines()]


def test_the_readme_is_short() -> None:
    """A newcomer reads it in a few minutes: what is looked up stands in docs/."""
    assert len(README.splitlines()) <= 130


def test_every_command_of_the_readme_works_in_a_fresh_clone() -> None:
    """What is made, copied and called is there; only `run` needs more than the clone, which is AWS."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for program, *words in shell_lines():
        match program:
            case "make":
                assert words[0] in targets
            case "cp":
                assert (ROOT / words[0]).is_file()
                assert words[1] == "agent.yaml"
            case _:
                assert program == ".venv/bin/trail-agent"
                assert words[1:3] == ["-c", "agent.yaml"]
                assert CliRunner().invoke(app, [words[0], *words[3:], "--help"]).exit_code == 0


def test_the_settings_of_the_readme_pass_the_check() -> None:
    """The lines that it shows are those of the file that it copies, and `check` finds nothing wrong with them."""
    shown = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    copied = ROOT / "config" / "minimal.yaml"
    assert shown
    assert yaml.safe_load(shown[1]) == yaml.safe_load(copied.read_text(encoding="utf-8"))
    assert CliRunner().invoke(app, ["check", "-c", str(copied)]).exit_code == 0


def test_the_layout_names_every_module() -> None:
    """The layout has each module and package under agent/, and each module of the rooms it opens."""
    layout = CONTRIBUTING.partition("## Layout")[2].partition("```\n")[2].partition("```")[0]
    opened = (ROOT / "agent" / room for room in ("", "flow", "letters", "sink", "waiting"))
    here = {path.name + "/" * path.is_dir() for room in opened for path in room.iterdir()}
    here -= {"__init__.py", "py.typed", "__pycache__/"}
    named = set(re.findall(r"[a-z_]+\.py|(?<=[ ])[a-z]+/(?![a-z])", layout))
    assert named == here


def test_the_threat_model_names_what_there_is() -> None:
    """Every setting, metric and file that SECURITY.md mentions exists; its numbers are those of the code."""
    path = ROOT / ".github" / "SECURITY.md"
    text = path.read_text(encoding="utf-8")
    settings = {key.name for key in keys()} | {key.path[0] for key in keys()}
    sections = "|".join(sorted({key.path[0] for key in keys()}))
    named = set(re.findall(rf"`((?:{sections})(?:[.][a-z_]+)?)`", text))
    assert named
    assert named <= settings
    assert set(re.findall("`((?:trail_agent|codecatalyst)_[a-z_]+)`", text)) <= set(
        re.findall("[a-z_]+", metrics_table())
    )
    assert all((path.parent / link).exists() for link in re.findall(r"\]\(([^)#:]+)\)", text))
    assert (CONNECTIONS, DEADLINE_SECONDS, HEAD_BYTES) == (8, 10, 16 << 10)
    assert (http.MAX_RESPONSE_BYTES, grpc.MAX_RESPONSE_BYTES, SHOWN_CHARACTERS) == (64 << 10, 1 << 20, 1000)
    assert MAX_RETRY_AFTER_SECONDS == 5 * 60
    assert all(words in text for words in ("eight connections", "ten seconds", "16 KiB", "64 KiB", "1 MiB", "1,000"))


def test_the_package_imports_no_test_or_demo_library_to_run() -> None:
    """What the daemon imports does not hold moto or pytest, which a plain installation does not have."""
    program = "import sys, agent.daemon, agent.cli.app; print(sorted({'moto', 'pytest', 'flask'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
