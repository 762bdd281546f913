"""The entries of docs/alerts.md, to which each alert's runbook_url leads; from the same rows as the alerts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tests.reference.mixin import Rule, groups

_TITLES: Final = {
    "trail-agent": "The agent itself",
    "codecatalyst-audit": "CodeCatalyst: who may act, who pays, does it still speak",
    "codecatalyst-exit": "CodeCatalyst: for those who leave",
    "codeconnections-audit": "CodeConnections",
    "identity-audit": "Identity Center and sign-in",
    "pipeline-audit": "Builds and deployments",
    "trail-guard-audit": "Calls that can blind the trail",
}

_NOTES: Final = {
    "codecatalyst-exit": " The removal of connections has its alert in the group before. When something last happened "
    "in each space and project, and by each person, is on the dashboard *Leaving CodeCatalyst*.",
}
_LINKS: Final = {
    "docs/checks.md": "checks.md",
    "docs/faults.md": "faults.md",
    "deploy/README.md": "../deploy/README.md",
}


def alerts() -> str:
    """Markdown: a section for each group, and in it an entry for each alert."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    by_records = {rule.fields["alert"] for group in groups("loki") for rule in group.rules}
    for group in groups("prometheus"):
        name = group.fields["name"]
        if name in _TITLES:
            yield f"## {_TITLES[name]}\n\nGroup `{name}`.{_NOTES.get(name, '')}\n"
            for rule in group.rules:
                yield from _entry(rule, by_records)


def _entry(rule: Rule, by_records: Collection[str]) -> Iterator[str]:
    name, book = rule.fields["alert"], rule.runbook
    assert book, f"{name} has no entry for the runbook"
    assert book.when, f"{name}: the runbook does not say when it fires"
    facts = [rule.fields["labels"]["severity"]]
    if "for" in rule.fields:
        facts.append(f"after {rule.fields['for']}")
    if name in by_records:
        facts.append("also one of Loki's rules")
    yield f"### {name}\n"
    yield f"*{', '.join(facts)}*\n"
    yield f"**When:** {book.when}\n"
    yield _linked(f"{book.what}. {book.means}\n" if book.what else f"{book.means}\n")
    yield f"```logql\n{book.query}\n```\n"
    yield _linked(f"**What to do:** {book.todo}\n")


def _linked(text: str) -> str:
    for page, path in _LINKS.items():
        text = text.replace(page, f"[{page}]({path})")
    return text
