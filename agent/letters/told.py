"""What a dead letter tells by itself, without its object being read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from agent.aws.sqs import SOURCE_ID
from agent.errors import PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.faults.letter_reasons import ForeignReason, what_to_do
from agent.model import Ignored, Letter, ObjectRef
from agent.trail import notification
from agent.trail.moment import iso

_OF_OTHERS: Final = (("ERROR_CODE", "ERROR_MESSAGE"), ("ErrorCode", "ErrorMessage"))
"""How EventBridge and SNS say what went wrong. Pages: EventBridge user guide, "Using dead-letter queues to process
undelivered events"; SNS developer guide, "Amazon SNS dead-letter queues"."""

_NOT_MOVED: Final = "SQS does not say that it moved the message: somebody may have sent it here"


@dataclass(frozen=True, slots=True)
class ToldLetter:
    """One message of the dead-letter queue. `more` is how many objects it names besides `bucket` and `key`.

    `source_id` is the id that it had in the queue, under which the agent's log names it; empty where the message does
    not say. What SQS moved by itself has kept its id.

    All texts are as they stand in the message: nothing in them is safe to show.
    """

    letter: Letter
    reason: str
    detail: str
    bucket: str = ""
    key: str = ""
    more: int = 0
    agent_version: str = ""
    source_id: str = ""

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """What the agent told, or else what can be told of the text."""
        told = letter.told
        if told.get("reason"):
            reason, detail, bucket, key = (told.get(name, "") for name in ("reason", "detail", "bucket", "key"))
            version, source_id = told.get("agent_version", ""), told.get(SOURCE_ID, "")
            return cls(letter, reason, detail, bucket, key, agent_version=version, source_id=source_id)
        try:
            named = _named(letter.delivery.body)
        except PermanentError as error:
            reason, detail = _not_of_the_agent(letter, str(error.reason), error.detail)
            return cls(letter, reason, detail)
        first = next((each for each in named if each.bucket), None)
        reason, detail = _not_of_the_agent(letter, ForeignReason.RECEIVED_TOO_OFTEN, _how_it_came(letter))
        if first is None:
            return cls(letter, reason, detail)
        return cls(letter, reason, detail, first.bucket, first.key, more=len(named) - 1)

    @property
    def message_id(self) -> str:
        """SQS's id of the message here."""
        return self.letter.delivery.message_id

    def is_called(self, beginning: str) -> bool:
        """Whether its id begins so: the one that it has here, or the one that it had in the queue."""
        return self.message_id.lower().startswith(beginning) or self.source_id.lower().startswith(beginning)

    def named_for(self, beginning: str) -> str:
        """Its id here; with the one that it had in the queue, where only that one begins so."""
        if self.message_id.lower().startswith(beginning):
            return self.message_id
        return f"{self.message_id} (in the queue: {self.source_id})"

    @property
    def sent_at(self) -> str:
        """When SQS got the message, in ISO 8601, to the second that had begun."""
        return iso(int(self.letter.delivery.sent_at) * 10**9)

    @property
    def named(self) -> str:
        """The object, as an address; empty where the message names none."""
        if not self.bucket:
            return ""
        return f"s3://{self.bucket}/{self.key}" + (f" and {number_of(self.more, 'other')}" if self.more else "")

    @property
    def is_of_the_sink(self) -> bool:
        """Whether only the sink can say what becomes of it: its objects were read."""
        return self.reason in {
            Reason.RECORD_TOO_LARGE,
            Reason.SINK_REJECTED,
            Reason.SINK_TOO_OLD,
            Reason.SINK_TOO_NEW,
        }

    def fields(self) -> Mapping[str, object]:
        """For a line of JSON; None where the message does not tell."""
        delivery = self.letter.delivery
        return {
            "message_id": delivery.message_id,
            "source_message_id": self.source_id or None,
            "sent_at": self.sent_at,
            "receives": delivery.receive_count,
            "reason": self.reason,
            "detail": self.detail or None,
            "bucket": self.bucket or None,
            "key": self.key or None,
            "agent_version": self.agent_version or None,
            "what_to_do": what_to_do(self.reason),
        }


def _named(body: str) -> list[ObjectRef | Ignored]:
    """The objects that a text names, each once; raises `PermanentError` if it is no notification that is known."""
    entries = dict.fromkeys(notification.decode(body))
    found = [entry for entry in entries if isinstance(entry, ObjectRef | Ignored)]
    if not found:
        raise PermanentError(Reason.NOTIFICATION_UNKNOWN, "; ".join(str(getattr(one, "detail", "")) for one in entries))
    return found


def _not_of_the_agent(letter: Letter, reason: str, detail: str) -> tuple[str, str]:
    """`reason` and `detail`, unless another service says why it put the message here."""
    for code, message in _OF_OTHERS:
        if code in letter.told:
            return ForeignReason.NOT_SENT, f"{letter.told[code]}: {letter.told.get(message, '')}".strip(": ")
    return reason, detail


def _how_it_came(letter: Letter) -> str:
    return f"SQS moved it here from {letter.moved_from}" if letter.moved_from else _NOT_MOVED
