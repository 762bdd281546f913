"""The newest log file of a bucket, found with few requests: CloudTrail's folders are walked, not listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, zip_longest
from typing import Final

from agent.aws.listing import ListedObject, Listing
from agent.aws.store_policy import DENIED, StoreError
from agent.aws.trail_search import ROOT, Searched, account_folders, last_of, look_for_roots, region_folders
from agent.checks.side_by_side import each
from agent.records.profiles.codecatalyst import HOME_REGIONS
from agent.trail.key import written_at

_MOST_LOOKS: Final = 40  # into folders, for those that have AWSLogs/
_MOST_ROOTS: Final = 6
_MOST_ACCOUNTS: Final = 12
_MOST_PLACES: Final = 8
_MOST_PAGES: Final = 5
_OF_LOG_FILES: Final = "_CloudTrail_"  # what deploy/iam/agent.json allows to list, whatever stands before it


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

    def example(self, at: datetime) -> str:
        """A key such as CloudTrail writes at `at`."""
        name = f"{self.account}_CloudTrail_{self.region}_{at:%Y%m%dT%H%MZ}_aB3dE5gH7jK9mN1p.json.gz"
        return f"{self.folder}{at:%Y/%m/%d}/{name}"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the folders of a bucket tell. `newest` is the newest log file that was found, and `written` when it was.

    `is_whole`: all accounts were seen; else those that are known without listing the bucket, or those of the folders
    that were looked into. `searched` has what was not.
    """

    places: Sequence[TrailFolder]
    newest: ListedObject | None
    written: datetime | None
    is_whole: bool
    searched: Searched = field(default_factory=Searched)

    @property
    def accounts(self) -> list[str]:
        """The accounts whose trail is here."""
        return sorted({place.account for place in self.places})

    @property
    def roots(self) -> list[str]:
        """The folders called AWSLogs in which trails have written."""
        return sorted({f"{place.folder.partition(ROOT)[0]}{ROOT}" for place in self.places})

    @property
    def regions(self) -> list[str]:
        """The regions of which something was written."""
        return sorted({place.region for place in self.places})

    def wanted(self, accounts: Collection[str], regions: Collection[str]) -> list[TrailFolder]:
        """The places in these accounts and regions, if any are named; all of them if nothing of it is here."""
        found = [
            one
            for one in self.places
            if (not accounts or one.account in accounts) and (not regions or one.region in regions)
        ]
        return found or [*self.places]


class LayoutWalk:
    """Walks through one bucket. `accounts` are those that may be in it, `regions` those that are wanted; empty: all.

    `hinted` asks for the folders in which those of accounts may be. It is asked if the bucket's top is closed.
    """

    def __init__(
        self,
        listing: Listing,
        bucket: str,
        accounts: Sequence[str],
        regions: Sequence[str],
        hinted: Callable[[], Sequence[str]],
    ) -> None:
        self._listing = listing
        self._bucket = bucket
        self._accounts = accounts
        self._regions = regions
        self._hinted = hinted

    def find(self) -> Layout:
        """The layout; raises `StoreError` if the bucket cannot be listed at all."""
        places, searched = self._places()
        found = [one for place in self._chosen(places) if (one := self._newest_at(place))]
        dated = [(written, one) for one in found if (written := written_at(one.key))]
        written, newest = max(dated, key=lambda pair: pair[0], default=(None, None))
        is_whole = searched is not None and not searched.unseen
        return Layout(places, newest, written, is_whole, searched or Searched())

    def _places(self) -> tuple[list[TrailFolder], Searched | None]:
        """All of them, and where they were looked for; where the bucket may not be listed, those that are known."""
        try:
            searched = look_for_roots(self._folders, each, _MOST_LOOKS)
            folders = self._account_folders(searched)
        except StoreError as error:
            if error.policy is not DENIED:
                raise
            return self._known_places(error), None
        return [*chain.from_iterable(each(self._regions_of, folders))], searched

    def _known_places(self, refusal: StoreError) -> list[TrailFolder]:
        """Those of accounts that are known, in the folders that are; raises `refusal` if no log file may be listed."""
        hinted = [*self._hinted()]
        folders = [*chain.from_iterable(each(self._accounts_in, hinted))]
        folders += [f"{ROOT}{account}/" for account in self._accounts]
        looked = [one for one in each(self._regions_if_allowed, [*dict.fromkeys(folders)]) if one is not None]
        if not looked and not self._may_list_log_files():
            raise refusal
        return [*chain.from_iterable(looked)]

    def _accounts_in(self, parent: str) -> list[str]:
        """The folders of accounts in `parent`; where it may not be listed, those of the accounts that are known."""
        try:
            return account_folders(parent, self._folders)[:_MOST_ACCOUNTS]
        except StoreError as error:
            if error.policy is not DENIED:
                raise
            return [f"{parent}{account}/" for account in self._accounts]

    def _regions_if_allowed(self, account: str) -> list[TrailFolder] | None:
        try:
            return self._regions_of(account)
        except StoreError as error:
            if error.policy is not DENIED:
                raise
            return None

    def _may_list_log_files(self) -> bool:
        """Whether names such as the agent looks for are told, wherever they are. Of this one, there is none."""
        try:
            self._listing.page(self._bucket, _OF_LOG_FILES)
        except StoreError as error:
            if error.policy is not DENIED:
                raise
            return False
        return True

    def _account_folders(self, searched: Searched) -> list[str]:
        """The folders of accounts, those that are known first, and as many of each trail."""
        roots = [f"{prefix}{ROOT}" for prefix in searched.prefixes]
        searched.unseen += roots[_MOST_ROOTS:]
        found, refusal = [], None
        for root in roots[:_MOST_ROOTS]:
            try:
                below = account_folders(root, self._folders)
            except StoreError as error:
                if error.policy is not DENIED:
                    raise
                searched.unseen.append(root)
                searched.refusal = refusal = searched.refusal or error
            else:
                found.append(sorted(below, key=lambda folder: last_of(folder) not in self._accounts))
        if refusal and not found:
            raise refusal
        return [one for some in zip_longest(*found) for one in some if one][:_MOST_ACCOUNTS]

    def _folders(self, folder: str) -> list[str]:
        return self._listing.folders(self._bucket, folder)

    def _regions_of(self, account: str) -> list[TrailFolder]:
        return [TrailFolder(one, last_of(account), last_of(one)) for one in region_folders(account, self._folders)]

    def _chosen(self, places: Sequence[TrailFolder]) -> Sequence[TrailFolder]:
        """Where the newest file is looked for: where CodeCatalyst writes first, and not everywhere."""
        wanted = [place for place in places if not self._regions or place.region in self._regions]
        return sorted(wanted, key=lambda place: not place.is_home)[:_MOST_PLACES]

    def _newest_at(self, place: TrailFolder) -> ListedObject | None:
        """The last object of the last day: a year, a month and a day are each found among their folders."""
        folder = place.folder
        for _ in ("year", "month", "day"):
            below = [one for one in self._folders(folder) if one.rstrip("/")[-1:].isdigit()]
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
