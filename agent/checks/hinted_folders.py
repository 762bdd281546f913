"""Where log files may be in a bucket that may not be listed from its top: its trails and its notifications tell.

CloudTrail writes `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/`. The policy of an agent (deploy/iam/agent.json) lets it
list the folders of accounts only, with the trail's prefix before AWSLogs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agent.aws.survey import AskedError, Survey
from agent.aws.trail_search import ROOT
from agent.checks import object_filter
from agent.checks.trail_writer import TrailWriter
from agent.settings import BucketSettings

_KINDS: Final = ("QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations")
_PARENT: Final = re.compile(rf"(?:.*/)?{ROOT}(?:o-[a-z0-9]{{4,40}}/)?", re.ASCII)
_MOST: Final = 6


def find(survey: Survey, bucket: BucketSettings, writers: Sequence[TrailWriter]) -> list[str]:
    """Folders in which those of accounts may be: `AWSLogs/`, or an organisation's in it. One request to S3."""
    try:
        told = survey.ask_notifications(bucket)
    except AskedError:
        told = {}
    return [*dict.fromkeys((*(one.root for one in writers), *_filtered(told)))][:_MOST]


def _filtered(told: Mapping[str, Any]) -> Iterator[str]:
    """Those that the prefixes of the notifications name."""
    for kind in _KINDS:
        for one in told.get(kind) or ():
            prefix = object_filter.of(one).prefix
            if match := _PARENT.match(prefix):
                yield match[0]
            elif prefix.endswith("/"):
                yield f"{prefix}{ROOT}"
