"""The JSON of a message: all of it, or a refusal that says why."""

from __future__ import annotations

import json

import pytest

from agent.trail.forms import UnknownFormError
from agent.trail.whole_json import read_exactly, read_whole
from tests.support.messages import notification_text, sns

DEEP = "[" * 90 + "]" * 90


@pytest.mark.parametrize(
    "text",
    [
        notification_text("sns-s3-event.json"),
        notification_text("eventbridge-object-created.json"),
        sns(sns('{"a":"\\\\ \\" /"}')),
        '{"a":[1,-0,-0.0,1.5,1e5,18446744073709551616,true,false,null,{}]}',
        '{"a":"\\"\\/\\b\\f\\n\\r\\t\\\\"}',
        '{"a":"\\u0022","\\u0061b":"\\ud83d\\ude00"}',
        ' [ "é€\N{GRINNING FACE}\x7f" ]\n',
        DEEP,
        f"[{DEEP}{',1' * 30_000}]",
        "null",
        '"a"',
        "7",
    ],
)
def test_any_json_is_read_as_the_standard_library_reads_it(text: str) -> None:
    """Types, numbers and escapes are those of `json`."""
    assert repr(read_whole(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":1,"a":1}', "stands twice"),
        ('[{"b":{"a":"x","c":2,"a":{}}}]', "stands twice"),
        ('{"a":"\\"","a":"\\u0022\\u0022"}', "stands twice"),
        ('{"a":"\\u0022","\\u0061":1}', "stands twice"),
        ('{"a":"\\ud800"}', "half a surrogate pair"),
        ('{"\\uDFFF":1}', "half a surrogate pair"),
        ('{"a":"\ud800"}', "half a surrogate pair"),
        ("{}," * 20_001, "more parts"),
        ("[" * 20_000, "nested too deep"),
        ('{"a":NaN}', "not JSON"),
        ("[1e999", "not JSON"),
        ("[" + "9" * 5000 + "]", "not JSON"),
        ('["a\nb"]', "not JSON"),
        ("\ufeff{}", "not JSON"),
        ("{} x", "not JSON"),
        ("", "not JSON"),
    ],
)
def test_what_would_lose_something_is_refused(text: str, words: str) -> None:
    """And it is said what it would be."""
    with pytest.raises(UnknownFormError, match=words):
        read_whole(text)


def test_the_exact_way_is_the_standard_librarys() -> None:
    """It is what the quick way is compared with."""
    text = notification_text("sns-s3-event.json")
    assert read_exactly(text) == read_whole(text) == json.loads(text)
