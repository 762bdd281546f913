"""The pages under docs/ say what the code does, and every link on a page leads somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import Ignored, Outcome, Settlement
from tests.reference.metrics import label_names
from tests.reference.pages import BLOCKS, DOCS, blocks, pages, renewed
from tests.support.messages import delivery
from tests.support.telemetry import ObservedTelemetry, observed

ROOT = DOCS.parent
LINKED = [ROOT / "README.md", *ROOT.glob(".github/*.md"), *ROOT.glob("deploy/**/README.md"), *pages()]


KINDS: dict[type, str] = {
    EnvironmentFault: "waited for",
    Reason: "dead letter",
    RetryReason: "retried",
    IgnoredReason: "ignored",
}


def text_of(page: Path) -> str:
    """What stands on a page."""
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The fragments under which GitHub shows the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_page_is_what_the_code_writes(page: Path, request: pytest.FixtureRequest) -> None:
    """No table of settings, metrics, commands or faults is older than the code."""
    text = renewed(text_of(page))
    if request.config.getoption("--update-golden"):
        page.write_text(text, encoding="utf-8")
    assert text == text_of(page), f"docs/{page.name} differs from the code: run `make docs` (python -m tests.reference)"


def test_every_table_stands_on_one_page() -> None:
    """Nothing that the code can write is missing, and nothing stands twice."""
    assert sorted(name for page in pages() for name in blocks(text_of(page))) == sorted(BLOCKS)


def test_the_index_lists_every_page() -> None:
    """A reader who opens docs/ finds all of it."""
    listed = set(re.findall(r"\]\(([a-z]+\.md)\)", text_of(DOCS / "README.md")))
    assert listed == {page.name for page in pages()} - {"README.md"}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a file names a file; one with a fragment names a heading of it."""
    for target, fragment in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text_of(page)):
        other = (page.parent / target).resolve() if target else page
        assert other.exists(), target
        assert not fragment or fragment in anchors(other), f"{target}#{fragment}"


@pytest.mark.parametrize("reason", [*EnvironmentFault, *Reason, *RetryReason, *IgnoredReason])
def test_the_runbook_has_the_words_of_the_log(reason: str) -> None:
    """What a reader finds in the log's `event`, `reason` and `fault` is what the runbook tells to look for."""
    heading = f"### {KINDS[type(reason)]}: {reason}\n"
    entry = text_of(DOCS / "faults.md").partition(heading)[2].partition("\n#")[0]
    (looked_for,) = re.findall(r"\| json \| ([^`]+)`", entry)
    assert dict(re.findall(r'(\w+)="([^"]*)"', looked_for)).items() <= _told(observed(level="debug"), reason).items()


def test_the_page_of_records_has_every_attribute() -> None:
    """No attribute of any record among the golden files is missing there."""
    sent = {
        attribute
        for path in (ROOT / "tests" / "golden").glob("records-*.json")
        for resource in json.loads(path.read_text(encoding="utf-8"))["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
        for attribute in (one["key"] for one in record["attributes"])
    }
    assert sent
    assert sent <= set(re.findall(r"`([a-z0-9_.]+)`", text_of(DOCS / "records.md")))


def _told(seen: ObservedTelemetry, reason: str) -> dict[str, str]:
    """The fields by which the log's line about `reason` is found."""
    match reason:
        case EnvironmentFault():
            _tell_trouble(seen, reason)
        case Reason():
            seen.telemetry.deliveries_settled(
                [Settlement(delivery(), Outcome.DEAD_LETTER, fault=Fault(reason, "because"))]
            )
        case RetryReason():
            seen.telemetry.deliveries_settled(
                [Settlement(delivery(), Outcome.RETRY, retry=reason, retry_detail="because")]
            )
        case IgnoredReason():
            seen.telemetry.notification_ignored(Ignored(reason))
    (line,) = seen.lines()
    return {name: str(value) for name, value in line.items()}


def _tell_trouble(seen: ObservedTelemetry, fault: EnvironmentFault) -> None:
    part, _, kind = fault.partition(" ")
    if fault is EnvironmentFault.QUEUE_SETTLING:
        seen.telemetry.settling_down("because")
    elif part == "queue":
        seen.telemetry.queue_down(kind, "because")
    elif kind in {"unavailable", "throttled", "misconfigured"} and part == "sink":
        seen.telemetry.sink_down(kind, "because")
    else:
        seen.telemetry.gate_closed(part, fault, "because")


def test_the_page_of_metrics_names_every_label() -> None:
    """Also those of a metric that has no series before the first event."""
    rows = text_of(DOCS / "metrics.md").splitlines()
    for metric, labels in label_names(observed().telemetry.metrics).items():
        row = next(row for row in rows if row.startswith((f"| `{metric}` ", f"| `{metric}_total` ")))
        assert re.findall(r"`(\w+)`", row.split("|")[3]) == list(labels)
