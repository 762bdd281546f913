"""What a dry run over a log tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agent.replay.span import Span
from agent.replay.window_report import WindowCountReport
from tests.support.event_log import FakeEventLog

DAY = datetime(2026, 10, 5, tzinfo=UTC)


def test_requests_take_the_time_that_the_log_allows() -> None:
    """The places are asked side by side, each at its own pace."""
    log = FakeEventLog({"us-west-2": [], "eu-west-1": []})
    report = WindowCountReport(Span(DAY, DAY + timedelta(days=30)), log, 2400, ["some may be missing"])
    told = report.as_json()
    assert (told["windows"], told["least_requests"], told["least_seconds"]) == (2400, 2400, 600.0)
    text = "\n".join(report.lines())
    assert "us-west-2, eu-west-1" in text
    assert "2,400 or more" in text
    assert "10 min or more" in text
    assert text.endswith("! some may be missing")
    assert told["cautions"] == ["some may be missing"]
