"""Settings that can be used, and of which the operator is warned all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

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
