"""What an operator is told: every kind of trouble has its three sentences, each fit for a log line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import pytest

from agent.aws.failure import FailureKind
from agent.errors import EnvironmentFault, Reason, RetryReason
from agent.model import IgnoredReason
from agent.sink.answer import Accepted, Later, Misconfigured, PartlyRejected, Refused, TooLarge
from agent.sink.patience import result_of
from agent.telemetry import advice
from agent.telemetry.advice import Advice

TABLES: Mapping[str, Sequence[tuple[StrEnum, Advice]]] = {
    "waited for": (*advice.ENVIRONMENT.items(),),
    "dead letter": (*advice.DEAD_LETTERS.items(),),
    "retried": (*advice.RETRIES.items(),),
    "ignored": (*advice.IGNORED.items(),),
}
EVERY_ADVICE = [pytest.param(told, id=f"{name} {key}") for name, table in TABLES.items() for key, told in table]


@pytest.mark.parametrize(
    ("kinds", "table"),
    [
        (EnvironmentFault, advice.ENVIRONMENT),
        (Reason, advice.DEAD_LETTERS),
        (RetryReason, advice.RETRIES),
        (IgnoredReason, advice.IGNORED),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_kind_of_trouble_has_its_advice_in_order(kinds: type[StrEnum], table: Mapping[StrEnum, Advice]) -> None:
    """No reason that a metric or a dead letter can name is without it."""
    assert list(table) == list(kinds)


@pytest.mark.parametrize("told", EVERY_ADVICE)
def test_an_advice_is_three_short_parts_of_a_sentence(told: Advice) -> None:
    """Each fits a table's cell and a log line: no line breaks, no bars, no full stop."""
    for part in (told.happened, told.did, told.do):
        assert 0 < len(part) <= 160
        assert part.isprintable()
        assert "|" not in part
        assert not part.endswith(".")


def test_every_way_in_which_a_sink_holds_the_work_has_its_advice() -> None:
    """The kinds are those of the answers that are waited out, and no others."""
    waited_out = (Later(""), Later("", throttled=True), Misconfigured(""))
    judgements = (Accepted(), PartlyRejected(1, ""), Refused(""), TooLarge(""))
    for answer in waited_out:
        assert EnvironmentFault(f"sink {result_of(answer)}") in advice.ENVIRONMENT
    for judgement in judgements:
        with pytest.raises(ValueError, match="sink"):
            EnvironmentFault(f"sink {result_of(judgement)}")


def test_every_way_in_which_a_queue_fails_has_its_advice() -> None:
    """Refusals have advice of their own; whatever else SQS says is as good as no answer."""
    of_one_message = {FailureKind.STALE_HANDLE}
    for kind in (*(set(FailureKind) - of_one_message), "no_credentials"):
        assert advice.fault_of("queue", kind) is EnvironmentFault(f"queue {kind}")
    for kind in of_one_message:
        assert advice.fault_of("queue", kind) is EnvironmentFault.QUEUE_UNAVAILABLE
