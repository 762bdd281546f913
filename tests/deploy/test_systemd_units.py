"""The units under deploy/systemd/ fit the code, are accepted by systemd, and leave a service little to do harm with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from agent import __version__
from agent.cli.app import app
from agent.settings import LimitSettings, Settings
from agent.settings.keys import keys
from agent.telemetry.health import STILL_SECONDS
from agent.telemetry.systemd import report_seconds
from tests.support.tools import run_tool

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy" / "systemd"
ONE, SEVERAL = FOLDER / "trail-agent.service", FOLDER / "trail-agent@.service"
PROGRAM: Final = "/opt/trail-agent/venv/bin/trail-agent"
MOST_EXPOSURE: Final = 15  # tenths, of 100
NEWER: Final = {"RestartSteps", "RestartMaxDelaySec"}  # than the oldest systemd that the units are for

Unit = Mapping[str, Sequence[str]]


def unit_of(text: str) -> Unit:
    """The values of each key, in order; the same key can stand there several times."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def text_of(path: Path) -> str:
    """A unit file."""
    return path.read_text(encoding="utf-8")


def with_examples(text: str) -> str:
    """The unit with each line that is there as an example, less those for a newer systemd."""
    examples = re.sub(r"^#(?=[A-Z][A-Za-z]+=)", "", text, flags=re.MULTILINE)
    return re.sub(rf"^({'|'.join(NEWER)})=.*\n", "", examples, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def unit() -> Unit:
    """The unit for one agent."""
    return unit_of(text_of(ONE))


def test_the_template_is_the_same_unit_with_names() -> None:
    """It differs in what it is called and in the names of its files, and in nothing else."""
    template = text_of(SEVERAL).partition("[Unit]")[2]
    single = template.replace("trail-agent %i,", "trail-agent,").replace("/%i.yaml", "/agent.yaml").replace("%i.", "")
    single = single.replace("trail-agent-%i", "trail-agent")
    assert template.count("%i") > 2
    assert single == text_of(ONE).partition("[Unit]")[2]


def test_the_command_line_is_one_of_the_program() -> None:
    """The unit runs what the guide installs, with options that it has: a missing file is no mistake of usage."""
    for path, settings in ((ONE, "agent"), (SEVERAL, "%i")):
        (command,) = unit_of(text_of(path))["ExecStart"]
        program, *arguments = command.split()
        assert program == PROGRAM
        assert arguments[-1] == f"/etc/trail-agent/{settings}.yaml"
        assert CliRunner().invoke(app, [*arguments[:-1], "/nowhere/agent.yaml"]).exit_code == 78
        assert CliRunner().invoke(app, [*arguments, "--unknown"]).exit_code == 2


def test_a_stop_is_given_more_time_than_the_drain_takes(unit: Unit) -> None:
    """systemd kills nothing within the grace, and there are ten seconds more for what the agent cannot hurry."""
    grace = Settings.model_fields["shutdown_grace_seconds"].default
    assert int(unit["TimeoutStopSec"][0]) == 40
    assert int(unit["TimeoutStopSec"][0]) >= grace + 10


def test_the_watchdog_waits_as_long_as_liveness_does(unit: Unit) -> None:
    """The thread that feeds it is missed after the same minute as any other, and has many reports in that time."""
    seconds = int(unit["WatchdogSec"][0])
    assert seconds == STILL_SECONDS
    assert report_seconds(seconds) * 10 <= seconds
    assert unit["Type"] == ["notify"]
    assert unit["NotifyAccess"] == ["main"]
    assert "PYTHONFAULTHANDLER=1" in unit["Environment"]


def test_what_a_restart_cannot_mend_is_not_restarted(unit: Unit) -> None:
    """These are the exit codes for a wrong command line and wrong settings; every other end is answered by a start."""
    codes = re.findall(r"^\| (\d+) \| (.*) \|$", text_of(ROOT / "docs" / "commands.md"), re.MULTILINE)
    hopeless = [code for code, meaning in codes if "command line" in meaning or "settings" in meaning]
    assert unit["RestartPreventExitStatus"] == [" ".join(hopeless)] == ["2 78"]
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]


def test_the_memory_is_what_the_page_on_sizing_asks_for(unit: Unit) -> None:
    """limits.in_flight_bytes and 256 MiB more."""
    assert unit["MemoryMax"] == [f"{(LimitSettings().in_flight_bytes >> 20) + 256}M"]


@pytest.mark.parametrize("path", [ONE, SEVERAL], ids=lambda path: path.name)
def test_each_secret_is_loaded_where_a_setting_looks_for_it(path: Path) -> None:
    """Every example names a variable that the agent or AWS's library reads, and a credential that is loaded."""
    unit = unit_of(with_examples(text_of(path)))
    loaded = {name for name, _, _ in (value.partition(":") for value in unit["LoadCredential"])}
    pairs = [pair.partition("=") for value in unit["Environment"] for pair in value.split() if "%d" in pair]
    assert {value for _, _, value in pairs} == {f"%d/{name}" for name in loaded}
    assert {name for name, _, _ in pairs} <= {key.variable for key in keys()} | {"AWS_SHARED_CREDENTIALS_FILE"}


@pytest.mark.parametrize("path", [ONE, SEVERAL], ids=lambda path: path.name)
def test_a_checkpoint_is_where_the_service_may_write(path: Path) -> None:
    """In the folder that systemd makes for it; the file system is read-only else."""
    unit = unit_of(with_examples(text_of(path)))
    (folder,) = unit["StateDirectory"]
    (file,) = [value.partition("=")[2] for value in unit["Environment"] if "_CHECKPOINT_FILE=" in value]
    assert file.rpartition("/")[0] == f"%S/{folder}"
    assert "TRAIL_AGENT_EVENT_HISTORY__CHECKPOINT_FILE" in {key.variable for key in keys()}
    assert ("%i" in folder) == (path == SEVERAL)


@pytest.mark.parametrize("path", [ONE, SEVERAL], ids=lambda path: path.name)
@pytest.mark.parametrize("examples", [False, True], ids=["as it is", "with every example"])
def test_systemd_understands_every_line(path: Path, tmp_path: Path, *, examples: bool) -> None:
    """`systemd-analyze verify` has nothing to say; only the program, which is not installed here, is replaced."""
    text = with_examples(text_of(path)) if examples else text_of(path)
    copy = tmp_path / path.name
    copy.write_text(text.replace(f"ExecStart={PROGRAM} ", "ExecStart=/bin/sh "))
    answer = run_tool("systemd-analyze", "verify", "--man=no", copy)
    assert (answer.stdout + answer.stderr, answer.returncode) == ("", 0)


@pytest.mark.parametrize("path", [ONE, SEVERAL], ids=lambda path: path.name)
def test_the_service_is_well_locked_in(path: Path) -> None:
    """systemd's own review finds an exposure of at most 1.5 of 10."""
    options = ("--offline=true", f"--threshold={MOST_EXPOSURE}", "--no-pager")
    answer = run_tool("systemd-analyze", "security", *options, path)
    assert answer.returncode == 0, answer.stdout[-500:] + answer.stderr


def test_what_the_agent_needs_is_not_locked_away(unit: Unit) -> None:
    """It asks AWS anywhere, and the instance's metadata, and reads /proc/stat for its start time."""
    assert not {"IPAddressDeny", "PrivateNetwork", "ProcSubset", "RootDirectory"} & unit.keys()


def test_the_guide_says_what_the_unit_and_the_code_say(unit: Unit) -> None:
    """Its version, its numbers, and the lines that a reader is told to paste are the real ones."""
    guide = text_of(FOLDER / "README.md")
    (version,) = re.findall(r"^VERSION=(.+)$", guide, re.MULTILINE)
    assert version == __version__
    assert f"trail_agent-{version}-py3-none-any.whl" in guide
    grace = Settings.model_fields["shutdown_grace_seconds"].default
    assert f"| `shutdown_grace_seconds` ({grace}) | `TimeoutStopSec` ({unit['TimeoutStopSec'][0]}) is longer |" in guide
    reads, most = LimitSettings().in_flight_bytes >> 20, unit["MemoryMax"][0].removesuffix("M")
    memory = f"({reads} MiB) | `MemoryMax` ({most} MiB) is 256 MiB more"
    assert memory in guide
    assert f"again after {unit['RestartSec'][0]} seconds" in guide
    pasted = re.findall(r"```ini\n\[Service\]\n(.*?)```", guide, re.DOTALL)
    assert len(pasted) > 1
    assert {line for block in pasted for line in block.splitlines()} <= set(with_examples(text_of(ONE)).splitlines())


def test_the_guide_installs_files_that_exist() -> None:
    """What it copies is in the source, and what it starts is where the unit looks for it."""
    guide = text_of(FOLDER / "README.md")
    copied = re.findall(r"install -m 644 (\S+) (\S+)", guide)
    assert len(copied) > 3
    assert [source for source, _ in copied if not (ROOT / source).is_file()] == []
    assert "ln -sfn $VERSION /opt/trail-agent/venv" in guide
    assert (ROOT / "requirements.lock").is_file()
