"""The LogQL that ships: every query of the pages, the rules and the dashboards, with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.dashboards import dashboards, loki_texts

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("deploy/**/*.md")))
RULES: Final = ROOT / "deploy" / "loki" / "rules.yaml"


def shipped(*chosen: str) -> Iterator[tuple[str, str]]:
    """Each query with its place; those of the dashboards as Grafana sends them, for all and for each `chosen`."""
    for page in PAGES:
        yield from ((str(page.relative_to(ROOT)), query) for query in _of_page(page))
    yield from ((rule.get("alert") or rule["record"], rule["expr"]) for rule in rules())
    for name, dashboard in dashboards().items():
        for one in ("", *chosen):
            yield from ((f"{name}, {place}", query) for place, query in loki_texts(dashboard, one))


def rules() -> Iterator[Mapping[str, Any]]:
    """The rules for Loki's ruler."""
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def _of_page(page: Path) -> Iterator[str]:
    """The blocks marked as LogQL, and what stands in a line as code and begins with a selector."""
    text = page.read_text(encoding="utf-8")
    yield from (block.strip() for block in re.findall(r"^```logql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`(\{service_name[^`]*)`", outside)
