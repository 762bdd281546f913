"""The keys of S3 objects: which are CloudTrail's log files, and what their names tell.

CloudTrail writes `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/<file>`, with the file name
`<account>_CloudTrail_<region>_<time>[_]<id>.json[.gz]`. People and tools move log files to other folders, change their
case and add endings. So the file name decides: what is named like a log file is read wherever it stands. Digests and
the like have names of their own (`<account>_CloudTrail-Digest_…`). The folder only tells what other files are.

Page: CloudTrail user guide, "Finding your CloudTrail log files" and "CloudTrail log file name format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NoReturn

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason

_LONGEST: Final = 1024  # S3's limit. A longer key is forged, and would cost the patterns below their time
_MOST_FOLDERS: Final = 2048  # what one day of a hundred accounts in as many regions as there are fills
_LOOSE: Final = re.ASCII | re.IGNORECASE
_NAME: Final = re.compile(
    r"(?<![0-9])(?P<account>[0-9]{12})_CloudTrail_(?P<region>[a-z0-9-]{1,40})_[0-9]{8}T[0-9]{4,6}Z", _LOOSE
)
_USUAL_NAME: Final = re.compile(
    r"([0-9]{12})_CloudTrail_([a-z0-9-]{1,40})_[0-9]{8}T[0-9]{4,6}Z_?[A-Za-z0-9]+\.json(?:\.gz)?"
)
_TIME: Final = re.compile(
    r"(?<![0-9])[0-9]{12}_CloudTrail_[a-z0-9-]{1,40}_"
    r"(?P<day>[0-9]{8})T(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?Z",
    _LOOSE,
)
_NAME_FORM: Final = "<account>_CloudTrail_<region>_<time>_<id>.json.gz"
_REGION: Final = r"[a-z]{2,5}(?:-[a-z]+)+-[0-9][a-z0-9-]*"
_CLAIM: Final = re.compile(
    rf"(?<![^/])AWSLogs/(?:[^/]*/)?(?P<account>[0-9]{{12}})/CloudTrail(?:-[a-z]+)?/(?:(?P<region>{_REGION})/)?", _LOOSE
)
_SERVICE_FOLDER: Final = re.compile(
    rf"(?<![^/])AWSLogs/(?:[^/]*/)?(?:[a-z-]+=)?[0-9]{{12}}/(?:[a-z-]+=)?(?!{_REGION}/|[0-9]+/)(?P<service>[^/]+)/",
    _LOOSE,
)
_SERVICE_NAME: Final = re.compile(rf"(?<![0-9])[0-9]{{12}}_(?P<service>[a-z0-9-]+)_{_REGION}_", _LOOSE)
_KIND_NAME: Final = re.compile(r"(?<![0-9])[0-9]{12}_CloudTrail-(?P<kind>[a-z]+)_", _LOOSE)
_KIND_FOLDER: Final = re.compile(r"(?<![^/=])CloudTrail-(?P<kind>[a-z]+)/", _LOOSE)
_KINDS: Final = {
    "digest": IgnoredReason.DIGEST,
    "insight": IgnoredReason.INSIGHT,
    "insights": IgnoredReason.INSIGHT,
    "networkactivity": IgnoredReason.NETWORK_ACTIVITY,
    "aggregated": IgnoredReason.AGGREGATED,
    "lake": IgnoredReason.LAKE,
}
_LAKE_FILE: Final = re.compile(r"(?:query_)?result_sign\.json", _LOOSE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PACKED: Final = re.compile(
    r"\.(zstd?|bz2|xz|lzma|lz4|lzo|snappy|sz|br|z|zip|7z|rar|tar|tgz|parquet|orc|avro|ion|csv|tsv|gpg|pgp|enc|age)"
    r"(?![a-z0-9])",
    _LOOSE,
)
_BESIDE: Final = re.compile(r"\.(md5|sha1|sha256|sha512|crc|crc32c?|sig|asc|metadata)$", _LOOSE)
_TRAIL_WORD: Final = re.compile(r"cloud[-_ ]?trail", _LOOSE)
_TRAIL_FOLDER: Final = re.compile(r"(?:^|/)(?:[a-z_-]+=)?cloud[-_ ]?trail(?:[-_ ]?logs?)?/", _LOOSE)
_NO_LOG: Final = re.compile(
    r"(?:^|/|_\$folder\$|/_SUCCESS|/\.[^/]*"
    r"|\.(?:md5|sha1|sha256|sha512|crc|crc32c?|sig|asc|metadata|png|jpe?g|gif|svg|ico|pdf|html?|css|js|md|ya?ml|tf|py|sh)"
    r"|(?:^|/)[^/]*[0-9]{4}(?:-[0-9]{2}){5}-[0-9A-F]{16})$",  # the last is a name of S3's server access logs
    _LOOSE,
)


@dataclass(frozen=True, slots=True)
class TrailKey:
    """What the name of a CloudTrail log file tells. Whether it is gzip, its bytes tell."""

    account: str
    region: str


def parse(key: str) -> TrailKey | IgnoredReason:
    """The parts of a log file's name, or why the object is certainly none of ours.

    Raises `PermanentError` (`not_allowed`) for a key that holds `..` or is longer than any in S3, for a log file that
    cannot be read, and for an object that may hold CloudTrail's events without having the name of a log file. None of
    them may be deleted without a word.
    """
    folder, slash, file = key.rpartition("/")
    if len(key) <= _LONGEST and (usual := _USUAL_NAME.fullmatch(file)):
        return _parse_usual(folder + slash, *usual.groups())
    return parse_any(key)


@lru_cache(maxsize=_MOST_FOLDERS)
def _parse_usual(folder: str, account: str, region: str) -> TrailKey | IgnoredReason:
    """What the usual names of this account and region tell in one folder: time and id make no difference."""
    return parse_any(f"{folder}{account}_CloudTrail_{region}_20000101T0000Z0.json")  # as short as one can be


def parse_any(key: str) -> TrailKey | IgnoredReason:
    """As `parse`, without what is known of others in the same folder."""
    if ".." in key:
        _refuse("the object key holds '..'; no key of CloudTrail does")
    if len(key) > _LONGEST:
        _refuse(f"the object key is longer than {_LONGEST} characters, S3's limit")
    folder, slash, file = key.rpartition("/")
    folder += slash
    names = list(_NAME.finditer(file))
    if names:
        return _named(key, folder, names, file[names[-1].end() :])
    if reason := _other_kind(folder, file):
        return reason
    if _may_hold_events(key, folder, file):
        _refuse(
            f"the object may hold CloudTrail events, but its name is not {_NAME_FORM}: give it such a name if it is a "
            "log file; else let the bucket send no notification of it"
        )
    return IgnoredReason.OTHER_KEY


def names_log_file(text: str) -> bool:
    """Whether the name of a log file stands anywhere in `text`."""
    return _NAME.search(text) is not None


def written_at(key: str) -> datetime | None:
    """When CloudTrail wrote a log file, as its name says; None if it says nothing, or no time that exists."""
    match = _TIME.search(key.rpartition("/")[2])
    if match is None:
        return None
    try:
        return datetime.strptime(
            f"{match['day']}{match['hour']}{match['minute']}{match['second'] or '00'}", "%Y%m%d%H%M%S"
        ).replace(tzinfo=UTC)
    except ValueError:
        return None


def stands_beside(name: str) -> bool:
    """Whether a file of this name holds a checksum or a signature of another file."""
    return _BESIDE.search(name) is not None


def _other_kind(folder: str, file: str) -> IgnoredReason | None:
    """CloudTrail's own files that are no logs of events: told by their names, else by the folders that it writes to."""
    if match := _KIND_NAME.search(file) or _KIND_FOLDER.search(folder):
        return _KINDS.get(match["kind"].lower())
    return IgnoredReason.LAKE if _LAKE_FILE.fullmatch(file) else None


def _named(key: str, folder: str, names: list[re.Match[str]], ending: str) -> TrailKey | IgnoredReason:
    if _CONTROL.search(key):
        _refuse("the object key holds control characters; no key of CloudTrail does")
    account, region = names[-1]["account"], names[-1]["region"].lower()
    claims = [*names, *list(_CLAIM.finditer(folder))[-1:]]
    if any(claim["account"] != account or (claim["region"] or region).lower() != region for claim in claims):
        _refuse("the object key names two accounts or two regions: its folder and its file name do not agree")
    if _BESIDE.search(ending):
        return IgnoredReason.OTHER_KEY
    if packed := _PACKED.search(ending):
        _refuse(
            f"the log file is stored as .{packed[1].lower()}, which trail-agent cannot read: store it as .json or "
            ".json.gz under the same name"
        )
    return TrailKey(account, region)


def _may_hold_events(key: str, folder: str, file: str) -> bool:
    """Whether the object is not certainly something else than events of CloudTrail."""
    if _NAME.search(folder):
        return True  # a part of something that was a log file
    if _NO_LOG.search(key):
        return False
    services = [*_SERVICE_FOLDER.finditer(folder)][-1:] + [*_SERVICE_NAME.finditer(file)][:1]
    if services:
        return any(match["service"].lower().startswith("cloudtrail") for match in services)
    return bool(_TRAIL_WORD.search(file) or _TRAIL_FOLDER.search(folder))


def _refuse(detail: str) -> NoReturn:
    raise PermanentError(Reason.NOT_ALLOWED, detail)
