"""The promise, on the real process: it is ended at random under a faulty sink, and nothing is lost by that."""

from __future__ import annotations

from pathlib import Path

from tests.soak.plan import Plan
from tests.soak.run import Soak


def test_nothing_is_lost_however_the_process_ends(tmp_path: Path) -> None:
    """Six ends by kill -9 and SIGTERM: no event is missing, none is foreign, a repeat has the same bytes."""
    report = Soak(Plan(kills=6, events=300, seed=3, shortest=0.2, longest=0.9, late=0.1), tmp_path).run()
    assert report.faults == []
    assert (report.events, report.lost, report.foreign, report.altered) == (300, 0, 0, 0)
    assert report.kills == 6
    assert report.requests.total() > report.requests.most_common(1)[0][1], "the sink was faulty now and then"


def test_a_run_that_is_ended_early_reports_what_was_done_until_then(tmp_path: Path) -> None:
    """After the first end Ctrl-C comes: what was written is delivered and compared, and the rest was never promised."""
    plan = Plan(kills=100, events=300, seed=3, shortest=0.1, longest=0.2, early=0.2)
    soak = Soak(plan, tmp_path, is_over=lambda: soak.report.kills > 0)
    report = soak.run()
    assert (report.faults, report.lost, report.kills, report.exit_code) == ([], 0, 1, 130)
    assert 0 < report.events < 300
    assert report.is_early
