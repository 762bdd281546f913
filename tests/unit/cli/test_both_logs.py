"""`inspect --compare`: which files are CodeCatalyst's own event log, and which are the trail's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.cli.app import app
from tests.support.events import DATA, raw_event
from tests.support.objects import log_file

EVENT_LOG = DATA / "codecatalyst" / "docs-list-event-logs-example.json"
ITEMS = json.loads(EVENT_LOG.read_bytes())["items"]


def compare(log: str | Path, *arguments: str | Path) -> Result:
    """Run `inspect --compare` in this process."""
    return CliRunner().invoke(app, ["inspect", "--compare", *map(str, (log, *arguments))])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an event log of two events, and a trail that has only the second of them."""
    listed = raw_event(eventName="ListEventLogs", requestID=ITEMS[0]["requestId"], eventTime="2022-12-01T22:47:24Z")
    (tmp_path / "log.json").write_bytes(EVENT_LOG.read_bytes())
    (tmp_path / "trail.json").write_bytes(log_file(listed))
    return tmp_path


def reckoning(result: Result) -> list[str]:
    """How many events each log has, and how many of them alone."""
    return [
        line for line in result.stderr.splitlines() if line.startswith(("event log: ", "trail: ", "in both", "only"))
    ]


def test_an_event_log_beside_the_trail_is_not_the_trail(folder: Path) -> None:
    """The folder of both files gives what the trail's file alone gives, and says what does not count."""
    alone, both = (compare(folder / "log.json", path) for path in (folder / "trail.json", folder))
    assert both.stdout == alone.stdout
    assert reckoning(both) == reckoning(alone)
    assert both.exit_code == alone.exit_code == 3
    assert (
        f"! {folder / 'log.json'}: is CodeCatalyst's own event log; left out of the trail" in both.stderr.splitlines()
    )


def test_a_trail_beside_the_event_log_is_not_the_event_log(folder: Path) -> None:
    """A folder may be named as the event log, too."""
    (folder / "trail").mkdir()
    moved = (folder / "trail.json").rename(folder / "trail" / "trail.json")
    alone, both = (compare(log, moved) for log in (folder / "log.json", folder))
    assert (both.stdout, reckoning(both), both.exit_code) == (alone.stdout, reckoning(alone), 3)
    assert f"! {moved}: is not CodeCatalyst's own event log; left out of it" in both.stderr.splitlines()


def test_no_file_of_the_wrong_side_is_lost(folder: Path) -> None:
    """A trail in `--compare` and another one beside the event log in PATH… are one trail."""
    (folder / "more.json").write_bytes(log_file(raw_event(eventID="own", requestID="r-9")))
    result = compare(folder / "trail.json", folder)
    assert "they are compared the other way round" in result.stderr
    assert f"{folder / 'trail.json'}: --compare names it, too; left out here" in result.stderr
    _, created, own = result.stdout.splitlines()
    assert created.startswith("event log  2022-12-01T09:15:32Z")
    assert own.startswith("trail      2023-05-18T17:10:50Z")
    assert reckoning(result)[2] == "in both: 1 (1 by request id)"


def test_a_trail_is_not_compared_with_itself(folder: Path) -> None:
    """However its name is written."""
    (folder / "log.json").unlink()
    result = compare(folder / "trail.json", f"{folder}/../{folder.name}")
    assert result.exit_code == 2
    assert "no other file" in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    "select",
    [
        'exclude_events: ["Create*"]',
        "include_read_only: false",
        "profiles: [identity]",
        "connection_events: false",
    ],
)
def test_all_of_codecatalysts_events_are_compared(folder: Path, select: str) -> None:
    """What `run` leaves out of both logs alike is in them all the same: that it differs must not be hidden."""
    config = folder / "agent.yaml"
    url = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
    config.write_text(f'queue: {{url: "{url}"}}\nbuckets: [{{name: acme-trail}}]\n', encoding="utf-8")
    logs = (folder / "log.json", folder / "trail.json")
    plain = compare(*logs, "-c", config)
    config.write_text(f"{config.read_text()}select: {{{select}}}\n", encoding="utf-8")
    result = compare(*logs, "-c", config)
    assert (result.stdout, result.exit_code) == (plain.stdout, 3)
    note, *rest = result.stderr.splitlines()
    assert note == "! all of CodeCatalyst's events are compared, also those that select of the settings leaves out"
    assert rest == plain.stderr.splitlines()


def test_a_comparison_selects_no_other_profile(folder: Path) -> None:
    """CodeCatalyst's log has no other events: to ask for them is a mistake."""
    result = compare(folder / "log.json", folder / "trail.json", "--profiles", "identity")
    assert result.exit_code == 2
    assert "CodeCatalyst's events alone" in " ".join(result.stderr.replace("│", " ").split())
