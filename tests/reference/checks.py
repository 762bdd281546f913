"""The table of checks for docs/checks.md: everything that `trail-agent check --online` can say, from its own rows."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Final

from agent import checks as package
from agent.checks.finding import Finding

_ORDER: Final = (
    "credentials main_queue queue_region encryption permissions letter_queue bucket sample notifier trail_settings "
    "accounts wanted_regions history_regions history_place otlp_sink sink_kind loki_limits skew"
).split()
_FIELD: Final = re.compile(r"\{(\w+)\}")


def checks() -> str:
    """Markdown: a row for each thing that can be found."""
    found = [*findings()]
    order = list(dict.fromkeys(one.id for one in found))
    found.sort(key=lambda one: order.index(one.id))
    return "\n".join(["| check | | what is so | what to do |", "|---|---|---|---|", *map(_row, found)])


def findings() -> Iterator[Finding]:
    """Every row of every module, in the order of the output."""
    names = [one.name for one in pkgutil.iter_modules(package.__path__)]
    for name in sorted(names, key=lambda name: (name not in _ORDER, _ORDER.index(name) if name in _ORDER else 0)):
        module = importlib.import_module(f"{package.__name__}.{name}")
        yield from (one for one in vars(module).values() if isinstance(one, Finding))


def _row(one: Finding) -> str:
    return f"| `{one.id}` | {one.status.mark} | {_shown(one.what)} | {_shown(one.fix)} |"


def _shown(text: str) -> str:
    return _FIELD.sub(r"*\1*", text).replace("|", "\\|")
