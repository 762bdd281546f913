"""Untrusted text that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.safetext import clean, is_plain, without_user

HOSTILE = st.text(st.characters() | st.sampled_from("\n\r\x1b\x00\u202e\u2028\ud800\x9b"), max_size=700)


def test_a_long_text_is_cut_and_says_so() -> None:
    """What was left out is counted, what gave way to the number itself included; no escape is cut in two."""
    assert clean("x" * 1_000_000) == "x" * 489 + "… (+999511)"
    assert clean("\n" * 1000) == "\\n" * 246 + "… (+754)"
    assert clean("\x1b" * 100, 100) == "\\x1b" * 23 + "… (+77)"


@given(st.text("ab\n\x1b", max_size=700), st.integers(10, 100))
def test_what_is_shown_and_what_is_left_out_are_the_whole(text: str, limit: int) -> None:
    """Whatever is escaped, the number is that of the characters that are not there."""
    shown = clean(text, limit)
    whole = "".join(text).replace("\n", "\\n").replace("\x1b", "\\x1b")
    begin, cut, rest = shown.partition("…")
    assert whole.startswith(begin)
    if cut:
        there = begin.replace("\\x1b", "e").replace("\\n", "e")
        assert rest == f" (+{len(text) - len(there)})"
    else:
        assert shown == whole


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("\u202e", "\\u202e"), ("\ud800", "\\ud800"), ("é ☃", "é ☃")],
)
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    """Controls come out by name; letters of any script stay."""
    assert clean(text) == shown


@given(HOSTILE, st.integers(10, 100))
def test_clean_text_is_printable_bounded_and_stays_as_it_is(text: str, limit: int) -> None:
    """Cleaning twice is cleaning once, and short printable text is left alone."""
    once = clean(text, limit)
    assert once.isprintable()
    assert len(once) <= limit
    assert clean(once, limit) == once
    assert once == text or not text.isprintable() or len(text) > limit


@given(st.text())
def test_plain_text_needs_no_cleaning(text: str) -> None:
    """What may be a label value is never changed by cleaning."""
    if is_plain(text):
        assert clean(text) == text


@pytest.mark.parametrize("secret", ["user:pass@", "user@", "user:p@ss@"])
def test_user_info_is_taken_out_of_addresses(secret: str) -> None:
    """A password in an address is not repeated, wherever the address stands."""
    text = f"no answer from https://{secret}sink.example/v1/logs?a@b, giving up"
    assert without_user(text) == "no answer from https://sink.example/v1/logs?a@b, giving up"
