"""The pages under docs/: people write them, and the code writes the blocks between their marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.reference.alerts import alerts
from tests.reference.checks import checks
from tests.reference.commands import commands
from tests.reference.metrics import metrics_table
from tests.reference.records import common_attributes, profiles
from tests.reference.runbook import dead_letters, environment, foreign_letters, ignored, retries
from tests.reference.settings import settings_table

DOCS: Final = Path(__file__).parents[2] / "docs"
BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "settings": settings_table,
    "metrics": metrics_table,
    "commands": commands,
    "checks": checks,
    "common attributes": common_attributes,
    "profiles": profiles,
    "waited for": environment,
    "dead letters": dead_letters,
    "foreign letters": foreign_letters,
    "retries": retries,
    "ignored": ignored,
    "alerts": alerts,
}
_BLOCK: Final = re.compile(r"<!-- generated: ([a-z ]+) -->\n.*?<!-- /generated -->", re.DOTALL)


def pages() -> list[Path]:
    """Every page, by name."""
    return sorted(DOCS.glob("*.md"))


def blocks(text: str) -> list[str]:
    """The names of the generated blocks in the text of a page, in their order."""
    return _BLOCK.findall(text)


def renewed(text: str) -> str:
    """The text of a page with all its blocks as the code has them now."""
    return _BLOCK.sub(lambda block: _marked(block[1]), text)


def _marked(name: str) -> str:
    return f"<!-- generated: {name} -->\n{BLOCKS[name]().strip()}\n<!-- /generated -->"
