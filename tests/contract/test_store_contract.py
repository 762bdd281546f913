"""What the flow relies on in an object store, asked of the fake that other tests use and of S3 as moto emulates it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import pytest

from agent.aws import store_policy
from agent.aws.s3 import S3
from agent.aws.store_policy import DENIED, MISSING, StoreError
from agent.model import ObjectRef
from tests.support.moto import Emulator
from tests.support.store import FakeStore

pytestmark = pytest.mark.parametrize("kind", ["fake", "moto"])

OWNER = "123456789012"  # whom moto's buckets belong to
STRANGER = "999999999999"
BODY = bytes(range(256)) * 3000


@dataclass(frozen=True)
class Rig:
    """A store with one bucket, and another bucket that it may read but that does not exist."""

    store: S3
    bucket: str
    put: Callable[[ObjectRef, bytes], object]
    delete: Callable[[ObjectRef], object]
    last_modified: Callable[[ObjectRef], int]


OpenRig = Callable[..., Rig]
NO_BUCKET = "bucket-that-is-not-there"


@pytest.fixture
def open_rig(kind: str, request: pytest.FixtureRequest) -> OpenRig:
    """Makes the store that the test is about; `owner` is who must own its bucket."""

    def open_one(owner: str | None = None) -> Rig:
        if kind == "fake":
            return _fake(owner)
        return _moto(request.getfixturevalue("emulator"), owner)

    return open_one


def _fake(owner: str | None) -> Rig:
    store = FakeStore({"acme-trail": owner} if owner else {})
    store.owned_by["acme-trail"] = OWNER
    store.absent.add(NO_BUCKET)
    return Rig(store, "acme-trail", store.put, store.delete, lambda _: 1_790_000_000)


def _moto(emulator: Emulator, owner: str | None) -> Rig:
    bucket = emulator.bucket()
    s3 = emulator.s3
    store = S3({bucket: s3, NO_BUCKET: s3}, {bucket: owner, NO_BUCKET: None})

    def put(ref: ObjectRef, body: bytes) -> None:
        s3.put_object(Bucket=ref.bucket, Key=ref.key, Body=body)

    def delete(ref: ObjectRef) -> None:
        s3.put_bucket_versioning(Bucket=ref.bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.delete_object(Bucket=ref.bucket, Key=ref.key)

    def last_modified(ref: ObjectRef) -> int:
        return int(s3.head_object(Bucket=ref.bucket, Key=ref.key)["LastModified"].timestamp())

    return Rig(store, bucket, put, delete, last_modified)


def test_an_object_is_read_in_chunks(open_rig: OpenRig) -> None:
    """The head tells the length, and the chunks together are the object."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "object")
    rig.put(ref, BODY)
    with rig.store.open(ref) as body:
        chunks = list(body.chunks)
        assert body.length == len(BODY)
    assert b"".join(chunks) == BODY
    assert len(chunks) > 1


def test_an_object_tells_when_it_was_written(open_rig: OpenRig) -> None:
    """LastModified comes in nanoseconds, to the whole second that S3 knows."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "object")
    rig.put(ref, b"x")
    with rig.store.open(ref) as body:
        assert body.last_modified_ns == rig.last_modified(ref) * 1_000_000_000


def test_an_empty_object_has_no_chunks(open_rig: OpenRig) -> None:
    """Nothing was written, so nothing is read, without an error."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "empty")
    rig.put(ref, b"")
    with rig.store.open(ref) as body:
        assert (body.length, list(body.chunks)) == (0, [])


@pytest.mark.parametrize("key", ["a b", "a+b", "a%20b", "ü/é/日本", "a=b&c;d@e:f,g$h!i'(j)*k", "folder//two", "~.-_"])
def test_keys_are_taken_verbatim(open_rig: OpenRig, key: str) -> None:
    """What the key looks like does not matter; two keys that look alike when encoded are two objects."""
    rig = open_rig()
    rig.put(ObjectRef(rig.bucket, key), key.encode())
    rig.put(ObjectRef(rig.bucket, "a"), b"other")
    with rig.store.open(ObjectRef(rig.bucket, key)) as body:
        assert b"".join(body.chunks) == key.encode()


def test_a_missing_object_may_still_appear(open_rig: OpenRig) -> None:
    """404 is `object_missing`, until the object is there."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "late")
    with pytest.raises(StoreError) as caught, rig.store.open(ref):
        pass
    assert caught.value.policy is MISSING
    rig.put(ref, b"here")
    with rig.store.open(ref) as body:
        assert b"".join(body.chunks) == b"here"


@pytest.mark.row(78)
def test_a_deleted_object_is_a_missing_one(open_rig: OpenRig) -> None:
    """Also where a delete marker stands in its place: that is S3's answer, not that of something before it."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "gone")
    rig.put(ref, b"x")
    rig.delete(ref)
    with pytest.raises(StoreError) as caught, rig.store.open(ref):
        pass
    assert caught.value.policy is MISSING


@pytest.mark.row(78)
def test_a_missing_bucket_is_told_from_a_missing_object(open_rig: OpenRig) -> None:
    """No object alone is to blame for a bucket that is not there."""
    with pytest.raises(StoreError) as caught, open_rig().store.open(ObjectRef(NO_BUCKET, "object")):
        pass
    assert caught.value.policy is store_policy.NO_BUCKET
    assert "NoSuchBucket" in caught.value.detail


def test_the_right_owner_may_be_demanded(open_rig: OpenRig) -> None:
    """A bucket of the account that was expected is read."""
    rig = open_rig(owner=OWNER)
    ref = ObjectRef(rig.bucket, "object")
    rig.put(ref, b"x")
    with rig.store.open(ref) as body:
        assert list(body.chunks) == [b"x"]


def test_a_bucket_of_a_stranger_is_refused(open_rig: OpenRig, kind: str) -> None:
    """A bucket that belongs to another account than expected is not read: `access_denied`."""
    if "moto" in kind:
        pytest.skip("moto's GetObject does not look at ExpectedBucketOwner; test_s3.py and test_gets.py see it sent")
    rig = open_rig(owner=STRANGER)
    ref = ObjectRef(rig.bucket, "object")
    rig.put(ref, b"x")
    with pytest.raises(StoreError) as caught, rig.store.open(ref):
        pass
    assert caught.value.policy is DENIED
    assert _given(rig.store, ref) == {}


def test_a_reader_may_leave_early(open_rig: OpenRig) -> None:
    """Whoever has read enough closes the object, and can read it again from its start."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "object")
    rig.put(ref, BODY)
    with rig.store.open(ref) as body:
        first = next(body.chunks)
    with rig.store.open(ref) as body:
        assert next(body.chunks) == first


def _given(store: S3, *refs: ObjectRef) -> dict[int, tuple[bytes, int | None, int | None]]:
    """What is given at once: bytes, length and time, by the number of the object."""
    given = store.give(refs, 2, lambda: inf)
    return {number: (b"".join(body.chunks), body.length, body.last_modified_ns) for number, body in given if body}


def test_what_is_given_at_once_is_what_would_be_opened(open_rig: OpenRig) -> None:
    """Keys are taken verbatim, an empty object is one, and the same object is given as often as it is asked for."""
    rig = open_rig()
    refs = [ObjectRef(rig.bucket, key) for key in ("a b", "a+b", "a%20b", "ü/é/日本", "empty", "a b")]
    for ref in refs:
        rig.put(ref, b"" if ref.key == "empty" else ref.key.encode())
    opened = {}
    for number, ref in enumerate(refs):
        with rig.store.open(ref) as body:
            opened[number] = (b"".join(body.chunks), body.length, body.last_modified_ns)
    assert _given(rig.store, *refs) == opened


def test_what_cannot_be_opened_is_not_given(open_rig: OpenRig) -> None:
    """A missing object, a bucket that does not exist: nothing is said of them, and the others come."""
    rig = open_rig()
    here = ObjectRef(rig.bucket, "here")
    rig.put(here, BODY)
    given = _given(rig.store, ObjectRef(rig.bucket, "gone"), ObjectRef(NO_BUCKET, "here"), here)
    assert {number: body for number, (body, _, _) in given.items()} == {2: BODY}


def test_nothing_is_given_where_nothing_may_be_asked(open_rig: OpenRig) -> None:
    """Without a slot for a read, or for whoever has given up."""
    rig = open_rig()
    ref = ObjectRef(rig.bucket, "object")
    rig.put(ref, BODY)
    assert list(rig.store.give([ref], 0, lambda: inf)) == []
    assert list(rig.store.give([ref], 1, lambda: 0.0)) == []
