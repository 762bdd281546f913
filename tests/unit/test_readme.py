"""The README says what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import typer.main

from agent.cli import config
from agent.cli.app import app
from agent.settings import settings_table
from agent.settings.keys import keys
from agent.sink.answer import MAX_RETRY_AFTER_SECONDS
from agent.sink.otlp import grpc, http
from agent.sink.otlp.text import SHOWN_CHARACTERS
from agent.telemetry.connection import DEADLINE_SECONDS, HEAD_BYTES
from agent.telemetry.server import CONNECTIONS

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS_TABLE = (ROOT / "tests" / "golden" / "metrics-table.md").read_text(encoding="utf-8")
FAULTS_TABLE = (ROOT / "tests" / "golden" / "faults-table.md").read_text(encoding="utf-8")


def _block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", README, re.DOTALL)
    assert found, f"README.md has no block <!-- {name} -->"
    return found[1]


def test_the_settings_table_is_the_settings() -> None:
    """The README's table of settings is what `settings_table()` gives; paste it there when this fails."""
    assert _block("settings") == settings_table().strip()


def test_the_metrics_table_is_the_metrics() -> None:
    """The README's table of metrics is the golden one, which the metrics themselves are compared with."""
    assert _block("metrics") == METRICS_TABLE.strip()


def test_the_table_of_faults_is_what_the_log_says() -> None:
    """The README's table of faults is the golden one, which the log's own sentences are compared with."""
    assert _block("faults") == FAULTS_TABLE.strip()


def test_every_command_and_flag_is_listed() -> None:
    """The README's table of commands has every command with all its flags, and no other command."""
    section = README.partition("## Commands")[2].partition("\n## ")[0]
    root = typer.main.get_group(app)
    commands = {f"trail-agent {name}": command for name, command in root.commands.items() if name != "config"}
    of_config = typer.main.get_group(config.app).commands
    commands |= {f"trail-agent config {name}": command for name, command in of_config.items()}
    rows = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)
    listed = {" ".join(re.findall(r"^[a-z -]+[a-z]", row)[:1]) for row in rows}
    assert listed - {"trail-agent --version"} == set(commands)
    for name, command in commands.items():
        row = next(row for row in section.splitlines() if row.startswith(f"| `{name}"))
        flags = {flag for option in command.params for flag in option.opts if flag.startswith("--")} - {"--help"}
        missing = {flag for flag in flags if flag not in row and not (flag == "--config" and "-c FILE" in row)}
        assert missing == set(), f"{name}: {missing}"


def test_the_layout_names_every_module() -> None:
    """The README's layout has each module and package under agent/, and each module of the rooms it opens."""
    layout = README.partition("## Layout")[2].partition("```\n")[2].partition("```")[0]
    here = {path.name + "/" * path.is_dir() for path in (ROOT / "agent").iterdir()}
    for room in ("flow", "waiting"):
        here |= {path.name for path in (ROOT / "agent" / room).glob("*.py")}
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
        re.findall("[a-z_]+", METRICS_TABLE)
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
