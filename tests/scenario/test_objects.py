"""What an object can hold instead of a log file: sound oddities are read, bombs and rubbish are not."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Callable
from typing import Final

import pytest

from agent.faults.dead_letters import Reason
from agent.model import ObjectRef
from tests.support.events import DATA, event, noise
from tests.support.objects import BUCKET, plain_object, ref, trail_key, trail_object
from tests.support.world import MINUTE, World

FAULTS: Final = DATA / "faults"
MEBIBYTE: Final = 1 << 20
LARGEST_PEAK: Final = 8 * MEBIBYTE  # the limits of these tests let 2 MiB of text through


@pytest.mark.row(16)
def test_plain_json_under_a_plain_name_is_read() -> None:
    """An object whose name does not promise gzip may be plain, or gzip all the same."""
    world = World()
    plain = ObjectRef(BUCKET, trail_key("plain", ending="json"))
    zipped = ObjectRef(BUCKET, trail_key("zipped", ending="json"))
    world.notify(world.put(plain, event("a"), body=plain_object(event("a"), noise("n"))))
    world.notify(world.put(zipped, event("b")))
    agent = world.agent()
    agent.run(MINUTE)
    assert agent.metric("trail_agent_objects_read_total") == 2
    world.check_all_delivered()


@pytest.mark.row(70)
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n "], ids=repr)
def test_plain_json_under_a_name_for_gzip_is_shipped(start: bytes) -> None:
    """What was inflated on its way into the bucket or out of it is read by its bytes, not buried for its name."""
    world = World()
    world.notify(world.put(ref("plain"), event("a"), body=start + plain_object(event("a"), noise("n"))))
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letters() == []
    world.check_all_delivered()


@pytest.mark.row(67)
def test_both_of_two_members_with_records_are_shipped() -> None:
    """The second `Records` of a file does not drop the events of the first."""
    world = World()
    text = (FAULTS / "records-twice.json").read_bytes()
    both = [json.loads(part)[0] for part in (text[11 : text.index(b"]") + 1], text[text.rindex(b'":[{') + 2 : -1])]
    assert [each["eventID"] for each in both] == ["first", "second"]
    world.notify(world.put(ref("twice"), *both, body=gzip.compress(text, mtime=0)))
    agent = world.agent()
    agent.run(MINUTE)
    assert world.sink.stored == {"first", "second"}
    world.check_all_delivered()


@pytest.mark.row(81)
def test_records_under_a_name_with_escapes_are_shipped() -> None:
    """An empty `Records` before it does not hide them, nor does an `eventSource` that is written with escapes."""
    world = World()
    one, two = event("one"), event("two")
    text = plain_object(one).replace(b'"Records"', b'"Records":[],"\\u0052ecords"')
    world.notify(world.put(ref("one"), one, body=gzip.compress(text, mtime=0)))
    text = plain_object(two).replace(b'"eventSource"', b'"event\\u0053ource"')
    world.notify(world.put(ref("two"), two, body=gzip.compress(text, mtime=0)))
    world.agent().run(MINUTE)
    assert world.sink.stored == {"one", "two"}
    world.check_all_delivered()


@pytest.mark.row(68)
def test_a_gzip_with_bytes_behind_it_is_dead_lettered_with_what_is_there() -> None:
    """Nothing of it is exported: it is not what CloudTrail wrote. The words do not say that something is missing."""
    world = World()
    body = (FAULTS / "gzip-trailing-bytes.json.gz").read_bytes()
    world.notify(world.put(ref("trailing"), body=body, flaw=Reason.OBJECT_CORRUPT))
    agent = world.agent()
    agent.run(MINUTE)
    assert [reason for reason, _ in world.letters()] == ["object_corrupt"]
    assert world.letter().attributes["detail"] == "the gzip stream is followed by 7 bytes that are no gzip (text)"
    assert agent.line.sent == []
    world.check_end()


@pytest.mark.row(87)
def test_a_log_file_that_was_compressed_twice_is_shipped() -> None:
    """A tool that copies objects may compress what is gzip already, and its name stays the same."""
    world = World()
    body = gzip.compress(gzip.compress(plain_object(event("a"), noise("n")), mtime=0), mtime=0)
    world.notify(world.put(ref("twice"), event("a"), body=body))
    world.agent().work()
    world.check_all_delivered()


@pytest.mark.row(87)
@pytest.mark.parametrize(
    ("body", "reason", "told"),
    [
        (b"\x28\xb5\x2f\xfd" + bytes(60), Reason.OBJECT_CORRUPT, "a file packed with zstd: unpack it (unzstd)"),
        (
            gzip.compress(b"BZh9" + bytes(60), mtime=0),
            Reason.OBJECT_MALFORMED,
            "a file packed with bzip2: unpack it (bunzip2)",
        ),
        (
            gzip.compress(gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), mtime=0),
            Reason.OBJECT_CORRUPT,
            "more than 2 times with gzip",
        ),
    ],
    ids=["zstd", "bzip2 inside gzip", "three times"],
)
def test_another_packing_is_dead_lettered_with_its_name(body: bytes, reason: Reason, told: str) -> None:
    """What cannot be read says what it is, and by which tool it can be unpacked."""
    world = World()
    world.notify(world.put(ref("packed"), body=body, flaw=reason))
    world.agent().work()
    assert told in world.letter().attributes["detail"]
    world.check_end()


@pytest.mark.row(16)
def test_several_gzip_members_are_one_file() -> None:
    """A file of three members, with padding after the last, is read as one text."""
    world = World()
    text = plain_object(event("a"), noise("n"), event("b", minute=1))
    parts = b"".join(gzip.compress(part, mtime=0) for part in (text[:50], text[50:51], text[51:]))
    world.notify(world.put(ref("members"), event("a"), event("b", minute=1), body=parts + bytes(512)))
    agent = world.agent()
    agent.run(MINUTE)
    assert agent.metric("trail_agent_events_total", fate="skipped") == 1
    world.check_all_delivered()


def _noise_text(size: int) -> str:
    """Text that hardly compresses."""
    return random.Random(size).randbytes(size // 2).hex()


def _large_records(count: int, size: int) -> list[object]:
    texts = (_noise_text(size // 4 + number) + "x" * (3 * size // 4) for number in range(count))
    return [{**noise("n"), "requestParameters": {"text": text}} for text in texts]


def _many(*spellings: bytes, number: int) -> bytes:
    """So many entries, spelt in ever other ways: no limit on the ratio stops them."""
    entries = random.Random(number).choices(spellings, k=number)
    return _zipped(b'{"Records":[' + b",".join(entries) + b"]}")


def _zipped(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


BOMBS: Final[dict[str, tuple[Callable[[], bytes], str]]] = {  # made by the test itself: each worker imports this
    "by its stored size": (lambda: _zipped(random.Random(1).randbytes(2 * MEBIBYTE)), "limits.object_bytes"),
    "by its inflated size": (lambda: trail_object(*_large_records(60, 40_000)), "limits.inflated_bytes"),
    "by its ratio": (lambda: _zipped(bytes(2 * MEBIBYTE - 1)), "limits.inflation_ratio"),
    "by the ratio of its members": (lambda: _zipped(bytes(900_000)) * 2, "limits.inflation_ratio"),
    "by its number of records": (
        lambda: _many(b"{}", b"{ }", b" {}", b"{} ", number=400_000),
        "more objects than 1,000",
    ),
    "by a few records too many": (lambda: trail_object(*([noise("n")] * 1001)), "limits.events_per_object (1000)"),
    "by its number of commas": (lambda: _many(b"1", b"2", b"33", b" 4", number=500_000), "more members than 1,000"),
    "by numbers for records": (lambda: _many(b"1", b"2", b"33", number=30_000), "limits.events_per_object (1000)"),
    "by its number of gzip members": (lambda: _zipped(b"") * 2000, "gzip members"),
    "by its depth": (lambda: _zipped(b'{"Records":' + b"[" * 200_000), "nested too deep"),
    "by the depth of a record": (lambda: _zipped(b'{"Records":[{"a":' + b"[" * 200_000), "nested too deep"),
    "by one giant record": (
        lambda: trail_object({**event("giant"), "requestParameters": _noise_text(MEBIBYTE + 9)}),
        "one event is larger than",
    ),
}


@pytest.mark.row(17)
@pytest.mark.parametrize(("bomb", "detail"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_stopped_inside_its_limit_and_dead_lettered(bomb: Callable[[], bytes], detail: str) -> None:
    """It costs no more memory than the text that the limits let through, and its neighbours are delivered."""
    world = World()
    bad = world.put(ref("bomb"), body=bomb(), flaw=Reason.OBJECT_TOO_LARGE)
    world.notify(bad)
    world.produce(2)
    agent = world.agent()
    tracemalloc.start()
    try:
        agent.run(MINUTE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LARGEST_PEAK
    assert world.store.requests.count(bad.ref) == 1
    assert world.letters() == [("object_too_large", bad.ref.key)]
    assert detail in world.letter().attributes["detail"]
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"object_too_large": 1}
    assert agent.metric("trail_agent_objects_read_total") == 2
    world.check_end()
    assert world.sink.stored == world.truth.produced


@pytest.mark.row(18)
@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b"null",
        b'"Records"',
        b"{}",
        b'{"records":[]}',
        b'{"Records":7}',
        b'{"Records":null}',
        b'{"Records":{"0":{}}}',
        b'{"Records":[]} and more',
        b'{"Records":[{"eventSource":NaN}]}',
        b'{"Records":[{"a":Infinity}]}',
        b'{"Records":[{"eventSource":"codecatalyst.amazonaws.com","eventName":"\xff\xfe"}]}',
        b'{"Records":[{"eventSource":"codecatalyst.amazonaws.com","eventID":"e","userAgent":"\xc3"}]}',
        plain_object(event("a")).decode().encode("utf-16"),
    ],
    ids=repr,
)
def test_what_is_no_cloudtrail_json_is_dead_lettered_whole(text: bytes) -> None:
    """Nothing of it is exported, its name stands in the dead letter, and its neighbours are delivered."""
    world = World()
    bad = world.put(ref("bad"), body=gzip.compress(text, mtime=0), flaw=Reason.OBJECT_MALFORMED)
    world.notify(bad)
    world.produce(1)
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letters() == [("object_malformed", bad.ref.key)]
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"object_malformed": 1}
    assert world.sink.stored == {"o0-a", "o0-b"}
    world.check_end()


@pytest.mark.row(18)
def test_an_object_that_is_cut_between_two_records_is_never_half_exported() -> None:
    """Sound records before the damage do not go out: an object is read whole or not at all."""
    world = World()
    text = json.dumps({"Records": [event("a"), event("b")]}).encode()
    bad = world.put(ref("bad"), body=gzip.compress(text[:-20], mtime=0), flaw=Reason.OBJECT_MALFORMED)
    world.notify(bad)
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letters() == [("object_malformed", bad.ref.key)]
    assert agent.line.sent == []
    assert agent.metric("trail_agent_events_read_total") == 0
    world.check_end()
