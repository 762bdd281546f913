"""`make loki-check LOKI_URL=…`: what a Loki of yours does with the agent's records, and with every query that ships.

It writes some hundred generated records into that Loki, under a `service_namespace` of their own. The exit code is 1 if
something is not as the documentation says, and 2 if there is no Loki.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table

from tests.loki_check.cases import Row, Verdict, run
from tests.loki_check.queries import ask_all, ask_ruler
from tests.loki_check.store import Loki, LokiError
from tests.support.shipped_logql import rules, shipped

USAGE = """make loki-check LOKI_URL=http://localhost:3100 [LOKI_TENANT=name]

It writes some hundred generated records into that Loki: take one for tests, or a tenant of its own."""
STYLES = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.FAILED: "bold red"}


def main(url: str, tenant: str) -> int:
    """Check the Loki at `url`, print the table, and return the exit code."""
    console = Console(width=160 if not sys.stdout.isatty() else None)
    if not url:
        console.print(USAGE)
        return 2
    loki = Loki(url, f"loki-check-{uuid.uuid4().hex[:8]}", tenant)
    try:
        console.print(f"Loki {loki.version()} at {loki.url}; records under service_namespace={loki.namespace}")
    except LokiError as error:
        console.print(f"There is no Loki at {loki.url}: {error}")
        return 2
    rows = [*_rows(loki, time.time_ns())]
    console.print(_table(rows))
    counts = Counter(row.verdict for row in rows)
    console.print(", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict))
    return 1 if counts[Verdict.FAILED] else 0


def _rows(loki: Loki, now: int) -> Iterator[Row]:
    yield from run(loki, now)
    yield from ask_ruler(loki, (rule.get("alert") or rule["record"] for rule in rules()))
    yield from ask_all(loki, shipped(), now)


def _table(rows: Iterable[Row]) -> Table:
    table = Table("", "what", "Loki, and what the agent makes of it", expand=True)
    for row in rows:
        table.add_row(row.verdict.value, row.what, row.told, style=STYLES[row.verdict])
    return table


if __name__ == "__main__":
    sys.exit(main(os.environ.get("LOKI_URL", ""), os.environ.get("LOKI_TENANT", "")))
