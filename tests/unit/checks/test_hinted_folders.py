"""Where log files may be in a bucket whose top is closed: what its notifications and trails tell."""

from __future__ import annotations

from typing import Any

import pytest

from agent.aws.survey import AskedError, Survey
from agent.checks import hinted_folders
from agent.checks.trail_writer import TrailWriter
from agent.settings import BucketSettings

BUCKET = BucketSettings(name="acme-trail", region="us-west-2")


class FakeSurvey(Survey):
    """Tells these prefixes of notifications; None: it may not."""

    def __init__(self, *prefixes: str | None) -> None:
        self._prefixes = prefixes

    def ask(self, service: str, operation: str, **_: Any) -> dict[str, Any]:
        """As S3 does."""
        if None in self._prefixes:
            raise AskedError("denied", "AccessDenied", "no", f"{service}:{operation}")
        rules = [[{"Name": "Prefix", "Value": prefix}] for prefix in self._prefixes]
        return {"TopicConfigurations": [{"Filter": {"Key": {"FilterRules": one}}} for one in rules]}


@pytest.mark.parametrize(
    ("prefix", "folders"),
    [
        ("audit/AWSLogs/", ["audit/AWSLogs/"]),
        ("audit/AWSLogs/o-exampleorgid/1111", ["audit/AWSLogs/o-exampleorgid/"]),
        ("AWSLogs/111122223333/CloudTrail/", ["AWSLogs/"]),
        ("audit/", ["audit/AWSLogs/"]),
        ("audit", []),
        ("", []),
    ],
)
def test_the_prefix_of_a_notification_names_a_folder(prefix: str, folders: list[str]) -> None:
    """With an organisation's, if it goes so far."""
    assert hinted_folders.find(FakeSurvey(prefix), BUCKET, []) == folders


def test_a_trail_names_its_own() -> None:
    """Each folder once, also where the notifications may not be seen."""
    writers = [TrailWriter.of({"S3KeyPrefix": "audit"}), TrailWriter.of({"S3KeyPrefix": "audit"})]
    assert hinted_folders.find(FakeSurvey(None), BUCKET, writers) == ["audit/AWSLogs/"]
    assert hinted_folders.find(FakeSurvey("audit/AWSLogs/"), BUCKET, writers) == ["audit/AWSLogs/"]
