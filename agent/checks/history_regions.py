"""CloudTrail's Event history of one region: that it can be asked. One event is asked for, and nothing is changed.

Page: CloudTrail API reference, "LookupEvents".
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.checks.credentials import Caller
from agent.checks.finding import Check, caution, failed, ok
from agent.checks.how_long import how_long

_ID: Final = "event_history"
ASKED: Final = ok(_ID, "can be asked in account {account}; its newest event is {age} old")
EMPTY: Final = ok(_ID, "can be asked in account {account}; it holds nothing")
DENIED: Final = failed(
    _ID,
    "may not be asked: {words}",
    "Allow {action} to the agent's role (deploy/iam/agent-event-history.json). AWS knows no resource for it: write *.",
)
CLOSED: Final = failed(
    _ID,
    "takes no credentials of the agent: {words}",
    "If it is a region that has to be enabled, enable it in the account, or take it out of event_history.regions.",
)
THROTTLED: Final = caution(
    _ID,
    "is asked too often: {words}",
    "Look who else asks: all in one account and region share two requests a second. The agent waits for its turn.",
)
SILENT: Final = failed(
    _ID,
    "does not answer: {words}",
    "Check its name in event_history.regions, the network to CloudTrail there, and any proxy or VPC endpoint.",
)
NOT_CLOUDTRAIL: Final = failed(_ID, "what answers is not CloudTrail", "Correct aws.endpoint_url, or the proxy.")
_UNKNOWN: Final = "(STS does not tell which)"


def examine(survey: Survey, caller: Caller, region: str, now: float) -> Check:
    """The result for one region; `now` is Unix time."""
    try:
        answer = survey.ask("cloudtrail", "LookupEvents", region=region, MaxResults=1)
    except AskedError as error:
        return _refused(error, region)
    events = answer.get("Events")
    if not isinstance(events, list):
        return NOT_CLOUDTRAIL.told(region)
    account = caller.account or _UNKNOWN
    times = [time for each in events if isinstance(time := each.get("EventTime"), datetime)]
    if not times:
        return EMPTY.told(region, account=account)
    return ASKED.told(region, account=account, age=how_long(max(now - times[0].timestamp(), 0)))


def _refused(error: AskedError, region: str) -> Check:
    if error.kind == "throttled":
        return THROTTLED.told(region, words=error.words)
    if error.kind != "denied":
        return SILENT.told(region, words=error.words)
    finding = DENIED if error.code.startswith("AccessDenied") else CLOSED
    return finding.told(region, words=error.words, action=error.action)
