"""Why a part of a notification is passed over: one row for each reason."""

from __future__ import annotations

from typing import Final

from agent.faults.advice import Advised

_PASSED_OVER: Final = "counted it; the message is deleted when everything else in it is delivered"
_NOTHING: Final = "nothing"


class IgnoredReason(Advised):
    """Why a notification holds nothing for us; the values of `trail_agent_notifications_ignored_total{reason}`."""

    TEST_EVENT = ("test_event", "S3 sent a test message", _PASSED_OVER, _NOTHING)
    VALIDATION = ("validation", "CloudTrail sent a test message", _PASSED_OVER, _NOTHING)
    REMOVED = (
        "removed",
        "an object was removed",
        _PASSED_OVER,
        "let the bucket send notifications of new objects only",
    )
    DIGEST = ("digest", "a CloudTrail digest file was written", _PASSED_OVER, _NOTHING)
    INSIGHT = ("insight", "a CloudTrail Insight file was written", _PASSED_OVER, _NOTHING)
    NETWORK_ACTIVITY = (
        "network_activity",
        "a CloudTrail file of network activity events was written",
        _PASSED_OVER,
        _NOTHING,
    )
    AGGREGATED = ("aggregated", "a CloudTrail file of aggregated events was written", _PASSED_OVER, _NOTHING)
    LAKE = ("lake", "a result of a CloudTrail Lake query was written", _PASSED_OVER, _NOTHING)
    OTHER_KEY = (
        "other_key",
        "an object was written that is certainly not a CloudTrail file",
        f"{_PASSED_OVER}; the log names each kind of key once",
        "let the bucket send notifications of its trail's prefix only",
    )
    OTHER_EVENT = (
        "other_event",
        "the notification is about something other than a new object",
        _PASSED_OVER,
        "let the bucket send notifications of new objects only",
    )
    OTHER_REGION = (
        "other_region",
        "a log file was written of a region that is not in the setting regions",
        _PASSED_OVER,
        "list the region if you want it",
    )
    OTHER_SERVICE = (
        "other_service",
        "another AWS service sent the message, and it names no log file in a listed bucket",
        f"{_PASSED_OVER}; the log names each sender once",
        "let the topic or rule send only the notifications of S3 and CloudTrail",
    )
