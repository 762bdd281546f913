"""The promise, on the real process: it is ended at random under a faulty sink, and nothing is lost by that."""

from __future__ import annotations

from pathlib import Path

from tests.soak.plan import Plan
from tests.soak.run import Soak


def test_nothing_is_lost_however_the_process_ends(tmp_path: Path) -> None:
    """Six ends by kill -9 and SIGTERM: no event is missing, none is foreign, a repeat has the same bytes."""
    report = Soak(Plan(kills=6, events=300, seed=3, shortest=1.0, longest=1.8, late=0.1), tmp_path).run()
    assert report.faults == []
    assert (report.events, report.lost, report.foreign, report.altered) == (300, 0, 0, 0)
    assert report.kills == 6
    assert report.requests.total() > report.requests.most_common(1)[0][1], "the sink was faulty now and then"
