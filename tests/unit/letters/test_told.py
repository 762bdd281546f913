"""What a dead letter tells by itself."""

from __future__ import annotations

from collections.abc import Mapping
from math import nextafter

import msgspec
import pytest

from agent.faults.letter_reasons import BY_REASON
from agent.letters.told import ToldLetter
from agent.model import Letter, ObjectRef
from tests.support.clock import START
from tests.support.letterbox import MAIN_ARN, OF_THE_AGENT
from tests.support.messages import delivery, notification
from tests.support.objects import BUCKET, KEY, ref


def told(body: str, attributes: Mapping[str, str] | None = None, moved_from: str = "") -> ToldLetter:
    """A letter with this text; without `attributes`, it has none."""
    return ToldLetter.of(Letter(delivery("m-1", body, receive_count=3), attributes or {}, moved_from))


def test_the_agent_says_why() -> None:
    """Its own attributes are taken as they are."""
    one = told("{}", OF_THE_AGENT)
    assert one.named == f"s3://{BUCKET}/{KEY}"
    assert one.fields() == {
        "message_id": "m-1",
        "sent_at": "2026-09-21T14:13:20Z",
        "receives": 3,
        **OF_THE_AGENT,
        "what_to_do": BY_REASON["object_missing"].advice.do,
    }


def test_a_second_that_has_not_begun_is_not_told() -> None:
    """As in every other time that the agent writes."""
    late = msgspec.structs.replace(delivery("m-1", "{}"), sent_at=nextafter(START + 1, 0))
    assert ToldLetter.of(Letter(late, {})).sent_at == "2026-09-21T14:13:20Z"


def test_a_reason_of_another_version_is_shown_as_it_is() -> None:
    """What to do about it stands in the documentation of that version."""
    one = told("{}", {"reason": "object_eaten"})
    assert one.reason == "object_eaten"
    assert "docs/faults.md" in str(one.fields()["what_to_do"])


@pytest.mark.parametrize("body", ["{broken", "", "42", '{"a": 1}', "\ud83d"])
def test_a_text_that_is_no_notification_has_that_reason(body: str) -> None:
    """Whoever put it there, reading it would end like this."""
    one = told(body)
    assert (one.reason, one.named) == ("notification_unknown", "")
    assert one.detail
    assert one.fields()["bucket"] is one.fields()["key"] is one.fields()["agent_version"] is None


@pytest.mark.parametrize(("moved_from", "words"), [(MAIN_ARN, MAIN_ARN), ("", "somebody may have sent it")])
def test_what_sqs_moved_was_received_too_often(moved_from: str, words: str) -> None:
    """A sound notification without a reason; its text says which objects it names."""
    one = told(notification(ref("a"), ref("b"), ref("a")), moved_from=moved_from)
    assert one.reason == "received_too_often"
    assert words in one.detail
    assert (one.bucket, one.key, one.more) == (BUCKET, ref("a").key, 1)
    assert one.named == f"s3://{BUCKET}/{ref('a').key} and 1 other"


@pytest.mark.parametrize(
    "attributes",
    [
        {"RULE_ARN": "arn", "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "it may not"},
        {"RequestID": "1", "ErrorCode": "NO_PERMISSIONS", "ErrorMessage": "it may not"},
    ],
)
@pytest.mark.parametrize("body", [notification(ref("a")), "{broken"])
def test_what_eventbridge_or_sns_could_not_send_says_so(attributes: Mapping[str, str], body: str) -> None:
    """They use the same dead-letter queue, and name the cause in attributes of their own."""
    one = told(body, attributes)
    assert (one.reason, one.detail) == ("not_sent", "NO_PERMISSIONS: it may not")


def test_a_notification_of_nothing_names_nothing() -> None:
    """S3's test message, say."""
    one = told('{"Service": "Amazon S3", "Event": "s3:TestEvent"}')
    assert (one.reason, one.named, one.more) == ("received_too_often", "", 0)


def test_an_object_that_was_removed_is_named_all_the_same() -> None:
    """Also what the agent would pass over has a name to look for."""
    one = told(notification(ObjectRef("other", "a/b"), event_name="ObjectRemoved:Delete"))
    assert one.named == "s3://other/a/b"


def test_every_reason_has_its_advice() -> None:
    """The agent's own and the others: each says what to do."""
    assert {"notification_unknown", "sink_rejected", "received_too_often", "not_sent"} <= set(BY_REASON)
    assert all(known.advice.happened and known.advice.do for known in BY_REASON.values())


@pytest.mark.parametrize("reason", ["sink_rejected", "sink_too_old", "sink_too_new", "record_too_large"])
def test_what_the_sink_refused_is_known_to_be_the_sinks(reason: str) -> None:
    """Only the sink can say what becomes of it."""
    assert told("{}", {"reason": reason}).is_of_the_sink
    assert not told("{}", OF_THE_AGENT).is_of_the_sink
