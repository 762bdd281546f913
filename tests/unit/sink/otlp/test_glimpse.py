"""A GET beside the exports: with their headers and their care, and never an exception for what the network does."""

from __future__ import annotations

import pytest

from agent.sink.otlp.glimpse import Glimpses
from tests.support.otlp_receiver import HttpReceiver, HttpReply


def glimpses(url: str, timeout: float = 5) -> Glimpses:
    """What looks below `url`."""
    files = dict.fromkeys(("ca_file", "cert_file", "key_file"))
    return Glimpses(url, {"X-Scope-OrgID": "acme"}, timeout=timeout, user_agent="trail-agent/9", **files)


def test_an_answer_is_seen_whole() -> None:
    """Status, date and text; a page of another path is another answer."""
    with HttpReceiver() as sink:
        sink.pages["/config"] = HttpReply(200, b"limits: 1", "text/plain")
        look = glimpses(f"{sink.url}/otlp/v1/logs")
        assert look.path == "/otlp/v1/logs"
        seen = look.at("/config")
        assert seen
        assert (seen.status, seen.text) == (200, "limits: 1")
        assert seen.date.endswith("GMT")
        other = look.at("/otlp/v1/logs")
        assert other
        assert other.status == 405


def test_redirects_are_not_followed() -> None:
    """Where it leads is none of ours."""
    with HttpReceiver() as sink:
        sink.pages["/a"] = HttpReply(302, headers={"Location": "/b"})
        seen = glimpses(sink.url).at("/a")
        assert seen
        assert seen.status == 302


@pytest.mark.parametrize("reply", [HttpReply(drop=True), HttpReply(dribble="body"), HttpReply(missing=5)])
def test_what_is_not_whole_is_nothing(reply: HttpReply) -> None:
    """No answer, one that does not end in time, and one that breaks off."""
    with HttpReceiver() as sink:
        sink.pages["/a"] = reply
        assert glimpses(sink.url, timeout=0.3).at("/a") is None


def test_nobody_there_is_nothing() -> None:
    """A refused connection raises nothing."""
    assert glimpses("http://127.0.0.1:9").at("/") is None
