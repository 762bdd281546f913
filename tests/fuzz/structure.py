"""JSON that parses, or nearly does, with other things in it than anybody expects."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from random import Random
from typing import Any, Final

_MARK: Final = re.compile(r'"@@(\d+)@@"')
_MEMBER: Final = re.compile(r'"(?:Records|eventSource|eventName)": ?(?:"[^"\\]*"|\[[^\[\]]*\])')
_REPEATED: Final = 0.15
_FRAGMENTS: Final = (
    "1e999",
    "-1e999",
    "9" * 400,
    "-" + "9" * 5000,
    "0.1" + "0" * 3000,
    "NaN",
    "-0",
    r'"\ud800"',
    r'"a\udc00b\ud83d"',
    r'"\u0000"',
    r'"\ud83d\ude00"',
    r'"\u001b[2J"',
    '"<script>alert(1)</script>"',
    '"' + "x" * 5000 + '"',
    '"' + "é" * 300 + '"',
    "[" * 50 + "]" * 50,
    "[" * 900 + "]" * 900,
    "[" * 5000 + "]" * 5000,
    '{"a":' * 400 + "1" + "}" * 400,
    '{"a":1,"a":2,"a":{"a":3}}',
    '{"":{"":""}}',
    "[" + "null," * 200 + "null]",
    "[{},[],{},[]]",
    "",
    "nul",
    '"',
)
"""What no Python value is written as."""
_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**30,
    1.5,
    "",
    " ",
    "true",
    "-",
    "../..",
    "2026-13-45T99:99:99Z",
    "Nov 24, 2026 10:00:00 AM",
    "1764000000123",
    1764000000.5,
    "0001-01-01T00:00:00+23:59",
    "codecatalyst.amazonaws.com",
    [],
    {},
    [None],
    [[], {}],
    {"type": []},
    ["a", 1, None],
)
_KEYS: Final = (
    "Records",
    "records",
    "eventName",
    "eventSource",
    "eventID",
    "eventTime",
    "eventContext",
    "userIdentity",
    "",
    "@",
    "a.b",
    "\u0000",
    "s3",
    "é" * 90,
)


def rewritten(text: bytes | str, rng: Random) -> str:
    """The same JSON with one to four of its places changed; the text comes back as it is where it is no JSON."""
    try:
        root = json.loads(text)
    except ValueError:
        return text if isinstance(text, str) else text.decode(errors="replace")
    for _ in range(rng.randint(1, 4)):
        if places := _places(root):
            _change(rng.choice(places), rng)
    written = json.dumps(root, ensure_ascii=rng.random() < 0.7, separators=rng.choice(((",", ":"), (", ", ": "))))
    written = _MARK.sub(lambda found: _FRAGMENTS[int(found[1])], written)
    return _with_a_repeated_member(written, rng) if rng.random() < _REPEATED else written


def _with_a_repeated_member(written: str, rng: Random) -> str:
    """`written` with one of its members a second time, in the same object or in another."""
    if len(members := list(_MEMBER.finditer(written))) < 2:
        return written
    one, other = rng.sample(members, 2)
    return f"{written[: other.start()]}{one[0]},{written[other.start() :]}"


class _Place:
    """One member of an object or an array."""

    def __init__(self, parent: Any, key: Any) -> None:
        self.parent = parent
        self.key = key


def _places(root: Any) -> list[_Place]:
    found: list[_Place] = []
    waiting = [root] if isinstance(root, dict | list) else []
    while waiting:
        parent = waiting.pop()
        for key in parent if isinstance(parent, dict) else range(len(parent)):
            found.append(_Place(parent, key))
            if isinstance(parent[key], dict | list):
                waiting.append(parent[key])
    return found


def _change(place: _Place, rng: Random) -> None:
    parent, key = place.parent, place.key
    match rng.randrange(7):
        case 0 | 1:
            parent[key] = f"@@{rng.randrange(len(_FRAGMENTS))}@@"
        case 2:
            parent[key] = _value(rng)
        case 3:
            parent[key] = rng.choice(([parent[key]], {"a": parent[key]}, str(parent[key])[:200]))
        case 4 if isinstance(parent, dict):
            parent[rng.choice(_KEYS)] = parent.pop(key)
        case 5 if isinstance(parent, dict):
            parent[rng.choice(_KEYS)] = _value(rng)
        case 6 if isinstance(parent, list):
            parent.insert(key, _value(rng))
        case _:
            del parent[key]


def _value(rng: Random) -> Any:
    """One of the values, for this input alone: the next change may be made inside it."""
    return deepcopy(rng.choice(_VALUES))
