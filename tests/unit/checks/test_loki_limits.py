"""Loki's limits, as far as it shows them: what would refuse an event is told before a start."""

from __future__ import annotations

import json

import pytest

from agent.checks.loki_limits import examine, seconds_of
from agent.sink.otlp.glimpse import Glimpses
from tests.support.otlp_receiver import HttpReceiver, HttpReply
from tests.support.settings import settings

WEEK = 7 * 86400
TENANT = "/config/tenant/v1/limits"


def marks(pages: dict[str, object], outage: float | None = WEEK) -> dict[str, str]:
    """The mark of each check, of a Loki that shows these pages."""
    with HttpReceiver() as sink:
        sink.pages = {path: HttpReply(200, json.dumps(told).encode(), "text/plain") for path, told in pages.items()} | {
            "*": HttpReply(404)
        }
        glimpses = Glimpses(
            f"{sink.url}/otlp/v1/logs",
            {},
            timeout=5,
            ca_file=None,
            cert_file=None,
            key_file=None,
            user_agent="trail-agent/9",
        )
        return {check.id: check.status.mark for check in examine(glimpses, settings(), outage)}


def test_sound_limits_are_green() -> None:
    """Structured metadata is kept, and what the queue keeps is taken."""
    limits = {"allow_structured_metadata": True, "reject_old_samples": True, "reject_old_samples_max_age": "2w"}
    assert marks({"/config": {"limits_config": limits}}) == {
        "sink.metadata": "✓",
        "sink.sizes": "✓",
        "sink.oldest": "✓",
    }


def test_metadata_that_is_not_allowed_is_named() -> None:
    """OTLP needs it: Loki would refuse every event."""
    assert marks({"/config": {"limits_config": {"allow_structured_metadata": False}}})["sink.metadata"] == "✗"


def test_an_age_below_the_retention_is_named() -> None:
    """After an outage the oldest events would be refused; Loki's own limit is a week."""
    assert marks({"/config": {"limits_config": {"volume_enabled": True}}}, 10 * 86400)["sink.oldest"] == "!"
    old = {"reject_old_samples": False, "reject_old_samples_max_age": "1h"}
    assert marks({"/config": {"limits_config": old}})["sink.oldest"] == "✓"


@pytest.mark.parametrize(
    ("limits", "mark"),
    [
        ({"ingestion_burst_size_mb": 6, "max_line_size": "256KB"}, "✓"),
        ({"ingestion_burst_size_mb": 2}, "✗"),
        ({"max_line_size": "32kb"}, "!"),
        ({"max_line_size": "32kb", "max_line_size_truncate": True}, "✓"),
        ({"max_line_size": 0}, "✓"),
        ({"max_line_size": "much"}, "✓"),
    ],
)
def test_sizes_are_compared_with_the_settings(limits: dict[str, object], mark: str) -> None:
    """A request above the burst never passes; a longer line is cut, which costs a second request."""
    assert marks({"/config": {"limits_config": limits}})["sink.sizes"] == mark


def test_the_tenants_limits_count_before_lokis() -> None:
    """What is set for the tenant is in force."""
    whole, own = {"reject_old_samples_max_age": "30d"}, {"reject_old_samples_max_age": "1h"}
    assert marks({"/config": {"limits_config": whole}, TENANT: own})["sink.oldest"] == "!"


@pytest.mark.parametrize("pages", [{}, {"/config": "no limits"}, {"/config": {"limits_config": None}}])
def test_limits_that_are_not_shown_are_said_so(pages: dict[str, object]) -> None:
    """A gateway before Loki seldom shows them."""
    assert marks(pages) == {"sink.limits": "!"}


@pytest.mark.parametrize(
    ("text", "seconds"), [("168h", WEEK), ("1w", WEEK), ("6d24h0m0s", WEEK), ("90s", 90), ("500ms", 0.5), ("", 0)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """As Go and Prometheus write them."""
    assert seconds_of(text) == seconds
