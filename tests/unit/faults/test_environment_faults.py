"""Every way in which the sink or the queue holds the work is one of the faults that an operator is told."""

from __future__ import annotations

import pytest

from agent.aws.failure import FailureKind
from agent.faults.environment_faults import EnvironmentFault
from agent.sink.answer import Accepted, Later, Misconfigured, PartlyRejected, Refused, TooLarge
from agent.sink.patience import result_of


def test_every_way_in_which_a_sink_holds_the_work_is_listed() -> None:
    """The kinds are those of the answers that are waited out, and no others."""
    waited_out = (Later(""), Later("", throttled=True), Misconfigured(""))
    judgements = (Accepted(), PartlyRejected(1, ""), Refused(""), TooLarge(""))
    for answer in waited_out:
        assert EnvironmentFault.of_part("sink", result_of(answer)) == f"sink {result_of(answer)}"
    for judgement in judgements:
        with pytest.raises(ValueError, match="sink"):
            EnvironmentFault(f"sink {result_of(judgement)}")


def test_every_way_in_which_a_queue_fails_is_listed() -> None:
    """Refusals have advice of their own; whatever else SQS says is as good as no answer."""
    of_one_message = {FailureKind.STALE_HANDLE}
    for kind in (*(set(FailureKind) - of_one_message), "no_credentials"):
        assert EnvironmentFault.of_part("queue", kind) == f"queue {kind}"
    for kind in of_one_message:
        assert EnvironmentFault.of_part("queue", kind) is EnvironmentFault.QUEUE_UNAVAILABLE
