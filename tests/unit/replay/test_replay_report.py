"""What is told at the end of a replay."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.replay.estimate import Counted
from agent.replay.looks import ReplayFigures
from agent.replay.notes import Unshipped
from agent.replay.replay_report import CountReport, ReplayReport, printed
from tests.support.replays import SPAN

FIGURES = ReplayFigures(
    day=None,
    share=1.0,
    objects=1200,
    rate=0.0,
    object_bytes=3 << 20,
    found=12,
    shipped=12,
    known=1,
    unshipped=0,
    seconds=95.0,
    seconds_left=None,
    waits_for="",
)
DONE = ReplayReport(
    span=SPAN,
    streams=9,
    figures=FIGURES,
    unshipped=(),
    lists=27,
    destination="http://localhost:4318/v1/logs",
    resume="run the same command again",
)
LOST = [Unshipped("acme", f"AWSLogs/{number}\x1b[31m", "object_corrupt", "it is damaged") for number in range(60)]


def test_a_replay_that_is_done_is_told_in_two_lines() -> None:
    """How much, and where it went."""
    assert printed(DONE, as_json=False).splitlines() == [
        "✓ 2026-10-05 00:00 to 2026-10-08 00:00 UTC: 1,200 objects, 3 MiB, in 1 min 35 s",
        "  12 events found, 12 shipped to http://localhost:4318/v1/logs; 1 repeat of them left out",
    ]
    assert DONE.exit_code == 0


@pytest.mark.parametrize(
    ("change", "code", "result", "words"),
    [
        ({"unshipped": LOST}, 69, "incomplete", "✗ 60 objects could not be shipped:"),
        ({"why": "the disk is full"}, 69, "stopped", "✗ stopped: the disk is full"),
        ({"signal": 15}, 143, "interrupted", "! stopped by a signal before the end"),
        ({"signal": 2, "unshipped": LOST}, 130, "interrupted", "✗ 60 objects could not be shipped:"),
    ],
)
def test_what_is_not_done_is_told_with_how_to_go_on(change: dict[str, Any], code: int, result: str, words: str) -> None:
    """No script takes it for done."""
    report = replace(DONE, **change)
    text = printed(report, as_json=False)
    assert words in text
    assert text.splitlines()[-1] == "  run the same command again"
    assert report.exit_code == code
    assert json.loads(printed(report, as_json=True))["result"] == result


def test_what_could_not_be_shipped_has_its_advice_once() -> None:
    """Not every object of thousands stands on the screen; no key controls the terminal."""
    text = printed(replace(DONE, unshipped=LOST), as_json=False)
    assert text.count("object_corrupt: ") == 1
    assert "run the replay again" in text
    assert "  and 10 more: --json has them all" in text
    assert "\x1b" not in text
    told = json.loads(printed(replace(DONE, unshipped=LOST), as_json=True))["unshipped"]
    assert len(told) == 60
    assert told[0]["advice"]


def test_a_reason_of_an_earlier_run_is_called_that() -> None:
    """A signal came before this run knew: what was wrong then may be mended."""
    report = replace(DONE, signal=15, unshipped=LOST[:2], earlier={("acme", LOST[1].key)})
    lines = printed(report, as_json=False).splitlines()
    assert "  1 of them by an earlier run, and not tried to the end by this one" in lines
    assert [line for line in lines if "it is damaged" in line] == [
        "      it is damaged",
        "      in an earlier run: it is damaged",
    ]
    told = json.loads(printed(report, as_json=True))["unshipped"]
    assert [each["of_earlier_run"] for each in told] == [False, True]


def test_a_window_of_a_log_has_advice_of_its_own() -> None:
    """And the name of the log where an object has its address."""
    window = Unshipped("event-history:us-west-2", "2026/10/05/120000-130000", "event_malformed", "no JSON object")
    text = printed(replace(DONE, things="windows", unshipped=[window]), as_json=False)
    assert "✗ 1 window could not be shipped:" in text
    assert "  event_malformed: its other events were shipped; look at this time in the console" in text
    assert "    event-history:us-west-2/2026/10/05/120000-130000" in text
    assert "trail-agent inspect" not in text + printed(replace(DONE, unshipped=[window]), as_json=True)


def test_a_count_tells_time_and_money_and_what_they_are_worth() -> None:
    """And what has to be restored first."""
    counted = Counted(
        objects=1_000_000, object_bytes=28_000_000_000, archived=7, others=3, lists=10_000, gets=1_000_001
    )
    report = CountReport(SPAN, streams=9, workers=4, counted=counted)
    text = printed(report, as_json=False)
    assert "10,000 LIST and 1,000,001 GET" in text
    assert "not read  3 objects: " in text
    assert "about 31 min 36 s, estimated" in text
    assert "about 0.45 USD, list prices of us-east-1 in November 2026" in text
    assert "! 7 objects are archived" in text
    assert json.loads(printed(report, as_json=True))["estimated_usd"] == 0.45
    assert report.exit_code == 0
    assert "less than 0.01 USD" in printed(replace(report, counted=Counted()), as_json=False)
