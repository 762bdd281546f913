"""The status page: what a person sees, and that no stranger's text is more than text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.model import EventLabels, Outcome, QueueAttributes, Reading, Settlement
from agent.telemetry.activity import RECENT_DEAD_LETTERS
from agent.telemetry.flow_events import HowRead
from agent.telemetry.history_events import PassedOver
from agent.trail.inflate import TextFacts
from tests.support.clock import START
from tests.support.messages import delivery
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed
from tests.support.web_page import Outline, front_page

_OF_A_QUEUE = ("waiting", "dead-letter queue", "leases", "oldest message", "Messages received", "Oldest message")


def busy() -> ObservedTelemetry:
    """A daemon that has read one object of ten events, and holds three messages."""
    subject = observed()
    telemetry = subject.telemetry
    telemetry.queue_up()
    telemetry.sink_up()
    telemetry.deliveries_received([delivery()])
    telemetry.objects_read([HowRead(TextFacts(2_048, is_plain=False), 0.034, START - 5)])
    records = tuple(log_record(f"e{number}") for number in range(4))
    telemetry.readings_finished([Reading(delivery(), records, skipped=5, malformed=1)])
    telemetry.records_exported(records[:3])
    telemetry.export_answered("ok", 0.02)
    telemetry.deliveries_settled([Settlement(delivery(), Outcome.DELIVERED)])
    telemetry.queue_described("main", QueueAttributes(1_240, 3, 0, "", 864_000))
    telemetry.in_flight(3, None)
    return subject


def dead_letter(
    subject: ObservedTelemetry, detail: str = "gzip ends early", bucket: str = "acme", key: str = "AWSLogs/x"
) -> None:
    """Give one message up."""
    fault = Fault(Reason.OBJECT_CORRUPT, detail, bucket, key)
    subject.telemetry.deliveries_settled([Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault)])


@pytest.fixture(scope="module")
def harmless() -> Outline:
    """The page with words that nobody minds."""
    return met("fault", "key")


def test_without_a_queue_nothing_is_told_of_one() -> None:
    """Each region tells up to when it is shipped, and what was passed over is marked."""
    subject = observed()
    telemetry = subject.telemetry
    telemetry.queue_unused()
    telemetry.sink_up()
    for region, behind in (("us-west-2", 90), ("eu-west-1", 7_200)):
        telemetry.history_followed(region, int(START - behind))
    html = front_page(subject)
    text = Outline(html).text
    assert "us-west-2, shipped up to 1 min 30 s ago eu-west-1, shipped up to 2 h ago passed over 0" in text
    assert not [word for word in _OF_A_QUEUE if word in text]
    assert "Events exported 0 a minute" in text
    assert "Events 0" in text
    telemetry.events_unshipped("us-west-2", [PassedOver("e1", "CreateProject", 1, 2, "sink_rejected", "no")])
    assert '<dt>passed over</dt><dd class="alarm">1</dd>' in front_page(subject)
    assert "shipped up to" not in front_page(busy())


def test_what_was_passed_over_is_told_before_all_else() -> None:
    """With its reason and place; there is no dead letter of it, and not everything works."""
    subject = observed()
    telemetry = subject.telemetry
    telemetry.queue_unused()
    telemetry.sink_up()
    assert "Passed over of Event history" not in front_page(subject)
    window = PassedOver("", "", int(START) - 60, int(START) - 30, "object_too_large", "there are too many", 0)
    event = PassedOver("e1", "CreateProject", int(START) - 90, int(START) - 89, "sink_rejected", "the sink <said> no")
    telemetry.events_unshipped("us-west-2", [window, event])
    telemetry.records_fated("passed_over", 1)
    text = Outline(front_page(subject)).text
    assert "Ready, but 2 parts of Event history were passed over" in text
    assert "Everything works" not in text
    assert "passed over sink_rejected 1" in text
    assert "passed over object_too_large 1 Raise limits.events_per_object" in text
    assert "0 s ago sink_rejected CreateProject, us-west-2, 2026-09-21 14:11:50 UTC the sink <said> no" in text
    assert "us-west-2, 2026-09-21 14:12:20 UTC to 2026-09-21 14:12:50 UTC there are too many" in text
    assert "dead lettered 0 passed over 1 in hand 0" in text
    assert "Recent dead letters" not in text
    assert "Since the start, most recently just now; the last of them" in text
    subject.clock.advance(3 * 3600)
    assert "Since the start, most recently 3 h ago; the last of them" in Outline(front_page(subject)).text


def test_what_an_earlier_process_passed_over_is_shown() -> None:
    """The checkpoint has it; it is no trouble of this process, and what is older than ninety days is gone."""
    subject = observed()
    telemetry = subject.telemetry
    telemetry.queue_unused()
    telemetry.sink_up()
    there, gone = int(START) - 60, int(START) - 91 * 86_400
    passed = [PassedOver("e", name, at, at + 1, "sink_rejected", "no") for name, at in (("Old", gone), ("New", there))]
    telemetry.history_remembered("us-west-2", passed)
    text = Outline(front_page(subject)).text
    assert "before the start sink_rejected New, us-west-2" in text
    assert "Old, us-west-2" not in text
    assert "What did not pass all reasons, and what to do Nothing since the start." in text
    assert "No event has come yet. Event history shows an event some five minutes after it happened." in text


def test_the_flow_stands_in_the_order_of_the_ledger() -> None:
    """Received, objects, events, exports, settled: each with its total and its breakdown."""
    text = Outline(front_page(busy())).text
    steps = ("Received 1", "Objects 1", "Events 10", "Exports 1", "Settled 1")
    places = [text.index(f"{step} ") for step in steps]
    assert places == sorted(places)
    assert "waiting 1,240" in text
    assert "read 2 KiB" in text
    assert "mean time 34 ms" in text


def test_a_total_of_years_fits_its_step() -> None:
    """From a hundred million on it is rounded; the whole number is there for who asks."""
    subject = busy()
    subject.telemetry.readings_finished([Reading(delivery(), skipped=99_999_989)])
    assert "Events 99,999,999 " in Outline(front_page(subject)).text
    subject.telemetry.readings_finished([Reading(delivery(), skipped=1)])
    html = front_page(subject)
    assert "Events 100 M " in Outline(html).text
    assert 'title="100,000,000"' in html


def test_events_that_have_no_fate_yet_are_in_hand() -> None:
    """The bar and its legend account for every event that was read."""
    text = Outline(front_page(busy())).text
    assert "exported 3 duplicate 0 skipped 5 retried 0 malformed 1 dead lettered 0 in hand 1" in text


def test_rates_are_those_of_the_last_minute() -> None:
    """What happened more than a minute ago no longer counts for the rate, but for the total."""
    subject = busy()
    subject.clock.elapsed += 30
    assert "20 events/min" in Outline(front_page(subject)).text
    subject.clock.elapsed += 40
    text = Outline(front_page(subject)).text
    assert "Events 10 0 events/min" in text


def test_delivered_events_are_shown_by_service() -> None:
    """CodeCatalyst's first, then the busiest of the others; what is beyond those stands in one line."""
    subject = busy()
    labels = EventLabels("Any", "Root", "success")
    for number in range(1, 12):
        subject.telemetry.metrics.count_events(replace(labels, event_source=f"s{number}.amazonaws.com"), number, "e")
    text = Outline(front_page(subject)).text
    assert "Delivered, by service CodeCatalyst 3 s11 11 s10 10 s9 9 s8 8 s7 7 s6 6 s5 5 s4 4 3 more 6" in text


def test_a_daemon_in_order_says_ready() -> None:
    """The title, the pills and the first lines say so, and no trouble is told."""
    html = front_page(busy())
    assert "<title>trail-agent: ready</title>" in html
    text = Outline(html).text
    assert "live ready Ready. Everything works. The sink last took events just now." in text
    assert "What you do" not in text
    assert "Recent dead letters None since the start." in text


def test_a_daemon_in_trouble_says_so_in_title_and_pills() -> None:
    """What stands still and what is waited for are told before anything else."""
    subject = busy()
    with subject.pulse.alive():
        subject.telemetry.sink_down("misconfigured", "401 Unauthorized")
        subject.clock.elapsed += 61
        html = front_page(subject)
    assert "<title>trail-agent: not ready</title>" in html
    text = Outline(html).text
    places = [
        text.index(words) for words in ("stuck not ready", "Thread MainThread has not", "The work waits", "The last")
    ]
    assert places == sorted(places)


def test_what_sqs_was_not_asked_is_not_known() -> None:
    """Before the first answer there is no number that looks like one; each queue is known by itself."""
    subject = observed()
    assert "waiting not known yet delayed not known yet held here 0" in Outline(front_page(subject)).text
    subject.telemetry.queue_described("main", QueueAttributes(0, 0, 0, "", 864_000))
    text = Outline(front_page(subject)).text
    assert "waiting 0 delayed 0 held here 0" in text
    assert "dead-letter queue not known yet" in text
    subject.telemetry.queue_described("dead_letter", QueueAttributes(2, 0, 0, "", 864_000))
    assert "dead-letter queue 2" in Outline(front_page(subject)).text


def test_what_sqs_counted_has_its_age() -> None:
    """The agent asks a few times a minute: what it heard last may be older than all else that is shown."""
    subject = observed()
    assert "SQS counted" not in Outline(front_page(subject)).text
    for queue, count in (("main", 1_240), ("dead_letter", 2)):
        subject.telemetry.queue_described(queue, QueueAttributes(count, 0, 0, "", 864_000))
        subject.clock.advance(12)
    text = Outline(front_page(subject)).text
    assert "rates of the last minute; waiting and delayed as SQS counted them 24 s ago" in text
    assert "dead-letter queue 2, counted 12 s ago" in text


def test_dead_letters_are_shown_newest_first_and_no_more_than_twenty() -> None:
    """Each has its time, reason, place and detail."""
    subject = busy()
    for number in range(RECENT_DEAD_LETTERS + 5):
        dead_letter(subject, f"fault {number}.")
    subject.clock.elapsed += 90
    text = Outline(front_page(subject)).text
    assert "1 min 30 s ago object_corrupt s3://acme/AWSLogs/x fault 24. message m-1" in text
    assert text.index("fault 24.") < text.index("fault 5.")
    assert "fault 4." not in text


def met(detail: str, key: str) -> Outline:
    """The page after a dead letter and a sink that answers, with these words in them."""
    subject = busy()
    dead_letter(subject, detail, "bucket", key)
    subject.telemetry.sink_down("unavailable", detail)
    return Outline(front_page(subject))


@pytest.mark.row(32)
@given(words=st.lists(st.text(max_size=200), min_size=2, max_size=2))
def test_no_stranger_adds_markup(words: list[str], harmless: Outline) -> None:
    """Whatever a key or a reason holds, the page has the same elements and attributes as with harmless ones."""
    seen = met(*words)
    assert (seen.tags, seen.attributes) == (harmless.tags, harmless.attributes)


@pytest.mark.row(32)
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</table></main>"])
def test_html_in_a_key_is_shown_as_text(text: str) -> None:
    """Markup of a stranger can be read, and does nothing."""
    subject = busy()
    dead_letter(subject, text, text, text)
    html = front_page(subject)
    assert text not in html
    assert Outline(html).text.count(text) == 3


def test_the_page_works_alone() -> None:
    """No script, no inline style attribute, nothing loaded from elsewhere; it renews itself."""
    subject = busy()
    dead_letter(subject)
    html = front_page(subject)
    outline = Outline(html)
    assert {"script", "img", "iframe", "form"}.isdisjoint(outline.tags)
    assert "style" not in outline.attributes
    assert "src" not in outline.attributes
    assert "url(" not in html
    assert '<meta http-equiv="refresh" content="5; url=.">' in html


def test_the_page_holds_no_event_content() -> None:
    """Of an event, its name, its number and its time are shown: not who did it, not on what, not its id."""
    html = front_page(busy())
    for content in ("IdentityCenterUser", "e1", "111122223333", "acme-trail", "us-west-2"):
        assert f">{content}<" not in html
        assert f" {content} " not in html


def test_what_runs_is_named_at_the_foot() -> None:
    """Version, revision, Python and uptime, with links to the other endpoints."""
    subject = busy()
    subject.clock.elapsed += 3_700
    text = Outline(front_page(subject)).text
    assert "version 1.2.3 (abcdef), Python 3.11.0 up 1 h 1 min" in text
    assert "/metrics /livez /readyz /runbook" in text
