"""The newest log file of a bucket, found with few requests: CloudTrail's folders are walked, not listed.

CloudTrail writes `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/<file>`. Page: CloudTrail user guide,
"Finding your CloudTrail log files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agent.aws.listing import ListedObject, Listing
from agent.aws.store_policy import DENIED, StoreError
from agent.records.profiles.codecatalyst import HOME_REGIONS
from agent.trail.key import written_at

_ROOT: Final = "AWSLogs/"
_ACCOUNT: Final = re.compile(r"[0-9]{12}/")
_ORGANISATION: Final = re.compile(r"o-[a-z0-9]+/")
_DEEPEST_PREFIX: Final = 3
_MOST_FOLDERS: Final = 20  # looked into for the one that has AWSLogs/
_MOST_ACCOUNTS: Final = 12
_MOST_PLACES: Final = 8
_MOST_PAGES: Final = 5


@dataclass(frozen=True, slots=True)
class TrailFolder:
    """Where the log files of one account and region are: the folder above the years."""

    folder: str
    account: str
    region: str

    @property
    def is_home(self) -> bool:
        """Whether CodeCatalyst may write here."""
        return self.region in HOME_REGIONS


@dataclass(frozen=True, slots=True)
class Layout:
    """What the folders of a bucket tell. `newest` is the newest log file that was found, and `written` when it was.

    `is_whole`: all accounts were seen; else only those that are known without listing the bucket.
    """

    places: Sequence[TrailFolder]
    newest: ListedObject | None
    written: datetime | None
    is_whole: bool

    @property
    def accounts(self) -> list[str]:
        """The accounts whose trail is here."""
        return sorted({place.account for place in self.places})

    @property
    def regions(self) -> list[str]:
        """The regions of which something was written."""
        return sorted({place.region for place in self.places})

    def examples(self, at: datetime) -> list[str]:
        """A key such as CloudTrail writes at `at`, of each folder that CodeCatalyst writes to; of each, if of none."""
        home = [place for place in self.places if place.is_home]
        return [
            f"{one.folder}{at:%Y/%m/%d}/{one.account}_CloudTrail_{one.region}_{at:%Y%m%dT%H%MZ}_aB3dE5gH7jK9mN1p.json.gz"
            for one in home or self.places
        ]


class LayoutWalk:
    """Walks through one bucket. `accounts` are those that may be in it, `regions` those that are wanted; empty: all."""

    def __init__(self, listing: Listing, bucket: str, accounts: Sequence[str], regions: Sequence[str]) -> None:
        self._listing = listing
        self._bucket = bucket
        self._accounts = accounts
        self._regions = regions

    def find(self) -> Layout:
        """The layout; raises `StoreError` if the bucket cannot be listed at all."""
        places, is_whole = self._places()
        found = [one for place in self._chosen(places) if (one := self._newest_at(place))]
        dated = [(written, one) for one in found if (written := written_at(one.key))]
        written, newest = max(dated, key=lambda pair: pair[0], default=(None, None))
        return Layout(places, newest, written, is_whole)

    def _places(self) -> tuple[list[TrailFolder], bool]:
        """All of them, and whether they are all; where the bucket may not be listed from its top, the known ones."""
        try:
            folders = [*self._account_folders()]
        except StoreError as error:
            if error.policy is not DENIED or not self._accounts:
                raise
            return self._known_places(), False
        return [place for folder in folders for place in self._regions_of(folder)], True

    def _known_places(self) -> list[TrailFolder]:
        return [place for account in self._accounts for place in self._regions_of(f"{_ROOT}{account}/")]

    def _account_folders(self) -> Iterator[str]:
        """The folders of accounts, those that are known first."""
        found = []
        for root in self._roots():
            for folder in self._listing.folders(self._bucket, root):
                name = folder.removeprefix(root)
                if _ORGANISATION.fullmatch(name):
                    found += [one for one in self._listing.folders(self._bucket, folder) if _is_account(one)]
                elif _is_account(folder):
                    found.append(folder)
        found.sort(key=lambda folder: folder.rstrip("/").rpartition("/")[2] not in self._accounts)
        yield from found[:_MOST_ACCOUNTS]

    def _roots(self) -> list[str]:
        """The folders called AWSLogs: the one at the top, where a trail without a prefix writes; else the nearest."""
        if self._listing.folders(self._bucket, _ROOT):
            return [_ROOT]
        level, looked_into = [""], 0
        for _ in range(_DEEPEST_PREFIX + 1):
            below: list[str] = []
            for folder in level[: _MOST_FOLDERS - looked_into]:
                below += self._below(folder)
                looked_into += 1
            if roots := [folder for folder in below if folder.endswith(_ROOT)]:
                return roots
            level = below
        return []

    def _below(self, folder: str) -> list[str]:
        """The folders in this one; none in one that may not be listed, unless it is the top."""
        try:
            return self._listing.folders(self._bucket, folder)
        except StoreError as error:
            if not folder or error.policy is not DENIED:
                raise
            return []

    def _regions_of(self, account_folder: str) -> Iterator[TrailFolder]:
        account = account_folder.rstrip("/").rpartition("/")[2]
        above = f"{account_folder}CloudTrail/"
        for folder in self._listing.folders(self._bucket, above):
            yield TrailFolder(folder, account, folder.removeprefix(above).rstrip("/"))

    def _chosen(self, places: Sequence[TrailFolder]) -> Sequence[TrailFolder]:
        """Where the newest file is looked for: where CodeCatalyst writes first, and not everywhere."""
        wanted = [place for place in places if not self._regions or place.region in self._regions]
        return sorted(wanted, key=lambda place: not place.is_home)[:_MOST_PLACES]

    def _newest_at(self, place: TrailFolder) -> ListedObject | None:
        """The last object of the last day: a year, a month and a day are each found among their folders."""
        folder = place.folder
        for _ in ("year", "month", "day"):
            below = [one for one in self._listing.folders(self._bucket, folder) if one.rstrip("/")[-1:].isdigit()]
            if not below:
                return None
            folder = max(below)
        return self._last_of(folder)

    def _last_of(self, day: str) -> ListedObject | None:
        last: ListedObject | None = None
        for _ in range(_MOST_PAGES):
            page = self._listing.page(self._bucket, day, last.key if last else "")
            last = page.objects[-1] if page.objects else last
            if page.is_last:
                break
        return last


def _is_account(folder: str) -> bool:
    return bool(_ACCOUNT.search(folder[-13:]))
