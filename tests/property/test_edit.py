"""Properties of masking and truncating."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.trail.edit import Mask, compact, is_surely_compact, truncate
from agent.trail.event import MalformedEventError
from tests.support.events import encoded
from tests.support.strategies import EVENTS, JSON, RAWS, TEXT

PATHS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(".".join)
TREES = st.recursive(
    st.integers(0, 9) | st.none() | TEXT,
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)


def found(value: Any, path: list[str]) -> list[Any]:
    """What stands at `path`, arrays entered; or before its end, where there is nothing to enter."""
    if isinstance(value, list) and path:
        return [hit for item in value for hit in found(item, path)]
    if not path or not isinstance(value, dict):
        return [value]
    return found(value[path[0]], path[1:]) if path[0] in value else []


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), TREES, max_size=3), st.lists(PATHS, max_size=3))
def test_every_value_at_a_path_is_masked(tree: dict[str, Any], paths: list[str]) -> None:
    """All of them, and null stays null."""
    after = json.loads(Mask(paths, b"k").apply(encoded(tree)))
    for path in paths:
        for value in found(after, path.split(".")):
            assert value is None or str(value).startswith("hmac-sha256:")
    if not any(found(tree, path.split(".")) for path in paths):
        assert after == tree


@given(RAWS, st.integers(-5, 2000))
def test_truncating_gives_what_is_asked_or_all_it_has(raw: bytes, excess: int) -> None:
    """Enough is left out or nothing more can be; the event's own identity is never touched."""
    try:
        shorter, names = truncate(raw, excess)
    except MalformedEventError:  # a lone surrogate; the reader has mended those
        return
    before, after = (msgspec.json.decode(text, type=dict[str, msgspec.Raw]) for text in (raw, shorter))
    assert list(before) == list(after)
    assert {name for name in before if bytes(before[name]) != bytes(after[name])} == set(names)
    assert not {"eventID", "eventTime", "eventName", "eventSource", "awsRegion", "eventVersion"} & set(names)
    if len(msgspec.json.encode(before)) - len(shorter) < excess:
        assert truncate(shorter, 10**6)[1] == ()


@given(JSON | EVENTS, st.sampled_from([None, 1, "\t", "\r\n "]))
def test_compacting_changes_no_value(value: Any, indent: int | str | None) -> None:
    """White space between tokens goes, whatever it is; doing it again changes nothing."""
    written = json.dumps(value, indent=indent).encode()
    compacted = compact(written)
    assert compacted == json.dumps(value, separators=(",", ":")).encode()
    assert compact(compacted) == compacted


@st.composite
def spaced(draw: st.DrawFn) -> tuple[str, str, str]:
    """JSON with white space in its values, and between any of its tokens; and two of its values."""
    one, other, third = (draw(st.text(' a,:1"\\', max_size=5)) for _ in range(3))
    tokens = ["{", '"a"', ":", json.dumps(one), ",", '"b"', ":", json.dumps(other), ",", '"c"', ":", json.dumps(third)]
    space = st.just("") | st.sampled_from([" ", "  ", "\n"])
    written = "".join(draw(space) + token for token in [*tokens, ",", '"d"', ":", "1", "}"]) + draw(space)
    return written, one, other


@given(spaced())
def test_nothing_is_taken_for_compact_that_is_not(given_: tuple[str, str, str]) -> None:
    """Wherever the blanks stand: in values, between tokens, or in values that look like what stands between tokens."""
    text, one, other = given_
    if is_surely_compact(text, one, other):
        assert compact(text.encode()) == text.encode()
