"""Windows of time, which have names as objects do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.flow.event_log import Window
from tests.support.event_log import FakeEventLog

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def test_a_windows_key_is_the_window() -> None:
    """Nothing else has to be kept of it; the keys of a day are in the order of time, up to midnight."""
    first = Window("log:us-west-2", NOON, NOON.replace(hour=13, second=5))
    last = Window("log:us-west-2", NOON.replace(hour=23), datetime(2026, 10, 6, tzinfo=UTC))
    assert (first.key, last.key) == ("2026/10/05/120000-130005", "2026/10/05/230000-240000")
    assert [Window.of(each.bucket, each.key) for each in (first, last)] == [first, last]
    assert first.place == "us-west-2"


@pytest.mark.parametrize("key", ["", "2026/10/05/", "2026/10/05/120000", "AWSLogs/111122223333/CloudTrail/a.json.gz"])
def test_another_key_is_none_of_a_window(key: str) -> None:
    """It must not be taken for an empty one."""
    with pytest.raises(ValueError, match="of no window"):
        Window.of("log:us-west-2", key)


def test_a_delivery_names_one_window() -> None:
    """In the form in which a replay names objects."""
    body = '{"s3Bucket": "log:us-west-2", "s3ObjectKey": ["2026/10/05/000000-240000"]}'
    assert Window.named_by(body).end == datetime(2026, 10, 6, tzinfo=UTC)


def test_no_bucket_can_have_the_name_of_a_place() -> None:
    """A bucket's name holds no colon."""
    assert FakeEventLog({"us-west-2": [], "eu-west-1": []}).buckets() == ("fake-log:us-west-2", "fake-log:eu-west-1")
