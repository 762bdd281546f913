"""The status page: what a person sees, and that no stranger's text is more than text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.model import EventLabels, Outcome, QueueAttributes, Reading, Settlement
from agent.telemetry.activity import RECENT_DEAD_LETTERS
from agent.telemetry.status import page
from agent.trail.inflate import TextFacts
from tests.support.clock import START
from tests.support.messages import delivery
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed

VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """Reads a page strictly: every element that opens closes in order; text, tags and attributes are kept."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text, except the style sheet."""
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words of the page."""
        return " ".join(" ".join(self.words).split())


def html_of(subject: ObservedTelemetry) -> str:
    """The page now."""
    telemetry = subject.telemetry
    return page(telemetry.metrics.registry, telemetry.health, telemetry.activity, subject.clock.time())


def busy() -> ObservedTelemetry:
    """A daemon that has read one object of ten events, and holds three messages."""
    subject = observed()
    telemetry = subject.telemetry
    telemetry.queue_up()
    telemetry.sink_up()
    telemetry.deliveries_received([delivery()])
    telemetry.object_read(TextFacts(2_048, is_plain=False), 0.034, START - 5)
    records = tuple(log_record(f"e{number}") for number in range(4))
    telemetry.reading_finished(Reading(delivery(), records, skipped=5, malformed=1))
    telemetry.records_exported(records[:3])
    telemetry.export_answered("ok", 0.02)
    telemetry.delivery_settled(Settlement(delivery(), Outcome.DELIVERED))
    telemetry.queue_described("main", QueueAttributes(1_240, 3, 0, "", 864_000))
    telemetry.in_flight(3, None)
    return subject


def dead_letter(
    subject: ObservedTelemetry, detail: str = "gzip ends early", bucket: str = "acme", key: str = "AWSLogs/x"
) -> None:
    """Give one message up."""
    fault = Fault(Reason.OBJECT_CORRUPT, detail, bucket, key)
    subject.telemetry.delivery_settled(Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault))


def test_the_flow_stands_in_the_order_of_the_ledger() -> None:
    """Received, objects, events, exports, settled: each with its total and its breakdown."""
    text = Outline(html_of(busy())).text
    steps = ("Received 1", "Objects 1", "Events 10", "Exports 1", "Settled 1")
    places = [text.index(f"{step} ") for step in steps]
    assert places == sorted(places)
    assert "waiting 1,240" in text
    assert "read 2 KiB" in text
    assert "mean time 34 ms" in text


def test_events_that_have_no_fate_yet_are_in_hand() -> None:
    """The bar and its legend account for every event that was read."""
    text = Outline(html_of(busy())).text
    assert "exported 3 duplicate 0 skipped 5 retried 0 malformed 1 dead lettered 0 in hand 1" in text


def test_rates_are_those_of_the_last_minute() -> None:
    """What happened more than a minute ago no longer counts for the rate, but for the total."""
    subject = busy()
    subject.clock.elapsed += 30
    assert "20 events/min" in Outline(html_of(subject)).text
    subject.clock.elapsed += 40
    text = Outline(html_of(subject)).text
    assert "Events 10 0 events/min" in text


def test_delivered_events_are_shown_by_service() -> None:
    """CodeCatalyst's first, then the busiest of the others; what is beyond those stands in one line."""
    subject = busy()
    labels = EventLabels("Any", "Root", "success")
    for number in range(1, 12):
        subject.telemetry.metrics.count_events(replace(labels, event_source=f"s{number}.amazonaws.com"), number, "e")
    text = Outline(html_of(subject)).text
    assert "Delivered, by service CodeCatalyst 3 s11 11 s10 10 s9 9 s8 8 s7 7 s6 6 s5 5 s4 4 3 more 6" in text


def test_a_daemon_in_order_says_ready() -> None:
    """No problems, no list of them."""
    html = html_of(busy())
    assert "<title>trail-agent: ready</title>" in html
    assert 'class="problems"' not in html
    assert "None since the start." in Outline(html).text


def test_a_daemon_in_trouble_says_why() -> None:
    """The reasons of both health endpoints stand at the top."""
    subject = busy()
    with subject.pulse.alive():
        subject.telemetry.sink_down("misconfigured", "401 Unauthorized")
        subject.clock.elapsed += 61
        html = html_of(subject)
    text = Outline(html).text
    assert "<title>trail-agent: not ready</title>" in html
    assert (
        "stuck not ready thread MainThread has not moved for more than 60 s sink: 401 Unauthorized (for 61 s)" in text
    )


def test_dead_letters_are_shown_newest_first_and_no_more_than_twenty() -> None:
    """Each has its time, reason, place and detail."""
    subject = busy()
    for number in range(RECENT_DEAD_LETTERS + 5):
        dead_letter(subject, f"fault {number}.")
    subject.clock.elapsed += 90
    text = Outline(html_of(subject)).text
    assert "1 min 30 s ago object_corrupt s3://acme/AWSLogs/x fault 24. message m-1" in text
    assert text.index("fault 24.") < text.index("fault 5.")
    assert "fault 4." not in text


@pytest.mark.row(32)
@given(st.text(max_size=200), st.text(max_size=200))
def test_no_stranger_adds_markup(detail: str, key: str) -> None:
    """Whatever a key or a reason holds, the page has the same elements and attributes as with harmless ones."""
    harmless, hostile = busy(), busy()
    for subject, texts in ((harmless, ("fault", "key")), (hostile, (detail, key))):
        dead_letter(subject, texts[0], "bucket", texts[1])
        subject.telemetry.sink_down("unavailable", texts[0])
    expected, seen = Outline(html_of(harmless)), Outline(html_of(hostile))
    assert (seen.tags, seen.attributes) == (expected.tags, expected.attributes)


@pytest.mark.row(32)
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</table></main>"])
def test_html_in_a_key_is_shown_as_text(text: str) -> None:
    """Markup of a stranger can be read, and does nothing."""
    subject = busy()
    dead_letter(subject, text, text, text)
    html = html_of(subject)
    assert text not in html
    assert Outline(html).text.count(text) == 3


def test_the_page_works_alone() -> None:
    """No script, no inline style attribute, nothing loaded from elsewhere; it renews itself."""
    subject = busy()
    dead_letter(subject)
    html = html_of(subject)
    outline = Outline(html)
    assert {"script", "img", "iframe", "form"}.isdisjoint(outline.tags)
    assert "style" not in outline.attributes
    assert "src" not in outline.attributes
    assert "url(" not in html
    assert '<meta http-equiv="refresh" content="5">' in html


def test_the_page_holds_no_event_content() -> None:
    """Of an event, nothing but its number is shown."""
    html = html_of(busy())
    for content in ("CreateProject", "IdentityCenterUser", "e1", "111122223333", "bucket"):
        assert f">{content}<" not in html
        assert f" {content} " not in html


def test_what_runs_is_named_at_the_foot() -> None:
    """Version, revision, Python and uptime, with links to the other endpoints."""
    subject = busy()
    subject.clock.elapsed += 3_700
    text = Outline(html_of(subject)).text
    assert "version 1.2.3 (abcdef), Python 3.11.0 up 1 h 1 min" in text
    assert "/metrics /livez /readyz" in text
