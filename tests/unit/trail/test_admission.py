"""Admission: whoever can write to the queue can name anything; only what is listed is read."""

from __future__ import annotations

import json

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail.admission import Admission, Admitted
from agent.trail.key import TrailKey
from tests.support.messages import admit, s3_event
from tests.support.objects import BUCKET, KEY

OWNER = "111122223333"


def bridge(account: object) -> str:
    """EventBridge's message, which tells the bucket's owner."""
    detail = {"bucket": {"name": BUCKET}, "object": {"key": KEY}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "account": account, "detail": detail})


def test_a_listed_object_is_admitted_with_what_its_key_tells() -> None:
    """The reader is told the key, the account and the region."""
    assert admit(s3_event()) == [Admitted(ObjectRef(BUCKET, KEY, 7), TrailKey(OWNER, "us-west-2"))]


@pytest.mark.parametrize(
    ("admission", "body"),
    [
        pytest.param(Admission({"other": None}), s3_event(), id="bucket"),
        pytest.param(Admission({BUCKET: None}), s3_event(bucket=BUCKET.upper()), id="bucket-by-exact-name"),
        pytest.param(Admission({BUCKET: None}), s3_event(bucket=""), id="no-bucket"),
        pytest.param(
            Admission({BUCKET: None}),
            s3_event(bucket=f"arn:aws:s3:us-west-2:111122223333:accesspoint/{BUCKET}"),
            id="arn-as-bucket",
        ),
        pytest.param(Admission({"other": None}), s3_event(eventName="ObjectRemoved:Delete"), id="removal-elsewhere"),
        pytest.param(Admission({BUCKET: "444455556666"}), bridge(OWNER), id="owner"),
        pytest.param(Admission({BUCKET: None}, accounts=["444455556666"]), s3_event(), id="account"),
        pytest.param(Admission({BUCKET: None}), s3_event(f"../{KEY}"), id="dots"),
        pytest.param(Admission({BUCKET: None}), s3_event(KEY.replace("_us-west-2_", "_us-east-1_")), id="forged-key"),
    ],
)
def test_what_is_not_listed_is_refused(admission: Admission, body: str) -> None:
    """Another bucket, owner or account, and a key that CloudTrail would not write, is `not_allowed`."""
    (fault,) = admit(body, admission)
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.NOT_ALLOWED


@pytest.mark.parametrize(
    ("admission", "body"),
    [
        (Admission({BUCKET: OWNER}), bridge(OWNER)),
        (Admission({BUCKET: OWNER}), s3_event()),  # S3 does not tell the account; ExpectedBucketOwner does the check
        (Admission({BUCKET: OWNER}), bridge(7)),
        (Admission({BUCKET: None}), bridge("444455556666")),
        (Admission({BUCKET: None}, accounts=[OWNER, "444455556666"], regions=["us-west-2"]), s3_event()),
        (Admission({BUCKET: None}), s3_event(f"audit+trail%2B1/{KEY.replace('AWSLogs/', 'AWSLogs/o-abc/')}")),
    ],
)
def test_what_is_listed_is_read(admission: Admission, body: str) -> None:
    """Lists allow what they name, and an empty list allows everything."""
    assert isinstance(admit(body, admission)[0], Admitted)


def test_other_regions_are_ignored() -> None:
    """A region that nobody wants is not a fault: nothing is read, and the message may go."""
    (ignored,) = admit(s3_event(), Admission({BUCKET: None}, regions=["eu-west-1"]))
    assert ignored == Ignored(IgnoredReason.OTHER_REGION, BUCKET, KEY)


def test_a_foreign_account_is_refused_before_its_region_is_looked_at() -> None:
    """A forged account does not pass in silence because its region is not wanted."""
    (fault,) = admit(s3_event(), Admission({BUCKET: None}, accounts=["444455556666"], regions=["eu-west-1"]))
    assert isinstance(fault, Fault)


def test_each_entry_is_decided_alone() -> None:
    """One refused key in a message leaves the others to be read."""
    body = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": [KEY, f"../{KEY}", "cat.jpg"]})
    assert [type(entry) for entry in admit(body)] == [Admitted, Fault, Ignored]


def of_config(bucket: str, key: str) -> str:
    """AWS Config's message about a file that it wrote."""
    return json.dumps({"messageType": "ConfigurationHistoryDeliveryCompleted", "s3Bucket": bucket, "s3ObjectKey": key})


CONFIG_KEY = "AWSLogs/111122223333/Config/us-west-2/2026/11/24/x.json.gz"


@pytest.mark.row(61)
@pytest.mark.parametrize(("bucket", "key"), [("other", KEY), (BUCKET, CONFIG_KEY), ("other", "x/../y")])
def test_an_object_of_another_services_message_is_ignored_with_it(bucket: str, key: str) -> None:
    """What another service tells of its own files is no forgery, whatever bucket it names."""
    (ignored,) = admit(of_config(bucket, key))
    assert isinstance(ignored, Ignored)
    assert ignored.reason is IgnoredReason.OTHER_SERVICE


@pytest.mark.row(61)
def test_a_log_file_in_another_services_message_is_read() -> None:
    """Whoever tells of a log file in a listed bucket, it is read; with a name in doubt it is refused."""
    assert [entry.key for entry in admit(of_config(BUCKET, KEY)) if isinstance(entry, Admitted)] == [
        TrailKey(OWNER, "us-west-2")
    ]
    (fault,) = admit(of_config(BUCKET, f"{KEY}.zst"))
    assert isinstance(fault, Fault)
