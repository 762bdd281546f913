"""The keys under which CloudTrail writes: which objects are log files, and what their names tell.

`[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<time>[_]<id>.json[.gz]`

Page: CloudTrail user guide, "Finding your CloudTrail log files".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from agent.errors import PermanentError, Reason
from agent.model import IgnoredReason

_LONGEST: Final = 1024  # of S3; a longer key is forged, and would cost the patterns below their time
_FOLDER: Final = r"(?:[^\x00-\x1f\x7f]*/)?AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>[0-9]{12})/"
_LOG_FILE: Final = re.compile(
    _FOLDER + r"CloudTrail/(?P<region>[a-z0-9-]+)/[0-9]{4}/[0-9]{2}/[0-9]{2}/"
    r"(?P=account)_CloudTrail_(?P=region)_[0-9]{8}T[0-9]{4}Z_?[A-Za-z0-9]+\.json(?P<gzip>\.gz)?"
)
_TRAIL_FILE: Final = re.compile(_FOLDER + r"CloudTrail/.+\.json(?:\.gz)?")
_NEIGHBOURS: Final = (
    (re.compile(_FOLDER + r"CloudTrail-Digest/.*"), IgnoredReason.DIGEST),
    (re.compile(_FOLDER + r"CloudTrail-Insight/.*"), IgnoredReason.INSIGHT),
)


@dataclass(frozen=True, slots=True)
class TrailKey:
    """What the key of a CloudTrail log file tells. `gzipped` is what its ending says."""

    account: str
    region: str
    gzipped: bool


def parse(key: str) -> TrailKey | IgnoredReason:
    """The parts of a log file's key, or why the object is none of ours.

    Raises `PermanentError` (`not_allowed`) for a key that holds `..` or is longer than any in S3, and for one that
    stands among CloudTrail's log files without having their name: it is forged, or CloudTrail has a new scheme; neither
    may be deleted in silence.
    """
    if ".." in key:
        raise PermanentError(Reason.NOT_ALLOWED, "the object key holds '..', which no CloudTrail key does")
    if len(key) > _LONGEST:
        raise PermanentError(Reason.NOT_ALLOWED, f"the object key is longer than {_LONGEST} characters, S3's limit")
    if match := _LOG_FILE.fullmatch(key):
        return TrailKey(match["account"], match["region"], gzipped=match["gzip"] is not None)
    if _TRAIL_FILE.fullmatch(key):
        raise PermanentError(
            Reason.NOT_ALLOWED,
            "the object key stands in CloudTrail's log folder but does not have the name of a CloudTrail log file",
        )
    return next((reason for pattern, reason in _NEIGHBOURS if pattern.fullmatch(key)), IgnoredReason.OTHER_KEY)
