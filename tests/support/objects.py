"""Objects as CloudTrail writes them into a bucket: text, gzip and keys; and the real ones of the test data."""

from __future__ import annotations

import gzip
import json
from typing import Any

from agent.model import ObjectRef, ObjectSource
from agent.records.selection import Selector
from agent.trail import reader
from agent.trail.usual_event import UnusualEventError, decode_usual
from tests.support.events import ACCOUNT, DATA, REGION

BUCKET = f"acme-trail-{ACCOUNT}"
FILE_NAME = f"{ACCOUNT}_CloudTrail_{REGION}_20230518T1715Z_Yq3hTzv0AbCdEfGh.json.gz"
KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2023/05/18/{FILE_NAME}"
LAST_MODIFIED = 1_684_430_155_000_000_000  # 2023-05-18T17:15:55Z
SOURCE = ObjectSource(BUCKET, KEY, ACCOUNT, LAST_MODIFIED)


def log_file(*raws: bytes) -> bytearray:
    """The text of a log file that holds `raws`."""
    return bytearray(b'{"Records":[' + b",".join(raws) + b"]}")


def used_to_most(selection: Selector, raw: bytes) -> Selector:
    """The same selection, which keeps `raw`: it has kept all so far, and the events of its next file come decoded."""
    for _ in range(2):
        reader.read(log_file(raw), selection, 1)
    return selection


def if_usual(raw: bytes) -> Any:
    """The event as it comes decoded in such a file; None if it is not usual."""
    try:
        return decode_usual(raw)
    except UnusualEventError:
        return None


def plain_object(*entries: object) -> bytes:
    """The JSON text of a trail object."""
    return json.dumps({"Records": entries}).encode()


def trail_object(*entries: object) -> bytes:
    """A trail object as CloudTrail writes it; the same entries give the same bytes."""
    return gzip.compress(plain_object(*entries), mtime=0)


def trail_objects() -> dict[str, bytes]:
    """The real log objects of `tests/data/cloudtrail-objects/` by name, inflated."""
    return {path.name: path.read_bytes() for path in sorted((DATA / "cloudtrail-objects").glob("*.json"))}


def trail_key(name: str = "abc", *, account: str = ACCOUNT, region: str = REGION, ending: str = "json.gz") -> str:
    """The key of a trail object."""
    folder = f"AWSLogs/{account}/CloudTrail/{region}/2026/11/20"
    return f"{folder}/{account}_CloudTrail_{region}_20261120T1205Z_{name}.{ending}"


def ref(name: str = "abc", *, bucket: str = BUCKET, size: int | None = None) -> ObjectRef:
    """A pointer to one trail object."""
    return ObjectRef(bucket, trail_key(name), size)
