"""Where `AWSLogs/` is in a bucket, and what was not looked into."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agent.aws.store_policy import StoreError
from agent.aws.trail_search import Searched, look_for_roots
from tests.support.listing import FakeListing, key_at, stream
from tests.support.objects import BUCKET
from tests.support.one_worker import HereAndNow
from tests.support.replays import BEGIN
from tests.support.store import denied, unavailable

TRAIL = key_at(BEGIN)
BELOW = key_at(BEGIN, of=stream(prefix="logs/x/"))


def searched(keys: Iterable[str], refused: Iterable[str] = (), error: StoreError | None = None) -> Searched:
    """What is found in a bucket of `keys`, of which the folders `refused` may not be listed."""
    listing = FakeListing({BUCKET: keys})

    def folders(folder: str) -> list[str]:
        if folder in refused:
            raise error or denied()
        return listing.folders(BUCKET, folder)

    return look_for_roots(folders, HereAndNow().map)


def test_a_bucket_that_is_seen_whole_needs_no_caution() -> None:
    """The folders of accounts are not searched."""
    found = searched([TRAIL, BELOW, "pictures/1.png"])
    assert (sorted(found.prefixes), found.caution(BUCKET)) == (["", "logs/x/"], "")


@pytest.mark.parametrize(
    ("keys", "refused", "words"),
    [
        ([TRAIL], [""], ["1 folder of", "S3 refused some (S3 refused the read", "its root", "--prefix AWSLogs is"]),
        ([TRAIL, BELOW], ["logs/x/"], ["1 folder of", "logs/x/; if a trail writes there"]),
        ([TRAIL, "a/b/c/d/e.txt"], [], ["1 folder of", ": a/b/c/d/;"]),
        ([TRAIL, *(f"{number:03}/x" for number in range(250))], [], ["51 folders of", "were not looked into"]),
    ],
)
def test_what_was_not_looked_into_is_told(keys: list[str], refused: list[str], words: list[str]) -> None:
    """Another trail may be there: it may not be listed, is too deep, or there are too many."""
    told = searched(keys, refused).caution(BUCKET)
    assert [word for word in words if word not in told] == [], told


@pytest.mark.parametrize("error", [denied(), unavailable()])
def test_nothing_is_found_where_nothing_may_be_seen(error: StoreError) -> None:
    """It is no empty bucket."""
    with pytest.raises(StoreError):
        searched([BELOW], [""], error)


def test_what_is_no_refusal_is_not_passed_over() -> None:
    """Nobody forbade it: it has to be asked again."""
    with pytest.raises(StoreError):
        searched([TRAIL, BELOW], ["logs/"], unavailable())
