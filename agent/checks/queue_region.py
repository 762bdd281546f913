"""Whether the queue is in another region than the settings say, as far as AWS's answers show it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from agent.aws.survey import AskedError, Survey
from agent.checks.finding import Check, failed
from agent.settings import Settings, redacted_url

_QUEUE: Final = "queue"
NAMESAKE: Final = failed(
    _QUEUE,
    "there is no such queue in {expected}, and the bucket {bucket} notifies one of this name in {region}",
    "Set queue.region to {region}, or correct queue.url.",
)
WRONG_REGION: Final = failed(
    _QUEUE,
    "queue.region is {expected}, and what answers at {url} is in another region: {words}",
    "Set queue.region to the region of the host in queue.url.",
)

_OF_THE_REGION: Final = re.compile(r"scoped to a valid region|region '[^']*' is wrong")
_PARTS_OF_ARN: Final = 6  # arn:partition:sqs:region:account:name


def examine(survey: Survey, settings: Settings, error: AskedError) -> Check | None:
    """What `error`, the answer about the queue, or a bucket says of its region; None if nothing does."""
    queue = settings.needed_queue()
    if _OF_THE_REGION.search(error.words):
        url = redacted_url(survey.asked_at(queue.url, queue.region))
        return WRONG_REGION.told(expected=queue.region, url=url, words=error.words)
    return _namesake(survey, settings) if error.kind == "missing" else None


def _namesake(survey: Survey, settings: Settings) -> Check | None:
    """A queue of the same account and name that a bucket notifies."""
    queue = settings.needed_queue()
    account_and_name = urlsplit(queue.url).path.strip("/").split("/")[-2:]
    for bucket in settings.buckets:
        try:
            told = survey.ask_notifications(bucket)
        except AskedError:  # the bucket has a line of its own
            continue
        for one in told.get("QueueConfigurations") or ():
            parts = str(one.get("QueueArn", "")).split(":")
            if len(parts) == _PARTS_OF_ARN and parts[4:] == account_and_name and parts[3] != queue.region:
                return NAMESAKE.told(expected=queue.region, bucket=bucket.name, region=parts[3])
    return None
