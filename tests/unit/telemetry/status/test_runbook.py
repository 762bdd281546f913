"""The runbook that the agent serves: every reason, with the words and the anchors of docs/faults.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from agent.errors import Fault
from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import Ignored, Outcome, Settlement
from agent.telemetry.status.runbook import runbook
from tests.support.messages import delivery
from tests.support.telemetry import observed
from tests.support.web_page import Outline, front_page

FAULTS = Path(__file__).parents[4] / "docs" / "faults.md"


def troubles() -> Iterator[Advised]:
    """Everything that has advice."""
    for table in (EnvironmentFault, Reason, RetryReason, IgnoredReason):
        yield from table


def test_every_trouble_stands_there_with_its_advice() -> None:
    """What happened, what the agent did, and what to do, each as a sentence."""
    text = Outline(runbook()).text.replace(" ,", ",").replace(" ;", ";").replace(" .", ".")
    for trouble in troubles():
        advice = trouble.advice
        did = f"It {advice.did}.".replace("`", "")
        assert f"{advice.happened[1:]}.".replace("`", "") in text
        assert did in text
        assert f"{advice.do[1:]}.".replace("`", "") in text


def test_its_anchors_are_those_of_the_page_in_docs() -> None:
    """Who changes one link into the other arrives at the same entry, and no anchor stands twice."""
    headings = re.findall(r"^##+ (.+)$", FAULTS.read_text(encoding="utf-8"), re.MULTILINE)
    github = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    ids = Outline(runbook()).ids
    assert sorted(ids) == sorted(github)
    assert len(ids) == len(set(ids)) > 50


def test_every_link_leads_somewhere() -> None:
    """Its contents lead to its entries, and back leads to the status page."""
    outline = Outline(runbook())
    assert set(outline.links) == {f"#{anchor}" for anchor in outline.ids} | {"/"}


def test_whatever_the_status_page_tells_of_leads_to_an_entry() -> None:
    """Faults, dead letters, retries and ignored parts: each name is a link, and each link has an entry."""
    subject = observed()
    for fault in EnvironmentFault:
        subject.telemetry.gate_closed(f"bucket {fault}", fault, "because")
    for reason in Reason:
        fate = Settlement(delivery(), Outcome.DEAD_LETTER, fault=Fault(reason, "because"))
        subject.telemetry.deliveries_settled([fate])
    for retry in RetryReason:
        subject.telemetry.deliveries_settled(
            [Settlement(delivery(), Outcome.RETRY, retry=retry, retry_detail="because")]
        )
    for ignored in IgnoredReason:
        subject.telemetry.notification_ignored(Ignored(ignored))
    linked = {link.removeprefix("/runbook#") for link in Outline(front_page(subject)).links if "/runbook#" in link}
    entries = {anchor for anchor in Outline(runbook()).ids if "-" in anchor} - {"waited-for", "dead-letters"}
    assert linked == entries
    assert len(linked) == len(list(troubles()))


def test_it_works_alone() -> None:
    """No script, nothing from elsewhere, and it does not reload itself while somebody reads."""
    html = runbook()
    outline = Outline(html)
    assert {"script", "img", "iframe", "form"}.isdisjoint(outline.tags)
    assert "style" not in outline.attributes
    assert "http-equiv" not in outline.attributes
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
