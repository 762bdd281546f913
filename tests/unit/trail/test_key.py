"""Object keys: which are CloudTrail's log files, and what their names tell."""

from __future__ import annotations

import pytest

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.trail import key
from agent.trail.key import TrailKey
from tests.support.objects import KEY, trail_objects

CONFIG_NAME = "111122223333_Config_us-west-2_ConfigHistory_AWS::CloudTrail::Trail_20261124T100000Z_1.json.gz"
NAME = KEY.rpartition("/")[2]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (KEY, TrailKey("111122223333", "us-west-2")),
        (KEY.removesuffix(".gz"), TrailKey("111122223333", "us-west-2")),
        (f"prefix/{KEY}", TrailKey("111122223333", "us-west-2")),
        (f"audit trail+1/é/{KEY}", TrailKey("111122223333", "us-west-2")),
        (f"AWSLogs/{KEY}", TrailKey("111122223333", "us-west-2")),
        (KEY.replace("AWSLogs/", "AWSLogs/o-a1b2c3d4e5/"), TrailKey("111122223333", "us-west-2")),
        (KEY.replace("us-west-2", "us-gov-east-1"), TrailKey("111122223333", "us-gov-east-1")),
        (KEY.replace("Z_Yq", "ZYq"), TrailKey("111122223333", "us-west-2")),
    ],
)
def test_log_files_are_known_by_their_key(text: str, parts: TrailKey) -> None:
    """Plain, prefixed and organisation trails, gzipped or not, tell account and region."""
    assert key.parse(text) == parts


@pytest.mark.parametrize("name", trail_objects())
def test_real_names_are_known(name: str) -> None:
    """Names that CloudTrail has given are names that we read."""
    parsed = key.parse(f"AWSLogs/218007301253/CloudTrail/us-east-1/2023/07/10/{name}.gz")
    assert parsed == TrailKey("218007301253", "us-east-1")


WEST = TrailKey("111122223333", "us-west-2")


@pytest.mark.row(58)
@pytest.mark.parametrize(
    "text",
    [
        NAME,
        f"cloudtrail/{NAME}",
        f"backup/2026-11-24T10:00/{NAME}",
        KEY.replace("AWSLogs/", "AWSLogs/team-suffix/"),
        KEY.replace("AWSLogs/", "AWSLogs/O-ABC1234567/"),
        KEY.replace("AWSLogs/111122223333/CloudTrail", "awslogs/111122223333/cloudtrail"),
        KEY.lower(),
        KEY.upper(),
        KEY.replace("us-west-2/2023/05/18", "region=us-west-2/year=2023/month=05/day=18"),
        KEY.replace("AWSLogs/111122223333/CloudTrail/", "account=111122223333/"),
        KEY.replace("/2023/05/18", ""),
        KEY.replace("/2023/", "/23/"),
        KEY.replace("2023/05/18", "٢٠٢٣/05/18"),
        f"444455556666/CloudTrail/{KEY}",
        f"AWSLogs/444455556666/CloudTrail/us-east-1/{KEY}",
        KEY.replace("/", "_"),
        KEY.replace("/", "%2F"),
        f"Copy of {NAME}",
        NAME.replace(".json", "-copy.json"),
        NAME.replace(".json", " (1).json"),
        NAME.replace(".json", ".json (1)"),
        f"{NAME}.gz",
        KEY.replace("T1715Z", "T171530Z"),
        f"AWSLogs/111122223333/vpcflowlogs/{NAME}",
    ],
)
def test_the_name_makes_a_log_file_in_whatever_folder(text: str) -> None:
    """Copies, partitions, other prefixes, another case and added endings take nothing away from a file name."""
    assert key.parse(text) == WEST


@pytest.mark.row(58)
@pytest.mark.parametrize("ending", [".json", "", ".json.gz (1)", ".json.gz-2026-11-24", ".json.bak", ".json.gz.v2"])
def test_the_ending_does_not_matter(ending: str) -> None:
    """The content tells whether it is gzip, and whether it is whole."""
    assert key.parse(KEY.removesuffix(".json.gz") + ending) == TrailKey("111122223333", "us-west-2")


@pytest.mark.row(58)
@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "us-west-2-lax-1"]
)
def test_every_partition_has_its_regions(region: str) -> None:
    """Regions of other partitions and local zones are read as they stand."""
    assert key.parse(KEY.replace("us-west-2", region)) == TrailKey("111122223333", region)


@pytest.mark.row(60)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KEY.replace("CloudTrail", "CloudTrail-Digest"), IgnoredReason.DIGEST),
        (f"p/{KEY}".replace("CloudTrail", "CloudTrail-Insight"), IgnoredReason.INSIGHT),
        (KEY.replace("CloudTrail", "CloudTrail-NetworkActivity"), IgnoredReason.NETWORK_ACTIVITY),
        ("AWSLogs/111122223333/CloudTrail-NetworkActivity/us-west-2/x.json.gz", IgnoredReason.NETWORK_ACTIVITY),
        (KEY.replace("CloudTrail", "CloudTrail-Aggregated"), IgnoredReason.AGGREGATED),
        (KEY.replace("CloudTrail", "cloudtrail-aggregated"), IgnoredReason.AGGREGATED),
        (f"flat/{NAME.replace('CloudTrail', 'CloudTrail-Digest')}", IgnoredReason.DIGEST),
        ("CloudTrail-Digest/x", IgnoredReason.DIGEST),
        ("AWSLogs/111122223333/CloudTrail-Lake/Query/2026/11/24/1-2/result_1.csv.gz", IgnoredReason.LAKE),
        ("queries/result_sign.json", IgnoredReason.LAKE),
        ("AWSLogs/111122223333/CloudTrail/", IgnoredReason.OTHER_KEY),
        ("AWSLogs/111122223333/CloudTrail/us-west-2_$folder$", IgnoredReason.OTHER_KEY),
        ("AWSLogs/111122223333/elasticloadbalancing/us-west-2/2023/05/18/x.log.gz", IgnoredReason.OTHER_KEY),
        (f"AWSLogs/111122223333/Config/us-west-2/2026/11/24/ConfigHistory/{CONFIG_NAME}", IgnoredReason.OTHER_KEY),
        (f"cloudtrail/{CONFIG_NAME}", IgnoredReason.OTHER_KEY),
        ("cloudtrail/AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/x.log.gz", IgnoredReason.OTHER_KEY),
        ("cloudtrail/2026-11-24-10-00-00-0123456789ABCDEF", IgnoredReason.OTHER_KEY),
        (f"{KEY}.md5", IgnoredReason.OTHER_KEY),
        ("docs/cloudtrail.png", IgnoredReason.OTHER_KEY),
        ("cat.jpg", IgnoredReason.OTHER_KEY),
        ("", IgnoredReason.OTHER_KEY),
    ],
)
def test_other_objects_are_ignored_by_reason(text: str, reason: IgnoredReason) -> None:
    """What is certainly no log file is told apart: digests, Insights, what else CloudTrail writes, the rest."""
    assert key.parse(text) is reason


@pytest.mark.row(84)
@pytest.mark.parametrize("kind", ["Digest", "Insight", "NetworkActivity", "Aggregated", "Lake", "Tomorrow"])
def test_the_name_of_a_log_file_decides_in_every_folder(kind: str) -> None:
    """A log file that somebody has put among CloudTrail's other files is read; its account must agree as everywhere."""
    folder = f"AWSLogs/111122223333/CloudTrail-{kind}/us-west-2/2026/11/24"
    assert key.parse(f"{folder}/{NAME}") == TrailKey("111122223333", "us-west-2")
    with pytest.raises(PermanentError, match="two accounts or two regions") as refusal:
        key.parse(f"{folder}/{NAME.replace('111122223333', '444455556666')}")
    assert refusal.value.reason is Reason.NOT_ALLOWED


@pytest.mark.row(59)
@pytest.mark.parametrize(
    "text",
    [
        f"../{KEY}",
        f"a..b/{KEY}",
        f"a\n/{KEY}",
        KEY.replace("111122223333_", "444455556666_"),
        KEY.replace("_us-west-2_", "_us-east-1_"),
        NAME.replace(".json.gz", "_444455556666_CloudTrail_us-west-2_20230518T1715Z_x.json.gz"),
        KEY.replace("T1715Z", "T17Z"),
        KEY.replace("111122223333", "١١١١٢٢٢٢٣٣٣٣"),
        KEY.replace("111122223333_CloudTrail", "CloudTrail"),
        KEY.replace("_CloudTrail_", "-CloudTrail-"),
        KEY.replace("CloudTrail", "CloudTrail-Tomorrow"),
        "AWSLogs/111122223333/CloudTrail/us-west-2/2023/05/18/mine.json.gz",
        "cloudtrail/111122223333/us-west-2/2023/05/18/x.json.gz",
        "cloudtrail-logs/part-00000.snappy.parquet",
        "exports/cloudtrail-2026-11-24.json.gz",
        f"{KEY}/part-1.json",
        f"{KEY}/",
        "x" * 1025,
        "AWSLogs/111122223333/CloudTrail/" * 8000 + "x",
    ],
    ids=lambda text: text[:90],
)
def test_what_may_hold_events_without_a_log_files_name_is_refused(text: str) -> None:
    """A forged key, a name that was lost, or a scheme that we do not know: never deleted without a word."""
    with pytest.raises(PermanentError) as refusal:
        key.parse(text)
    assert refusal.value.reason is Reason.NOT_ALLOWED


@pytest.mark.row(59)
@pytest.mark.parametrize("ending", ["zst", "bz2", "parquet", "ZIP", "zst.tmp"])
def test_a_log_file_that_is_packed_otherwise_says_how_and_what_to_do(ending: str) -> None:
    """The operator learns which form it has, and which it should have."""
    with pytest.raises(PermanentError, match=rf"stored as \.{ending[:3].lower()}.*store it as \.json or \.json\.gz"):
        key.parse(KEY.replace(".json.gz", f".json.{ending}"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (KEY, "2023-05-18T17:15:00+00:00"),
        (NAME.replace("T1715Z", "T171559Z"), "2023-05-18T17:15:59+00:00"),
        (NAME.lower(), "2023-05-18T17:15:00+00:00"),
        (KEY.replace("T1715Z", "T2515Z"), None),
        (KEY.rpartition("/")[0] + "/", None),
        ("AWSLogs/123456789012/CloudTrail/us-west-2/2026/11/20/readme.txt", None),
    ],
)
def test_a_name_tells_when_its_file_was_written(text: str, written: str | None) -> None:
    """To the minute, or to the second where the name has it; a name without a time that exists tells nothing."""
    moment = key.written_at(text)
    assert (moment.isoformat() if moment else None) == written
