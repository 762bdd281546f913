"""Named events of a replay: there is no queue to which anything goes back."""

from __future__ import annotations

from agent.errors import Fault
from agent.faults.of_replay import what_to_do
from agent.faults.retries import RetryReason
from agent.model import Settlement, is_of_log
from agent.telemetry.safetext import clean, without_user
from agent.telemetry.voice import WARNING, Voice


class ReplayEvents(Voice):
    """What becomes of the objects of a replay."""

    def object_settled(self, settlement: Settlement) -> None:
        """The replay knows what became of one object."""
        self.metrics.settled_as[settlement.outcome].inc()
        if settlement.fault:
            self._not_shipped(settlement, settlement.fault)
        elif settlement.retry:
            self._tried_again(settlement, settlement.retry)

    def _not_shipped(self, settlement: Settlement, fault: Fault) -> None:
        self.metrics.dead_letters.labels(fault.reason.value).inc()
        advice = what_to_do(fault.reason, of_log=is_of_log(fault.bucket))
        self._log.warning(
            "not_shipped",
            reason=fault.reason.value,
            detail=clean(fault.detail),
            object=settlement.delivery.message_id,
            hint=f"the replay goes on, and lists it at its end; {advice}",
        )

    def _tried_again(self, settlement: Settlement, reason: RetryReason) -> None:
        self.metrics.retries.labels(reason.value).inc()
        self._tell_seldom(
            WARNING,
            f"again {reason}",
            "tried_again",
            reason=reason.value,
            detail=without_user(settlement.retry_detail),
            tries=settlement.delivery.receive_count,
            hint=f"what follows it in its stream waits; {what_to_do(reason)}",
        )
