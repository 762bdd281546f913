"""Where trails are in a bucket, and what is chosen of them."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.aws import store_policy
from agent.aws.store_policy import StoreError
from agent.errors import DependencyError
from agent.pulse import Pulse
from agent.replay.retrying import Retrying
from agent.replay.span import Span
from agent.replay.streams import Discovery, Stream, Wanted, moment_of, normal_prefix
from tests.support.clock import FakeClock
from tests.support.listing import FakeListing, key_at, stream
from tests.support.objects import BUCKET
from tests.support.one_worker import HereAndNow
from tests.support.store import denied, unavailable
from tests.support.telemetry import FakeTelemetry

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
OTHER = "444455556666"


def discovery_of(listing: FakeListing) -> Discovery:
    """What finds streams in `listing`."""
    retrying = Retrying(telemetry=FakeTelemetry(), pulse=Pulse(FakeClock()), halt=threading.Event(), random=lambda: 1.0)
    return Discovery(listing, HereAndNow(), retrying)


def find(listing: FakeListing, **chosen: object) -> list[Stream]:
    """The streams of the bucket that are chosen."""
    return discovery_of(listing).find(Wanted(**{"buckets": [BUCKET], **chosen}))  # type: ignore[arg-type]


def bucket_of(*streams: Stream) -> FakeListing:
    """A bucket with an object of each of `streams`, and things that are no trail."""
    others = ["AWSLogs/111122223333/elasticloadbalancing/us-west-2/2026/a.gz", "AWSLogs/readme/x.txt", "photo.png"]
    return FakeListing({BUCKET: [*(key_at(NOON, of=one) for one in streams), *others]})


def test_every_account_and_region_is_a_stream() -> None:
    """Nothing else in the bucket is."""
    all_of_them = [stream(), stream(region="eu-west-1"), stream(OTHER)]
    listing = bucket_of(*all_of_them)
    assert find(listing) == sorted(all_of_them)
    assert all(prefix.endswith("/") or not prefix for prefix in listing.asked), "folders are asked for, and no object"
    assert listing.requests <= 8


def test_an_organisations_trail_has_its_accounts_one_folder_deeper() -> None:
    """Beside accounts of a plain trail."""
    member = Stream(BUCKET, f"AWSLogs/o-a1b2c3d4e5/{OTHER}/CloudTrail/us-east-1/", OTHER, "us-east-1")
    assert find(bucket_of(stream(), member)) == sorted([stream(), member])


@pytest.mark.parametrize("prefix", ["logs/", "logs/trail/", "a/b/c/"])
def test_a_prefix_is_found(prefix: str) -> None:
    """Up to three folders above AWSLogs/."""
    there = stream(prefix=prefix)
    listing = FakeListing({BUCKET: [key_at(NOON, of=there), "pictures/1.png", "data/x/y/z.parquet"]})
    assert find(listing) == [there]
    assert find(listing, prefixes=[prefix]) == [there]


def test_a_prefix_that_is_named_is_not_looked_for() -> None:
    """Two trails in one bucket are told apart."""
    one, other = stream(prefix="one/"), stream(prefix="other/")
    listing = FakeListing({BUCKET: [key_at(NOON, of=one), key_at(NOON, of=other)]})
    assert find(listing) == [one, other]
    assert find(listing, prefixes=["other/"]) == [other]
    assert find(listing, prefixes=["one/", "other/"]) == [one, other]


def test_every_trail_of_a_bucket_is_found_at_whatever_level_it_is() -> None:
    """One at the root hides none below it, and other logs at the root hide no trail."""
    root, above, below = stream(), stream(OTHER, prefix="a/"), stream(prefix="b/c/")
    keys = [key_at(NOON, of=one) for one in (root, above, below)]
    assert find(FakeListing({BUCKET: keys})) == [root, above, below]
    balancer = "AWSLogs/111122223333/elasticloadbalancing/us-west-2/2026/a.gz"
    assert find(FakeListing({BUCKET: [balancer, *keys[1:]]})) == [above, below]


@pytest.mark.parametrize("prefix", ["AWSLogs/", "AWSLogs/team/", "logs/AWSLogs/team/"])
def test_a_trail_whose_prefix_is_below_another_awslogs_is_found(prefix: str) -> None:
    """Beside the plain one, whose accounts are not looked into for that."""
    nested, outer = stream(OTHER, prefix=prefix), stream(prefix=prefix.partition("AWSLogs/")[0])
    listing = FakeListing({BUCKET: [key_at(NOON, of=one) for one in (nested, outer, stream())]})
    assert find(listing) == sorted({nested, outer, stream()})
    assert find(listing, prefixes=[prefix]) == [nested]
    assert cautions_of(listing) == []


def cautions_of(listing: FakeListing, **chosen: object) -> list[str]:
    """What is said beside what is found."""
    discovery = discovery_of(listing)
    assert discovery.find(Wanted(**{"buckets": [BUCKET], **chosen}))  # type: ignore[arg-type]
    return list(discovery.cautions)


def test_a_named_folder_without_a_trail_is_told_beside_one_that_has_one() -> None:
    """It may be mistyped, and its trail would be left out; a folder need not be in every bucket."""
    one, other = stream(prefix="one/"), stream(prefix="other/", bucket="b-other")
    listing = FakeListing({BUCKET: [key_at(NOON, of=one)], "b-other": [key_at(NOON, of=other)]})
    assert cautions_of(listing, prefixes=["one/", "othr/"]) == [
        "no trail has written below othr/AWSLogs/; check --prefix"
    ]
    assert cautions_of(listing, buckets=[BUCKET, "b-other"], prefixes=["one/", "other/"]) == []


def test_a_bucket_without_a_trail_is_told_beside_one_that_has_one() -> None:
    """It holds other logs, say; one that has only accounts that are not wanted says nothing."""
    balancer = "AWSLogs/111122223333/elasticloadbalancing/us-west-2/2026/a.gz"
    listing = FakeListing({BUCKET: [key_at(NOON)], "b-other": [balancer], "b-third": [key_at(NOON, of=stream(OTHER))]})
    told = "no trail has written to bucket b-other, below AWSLogs/; if one has, check buckets and --prefix"
    assert cautions_of(listing, buckets=[BUCKET, "b-other"]) == [told]
    assert cautions_of(listing, buckets=[BUCKET, "b-third"], accounts=["111122223333"]) == []


def test_accounts_and_regions_narrow_it() -> None:
    """What is not wanted is not even listed."""
    listing = bucket_of(stream(), stream(region="eu-west-1"), stream(OTHER))
    assert find(listing, accounts=[OTHER]) == [stream(OTHER)]
    assert find(listing, regions=["eu-west-1"]) == [stream(region="eu-west-1")]


@pytest.mark.parametrize(
    ("listing", "chosen", "words"),
    [
        (FakeListing({BUCKET: ["a/b.txt", "c.txt"]}), {}, "name the folder in which AWSLogs/ is with --prefix"),
        (FakeListing({BUCKET: [f"{n}/x" for n in range(500)]}), {}, "--prefix"),
        (FakeListing(), {}, "no trail was found"),
        (bucket_of(stream()), {"prefixes": ["logs/"]}, "check --prefix"),
        (bucket_of(stream()), {"accounts": [OTHER]}, "there are objects of 111122223333; check --account$"),
        (
            bucket_of(stream(), stream(region="eu-west-1")),
            {"regions": ["us-wst-2"]},
            "of region us-wst-2; there are objects of eu-west-1, us-west-2; check --region: did you mean us-west-2",
        ),
        (
            bucket_of(stream(), stream(OTHER, region="eu-west-1")),
            {"accounts": [OTHER], "regions": ["us-west-2"], "regions_by": "regions in the settings"},
            "of region us-west-2; there are objects of eu-west-1; check regions in the settings$",
        ),
        (FakeListing({BUCKET: ["AWSLogs/111122223333/Config/x"]}), {}, "no trail has written below AWSLogs/"),
    ],
)
def test_nothing_found_is_told_with_what_to_do(listing: FakeListing, chosen: dict[str, object], words: str) -> None:
    """In the words of the command line, after few requests."""
    with pytest.raises(DependencyError, match=words):
        find(listing, **chosen)
    assert listing.requests < 300


def test_a_name_that_is_not_there_is_told_beside_what_was_found() -> None:
    """One of several that were given may be mistyped: what it stands for would be missing without a word."""
    listing = bucket_of(stream(), stream(OTHER), stream(OTHER, region="eu-west-1"))
    wanted = Wanted([BUCKET], accounts=[OTHER, "111122223334"], regions=["us-west-2", "eu-wset-1"])
    discovery = discovery_of(listing)
    assert discovery.find(wanted) == [stream(OTHER)]
    assert discovery.cautions == [
        f"there is nothing of {named}; there are objects of {there}; check {option}: did you mean {meant}?"
        for named, there, option, meant in (
            ("account 111122223334", f"111122223333, {OTHER}", "--account", "111122223333"),
            ("region eu-wset-1", "eu-west-1, us-west-2", "--region", "eu-west-1"),
        )
    ]


def test_who_may_not_list_the_root_is_told() -> None:
    """The usual policy allows AWSLogs/ only, and that is tried first."""
    listing = bucket_of(stream())
    listing.trouble(denied())
    with pytest.raises(DependencyError, match="s3:ListBucket"):
        find(listing)


class NarrowListing(FakeListing):
    """Only what is below `allowed` may be listed, as a policy with a condition on s3:prefix has it."""

    allowed: tuple[str, ...] = (f"AWSLogs/{OTHER}/",)

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """As S3."""
        if not prefix.startswith(self.allowed):
            raise denied()
        return super().folders(bucket, prefix)


@pytest.mark.parametrize("chosen", [{}, {"prefixes": [""]}])
def test_an_account_that_is_named_is_found_where_only_its_folder_may_be_listed(chosen: dict[str, object]) -> None:
    """What was not looked into for that is told."""
    listing = NarrowListing({BUCKET: [key_at(NOON, of=one) for one in (stream(), stream(OTHER))]})
    discovery = discovery_of(listing)
    wanted = Wanted(**{"buckets": [BUCKET], "accounts": [OTHER], **chosen})  # type: ignore[arg-type]
    assert discovery.find(wanted) == [stream(OTHER)]
    (told,) = discovery.cautions
    assert told.startswith(f"AWSLogs/ of bucket {BUCKET} may not be listed (")


@pytest.mark.parametrize("chosen", [{}, {"prefixes": [""]}])
def test_an_account_that_is_named_and_may_not_be_listed_ends_it(chosen: dict[str, object]) -> None:
    """Beside one that may: nobody knows whether there is something of it, and it must not be left out."""
    listing = NarrowListing({BUCKET: [key_at(NOON, of=one) for one in (stream(), stream(OTHER))]})
    with pytest.raises(DependencyError, match="for the prefix AWSLogs/111122223333/CloudTrail/"):
        find(listing, accounts=["111122223333", OTHER], **chosen)


def test_a_second_folder_of_an_account_that_may_not_be_listed_is_told() -> None:
    """The policy allows each account only where its trail writes, perhaps: so it need not be an error."""
    listing = NarrowListing({BUCKET: [key_at(NOON, of=stream(OTHER))]})
    listing.allowed = (f"AWSLogs/{OTHER}/", "logs/AWSLogs/")
    listing.put(key_at(NOON, of=stream(prefix="logs/")))
    told = cautions_of(listing, prefixes=["", "logs/"], accounts=["111122223333", OTHER])
    assert any(each.startswith(f"AWSLogs/111122223333/CloudTrail/ of bucket {BUCKET} may not be list") for each in told)


@pytest.mark.parametrize(("chosen", "is_open"), [({}, True), ({"prefixes": [""]}, False)])
def test_who_names_an_account_that_may_not_be_listed_is_told_what_to_allow(
    chosen: dict[str, object], is_open: bool
) -> None:
    """--prefix is named only as the other way that there may be."""
    listing = NarrowListing({BUCKET: [key_at(NOON, of=stream())]})
    with pytest.raises(DependencyError, match="at least for AWSLogs/111122223333/CloudTrail/") as told:
        find(listing, accounts=["111122223333"], **chosen)
    assert ("if AWSLogs/ is in another folder, name that with --prefix" in str(told.value)) == is_open


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDenied", "allow s3:ListBucket to this role, for the prefix logs/AWSLogs/"),
        ("RequestTimeTooSkewed", "set this machine's clock"),
        ("ExpiredToken", "renew or correct this machine's credentials"),
    ],
)
def test_why_a_named_folder_may_not_be_listed_says_what_to_do(code: str, advice: str) -> None:
    """A clock and old credentials are no matter of permissions, and --prefix is no advice to who gave it."""
    listing = bucket_of(stream())
    listing.trouble(StoreError(store_policy.DENIED, "S3 refused the listing", answer=f"403 {code}"))
    with pytest.raises(DependencyError, match=advice) as told:
        discovery_of(listing).find(Wanted([BUCKET], prefixes=["logs/"]))
    assert "--prefix" not in str(told.value)


def test_a_bucket_that_there_is_not_is_told_with_where_it_is_named() -> None:
    """S3's own words say only that it does not exist."""
    listing = bucket_of(stream())
    listing.trouble(StoreError(store_policy.NO_BUCKET, "there is no such bucket"))
    with pytest.raises(DependencyError, match="there is no such bucket; correct its name under buckets"):
        find(listing)


def test_what_may_pass_is_asked_again() -> None:
    """S3 says SlowDown now and then."""
    listing = bucket_of(stream())
    listing.trouble(unavailable(), unavailable())
    assert find(listing) == [stream()]


NESTED = [("AWSLogs/team", "AWSLogs/team/"), ("AWSLogs/team/AWSLogs", "AWSLogs/team/"), ("AWSLogs/AWSLogs", "AWSLogs/")]


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("logs", "logs/"), ("/logs/trail/", "logs/trail/"), ("logs/AWSLogs/", "logs/"), ("AWSLogs", ""), *NESTED],
)
def test_a_prefix_may_be_written_in_several_ways(text: str, prefix: str) -> None:
    """With and without slashes, and with the folder AWSLogs/ that is in it."""
    assert normal_prefix(text) == prefix


@pytest.mark.parametrize(
    "text", ["s3://bucket/logs", "a//b", "a/../b", "AWSLogs/111122223333/CloudTrail", "x/AWSLogs/o-a1b2c3d4e5", ""]
)
def test_a_prefix_that_is_none_is_refused(text: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ValueError, match=r"folder|AWSLogs"):
        normal_prefix(text)


DAY = date(2026, 10, 5)
TIMES = st.datetimes(datetime(2026, 10, 3), datetime(2026, 10, 8))  # noqa: DTZ001


@given(TIMES, st.lists(TIMES, min_size=3, max_size=3, unique=True))
def test_an_object_is_in_one_of_two_spans_that_meet(written: datetime, bounds: list[datetime]) -> None:
    """Even if its name tells another day than its folder: else both replays, or none, would ship it."""
    a, b, c = (bound.replace(tzinfo=UTC, microsecond=0) for bound in sorted(bounds))
    name = key_at(written).rpartition("/")[2]
    moment = moment_of(f"{stream().day_folder(DAY)}{name}", DAY)
    assert moment.date() == DAY
    assert Span(a, b).holds(moment) + Span(b, c).holds(moment) == Span(a, c).holds(moment)


def test_a_name_that_tells_no_time_counts_as_the_beginning_of_its_day() -> None:
    """It is shipped once, too."""
    assert moment_of(f"{stream().day_folder(DAY)}readme.txt", DAY) == datetime(2026, 10, 5, tzinfo=UTC)
