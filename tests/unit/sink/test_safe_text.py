"""Text that can cross OTLP, and text of the other side that an operator can be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sink.safe_text import int_text, safe_key, safe_text, shown

ANY_TEXT = st.text(st.characters() | st.sampled_from("\x00\ud800\udfff"))


@given(ANY_TEXT)
def test_whatever_an_event_holds_can_be_sent(value: str) -> None:
    """The result is UTF-8 without NUL, as long as before, and other characters stay."""
    sent = safe_text(value)
    sent.encode("utf-8")
    assert len(sent) == len(value)
    for new, old in zip(sent, value, strict=True):
        assert new == old or (new == "\ufffd" and (old == "\x00" or "\ud800" <= old <= "\udfff"))


@pytest.mark.parametrize(
    ("key", "sent"),
    [("a.b", "a.b"), ("", ""), ("._-", ""), ("\u00e9", ""), ("\u00e91", "\u00e91"), ("a\x00", "a\ufffd")],
)
def test_a_key_that_loki_would_refuse_is_dropped(key: str, sent: str) -> None:
    """It needs one ASCII letter or digit."""
    assert safe_key(key) == sent


@given(st.integers())
def test_an_integer_is_its_text(value: int) -> None:
    """Of a usual length in decimal."""
    assert int(int_text(value)) == value


def test_an_integer_of_too_many_digits_is_text_too() -> None:
    """Python refuses to print it in decimal; in hexadecimal it keeps its value."""
    assert int(int_text(10**5000), 16) == 10**5000


@given(ANY_TEXT, st.integers(1, 50))
def test_what_is_shown_is_one_printable_line(text: str, limit: int) -> None:
    """Whatever the other side wrote, and as much of it as was asked for."""
    line = shown(text, limit)
    assert line.isprintable()
    if text.isprintable():
        assert line == text.strip()[:limit]
