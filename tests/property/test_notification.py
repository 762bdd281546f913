"""Properties of notifications: total, repeatable, and never a byte of S3 for what is not listed."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Fault, PermanentError, Reason
from agent.model import Ignored, ObjectRef
from agent.trail import notification
from agent.trail.admission import Admission, Admitted
from agent.trail.notification import Entry
from tests.support.messages import s3_event, sns
from tests.support.objects import BUCKET
from tests.support.strategies import ENVELOPED, NOTIFICATIONS, TEXT


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
    """SNS in between does not change what a message names; a second envelope is nobody's."""
    if not isinstance(entries := decoded(body), Reason):
        assert decoded(sns(body)) == entries
        assert decoded(sns(sns(body))) is Reason.NOTIFICATION_UNKNOWN


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
