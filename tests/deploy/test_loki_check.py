"""`make loki-check` against a Loki that behaves, and against some that do not: what is wrong stands in the table.

No real Loki is run here. The fake has Loki's limits and words, so that this shows what the check would tell.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.loki_check.__main__ import main
from tests.loki_check.cases import Row, Verdict, run
from tests.loki_check.queries import ask_all, ask_ruler
from tests.loki_check.store import Loki
from tests.support.loki_api import LokiApi
from tests.support.records import SECOND
from tests.support.server import free_port

HOUR = 3600 * SECOND
GOOD = '{service_name="aws-codecatalyst"} | aws_codecatalyst_event = "CreateProject"'


def _checked(**settings: Any) -> dict[str, Row]:
    """The rows for a Loki with these settings, by what was tried."""
    with LokiApi(**settings).serving() as api:
        return {row.what: row for row in run(Loki(api.url, "test"), time.time_ns())}


def _failed(rows: dict[str, Row]) -> set[str]:
    return {what for what, row in rows.items() if row.verdict is Verdict.FAILED}


def test_a_loki_that_behaves_passes() -> None:
    """Every record is found with all its attributes, a repeat is dropped, and each refusal is understood."""
    rows = _checked()
    assert {row.verdict for row in rows.values()} == {Verdict.OK}
    assert len(rows) == 13
    total = rows["each is found, its line byte for byte"].told
    assert total.partition(" of ")[0] == total.partition(" of ")[2] != "0"


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"drops_repeats": False}, {"a repeat is dropped"}),
        ({"keeps_metadata": False}, {"each attribute can be asked for"}),
        ({"behind_nano": HOUR}, {"an event four hours behind its stream is taken"}),
        ({"line_bytes": 10_000}, {"the largest line that the agent sends"}),
    ],
    ids=str,
)
def test_what_a_loki_does_wrong_is_told(settings: dict[str, Any], wrong: set[str]) -> None:
    """Exactly that row fails."""
    assert _failed(_checked(**settings)) == wrong


@pytest.mark.parametrize(
    ("settings", "noted"),
    [
        ({"oldest_nano": 1000 * 24 * HOUR}, "an event of 400 days ago"),
        ({"line_bytes": 10**7}, "a line of 2 MB"),
        ({"metadata_bytes": 10**7}, "attributes of 500 KB"),
        ({"hides_older_nano": 3 * HOUR}, "and is seen at once"),
    ],
    ids=str,
)
def test_what_a_loki_may_do_is_noted(settings: dict[str, Any], noted: str) -> None:
    """Another limit is no fault."""
    rows = _checked(**settings)
    assert _failed(rows) == set()
    assert rows[noted].verdict is Verdict.NOTE


def test_each_query_is_asked() -> None:
    """One that finds something is well, one that finds nothing is noted, one that Loki refuses has failed."""
    texts = [GOOD, 'sum(count_over_time({service_name="nobody"}[1h]))', 'sum(count_over_time({service_name="x"}[1h])']
    with LokiApi().serving() as api:
        loki, now = Loki(api.url, "test"), time.time_ns()
        assert [*run(loki, now)]
        rows = [*ask_all(loki, [("page", text) for text in texts], now)]
    assert [row.verdict for row in rows] == [Verdict.OK, Verdict.NOTE, Verdict.FAILED]
    assert "parse error" in rows[-1].told


@pytest.mark.parametrize(
    ("loaded", "verdict"),
    [
        (None, Verdict.NOTE),
        ([{"name": "A"}], Verdict.NOTE),
        ([{"name": "A"}, {"name": "B"}], Verdict.OK),
        ([{"name": "A"}, {"name": "B", "lastError": "too many series"}], Verdict.FAILED),
    ],
    ids=["no ruler", "one is missing", "all", "one fails"],
)
def test_the_rules_of_its_ruler_are_looked_at(loaded: list[dict[str, str]] | None, verdict: Verdict) -> None:
    """Whoever has not loaded them hears so; one that Loki cannot evaluate is a fault."""
    with LokiApi(rules=loaded).serving() as api:
        [row] = ask_ruler(Loki(api.url, "test"), ["A", "B"])
    assert row.verdict is verdict


def test_the_exit_code_says_how_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    """0, with a row for each query that ships; 1 if one is refused; 2 without a Loki."""
    with LokiApi().serving() as api:
        assert main(api.url, "") == 0
    assert "docs/faults.md" in capsys.readouterr().out
    with LokiApi(refuses="service_name").serving() as api:
        assert main(api.url, "") == 1
    assert main(f"http://127.0.0.1:{free_port()}", "") == 2
    assert main("", "") == 2
    assert "LOKI_URL" in capsys.readouterr().out
