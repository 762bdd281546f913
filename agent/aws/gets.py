"""GetObject of many small objects at once, at a quarter of what boto3's costs; what is no plain success is left out.

Whoever asks here reads what is left out with boto3, whose answer or error counts. Page: S3 API reference, "GetObject".
"""

from __future__ import annotations

import hashlib
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from agent.aws.error_response import words_of_no_object
from agent.aws.learnt import OK, Form, Forms, utc_now
from agent.aws.transfers import HttpReply, HttpRequest, Transfers
from agent.model import ObjectRef, OpenObject

MOST_BYTES: Final = 1 << 20
"""Of one object: so many wait in memory until they are inflated. What is larger is asked for once more, by itself."""

_OPERATION: Final = "GetObject"
_SAMPLE: Final = "k"
_SAFE: Final = "/~"  # S3 takes these in a key as they are
_CHECKSUM: Final = "x-amz-checksum-"
_CHECKSUMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {  # those that boto3 checks without a library of its own
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
}


class Gets:
    """Reads with the boto3 S3 clients of some buckets, past most of them. Safe to use from many threads at once.

    `owners` has the account id that must own a bucket, where one is given.
    """

    def __init__(
        self,
        clients: Mapping[str, Any],
        owners: Mapping[str, str | None],
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._owners = owners
        self._now = now
        self._forms = {id(client): Forms(client, monotonic) for client in clients.values()}
        self._transfers = Transfers(MOST_BYTES)

    def read(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        """Those of `refs` that S3 gives whole, as they come, by their number; at most `most` are asked for at a time.

        What is large, odd or refused is left out. What brings nothing comes as None when `patience` ends, as in
        `Transfers.ask_all`.
        """
        for number, reply in self._transfers.ask_all(self._requests(refs), most, patience):
            if reply is None:
                yield number, None
                continue
            found = None
            with suppress(Exception):  # whatever is odd about one answer is boto3's to tell, and keeps no other back
                found = _found(reply)
            if found:
                yield number, found

    def _requests(self, refs: Sequence[ObjectRef]) -> Iterator[tuple[int, HttpRequest]]:
        for number, ref in enumerate(refs):
            try:
                form = self._form(ref.bucket) if _is_plain(ref.key) else None
                request = form.request(self._now(), tail=quote(ref.key, safe=_SAFE)) if form else None
            except Exception:  # noqa: BLE001 - no credentials, say: whoever reads it with boto3 hears of it
                request = None
            if request:
                yield number, request

    def _form(self, bucket: str) -> Form | None:
        client, owner = self._clients[bucket], self._owners[bucket]
        demand = {"ExpectedBucketOwner": owner} if owner else {}

        def sample() -> object:
            return client.get_object(Bucket=bucket, Key=_SAMPLE, **demand)

        return self._forms[id(client)].of((bucket, owner), _OPERATION, sample, _SAMPLE)


def _is_plain(key: str) -> bool:
    """Whether a key is sent as it is: nothing on the way reads `.` or `..` in it as a folder."""
    return bool(key) and key.isprintable() and not {"", ".", ".."} & set(key.split("/"))


def _found(reply: HttpReply) -> OpenObject | None:
    """The object that an answer is; None if it is no plain success. Raises any error if it cannot be made out."""
    if reply.status != OK or not _is_object(reply) or not _is_whole(reply) or not _is_intact(reply):
        return None
    written = _unix_nanoseconds(reply.headers["last-modified"])
    return OpenObject(len(reply.body), written, iter((reply.body,) if reply.body else ()), reply.seconds)


def _is_object(reply: HttpReply) -> bool:
    """Whether this is an object of S3, and no page of a proxy."""
    told = {"ResponseMetadata": {"HTTPStatusCode": reply.status, "HTTPHeaders": reply.headers}}
    written = reply.headers.get("last-modified")
    return not words_of_no_object({**told, "LastModified": written} if written else told)


def _is_whole(reply: HttpReply) -> bool:
    """Whether all that S3 says it is came. Without S3's word, the end of a connection may be the end of half a body."""
    headers = reply.headers
    return "transfer-encoding" not in headers and headers.get("content-length") == str(len(reply.body))


def _is_intact(reply: HttpReply) -> bool:
    """Whether the body is what the checksum that S3 sent says, if it is one that boto3 checks, too."""
    for name, text in reply.headers.items():
        if name.startswith(_CHECKSUM) and (checksum := _CHECKSUMS.get(name.removeprefix(_CHECKSUM))):
            return b64encode(checksum(reply.body)).decode() == text
    return True


@lru_cache(maxsize=1024)
def _unix_nanoseconds(last_modified: str) -> int:
    """Of a date as S3 writes it; raises `ValueError` for any other, of which boto3 reads more."""
    written = parsedate_to_datetime(last_modified)
    if format_datetime(written, usegmt=True) != last_modified:
        raise ValueError(last_modified)
    return int(written.timestamp()) * 1_000_000_000
