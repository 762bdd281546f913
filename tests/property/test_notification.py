"""Properties of notifications: total, repeatable, and never a byte of S3 for what is not listed."""

from __future__ import annotations

import json
import time
import tracemalloc
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Fault, PermanentError
from agent.faults.dead_letters import Reason
from agent.model import Ignored, ObjectRef
from agent.trail import notification
from agent.trail.admission import Admission, Admitted
from agent.trail.notification import Entry
from tests.support.messages import s3_event, sns
from tests.support.objects import BUCKET, KEY
from tests.support.strategies import ENVELOPED, NOTIFICATIONS, TEXT


def _wrapped(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Envelopes of known and unknown names, as JSON and as text, and lists."""
    names = st.sampled_from(["body", "Message", "detail", "requestPayload", "anything"])
    texts = inner.map(json.dumps)
    return st.dictionaries(names, inner | texts, min_size=1, max_size=2) | st.lists(inner, min_size=1, max_size=2)


def decoded(body: str) -> tuple[Entry, ...] | Reason:
    """What a message names, or why it is refused."""
    try:
        return notification.decode(body)
    except PermanentError as error:
        return error.reason


@given(NOTIFICATIONS | ENVELOPED)
def test_any_text_is_read_or_refused(body: str) -> None:
    """Nothing but `notification_unknown` is raised, something is always named, and twice the same."""
    entries = decoded(body)
    assert entries == decoded(body)
    assert entries is Reason.NOTIFICATION_UNKNOWN or entries


@given(NOTIFICATIONS)
def test_an_envelope_changes_nothing(body: str) -> None:
    """SNS in between, once or twice, or a batch of one does not change what a message names."""
    if not isinstance(entries := decoded(body), Reason):
        assert decoded(sns(body)) == entries
        assert decoded(sns(sns(body))) == entries
        assert decoded(json.dumps([{"messageId": "1", "body": body}])) == entries


@given(st.recursive(st.just({"bucket": BUCKET, "key": KEY}), _wrapped, max_leaves=3))
def test_what_is_wrapped_is_found_or_refused(message: object) -> None:
    """An object in envelopes of any make is named, or the message is kept: it is never passed over."""
    entries = decoded(json.dumps(message))
    if not isinstance(entries, Reason):
        assert all(isinstance(entry, ObjectRef | Fault) for entry in entries)
        assert any(isinstance(entry, ObjectRef) for entry in entries) or Fault in map(type, entries)


BOMBS = {
    "objects": "[" + "{}," * 300_000 + "{}]",
    "lists": "[" * 500_000,
    "texts": json.dumps(["{"] * 9_000),
    "numbers": "[" + "1," * 500_000 + "1]",
    "buckets": json.dumps({f"b{'_' * n}ucket": "b" for n in range(300)} | {"keys": ["k"] * 9_000}),
    "keys": json.dumps({"bucket": "b", "keys": [f"{n}%2F" for n in range(90_000)]}),
    "members": json.dumps({str(n): {"body": "{}"} for n in range(20_000)}),
    "texts in texts": json.dumps({"body": json.dumps({str(n): json.dumps({"a": "[1]"}) for n in range(20_000)})}),
    "digits": '{"AlarmName":"a","NewStateValue":"b","c":"' + "1" * 1_000_000 + '"}',
    "half a name": '{"AlarmName":"a","NewStateValue":"b","c":"' + "111122223333_CloudTrail_" * 40_000 + '"}',
    "address": '"s3://' + "a" * 1_000_000 + '"',
    "space": " " * 1_000_000,
}


@pytest.mark.row(64)
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_no_message_costs_time(body: str) -> None:
    """A message of SQS's largest size, made of whatever, is judged within a second or two."""
    began = time.process_time()
    decoded(body)
    assert time.process_time() - began < 5


@pytest.mark.row(64)
@pytest.mark.parametrize("bomb", ["objects", "lists", "texts", "numbers"])
def test_no_message_costs_memory(bomb: str) -> None:
    """What a message is decoded to is not many times its size."""
    tracemalloc.start()
    try:
        decoded(BOMBS[bomb])
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@given(TEXT)
def test_keys_come_back_as_s3_has_them(key: str) -> None:
    """Any key survives each form's own encoding."""
    assert notification.decode(s3_event(quote_plus(key))) == (ObjectRef(BUCKET, key, 7),)
    assert notification.decode(json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [key]})) == (ObjectRef(BUCKET, key),)


@given(NOTIFICATIONS | ENVELOPED, st.sampled_from([BUCKET, "other"]), st.sampled_from([(), ("444455556666",)]))
def test_only_what_is_listed_is_admitted(body: str, bucket: str, accounts: tuple[str, ...]) -> None:
    """Whatever a message names, what is read is in a listed bucket, of a listed account, and without `..`."""
    admission = Admission({bucket: None}, accounts=accounts)
    if isinstance(entries := decoded(body), Reason):
        return
    for entry in entries:
        match admission.admit(entry):
            case Admitted(ref, key):
                assert ref.bucket == bucket
                assert not accounts or key.account in accounts
                assert ".." not in ref.key
            case Fault(reason):
                assert reason in {Reason.NOT_ALLOWED, Reason.NOTIFICATION_UNKNOWN}
            case Ignored():
                pass
