"""The texts of SQS messages: which objects each of them names.

A message may lie in envelopes: SNS, another SQS message, a Lambda destination, the batch of a pipe, or a JSON object of
somebody's own. What comes out of them is one of the forms of `trail.forms`, a message of another service
(`trail.neighbours`), or a text for people.

Pages: SNS developer guide, "Parsing message formats"; Lambda developer guide, "Capturing records of asynchronous
invocations"; EventBridge user guide, "Amazon EventBridge Pipes".
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from agent.errors import Fault, PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail import neighbours, pointers
from agent.trail.forms import Entries, Entry, Members, UnknownFormError, entries_of
from agent.trail.key import names_log_file
from agent.trail.usual_notification import UnusualNotificationError, read_usual
from agent.trail.whole_json import read_whole

__all__ = ["Entry", "decode"]

_VALIDATION_TEXT: Final = "CloudTrail validation message."
_DEEPEST: Final = 9  # steps into envelopes: four times SNS, with a list and a member or so around each
_MOST_ENTRIES: Final = 10_000  # of one list; no more keys than these go into a message of 1 MiB
_OPENINGS: Final = ("{", "[", '"', *pointers.ADDRESS_OPENINGS)  # how a text begins that may name an object
_SNS_QUESTIONS: Final = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_ENVELOPES: Final = frozenset({"Message", "message", "Body", "body", "Sns", "detail", "requestPayload", "payload"})
_ANSWERS: Final = frozenset({"responsePayload"})  # what a Lambda function made of the notification
_NO_FORM: Final = "the message is JSON, but not a notification of S3, EventBridge, CloudTrail or SNS"


def decode(body: str) -> tuple[Entry, ...]:
    """What an SQS message's text names, in its order; never empty.

    Raises `PermanentError` (`notification_unknown`) if the text has no known form. A part of a known form that is bad
    by itself comes out as a `Fault`, so that the good parts beside it are delivered.
    """
    try:
        return tuple(_of_text(body, 0))
    except UnknownFormError as error:
        raise PermanentError(Reason.NOTIFICATION_UNKNOWN, str(error)) from error


def _of_text(text: str, depth: int) -> Entries:
    if depth < _DEEPEST:  # S3's list of records counts as one more
        with suppress(UnusualNotificationError):
            return read_usual(text)
    if text.strip() == _VALIDATION_TEXT:
        return [Ignored(IgnoredReason.VALIDATION)]
    if ref := pointers.of_address(text):
        return [ref]
    if (sender := neighbours.sender_of_text(text)) and not names_log_file(text):
        return [Ignored(IgnoredReason.OTHER_SERVICE, sender=sender)]
    value = read_whole(text)
    return _of_value(value, depth + isinstance(value, str))


def _of_value(value: object, depth: int) -> Entries:
    if depth > _DEEPEST:
        raise UnknownFormError("the message is wrapped in too many envelopes")
    match value:
        case dict():
            return _of_object(value, depth)
        case list() if 0 < len(value) <= _MOST_ENTRIES:
            return [entry for each in value for entry in _of_part(each, depth)]
        case str():
            return _of_text(value, depth)
    raise UnknownFormError("the message names no object at all")


def _of_part(value: object, depth: int) -> Entries:
    """One of several things that a message names: if it has no known form, the others are not to blame."""
    try:
        return _of_value(value, depth + 1)
    except UnknownFormError as error:
        return [Fault(Reason.NOTIFICATION_UNKNOWN, f"a part of the message cannot be read: {error}")]


def _of_object(message: Members, depth: int) -> Entries:
    if records := [each for name in ("Records", "records") if isinstance(each := message.get(name), list)]:
        return [entry for each in records for entry in _of_value(each, depth)]
    if message.get("Type") in _SNS_QUESTIONS:
        raise UnknownFormError(f"SNS sent a {message['Type']}: confirm the topic's subscription to this queue by hand")
    if message.get("Type") == "Notification" and "Message" in message:
        return _of_value(message["Message"], depth + 1)
    return entries_of(message) or _of_members(message, depth)


def _of_members(message: Members, depth: int) -> Entries:
    """What the members of an object hold, which is an envelope if anything.

    Only an envelope of a known name may turn out to hold nothing for us. Any other counts if it names an object.
    """
    entries: list[Entry] = []
    faults: list[Fault] = []
    for name, value in message.items():
        if name in _ANSWERS or not _may_name_an_object(value):
            continue
        try:
            found = _of_value(value, depth + 1)
        except UnknownFormError as error:
            if name in _ENVELOPES:
                faults.append(Fault(Reason.NOTIFICATION_UNKNOWN, str(error)))
            continue
        if name in _ENVELOPES or any(isinstance(entry, ObjectRef) for entry in found):
            entries += found
    if not entries:
        raise UnknownFormError(faults[0].detail if faults else _NO_FORM)
    return [*entries, *faults]


def _may_name_an_object(value: object) -> bool:
    if isinstance(value, str):
        return value.lstrip().startswith(_OPENINGS) or value.strip() == _VALIDATION_TEXT
    return isinstance(value, dict | list)
