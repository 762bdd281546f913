"""The names of a bucket's objects. Page: S3 API reference, "ListObjectsV2"."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from agent.aws.failure import AWS_ERRORS, asking
from agent.aws.store_policy import UNREADABLE, StoreError, failed_read, no_object
from agent.errors import printable

PAGE_KEYS: Final = 1000
"""How many names S3 tells at once, at most."""

_MOST_SHOWN: Final = 200
_MOST_EMPTY: Final = 100  # pages in a row with nothing in them that say that more follows: of deleted objects, say
_ARCHIVES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # what cannot be read before it is restored


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing tells it. `size` is in bytes. `begins`: from when on it holds events, where it tells."""

    key: str
    size: int
    is_archived: bool = False
    begins: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Up to a thousand objects in the order of their keys; `is_last`: there are no more."""

    objects: Sequence[ListedObject]
    is_last: bool


class Listing:
    """Lists the buckets that it has clients for. Safe to use from many threads at once.

    `clients` and `owners` are those of `agent.aws.s3.S3`. Every method raises `StoreError`, as a failed read does.
    """

    def __init__(self, clients: Mapping[str, Any], owners: Mapping[str, str | None]) -> None:
        self._clients = clients
        self._owners = owners
        self._lock = threading.Lock()
        self.requests = 0
        """How many requests were made so far."""

    def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
        """The first objects whose keys begin with `prefix` and come behind `after`; none only if there are none."""
        how = {"StartAfter": after} if after else {}
        for answer in self._answers(bucket, prefix, MaxKeys=PAGE_KEYS, **how):
            if found := [_listed(one, bucket) for one in answer.get("Contents", ())]:
                return ListedPage(found, is_last=not answer.get("IsTruncated"))
        return ListedPage([], is_last=True)

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """The folders right below `prefix`, which is empty or ends with a slash; each whole, and with a slash."""
        answers = self._answers(bucket, prefix, Delimiter="/")
        return [_told(one, "Prefix", bucket) for answer in answers for one in answer.get("CommonPrefixes", ())]

    def _answers(self, bucket: str, prefix: str, **how: object) -> Iterator[Mapping[str, Any]]:
        """All pages, as far as they are asked for. Too many empty ones, or one that comes again, are an error."""
        more: dict[str, str] = {}
        empty = 0
        while True:
            answer = self._ask(bucket, prefix, **how, **more)
            yield answer
            if not answer.get("IsTruncated"):
                return
            empty = 0 if answer.get("Contents") or answer.get("CommonPrefixes") else empty + 1
            token = _told(answer, "NextContinuationToken", bucket)
            if empty == _MOST_EMPTY or token == more.get("ContinuationToken"):
                raise _unreadable(f"page after page without objects says that more follows, in bucket {bucket}")
            more = {"ContinuationToken": token}

    def _ask(self, bucket: str, prefix: str, **how: object) -> Mapping[str, Any]:
        owner = self._owners[bucket]
        demand = {"ExpectedBucketOwner": owner} if owner else {}
        with self._lock:
            self.requests += 1
        try:
            with asking():
                answer: Mapping[str, Any] = self._clients[bucket].list_objects_v2(
                    Bucket=bucket, Prefix=prefix, **how, **demand
                )
        except AWS_ERRORS as error:
            failed = failed_read(error)
            words = failed.detail.replace("the read", "the listing", 1)
            raise StoreError(failed.policy, words, answer=failed.answer) from error
        if "Name" not in answer:  # a page of a proxy that happens to be XML: it must not count as an empty bucket
            raise no_object("an answer without the bucket's name")
        return answer


def _listed(one: Mapping[str, Any], bucket: str) -> ListedObject:
    return ListedObject(_told(one, "Key", bucket), int(one.get("Size", 0)), one.get("StorageClass", "") in _ARCHIVES)


def _told(part: Mapping[str, Any], name: str, bucket: str) -> str:
    """What must stand in a part of an answer: without it, nobody knows what else is left out."""
    text = part.get(name)
    if not isinstance(text, str) or not text:
        has = printable(", ".join(sorted(part)), _MOST_SHOWN) or "nothing"
        raise _unreadable(f"the listing of bucket {bucket} has a part with {has}, and without {name}", name)
    return text


def _unreadable(what: str, answer: str = "") -> StoreError:
    return StoreError(UNREADABLE, f"{UNREADABLE.says} ({what})", answer=answer)
