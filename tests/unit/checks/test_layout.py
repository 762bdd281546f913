"""The newest log file is found by walking through CloudTrail's folders, with few requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest

from agent.aws.listing import ListedObject, ListedPage, Listing
from agent.aws.store_policy import DENIED, NO_BUCKET, Policy, StoreError
from agent.checks.layout import LayoutWalk

BUCKET = "acme-trail"
ACCOUNT = "111122223333"


def key(day: str, time: str, *, account: str = ACCOUNT, region: str = "us-west-2", above: str = "AWSLogs/") -> str:
    """A log file's key; `day` is 2026/11/20."""
    stamp = f"{day.replace('/', '')}T{time}Z"
    return f"{above}{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{stamp}_abc.json.gz"


class FakeListing(Listing):
    """Lists `keys` as S3 does. What `is_denied` says of a prefix may not be listed."""

    def __init__(self, keys: Iterable[str], is_denied: Callable[[str], bool] = lambda _: False) -> None:
        self.asked: list[str] = []
        self._keys = sorted(keys)
        self._is_denied = is_denied

    def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
        """Three at a time."""
        self._note(bucket, prefix)
        found = [one for one in self._keys if one.startswith(prefix) and one > after]
        return ListedPage([ListedObject(one, 7) for one in found[:3]], is_last=len(found) <= 3)

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """All at once."""
        self._note(bucket, prefix)
        rests = [one.removeprefix(prefix) for one in self._keys if one.startswith(prefix)]
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in rests if "/" in rest})

    def _note(self, bucket: str, prefix: str) -> None:
        assert bucket == BUCKET
        self.asked.append(prefix)
        if self._is_denied(prefix):
            raise StoreError(DENIED, "S3 refused the read")


def walk(
    listing: Listing, *, accounts: tuple[str, ...] = (), regions: tuple[str, ...] = (), hinted: tuple[str, ...] = ()
) -> LayoutWalk:
    """A walk through the bucket."""
    return LayoutWalk(listing, BUCKET, accounts, regions, lambda: hinted)


@pytest.mark.parametrize(
    "above", ["AWSLogs/", "AWSLogs/o-exampleorgid/", "audit/AWSLogs/", "a/b/AWSLogs/o-exampleorgid/"]
)
def test_the_newest_file_is_found_in_every_layout(above: str) -> None:
    """With and without a prefix, of an account and of an organisation: the last of the last day counts."""
    days = [("2025/12/31", "2300"), ("2026/02/09", "2355"), ("2026/11/20", "0930"), ("2026/11/20", "1005")]
    listing = FakeListing([key(day, time, above=above) for day, time in days])
    layout = walk(listing).find()
    assert layout.newest == ListedObject(key("2026/11/20", "1005", above=above), 7)
    assert layout.written == datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
    assert (layout.accounts, layout.regions, layout.is_whole) == ([ACCOUNT], ["us-west-2"], True)


def test_a_full_day_is_read_to_its_end() -> None:
    """A day may have more names than S3 tells at once."""
    times = [f"{hour:02}00" for hour in range(10)]
    layout = walk(FakeListing([key("2026/11/20", time) for time in times])).find()
    assert layout.newest == ListedObject(key("2026/11/20", "0900"), 7)


def test_a_large_bucket_takes_few_requests() -> None:
    """Accounts, regions and days multiply; the requests do not."""
    keys = [
        key(f"2026/{month:02}/{day:02}", "1000", account=f"{account:012}", region=region)
        for account in range(30)
        for region in ("us-west-2", "us-east-1", "eu-west-1", "ap-south-1")
        for month in (10, 11)
        for day in (1, 2)
    ]
    listing = FakeListing(keys)
    layout = walk(listing).find()
    assert layout.newest
    assert len(listing.asked) < 60


def test_all_trails_of_a_bucket_are_seen() -> None:
    """One at the root, and others in folders: the newest file may be of any."""
    newest = key("2026/11/21", "1000", account="444455556666", above="logs/org/AWSLogs/o-exampleorgid/")
    keys = [key("2026/11/20", "1000"), newest, "elb/2026/11/20/x.log"]
    layout = walk(FakeListing(keys)).find()
    assert layout.accounts == [ACCOUNT, "444455556666"]
    assert layout.roots == ["AWSLogs/", "logs/org/AWSLogs/"]
    assert (layout.newest, layout.is_whole) == (ListedObject(newest, 7), True)


def test_a_large_trail_does_not_hide_a_small_one() -> None:
    """Of each trail as many accounts are looked into, where there are many."""
    large = [key("2026/11/20", "1000", account=f"{account:012}") for account in range(30)]
    small = key("2026/11/20", "1000", account="999900001111", above="logs/AWSLogs/")
    assert "999900001111" in walk(FakeListing([*large, small])).find().accounts


def test_the_search_for_trails_is_bounded() -> None:
    """A bucket may have any number of folders: what was not looked into is known."""
    listing = FakeListing(
        [key("2026/11/20", "1000"), *(f"{number:04}/{below}/x" for number in range(99) for below in "ab")]
    )
    layout = walk(listing).find()
    assert layout.newest
    assert len(listing.asked) < 60
    assert (len(layout.searched.unseen), layout.is_whole) == (138, False)


def test_a_trail_that_may_not_be_seen_hides_no_other() -> None:
    """Its folder is named."""
    keys = [key("2026/11/20", "1000"), key("2026/11/21", "1000", above="logs/AWSLogs/")]
    layout = walk(FakeListing(keys, lambda prefix: prefix == "logs/AWSLogs/")).find()
    assert layout.newest == ListedObject(keys[0], 7)
    assert (layout.searched.unseen, layout.is_whole) == (["logs/AWSLogs/"], False)


def test_it_looks_where_codecatalyst_writes_first() -> None:
    """Of many regions, those that are looked into have the home of spaces among them."""
    regions = [*(f"aa-bb-{number}" for number in range(20)), "us-west-2"]
    listing = FakeListing(key("2026/11/20", "1000", region=region) for region in regions)
    assert walk(listing).find().newest
    assert any("us-west-2/2026/11/20/" in prefix for prefix in listing.asked)


def test_only_wanted_regions_are_looked_into() -> None:
    """What the settings leave out is not the newest file, however new it is."""
    listing = FakeListing([key("2026/11/20", "1000"), key("2026/11/21", "1000", region="us-east-1")])
    layout = walk(listing, regions=("us-west-2",)).find()
    assert layout.newest == ListedObject(key("2026/11/20", "1000"), 7)


def test_an_agent_that_may_not_list_the_top_looks_for_accounts_that_it_knows() -> None:
    """deploy/iam/agent.json allows only what is below an account's CloudTrail folder."""
    listing = FakeListing([key("2026/11/20", "1000")], lambda prefix: "/CloudTrail/" not in prefix)
    layout = walk(listing, accounts=(ACCOUNT,)).find()
    assert layout.newest == ListedObject(key("2026/11/20", "1000"), 7)
    assert not layout.is_whole
    with pytest.raises(StoreError):
        walk(listing).find()


@pytest.mark.parametrize("hinted", ["audit/AWSLogs/", "AWSLogs/o-exampleorgid/"])
def test_where_the_top_is_closed_the_folders_that_are_told_of_are_looked_into(hinted: str) -> None:
    """Accounts that are known are looked for there, and all of them where that folder may be listed."""
    keys = [key("2026/11/20", "1000", above=hinted), key("2026/11/21", "1000", account="444455556666", above=hinted)]
    agents = FakeListing(keys, lambda prefix: not prefix.startswith(hinted) or "/CloudTrail/" not in prefix)
    assert walk(agents, accounts=(ACCOUNT,), hinted=(hinted,)).find().newest == ListedObject(keys[0], 7)
    operators = FakeListing(keys, lambda prefix: not prefix.startswith(hinted))
    layout = walk(operators, hinted=(hinted,)).find()
    assert (layout.newest, layout.accounts) == (ListedObject(keys[1], 7), [ACCOUNT, "444455556666"])
    assert not layout.is_whole


def test_who_may_list_log_files_only_has_no_closed_bucket() -> None:
    """Where they are is not known then, and the policy of an agent is not to blame."""
    listing = FakeListing([key("2026/11/20", "1000", above="audit/AWSLogs/")], lambda prefix: prefix != "_CloudTrail_")
    layout = walk(listing, accounts=(ACCOUNT,)).find()
    assert (layout.places, layout.newest, layout.is_whole) == ([], None, False)


def test_a_folder_beside_the_trail_may_be_closed() -> None:
    """With a prefix, other folders are looked into; one that may not be listed is passed over."""
    listing = FakeListing([key("2026/11/20", "1000", above="trail/AWSLogs/"), "hr/x"], lambda prefix: prefix == "hr/")
    assert walk(listing).find().newest


def test_an_empty_bucket_has_no_newest_file() -> None:
    """Nor has one with other things in it."""
    assert walk(FakeListing(["elb/2026/11/20/x.log"])).find().newest is None


@pytest.mark.parametrize("policy", [NO_BUCKET, DENIED])
def test_a_bucket_that_cannot_be_listed_raises(policy: Policy) -> None:
    """Whoever asked says why."""

    class Closed(FakeListing):
        def folders(self, bucket: str, prefix: str) -> list[str]:
            raise StoreError(policy, f"no {bucket} {prefix}")

        def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
            raise StoreError(policy, f"no {bucket} {prefix}{after}")

    with pytest.raises(StoreError):
        walk(Closed([])).find()
