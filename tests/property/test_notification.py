"""Properties of notifications: total, repeatable, and never a byte of S3 for what is not listed."""

from __future__ import annotations

import itertools
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
from agent.trail.forms import UnknownFormError
from agent.trail.notification import Entry
from agent.trail.whole_json import read_exactly, read_whole
from tests.fuzz.damage import TEXTUAL, damaged
from tests.support.messages import notification_text, s3_event, sns
from tests.support.objects import BUCKET, KEY
from tests.support.strategies import ENVELOPED, JSON, MORE_EXAMPLES, NOTIFICATIONS, TEXT

SAMPLES = [
    notification_text(f"{name}.json")
    for name in ("s3-event-one", "s3-event-two-records", "s3-event-removed", "s3-event-version-2.6-unknown-fields")
]
ENVELOPES = [
    notification_text(f"{name}.json") for name in ("sns-s3-event", "eventbridge-object-created", "sns-cloudtrail")
]
_MORE_MEMBERS = st.dictionaries(
    st.sampled_from(["Records", "records", "Type", "Message", "s3", "eventSource", "key", "bucket", "awsRegion"])
    | TEXT,
    JSON,
    max_size=1,
)


def _altered(message: object, more: dict[str, object], at: int) -> object:
    """`message` with `more` members in its JSON object of this number; those inside are counted first."""
    numbers = itertools.count()

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return dict(pairs) | (more if next(numbers) == at else {})

    altered: object = json.loads(json.dumps(message), object_pairs_hook=members)
    return altered


USUAL = st.builds(
    lambda text, more, at, indent: json.dumps(
        _altered(json.loads(text), more, at), separators=(",", ":") if indent else None, ensure_ascii=not indent
    ),
    st.sampled_from(SAMPLES) | st.builds(s3_event, TEXT.map(quote_plus) | TEXT, bucket=TEXT),
    _MORE_MEMBERS,
    st.integers(0, 12),
    st.booleans(),
)
"""Messages of S3, with or without a member that is not S3's or has another type."""


def harmed(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The same, or with a few characters that are gone, doubled, moved or others."""
    altered = st.builds(
        lambda text, rng: damaged(text.encode("utf-8", "replace"), TEXTUAL, rng).decode("utf-8", "surrogateescape"),
        texts,
        st.randoms(use_true_random=False),
    )
    return texts | altered


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


def all_of(entries: tuple[Entry, ...] | Reason) -> object:
    """With what is not compared, too."""
    return entries if isinstance(entries, Reason) else [(each, repr(each)) for each in entries]


@MORE_EXAMPLES
@given(harmed(USUAL))
def test_the_quick_way_says_what_the_exact_way_says(body: str) -> None:
    """Only the exact way reads a message that begins with a blank, and nothing else comes of it, in envelopes, too."""
    assert all_of(decoded(body)) == all_of(decoded(f" {body}"))
    assert all_of(decoded(sns(body))) == all_of(decoded(sns(f" {body}")))
    one, other = ([text, {"x": text}] for text in (body, f" {body}"))
    assert all_of(decoded(json.dumps(one))) == all_of(decoded(json.dumps(other)))


@MORE_EXAMPLES
@given(harmed(NOTIFICATIONS | ENVELOPED | USUAL.map(sns) | st.sampled_from(ENVELOPES)))
def test_json_is_read_as_the_standard_library_reads_it(text: str) -> None:
    """To the same values, or not at all for the same reason."""
    found = []
    for read in (read_whole, read_exactly):
        try:
            found.append(repr(read(text)))
        except UnknownFormError as error:
            found.append(str(error))
    assert found[0] == found[1]


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
