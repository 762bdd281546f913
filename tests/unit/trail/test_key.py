"""Object keys: which are CloudTrail's log files, and what their names tell."""

from __future__ import annotations

import pytest

from agent.errors import PermanentError, Reason
from agent.model import IgnoredReason
from agent.trail import key
from agent.trail.key import TrailKey
from tests.support.objects import KEY, trail_objects

NAME = KEY.rpartition("/")[2]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (KEY, TrailKey("111122223333", "us-west-2", gzipped=True)),
        (KEY.removesuffix(".gz"), TrailKey("111122223333", "us-west-2", gzipped=False)),
        (f"prefix/{KEY}", TrailKey("111122223333", "us-west-2", gzipped=True)),
        (f"audit trail+1/é/{KEY}", TrailKey("111122223333", "us-west-2", gzipped=True)),
        (f"AWSLogs/{KEY}", TrailKey("111122223333", "us-west-2", gzipped=True)),
        (KEY.replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/"), TrailKey("111122223333", "us-west-2", gzipped=True)),
        (KEY.replace("us-west-2", "us-gov-east-1"), TrailKey("111122223333", "us-gov-east-1", gzipped=True)),
        (KEY.replace("Z_Yq", "ZYq"), TrailKey("111122223333", "us-west-2", gzipped=True)),
    ],
)
def test_log_files_are_known_by_their_key(text: str, parts: TrailKey) -> None:
    """Plain, prefixed and organisation trails, gzipped or not, tell account, region and form."""
    assert key.parse(text) == parts


@pytest.mark.parametrize("name", trail_objects())
def test_real_names_are_known(name: str) -> None:
    """Names that CloudTrail has given are names that we read."""
    parsed = key.parse(f"AWSLogs/218007301253/CloudTrail/us-east-1/2023/07/10/{name}.gz")
    assert parsed == TrailKey("218007301253", "us-east-1", gzipped=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KEY.replace("CloudTrail", "CloudTrail-Digest"), IgnoredReason.DIGEST),
        (f"p/{KEY}".replace("CloudTrail", "CloudTrail-Insight"), IgnoredReason.INSIGHT),
        (KEY.replace("CloudTrail", "CloudTrail-NetworkActivity"), IgnoredReason.OTHER_KEY),
        (KEY.replace("CloudTrail", "CloudTrail-Aggregated"), IgnoredReason.OTHER_KEY),
        ("AWSLogs/111122223333/CloudTrail/", IgnoredReason.OTHER_KEY),
        ("AWSLogs/111122223333/elasticloadbalancing/us-west-2/2023/05/18/x.log.gz", IgnoredReason.OTHER_KEY),
        ("CloudTrail-Digest/x", IgnoredReason.OTHER_KEY),
        ("cat.jpg", IgnoredReason.OTHER_KEY),
        ("", IgnoredReason.OTHER_KEY),
        (f"a\n/{KEY}", IgnoredReason.OTHER_KEY),
    ],
)
def test_other_objects_are_ignored_by_reason(text: str, reason: IgnoredReason) -> None:
    """What is not a log file is told apart: digests, Insights, the rest."""
    assert key.parse(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        f"../{KEY}",
        f"a..b/{KEY}",
        KEY.replace("111122223333_", "444455556666_"),
        KEY.replace("_us-west-2_", "_us-east-1_"),
        KEY.replace("/2023/", "/23/"),
        KEY.replace("T1715Z", "T17Z"),
        KEY.replace("Yq3h", "Yq-h"),
        KEY.replace("2023/05/18", "٢٠٢٣/05/18"),
        f"AWSLogs/111122223333/CloudTrail/{NAME}",
        "x" * 1025,
        "AWSLogs/111122223333/CloudTrail/" * 8000 + "x",
    ],
    ids=lambda text: text[:90],
)
def test_a_key_among_the_log_files_that_is_no_log_files_is_refused(text: str) -> None:
    """A forged key, or one of a scheme that we do not know, is never deleted in silence."""
    with pytest.raises(PermanentError) as refusal:
        key.parse(text)
    assert refusal.value.reason is Reason.NOT_ALLOWED


@pytest.mark.parametrize("text", [KEY.replace("111122223333", "١١١١٢٢٢٢٣٣٣٣"), KEY.replace("AWSLogs", "awslogs")])
def test_digits_and_case_are_taken_literally(text: str) -> None:
    """Only ASCII digits make an account id, and only `AWSLogs` is CloudTrail's folder."""
    assert key.parse(text) is IgnoredReason.OTHER_KEY
