"""`event_history`: events without a queue and without buckets, or beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from agent.settings import load, redacted
from tests.support.settings import MINIMAL, problems

HISTORY = "event_history: {regions: [us-west-2]}\n"
QUEUE_REQUIRED = (
    "queue.url: is required: the queue that the buckets notify, such as "
    "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent (or set TRAIL_AGENT_QUEUE__URL)"
)
BUCKETS_REQUIRED = "buckets: is required: the buckets that may be read, each with its name (or set TRAIL_AGENT_BUCKETS)"


def history(tmp_path: Path, keys: str) -> str:
    """The one problem of a section with these keys, and with one region."""
    (found,) = problems(tmp_path, f"event_history: {{regions: [us-west-2], {keys}}}\n")
    return found


def test_it_stands_for_queue_and_buckets() -> None:
    """One variable is enough; everything else has its default."""
    found = load(None, {"TRAIL_AGENT_EVENT_HISTORY__REGIONS": "us-west-2,eu-west-1", "AWS_REGION": "us-east-1"})
    assert found.event_history
    assert found.event_history.regions == ("us-west-2", "eu-west-1")
    assert (found.event_history.poll_seconds, found.event_history.overlap_seconds) == (60, 1800)
    assert found.event_history.checkpoint_file is None
    assert (found.queue, found.buckets, found.home_region) == (None, (), "us-west-2")


def test_it_may_stand_beside_them(tmp_path: Path) -> None:
    """Then the queue says in which region everything else is asked."""
    path = tmp_path / "agent.yaml"
    path.write_text(MINIMAL + "event_history: {regions: [eu-west-1]}\n", encoding="utf-8")
    found = load(path, {})
    assert found.event_history
    assert (found.event_history.regions, found.home_region, len(found.buckets)) == (("eu-west-1",), "us-west-2", 1)


def test_the_settings_in_effect_can_be_used_as_settings(tmp_path: Path) -> None:
    """As `config show` prints them: no queue, and an empty list of buckets."""
    found = load(None, {"TRAIL_AGENT_EVENT_HISTORY__REGIONS": "us-west-2"})
    path = tmp_path / "agent.yaml"
    path.write_text(yaml.safe_dump(redacted(found)), encoding="utf-8")
    assert load(path, {}) == found


def test_without_it_both_are_required(tmp_path: Path) -> None:
    """A section that is null is no section."""
    assert problems(tmp_path, "") == [QUEUE_REQUIRED, BUCKETS_REQUIRED]
    assert problems(tmp_path, "event_history: null\n") == [QUEUE_REQUIRED, BUCKETS_REQUIRED]


def test_a_queue_and_its_buckets_go_together(tmp_path: Path) -> None:
    """Neither makes sense without the other, also where Event history is polled."""
    queue, buckets = MINIMAL.splitlines()
    assert problems(tmp_path, f"{HISTORY}{queue}\n") == [BUCKETS_REQUIRED]
    assert problems(tmp_path, f"{HISTORY}{buckets}\n") == [QUEUE_REQUIRED]
    assert problems(tmp_path, f"{HISTORY}{queue}\nbuckets: []\n") == ["buckets: must have at least one entry"]


def test_a_section_without_regions_says_what_it_needs(tmp_path: Path) -> None:
    """Regions are what nobody can guess."""
    missing = "event_history.regions: is required (or set TRAIL_AGENT_EVENT_HISTORY__REGIONS)"
    assert problems(tmp_path, "event_history: {poll_seconds: 60}\n") == [missing]
    assert problems(tmp_path, "event_history: {regions: []}\n") == [
        "event_history.regions: must have at least one entry"
    ]


@pytest.mark.parametrize(
    ("regions", "problem"),
    [
        ("[us-west-2, us-west-2]", "names the same region twice: entry 1 "),
        ("[oregon]", "must be the name of an AWS region, such as us-west-2"),
        ("us-west-2 eu-west-1", "must be the name of an AWS region"),
    ],
)
def test_regions_are_regions_and_each_stands_once(tmp_path: Path, regions: str, problem: str) -> None:
    """Twice would be two polls for the same events."""
    (found,) = problems(tmp_path, f"event_history: {{regions: {regions}}}\n")
    assert found.startswith("event_history.regions")
    assert problem in found


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("poll_seconds: 9", "event_history.poll_seconds: must be at least 10"),
        ("poll_seconds: 3601", "event_history.poll_seconds: must be at most 3600"),
        ("overlap_seconds: 299", "event_history.overlap_seconds: must be at least 300"),
        ("overlap_seconds: 86401", "event_history.overlap_seconds: must be at most 86400"),
        ("overlap_seconds: 1.5", "event_history.overlap_seconds: must be a number"),
    ],
)
def test_numbers_have_bounds(tmp_path: Path, keys: str, problem: str) -> None:
    """AWS answers two requests a second, and shows nothing at once."""
    assert history(tmp_path, keys) == problem


def test_a_checkpoint_file_need_not_be_there(tmp_path: Path) -> None:
    """Its folder must; the agent makes the file."""
    environ = {
        "TRAIL_AGENT_EVENT_HISTORY__REGIONS": "us-west-2",
        "TRAIL_AGENT_EVENT_HISTORY__CHECKPOINT_FILE": str(tmp_path / "checkpoint"),
    }
    found = load(None, environ)
    assert found.event_history
    assert found.event_history.checkpoint_file == tmp_path / "checkpoint"
    (tmp_path / "checkpoint").write_text("", encoding="utf-8")
    assert load(None, environ) == found


def test_a_checkpoint_file_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    """It is told before anything starts, with what to do."""
    key = "event_history.checkpoint_file: "
    (tmp_path / "file").write_text("", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    assert history(tmp_path, f"checkpoint_file: '{tmp_path}'") == key + "is a directory; it must name a file"
    assert history(tmp_path, f"checkpoint_file: '{tmp_path}/none/checkpoint'").startswith(
        key + "names a file in a folder that does not exist"
    )
    assert history(tmp_path, f"checkpoint_file: '{tmp_path}/file/checkpoint'").startswith(key)
    assert history(tmp_path, f"checkpoint_file: '{tmp_path}/pipe'") == key + "is not a regular file"


def test_a_link_counts_by_where_it_leads(tmp_path: Path) -> None:
    """The agent writes there, and the file need not be there yet."""
    (tmp_path / "state").mkdir()
    (tmp_path / "good").symlink_to(tmp_path / "state" / "checkpoint")
    (tmp_path / "dangling").symlink_to(tmp_path / "nope" / "checkpoint")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    variables = {"TRAIL_AGENT_EVENT_HISTORY__REGIONS": "us-west-2"}
    good = load(None, {**variables, "TRAIL_AGENT_EVENT_HISTORY__CHECKPOINT_FILE": f"{tmp_path}/good"})
    assert good.event_history
    assert good.event_history.checkpoint_file == tmp_path / "good"
    assert "names a file in a folder that does not exist" in history(
        tmp_path, f"checkpoint_file: '{tmp_path}/dangling'"
    )
    assert "is not the path of a file" in history(tmp_path, f"checkpoint_file: '{tmp_path}/circle'")


def test_a_folder_that_may_not_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only file system in a container, or the folder of another user: whoever runs the tests may be root."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tmp_path)
    assert history(tmp_path, f"checkpoint_file: '{tmp_path}/checkpoint'").endswith(
        "names a file in a folder in which this user may not write"
    )
    (tmp_path / "checkpoint").write_text("", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) == tmp_path)
    assert history(tmp_path, f"checkpoint_file: '{tmp_path}/checkpoint'").endswith(
        "names a file that this user may not read and write"
    )
