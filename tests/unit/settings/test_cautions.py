"""Settings that can be used, and of which the operator is warned all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import load
from tests.support.settings import settings


def test_headers_in_clear_to_another_machine_are_warned_of() -> None:
    """A secret over plain http draws a warning, but not on loopback."""
    far = settings(TRAIL_AGENT_OTLP__ENDPOINT="http://collector:4318", TRAIL_AGENT_OTLP__HEADERS="a=b")
    near = settings(TRAIL_AGENT_OTLP__ENDPOINT="http://localhost:4318", TRAIL_AGENT_OTLP__HEADERS="a=b")
    assert [warning.split(":")[0] for warning in far.warnings] == ["otlp.endpoint"]
    assert near.warnings == ()


@pytest.mark.parametrize("key", ["record.mask_key_file", "otlp.headers_file", "otlp.key_file"])
def test_a_secret_that_everybody_may_read_is_warned_of(tmp_path: Path, key: str) -> None:
    """A file with a secret that every user can open draws a warning; one for the owner and the group does not."""
    path = tmp_path / "secret"
    path.write_text("x-key: 0123456789abcdef0123456789abcdef\n")
    section, name = key.upper().split(".")
    variables = {f"TRAIL_AGENT_{section}__{name}": str(path)}
    variables |= {"TRAIL_AGENT_OTLP__CERT_FILE": str(path)} if key == "otlp.key_file" else {}
    path.chmod(0o640)
    assert [one for one in settings(**variables).warnings if key in one] == []
    path.chmod(0o644)
    (warning,) = [one for one in settings(**variables).warnings if key in one]
    assert warning.startswith(f"{key}: every user of this machine may read the file")


def test_a_mask_that_is_mistyped_is_warned_of(tmp_path: Path) -> None:
    """A path with a name that CloudTrail does not use would mask nothing: it draws a warning with the likely name."""
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef")
    key.chmod(0o600)
    paths = "userIdentity.arn,sourceIpAddress,userIdentity.sessionContext.sessionIssuer.Arn,requestParameters.any"
    found = settings(TRAIL_AGENT_RECORD__MASK=paths, TRAIL_AGENT_RECORD__MASK_KEY_FILE=str(key))
    first, second = found.warnings
    assert first.startswith("record.mask.1: ")
    assert "sourceIPAddress" in first
    assert second.startswith("record.mask.2: ")
    assert "did you mean userIdentity.sessionContext.sessionIssuer.arn?" in second


def test_limits_that_contradict_each_other_are_warned_of() -> None:
    """A batch smaller than a record, or memory smaller than an object, works, but draws a warning."""
    small = settings(TRAIL_AGENT_OTLP__MAX_BATCH_BYTES="1000", TRAIL_AGENT_LIMITS__IN_FLIGHT_BYTES="1000")
    assert [warning.split(":")[0] for warning in small.warnings] == ["limits.in_flight_bytes", "otlp.max_batch_bytes"]


@pytest.mark.parametrize(("inflated_bytes", "warns"), [(16_777_216, False), (16_777_217, True)])
def test_less_memory_needs_smaller_objects(inflated_bytes: int, *, warns: bool) -> None:
    """An object takes up to four times its text: whoever halves the memory of a container is told to halve both."""
    small = settings(
        TRAIL_AGENT_LIMITS__IN_FLIGHT_BYTES="67108864", TRAIL_AGENT_LIMITS__INFLATED_BYTES=str(inflated_bytes)
    )
    assert any(warning.startswith("limits.in_flight_bytes: ") for warning in small.warnings) is warns


def of_history(**environ: str) -> list[str]:
    """The warnings where Event history of the usual region is polled, and nothing else is."""
    usual = {"TRAIL_AGENT_EVENT_HISTORY__REGIONS": "us-west-2"}
    return list(load(None, {**usual, **{f"TRAIL_AGENT_{name}": value for name, value in environ.items()}}).warnings)


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        ({}, ""),
        ({"EVENT_HISTORY__OVERLAP_SECONDS": "900"}, ""),
        ({"EVENT_HISTORY__OVERLAP_SECONDS": "899"}, "event_history.overlap_seconds: is less than 900; "),
        ({"EVENT_HISTORY__REGIONS": "us-east-1,eu-west-1"}, ""),
        ({"EVENT_HISTORY__REGIONS": "us-east-1"}, "event_history.regions: holds neither us-west-2 nor eu-west-1, "),
        ({"EVENT_HISTORY__REGIONS": "us-east-1", "SELECT__PROFILES": "identity"}, ""),
        ({"ACCOUNTS": "111122223333"}, "accounts: has no effect without buckets; "),
        ({"REGIONS": "us-west-2"}, "regions: has no effect without buckets; "),
        ({"SELECT__PROFILES": "codecatalyst,trail_guard"}, "select.profiles: without a queue and buckets, "),
        ({"EVENT_HISTORY__POLL_SECONDS": "10", "SELECT__PROFILES": "codecatalyst,identity"}, ""),
        (
            {"EVENT_HISTORY__POLL_SECONDS": "10", "SELECT__PROFILES": "codecatalyst,identity,pipeline,codeconnections"},
            "event_history.poll_seconds: is less than the 12 s that a poll takes",
        ),
        ({"SELECT__EVENT_SOURCES": "*"}, "select.event_sources: Event history has management events only, "),
    ],
)
def test_what_event_history_does_not_do_is_warned_of(environ: dict[str, str], warned: str) -> None:
    """What would be missed, and what has no effect."""
    found = of_history(**environ)
    assert [one.startswith(warned) for one in found] == ([True] if warned else [])


def test_beside_buckets_only_what_is_missed_is_warned_of() -> None:
    """Accounts, regions, trail_guard and the whole trail are about the buckets then."""
    found = settings(
        TRAIL_AGENT_EVENT_HISTORY__REGIONS="us-west-2",
        TRAIL_AGENT_ACCOUNTS="111122223333",
        TRAIL_AGENT_REGIONS="us-west-2",
        TRAIL_AGENT_SELECT__PROFILES="codecatalyst,trail_guard",
        TRAIL_AGENT_SELECT__EVENT_SOURCES="*",
    )
    assert found.warnings == ()
