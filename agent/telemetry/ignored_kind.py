"""Of which kind is a notification that is ignored: so that the log tells each kind once, and not each object."""

from __future__ import annotations

import re
from typing import Final

from agent.faults.ignored import IgnoredReason
from agent.model import Ignored

_LONGEST: Final = 200
_MOST_FOLDERS: Final = 8
_VARYING: Final = re.compile(r"[0-9]")
_SERVICE: Final = re.compile(r"[0-9]{12}(?P<service>_[A-Za-z-]+_)")
_ENDING: Final = re.compile(r"(?:\.[A-Za-z]{1,12}[0-9]?){1,2}$")


def kind_of(ignored: Ignored) -> str:
    """Who sent the message, or the key without what differs from one object of its kind to the next.

    Empty for what CloudTrail and S3 send on purpose.
    """
    if ignored.reason is IgnoredReason.OTHER_SERVICE:
        return ignored.sender[:_LONGEST]
    return _kind_of_key(ignored.key)[:_LONGEST] if ignored.reason is IgnoredReason.OTHER_KEY else ""


def _kind_of_key(key: str) -> str:
    """`AWSLogs/*/elasticloadbalancing/*/*_elasticloadbalancing_*.log.gz`: accounts, regions, dates and ids are `*`."""
    *folders, file = key.split("/")
    kinds: list[str] = []
    for folder in folders[:_MOST_FOLDERS]:
        kind = "*" if _VARYING.search(folder) else folder
        if kinds[-1:] != ["*"] or kind != "*":
            kinds.append(kind)
    service, ending = _SERVICE.search(file), _ENDING.search(file)
    name = f"*{service['service']}*" if service else "*"
    return "/".join([*kinds, (name + (ending[0] if ending else "")) if file else ""])
