"""Counters as the demo reads them off the daemon's metrics page."""

from __future__ import annotations

from agent.demo.compare import Labels
from agent.demo.scrape import Scrape, Tally

PAGE = """\
# HELP trail_agent_events_total Trail events by fate.
# TYPE trail_agent_events_total counter
trail_agent_events_total{fate="skipped"} 220.0
trail_agent_events_total{fate="exported"} 34.0
trail_agent_events_read_total 254.0
trail_agent_deliveries_received_total 1.2e+01
trail_agent_dead_letters_total{reason="object_corrupt"} 1.0
trail_agent_dead_letters_total{reason="not_allowed"} 1.0
codecatalyst_events_total{event_name="GetSpace",identity_type="IdentityCenterUser",outcome="success"} 3.0
codecatalyst_events_total{event_name="GetSpace",identity_type="Root",outcome="failure"} 0.0
trail_agent_build_info{python_version="3.11",revision="a\\"b",version="1"} 1.0
"""


def test_a_tally_follows_the_flow() -> None:
    """Each number is the sum of the series that belong to it; one that is not there is 0."""
    tally = Tally.of(Scrape(PAGE), queued=3)
    assert tally == Tally(received=12, objects=0, read=254, skipped=220, exported=34, queued=3, dead=2)


def test_events_are_counted_by_label() -> None:
    """Series that were only created beforehand have counted nothing."""
    assert Scrape(PAGE).events() == {Labels("GetSpace", "IdentityCenterUser", "success"): 3}


def test_no_answer_is_no_count() -> None:
    """A daemon that does not answer yet has counted nothing."""
    assert Tally.of(Scrape(""), queued=0) == Tally()
    assert Scrape("not metrics at all\n").events() == {}
