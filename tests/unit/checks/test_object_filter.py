"""Which keys the filter of an S3 notification takes."""

from __future__ import annotations

from typing import Any

import pytest

from agent.checks.object_filter import ObjectFilter, of

FOLDER = "AWSLogs/111122223333/CloudTrail/us-west-2/"
KEY = f"{FOLDER}2026/11/20/111122223333_CloudTrail_us-west-2_20261120T1000Z_aB3dE5gH7jK9mN1p.json.gz"


def rules(**told: str) -> dict[str, Any]:
    """A notification as S3 describes it; it writes the names in capitals or not."""
    return {"Filter": {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in told.items()]}}}


def test_a_filter_is_read() -> None:
    """Both rules, in either case; a notification without a filter takes all."""
    assert of(rules(Prefix="AWSLogs/", suffix=".gz")) == ObjectFilter("AWSLogs/", ".gz")
    assert of({}) == of({"Filter": None}) == ObjectFilter("", "")


@pytest.mark.parametrize(
    ("prefix", "takes"),
    [
        ("", True),
        ("AWSLogs/", True),
        ("AWSLogs/1111", True),
        (f"{FOLDER}2026/", True),
        (f"{FOLDER}2025/", False),
        ("elb/", False),
        ("AWSLogs/4", False),
    ],
)
def test_a_log_file_is_taken_by_its_prefix(prefix: str, takes: bool) -> None:
    """A prefix above the folder, or within it."""
    assert ObjectFilter(prefix, "").takes(KEY) is takes


@pytest.mark.parametrize(
    ("suffix", "takes"), [("", True), (".json.gz", True), (".gz", True), (".json", False), (".csv", False)]
)
def test_log_files_are_taken_by_their_ending(suffix: str, takes: bool) -> None:
    """CloudTrail's end in .json.gz."""
    assert ObjectFilter("", suffix).takes_log_files is takes
    assert ObjectFilter("AWSLogs/", suffix).takes(KEY) is takes


def test_a_filter_is_shown() -> None:
    """In the words of the console."""
    assert str(ObjectFilter("AWSLogs/", ".gz")) == "prefix AWSLogs/, suffix .gz"
    assert str(ObjectFilter("", "")) == "none"
