"""Masking and truncating: what is changed is changed everywhere, and all else stays as it stands."""

from __future__ import annotations

import hmac
import json

import msgspec
import pytest

from agent.trail.edit import Mask, compact, is_surely_compact, truncate
from agent.trail.event import MalformedEventError
from tests.support.events import codecatalyst, encoded, raw_event
from tests.support.objects import trail_objects

KEY = b"pepper"


def hashed(raw: bytes) -> str:
    """What stands for `raw`."""
    return "hmac-sha256:" + hmac.new(KEY, raw, "sha256").hexdigest()


def masked(raw: bytes, *paths: str) -> bytes:
    """`raw` with `paths` masked."""
    return Mask(paths, KEY).apply(raw)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a", {"a": "x", "b": 1}, {"a": hashed(b'"x"'), "b": 1}),
        ("a.b", {"a": {"b": "x", "c": "x"}}, {"a": {"b": hashed(b'"x"'), "c": "x"}}),
        ("a", {"a": {"b": 1}}, {"a": hashed(b'{"b":1}')}),
        ("a", {"a": [1, 2]}, {"a": hashed(b"[1,2]")}),
        ("a.b", {"a": [{"b": 1}, {"c": 1}, None]}, {"a": [{"b": hashed(b"1")}, {"c": 1}, None]}),
        ("a.b", {"a": [[{"b": 1}]]}, {"a": [[{"b": hashed(b"1")}]]}),
        ("a", {"a": ""}, {"a": hashed(b'""')}),
        ("a", {"a": None}, {"a": None}),
        ("a.b", {"a": None}, {"a": None}),
        ("a.b", {"a": {}}, {"a": {}}),
        ("x.y", {"a": "x"}, {"a": "x"}),
        ("", {"a": "x"}, {"a": "x"}),
    ],
)
def test_a_path_names_what_is_masked(path: str, before: object, after: object) -> None:
    """A path goes through objects and arrays; null and what it does not meet stay."""
    assert json.loads(masked(json.dumps(before, separators=(",", ":")).encode(), path)) == after


@pytest.mark.parametrize("before", ['{"b":"secret"}', "b=secret", 7, True, [["secret"]]])
def test_what_cannot_be_entered_is_masked_whole(before: object) -> None:
    """Where a path leads on and there is nothing to enter, the value may hold what was to be hidden: it goes whole."""
    after = masked(encoded({"a": before, "c": 1}), "a.b")
    assert b"secret" not in after
    assert b"hmac-sha256:" in after
    assert json.loads(after)["c"] == 1


def test_equal_values_have_equal_hashes_under_one_key() -> None:
    """Masked events can still be matched with each other, and not by who lacks the key."""
    one, other = json.loads(masked(b'{"a":"x","b":"x"}', "a", "b")).values()
    assert one == other
    assert Mask(["a"], b"salt").apply(b'{"a":"x"}') != masked(b'{"a":"x"}', "a")


def test_what_is_not_masked_keeps_its_bytes() -> None:
    """Numbers, escapes and order of everything else are untouched."""
    raw = b'{"z":1.50,"a":"secret","\\u0062":[1e5,"\\u00e9\\/"]}'
    secret = b'"secret"'
    expected = raw.replace(secret, f'"{hashed(secret)}"'.encode()).replace(b"\\u0062", b"b")  # a key's escapes go
    assert masked(raw, "a") == expected
    assert masked(raw, "none") == raw


def test_an_escaped_key_does_not_hide_a_value() -> None:
    """A name written with escapes is the same name."""
    assert b"secret" not in masked(b'{"user\\u004eame":"secret"}', "userName")


def test_an_earlier_duplicate_does_not_hide_a_value() -> None:
    """Of two equal keys both are gone or masked."""
    assert b"secret" not in masked(b'{"a":"secret","a":"other"}', "a")
    assert b"secret" not in masked(b'{"a":{"b":"secret"},"a":{}}', "a.b")


def test_the_key_is_not_shown() -> None:
    """A mask that lands in a message gives nothing away."""
    assert "pepper" not in repr(Mask(["a"], KEY))


@pytest.mark.parametrize("raw", [b"{", b'{"a":{"b":}}', b'{"a":[{"b":1]}'])
def test_masking_what_is_broken_is_malformed(raw: bytes) -> None:
    """A mask never lets through what it cannot read."""
    with pytest.raises(MalformedEventError):
        masked(raw, "a.b")


def test_a_nest_too_deep_to_mask_is_malformed() -> None:
    """Depth ends in the one error, not in a crash."""
    with pytest.raises(MalformedEventError):
        masked(b'{"a":' + b"[" * 1500 + b"]" * 1500 + b"}", "a.b")
    with pytest.raises(MalformedEventError):
        masked(b'{"a":' + b"[" * 950 + b"]" * 950 + b"}", "a.b")


LONG = "x" * 1000
BIG = encoded(
    {
        "eventID": "id",
        "additionalEventData": LONG,
        "requestParameters": {"a": LONG},
        "responseElements": [LONG],
        "userAgent": LONG * 3,
        "errorMessage": LONG * 2,
        "eventName": LONG * 9,
    }
)
ORDER = ["responseElements", "requestParameters", "additionalEventData", "userAgent", "errorMessage"]


@pytest.mark.parametrize("excess", [0, 1, 900, 1100, 2000, 2900, 3000, 6500, 7800, 10**6])
def test_members_go_in_order_and_no_more_than_needed(excess: int) -> None:
    """Response, request, additional data, then the longest; what tells who did what and when never goes."""
    shorter, names = truncate(BIG, excess)
    assert list(names) == ORDER[: len(names)]
    if len(names) < len(ORDER):
        assert len(BIG) - len(shorter) >= excess
    if names:
        _, fewer = truncate(BIG, len(BIG) - len(shorter))
        assert len(fewer) == len(names)
    members = json.loads(shorter)
    assert members["eventID"] == "id"
    assert members["eventName"] == LONG * 9
    assert {name: members[name] for name in ORDER[len(names) :]} == {
        name: json.loads(BIG)[name] for name in ORDER[len(names) :]
    }


def test_a_marker_says_how_much_was_there() -> None:
    """A reader of the record sees what is missing and how long it was."""
    shorter, names = truncate(BIG, 1)
    assert names == ("responseElements",)
    assert json.loads(shorter)["responseElements"] == "[truncated: 1004 bytes]"


def test_a_marker_is_never_replaced() -> None:
    """Truncating again does not turn a marker into a marker of a marker."""
    once, _ = truncate(BIG, 10**6)
    assert truncate(once, 10**6) == (once, ())


def test_a_string_that_looks_like_a_marker_is_no_shelter() -> None:
    """A forged marker of great length is truncated like anything else."""
    forged = raw_event(responseElements="[truncated: " + "9" * 5000)
    assert truncate(forged, 100)[1] == ("responseElements",)


def test_nothing_is_gained_by_truncating_a_small_event() -> None:
    """Members that are shorter than a marker stay."""
    raw = raw_event(requestParameters={"a": 1}, responseElements=None)
    assert truncate(raw, 10**6) == (raw, ())


@pytest.mark.parametrize("raw", [b"", b"7", b"[]", b"{"])
def test_truncating_what_is_no_object_is_malformed(raw: bytes) -> None:
    """Only objects have members."""
    with pytest.raises(MalformedEventError):
        truncate(raw, 1)


def test_the_documented_event_survives_masking() -> None:
    """A real shape is masked where a privacy officer would want it."""
    raw = masked(
        codecatalyst("docs-example-CreateDevEnvironment.json"), "sourceIPAddress", "userIdentity.onBehalfOf.userId"
    )
    assert b"192.168.0.1" not in raw
    assert b'"user-ID"' not in raw
    assert json.loads(raw)["userIdentity"]["onBehalfOf"]["identityStoreArn"].startswith("arn:")


@pytest.mark.parametrize(
    ("raw", "compacted"),
    [
        (b'{ "a" : 1.50 ,\r\n\t"b":[ 1e5, -0 ] }', b'{"a":1.50,"b":[1e5,-0]}'),
        (b'{"z": " two  blanks ", "a": "\\" : ,\\\\"}', b'{"z":" two  blanks ","a":"\\" : ,\\\\"}'),
        (b'{"a": "\\u00e9\\/ ", "a": 2}', b'{"a":"\\u00e9\\/ ","a":2}'),
        (b'{"a": "\\ud800 ", "b": 7}', b'{"a":"\\ud800 ","b":7}'),
        (b'{"a": 123456789012345678901234567890}', b'{"a":123456789012345678901234567890}'),
        ('{"é": "ü 😀"}'.encode(), '{"é":"ü 😀"}'.encode()),
        (b"{ }", b"{}"),
    ],
)
def test_only_white_space_between_tokens_goes(raw: bytes, compacted: bytes) -> None:
    """Numbers, escapes, key order, duplicates and blanks inside strings are evidence: they stay."""
    assert compact(raw) == compacted


def test_real_events_are_compact_already() -> None:
    """What CloudTrail writes is kept byte for byte."""
    for content in trail_objects().values():
        for raw in msgspec.json.decode(content, type=dict[str, list[msgspec.Raw]])["Records"]:
            assert compact(bytes(raw)) == bytes(raw)


@pytest.mark.parametrize(
    ("text", "one", "other", "expected"),
    [
        ('{"a":1}', None, None, True),
        ('{"a":"x y","b":[1]}', "x y", None, True),
        ('{"a":"x y","b":"p q r"}', "x y", "p q r", True),
        ('{"a":"x y","b":"p q r"}', None, "p q r", False),  # some stand elsewhere, and may be between tokens
        ('{"a":"x y", "b":"p q"}', "x y", "p q", False),
        ('{"a": 1}', None, None, False),
        ('{"a":"x y" }', "x y", None, False),
        ('{"a":" "}', " ", None, True),
        ('{"a": " "}', " ", None, False),
        ('{"a":"x y","a":"z"}', "z", None, False),
        ('{"a":"x\\u0020y","b": 1}', "x y", None, False),  # as many blanks as the value has
        ('{"a":"\\",\\"b\\": 1","b": 1}', '","b": 1', None, False),  # the value looks like what stands between tokens
        ('{"a":1\n}', None, None, False),
        ('{\t"a":1}', None, None, False),
        ('{"a":1}\r', None, None, False),
    ],
)
def test_what_is_surely_compact_needs_no_compacting(
    text: str, one: str | None, other: str | None, expected: bool
) -> None:
    """It is sure only where every blank stands in one of two values; else somebody has to look at each token."""
    assert is_surely_compact(text, one, other) is expected
    assert not expected or compact(text.encode()) == text.encode()


@pytest.mark.parametrize(
    ("paths", "members", "counts"),
    [
        (["a", "b.c"], {"a": 1, "b": {"c": [1, 2]}}, [1, 1]),
        (["a.b"], {"a": [{"b": 1}, {"c": 1}, {"b": 2}]}, [2]),
        (["a.b", "x", "a.b.c"], {"a": {"b": None}}, [0, 0, 0]),
        (["a.b"], {"a": "a text that may hold b"}, [1]),
        (["a", "a.b"], {"a": {"b": 1}}, [1, 1]),
        (["a.b", "a"], {"a": {"c": 1}}, [0, 1]),
    ],
)
def test_a_mask_says_what_each_path_replaces(paths: list[str], members: dict[str, object], counts: list[int]) -> None:
    """Nothing for a path that leads nowhere or to null; what stands in its way counts, for it is replaced."""
    mask, raw = Mask(paths, KEY), encoded(members)
    assert list(mask.replaces(raw).items()) == list(zip(paths, counts, strict=True))
    assert (mask.apply(raw) != raw) is any(counts)
