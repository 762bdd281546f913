"""Every LogQL query that ships, asked of a Loki that has a record of every kind of event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.loki_check.cases import DAY, HOUR, Row, Verdict
from tests.loki_check.store import Loki, LokiError

_AGENTS_LOG = '{service_name="trail-agent"'
"""Queries of the agent's own log, which is not sent here."""


def ask_ruler(loki: Loki, names: Iterable[str]) -> Iterator[Row]:
    """Whether its ruler has the rules that ship, by these names, and can evaluate them."""
    try:
        loaded = {rule["name"]: rule for rule in loki.rules()}
    except LokiError as error:
        yield Row("the rules that ship", Verdict.NOTE, f"the ruler's API is off: {error}"[:300])
        return
    missing = sorted({*names} - {*loaded})
    failing = sorted(f"{name}: {rule['lastError']}" for name, rule in loaded.items() if rule.get("lastError"))
    if failing:
        yield Row("the rules that ship", Verdict.FAILED, "; ".join(failing)[:300])
    else:
        told = f"not loaded: {', '.join(missing)}" if missing else "all are loaded"
        yield Row("the rules that ship", Verdict.NOTE if missing else Verdict.OK, told[:300])


def ask_all(loki: Loki, queries: Iterable[tuple[str, str]], now: int) -> Iterator[Row]:
    """A row for each query, which stands at a place: a refusal is a fault, an empty answer a note."""
    for place, text in queries:
        what = f"{place}: {' '.join(text.split())}"
        try:
            found = loki.count(text, now - DAY, now + HOUR // 60)
        except LokiError as refusal:
            yield Row(what, Verdict.FAILED, str(refusal)[:300])
            continue
        if found or text.startswith(_AGENTS_LOG):
            yield Row(what, Verdict.OK, f"{found} found")
        else:
            yield Row(what, Verdict.NOTE, "nothing found")
