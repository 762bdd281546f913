"""How `inspect --explain` is read: a block for each reason, a line for each event, all that is known of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner, Result

from agent.cli.app import app
from tests.support.events import event, noise, raw_event
from tests.support.objects import log_file

SERIES = 'codecatalyst_events_total{{event_name="{}",identity_type="IdentityCenterUser",outcome="success"}}'


def explain(*arguments: str | Path, columns: int = 400) -> Result:
    """Run `inspect` in this process."""
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)], env={"COLUMNS": str(columns)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two events of ours, and 170 others."""
    entries = [event("e-1"), *(noise(f"n-{number}") for number in range(170)), event("e-2", name="GetSpace")]
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"Records": entries}), encoding="utf-8")
    return file


def test_events_of_one_reason_stand_together(path: Path) -> None:
    """170 events of noise are one block: what is shipped first, and each with its number."""
    result = explain("--explain", path)
    assert result.stdout.splitlines() == [
        "✓ 2 shipped: select.profiles lists codecatalyst, which has this event source",
        "  events      codecatalyst.CreateProject, codecatalyst.GetSpace",
        "  told by     profile codecatalyst",
        '  counted     trail_agent_events_total{fate="exported"} +2',
        f"              {SERIES.format('CreateProject')} +1",
        f"              {SERIES.format('GetSpace')} +1",
        "",
        "- 170 skipped: select.event_sources does not list its event source, and no listed profile has it",
        "  events      s3.PutObject (170)",
        '  counted     trail_agent_events_total{fate="skipped"} +170',
    ]
    assert result.stderr == "2 CodeCatalyst events of 172 in 1 file\n"


def test_all_gives_each_event_a_line(path: Path) -> None:
    """With its number in the file, and below what each word of the column means."""
    lines = explain("--explain", "--all", path).stdout.splitlines()
    assert len(lines) == 2 + 172 + 2
    assert lines[1].split() == ["no.", "time", "why", "told", "by", "event"]
    assert lines[2].split() == [
        "✓",
        "1",
        "2026-11-20T12:00:00Z",
        "profile",
        "codecatalyst",
        "codecatalyst.CreateProject",
    ]
    assert lines[3].split() == ["-", "2", "2026-11-20T12:00:00Z", "other_source", "-", "s3.PutObject"]
    assert lines[-1].startswith("other_source: select.event_sources does not list")


@pytest.mark.parametrize("event", ["e-2", "172", " e-2 "])
@pytest.mark.parametrize("further", [(), ("--all",), ("--explain",)])
def test_one_event_is_shown_whole(path: Path, event: str, further: tuple[str, ...]) -> None:
    """By its id or by its number, and whatever else is asked for."""
    lines = explain("--event", event, *further, path).stdout.splitlines()
    assert lines[0] == "✓ 1 shipped: select.profiles lists codecatalyst, which has this event source"
    assert lines[1] == f"  event       2026-11-20T12:00:00Z  codecatalyst.GetSpace  e-2  no. 172 of {path}"


def test_an_event_that_is_not_there_is_said(path: Path) -> None:
    """Nobody takes an empty answer for a yes."""
    result = explain("--event", "e-9", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "✗ no event has the id or the number 'e-9': --explain --all lists them\n"


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [("bad.json", 1, "not CloudTrail's JSON"), ("nowhere.json", 2, "there is no such file or folder")],
)
def test_an_event_may_be_in_what_could_not_be_read(path: Path, name: str, code: int, problem: str) -> None:
    """So that is said, with its exit code, whether another file has the event or not."""
    (path.parent / "bad.json").write_text("{", encoding="utf-8")
    other = path.parent / name
    for wanted, words in (
        ("e-9", "✗ no event of what could be read has the id or the number 'e-9'"),
        ("e-2", "2 Code"),
    ):
        result = explain("--event", wanted, path, other)
        assert (result.exit_code, bool(result.stdout)) == (code, wanted == "e-2")
        said, *_, last = result.stderr.splitlines()
        assert said.startswith(words)
        assert last.startswith(f"✗ {other}: ")
        assert problem in last


def test_otlp_has_no_reasons(path: Path) -> None:
    """It is what is sent."""
    result = explain("--explain", "-f", "otlp", path)
    assert result.exit_code == 2
    assert "table or jsonl" in result.stderr


def test_a_narrow_terminal_gets_all_of_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighty columns cut no word of a reason, and no name of a series."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = Text.from_ansi(explain("--explain", path, columns=80).stdout).plain.splitlines()
    assert max(map(len, lines)) <= 80
    assert 'event_name="GetSpace",identity_type="IdentityCenterUser"' in "".join(line.strip() for line in lines)


def test_hostile_names_steer_no_terminal(tmp_path: Path) -> None:
    """An escape sequence in an event is shown, and not obeyed."""
    path = tmp_path / "a.json"
    path.write_bytes(log_file(raw_event(eventName="\x1b[31mred\n", eventID="[bold]x\x07")))
    for further in ((), ("--all",), ("--event", "1")):
        shown = explain("--explain", *further, path).stdout
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert r"\x1b[31mred" in shown


def test_who_finds_nothing_is_told_how_to_ask_why(tmp_path: Path, path: Path) -> None:
    """Only where there are events, and none of them is shipped."""
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"Records": [noise("n-1")]}), encoding="utf-8")
    hint = "--explain says why none of them would be shipped\n"
    assert explain(other).stderr.endswith(hint)
    assert not any(hint in explain(*arguments).stderr for arguments in ((path,), ("--explain", other)))
