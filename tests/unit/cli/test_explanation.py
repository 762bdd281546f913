"""`inspect --explain`: each event's reason is the daemon's own, and so is what becomes of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from agent.choices import make_read_limits
from agent.cli.app import app
from agent.cli.inspection import Inspector
from agent.errors import PermanentError
from agent.records.selection import EveryEvent
from agent.settings import LimitSettings
from agent.trail import reader
from agent.trail.inflate import inflate
from tests.support.events import DATA, codecatalyst, event, long_event, noise, raw_event
from tests.support.objects import KEY, log_file
from tests.support.strategies import ENTRIES

SETTINGS = """
queue: {url: "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"}
buckets: [{name: acme-trail}]
"""
SPACE = codecatalyst("docs-example-CreateDevEnvironment.json")


def explain(*arguments: str | Path) -> Result:
    """Run `inspect --explain` in this process."""
    return CliRunner().invoke(app, ["inspect", "--explain", *map(str, arguments)])


def told(*arguments: str | Path) -> list[dict[str, Any]]:
    """The explanations as objects."""
    result = explain("-f", "jsonl", *arguments)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def written(path: Path, *raws: bytes) -> Path:
    """A log file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(log_file(*raws))
    return path


def settings_file(folder: Path, text: str = "") -> Path:
    """A sound settings file with `text` added."""
    (folder / "key").write_text("0123456789abcdef" * 4, encoding="utf-8")
    (folder / "key").chmod(0o600)
    path = folder / "agent.yaml"
    path.write_text(SETTINGS + text.replace("KEY", str(folder / "key")), encoding="utf-8")
    return path


def test_an_event_is_told_with_all_that_becomes_of_it(tmp_path: Path) -> None:
    """Which setting keeps it, who tells it, what is masked, and what counts it."""
    config = settings_file(
        tmp_path,
        "record: {mask: [requestParameters.spaceName, sourceIPAdress], mask_key_file: KEY}",
    )
    (one,) = told(written(tmp_path / "a.json", SPACE), "-c", config)
    assert one.pop("why") == "select.profiles lists codecatalyst, which has this event source"
    assert one == {
        "file": str(tmp_path / "a.json"),
        "entry": 1,
        "event_id": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
        "time": "2023-05-18T17:10:50Z",
        "event_source": "codecatalyst.amazonaws.com",
        "event_name": "CreateDevEnvironment",
        "fate": "shipped",
        "rule": "profile",
        "setting": "select.profiles",
        "meant": "codecatalyst",
        "profile": "codecatalyst",
        "masks": {"requestParameters.spaceName": 1, "sourceIPAdress": 0},
        "truncated": [],
        "unreadable": [],
        "counted": [
            {
                "metric": "codecatalyst_events_total",
                "labels": {
                    "event_name": "CreateDevEnvironment",
                    "identity_type": "IdentityCenterUser",
                    "outcome": "success",
                },
            },
            {"metric": "trail_agent_events_total", "labels": {"fate": "exported"}},
        ],
    }


def test_each_fate_is_counted_by_its_own_series(tmp_path: Path) -> None:
    """Skipped and malformed entries stand at their place among the others, in the order of the file."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"Records": [event("e-1"), 7, noise("n-1"), event("e-2")]}), encoding="utf-8")
    events = told(path)
    assert [(one["entry"], one["fate"], one["counted"][-1]["labels"]["fate"]) for one in events] == [
        (1, "shipped", "exported"),
        (2, "malformed", "malformed"),
        (3, "skipped", "skipped"),
        (4, "shipped", "exported"),
    ]
    assert events[1]["why"] == "the record is not an object but a number"
    assert (events[2]["rule"], events[2]["meant"], events[2]["profile"]) == ("other_source", "s3.amazonaws.com", None)


def test_a_strangers_event_that_is_not_utf_8_is_skipped(tmp_path: Path) -> None:
    """As the daemon skips it, and with the same rule as any other event of its source."""
    path = tmp_path / "a.json"
    path.write_bytes(b'{"Records":[{"eventSource":"s3.amazonaws.com","eventName":"x\xff"},%b]}' % raw_event())
    odd, _ = told(path)
    assert (odd["fate"], odd["rule"], odd["event_name"]) == ("skipped", "other_source", "x\ufffd")


def test_what_is_cut_or_repaired_is_named(tmp_path: Path) -> None:
    """The members of a record that is too long, and a time that means nothing."""
    config = settings_file(tmp_path, "limits: {record_bytes: 65536}")
    path = written(tmp_path / "a.json", long_event(), raw_event(eventTime="yesterday"))
    long, odd = told(path, "-c", config)
    assert "responseElements" in long["truncated"]
    assert (odd["time"], odd["unreadable"]) == ("yesterday", ["eventTime"])


def test_labels_run_out_as_they_do_in_the_daemon(tmp_path: Path) -> None:
    """Names beyond the limit count as `other`."""
    config = settings_file(tmp_path, "limits: {event_name_labels: 1}")
    path = written(tmp_path / "a.json", *(raw_event(eventName=name) for name in ("New", "Newer", "New")))
    names = [one["counted"][0]["labels"]["event_name"] for one in told(path, "-c", config)]
    assert names == ["New", "other", "New"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ""),
        ("regions: [eu-west-1]", "the object is ignored (other_region), as its name tells"),
        (
            'accounts: ["999999999999"]',
            "the object is a dead letter (not_allowed): the account in the object key is not listed under 'accounts'",
        ),
    ],
)
@pytest.mark.parametrize("name", [KEY, KEY.rpartition("/")[2]])
def test_an_object_that_is_not_read_keeps_all_of_its_events(tmp_path: Path, text: str, why: str, name: str) -> None:
    """Accounts and regions are judged by the name, where the path tells it."""
    path = tmp_path / "copied" / name
    written(path, raw_event(), raw_event(eventSource="s3.amazonaws.com"))
    events = told(path, "-c", settings_file(tmp_path, text))
    if why:
        assert [(one["fate"], one["why"], one["counted"]) for one in events] == [("not read", why, [])] * 2
    else:
        assert [one["fate"] for one in events] == ["shipped", "skipped"]
    plain = CliRunner().invoke(app, ["inspect", str(path), "-c", str(tmp_path / "agent.yaml")])
    assert [line for line in plain.stderr.splitlines() if line[0] == "!"] == ([f"! {path}: {why}"] if why else [])
    assert plain.stderr.endswith("1 CodeCatalyst event of 2 in 1 file\n")
    other = told(written(tmp_path / "a.json", raw_event()), "-c", settings_file(tmp_path, text))
    assert [one["fate"] for one in other] == ["shipped"]


LOG = log_file(raw_event())
MALFORMED = "the object is a dead letter (object_malformed): the file is not CloudTrail's JSON"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (LOG.decode().encode("utf-16"), MALFORMED),
        (LOG.decode().encode("utf-16-le"), MALFORMED),
        (LOG.decode().encode("utf-16-be"), "the object is a dead letter (object_corrupt): "),
        (gzip.compress(LOG.decode().encode("utf-16"), mtime=0), MALFORMED),
        (LOG + b"\n" + LOG, MALFORMED),
        (b"[%s]" % raw_event(), MALFORMED),
        (raw_event(), MALFORMED),
        (b"\xef\xbb\xbf" + LOG, ""),
        (gzip.compress(gzip.compress(LOG, mtime=0), mtime=0), ""),
    ],
    ids=["UTF-16", "little", "big", "packed", "two", "array", "record", "mark", "twice"],
)
def test_what_only_a_person_reads_is_no_object_that_is_read(tmp_path: Path, content: bytes, why: str) -> None:
    """`run` makes a dead letter of it, with the reason that is told here; under any other name it is no object."""
    path = tmp_path / "copied" / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for one in told(path):
        assert one["fate"] == ("not read" if why else "shipped")
        assert not why or one["why"].startswith(why)
        assert bool(one["counted"]) is not bool(why)
    reasons = _reasons_of_the_daemon(content)
    assert [reason for reason in reasons if f"({reason})" not in why] == []
    assert bool(reasons) is bool(why)
    plain = CliRunner().invoke(app, ["inspect", str(path)])
    assert any(line.startswith(f"! {path}: the object is a dead letter") for line in plain.stderr.splitlines()) is bool(
        why
    )
    assert {one["fate"] for one in told(path.rename(tmp_path / "a.json"))} == {"shipped"}


def _reasons_of_the_daemon(content: bytes) -> list[str]:
    """Why the daemon's own reading refuses an object of these bytes, if it does."""
    limits = make_read_limits(LimitSettings())
    try:
        reader.read(inflate([content], limits.inflate).text, EveryEvent(), limits.events_per_object)
    except PermanentError as error:
        return [error.reason]
    return []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ENTRIES, max_size=6))
def test_what_is_explained_as_shipped_is_shipped(tmp_path: Path, entries: list[Any]) -> None:
    """For any file: as many explanations as events, and as many shipped ones as records."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"Records": entries}), encoding="utf-8")
    found = Inspector.from_settings(None, everything=False, explain=True).inspect([str(path)])
    if found.files:
        fates = [one.fate for one in found.explained]
        assert (len(fates), fates.count("shipped"), fates.count("malformed")) == (
            found.events,
            len(found.records),
            found.malformed,
        )


def test_every_event_of_the_sample_files_has_a_reason() -> None:
    """Those of the profiles, of the account noise and of CodeCatalyst, by the default settings."""
    events = told(DATA / "profiles", DATA / "cloudtrail-objects")
    assert len(events) > 1000
    assert {one["rule"] for one in events} == {"other_source", "other_profile"}
    assert all(one["why"].startswith(one["setting"]) for one in events)
