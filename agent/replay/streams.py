"""The trails of a bucket: where CloudTrail's folders are, found by asking for folders and not for objects.

CloudTrail writes `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/`. Page: CloudTrail user guide,
"Finding your CloudTrail log files".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from agent.aws import store_policy
from agent.aws.listing import Listing
from agent.aws.store_policy import StoreError
from agent.aws.trail_search import LEVELS, ROOT, account_folders, is_owner, last_of, look_for_roots, region_folders
from agent.errors import DependencyError
from agent.model import address_of
from agent.replay.not_there import empty_places, listed, nothing_of, some_absent
from agent.replay.retrying import Retrying
from agent.trail.key import written_at

_DAY: Final = timedelta(days=1)
_LAST_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """The objects of one account and region below one prefix of one bucket. `folder` ends with a slash."""

    bucket: str
    folder: str
    account: str = field(compare=False)
    region: str = field(compare=False)

    @property
    def address(self) -> str:
        """`s3://bucket/AWSLogs/…/`."""
        return address_of(self.bucket, self.folder)

    @property
    def where(self) -> tuple[str, str]:
        """Its bucket and folder: what tells it from all others."""
        return (self.bucket, self.folder)

    def day_folder(self, day: date) -> str:
        """Where CloudTrail puts the objects of `day`."""
        return f"{self.folder}{day:%Y/%m/%d}/"

    def is_behind(self, key: str, day: date, moment: datetime) -> bool:
        """Whether a log file in the folder of `day` that is written at `moment` or later may stand before `key`.

        The name decides: what has another form than a log file's may stand behind all of them, whatever time it tells.
        """
        begin = datetime.combine(day, time(), UTC)
        if not self.account or begin + _DAY <= moment:  # the windows of a log have no account: they stand in order
            return False
        first = max(moment, begin)
        return key >= f"{self.day_folder(day)}{self.account}_CloudTrail_{self.region}_{first:%Y%m%dT%H%M}"


def moment_of(key: str, day: date) -> datetime:
    """When an object in the folder of `day` was written, as its name says.

    A name that says nothing, or another day, counts as the beginning or the end of its folder's day: so an object is
    in one span, and in no other that goes on where this one ends.
    """
    begin = datetime.combine(day, time(), UTC)
    return min(max(written_at(key) or begin, begin), begin + _DAY - _LAST_SECOND)


_CLOCK: Final = "set this machine's clock: AWS refuses what is signed more than five minutes off"
_OF_THE_CLOCK: Final = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_RENEW: Final = "renew or correct this machine's credentials for AWS"
_OF_CREDENTIALS: Final = frozenset(
    "ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId InvalidToken SignatureDoesNotMatch "
    "TokenRefreshRequired UnrecognizedClientException".split()
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the buckets is to be replayed. Where nothing is named, everything that is there.

    `accounts_by` and `regions_by` are the options or settings that name them.
    """

    buckets: Sequence[str]
    prefixes: Sequence[str] = ()
    accounts: Collection[str] = ()
    regions: Collection[str] = ()
    accounts_by: str = "--account"
    regions_by: str = "--region"


def normal_prefix(text: str) -> str:
    """A prefix as it stands before `AWSLogs/` in keys: empty, or with a slash at its end; raises `ValueError`."""
    prefix = text.removeprefix("s3://").strip("/")
    if prefix == ROOT.strip("/"):
        return ""
    prefix = prefix.removesuffix("/AWSLogs")
    parts = prefix.split("/")
    if any(one == "AWSLogs" and is_owner(following) for one, following in pairwise(parts)):
        raise ValueError("name what stands before AWSLogs/; --account and --region choose what stands behind it")
    if text.startswith("s3://") or not all(parts) or {".", ".."} & set(parts):
        raise ValueError("must be the folder in which AWSLogs/ is, such as logs/trail, without the bucket")
    return f"{prefix}/"


class Discovery:
    """Asks `listing` for the folders of trails, in threads of `pool`.

    It raises `DependencyError` where there is nothing, or nothing may be seen.
    """

    def __init__(self, listing: Listing, pool: Executor, retrying: Retrying) -> None:
        self._listing = listing
        self._pool = pool
        self._retrying = retrying
        self.cautions: Sequence[str] = ()
        """What was named and was not found, one sentence each: it may be mistyped; and what was not looked into."""
        self._refused: dict[tuple[str, str], str] = {}
        self._hidden: dict[tuple[str, str], StoreError] = {}

    def find(self, wanted: Wanted) -> list[Stream]:
        """The streams that are wanted, in the order of their buckets and folders."""
        places = [
            (bucket, f"{prefix}{ROOT}")
            for bucket in wanted.buckets
            for prefix in (wanted.prefixes or self._find_prefixes(bucket, wanted))
        ]
        below = partial(self._accounts_below, wanted)
        accounts = [one for place in self._pool.map(below, places) for one in place]
        chosen = [one for one in accounts if not wanted.accounts or last_of(one[1]) in wanted.accounts]
        held = {last_of(folder) for _, folder in accounts}
        self._check_seen(held)
        there = [stream for found in self._pool.map(self._streams_of, chosen) for stream in found]
        streams = [one for one in there if not wanted.regions or one.region in wanted.regions]
        if not streams:
            roots = listed({folder for _, folder in places})
            raise DependencyError(_nothing(wanted, roots, held, there))
        told = (
            *(_asked_by_name(place, why) for place, why in sorted(self._refused.items())),
            *(_not_seen(folder, error.detail) for folder, error in sorted(self._hidden.items(), key=_first)),
            some_absent("account", wanted.accounts, held, wanted.accounts_by),
            some_absent("region", wanted.regions, {one.region for one in there}, wanted.regions_by),
            *empty_places(_without_a_trail(places, accounts, chosen, there), places, are_named=bool(wanted.prefixes)),
        )
        self.cautions = [*self.cautions, *filter(None, told)]
        return sorted(set(streams))

    def _find_prefixes(self, bucket: str, wanted: Wanted) -> list[str]:
        """What stands before each `AWSLogs/` in this bucket. What was not looked into becomes a caution."""
        try:
            searched = look_for_roots(partial(self._folders, bucket), self._pool.map)
        except StoreError as error:
            if self._named_accounts((bucket, ROOT), wanted, error):
                return [""]
            raise _unseen(bucket, "", error, wanted) from error
        if not searched.prefixes:
            raise DependencyError(
                f"no trail was found in bucket {bucket}: there is no folder {ROOT} at its root or up to {LEVELS} "
                f"folders below it; name the folder in which {ROOT} is with --prefix"
            )
        self.cautions = [*self.cautions, *filter(None, [searched.caution(bucket)])]
        return searched.prefixes

    def _accounts_below(self, wanted: Wanted, place: tuple[str, str]) -> list[tuple[str, str]]:
        """The folders of accounts in an `AWSLogs/`: those right in it, and those of an organisation's trail."""
        bucket, root = place
        try:
            return [(bucket, each) for each in account_folders(root, partial(self._folders, bucket))]
        except StoreError as error:
            if found := self._named_accounts(place, wanted, error):
                return found
            raise _unseen(bucket, root, error, wanted) from error

    def _named_accounts(self, place: tuple[str, str], wanted: Wanted, error: StoreError) -> list[tuple[str, str]]:
        """The folders of those accounts that are wanted by name, where an `AWSLogs/` itself may not be listed."""
        bucket, root = place
        if error.policy is not store_policy.DENIED:
            return []
        found = []
        for folder in (f"{root}{account}/" for account in sorted(wanted.accounts)):
            try:
                found += [(bucket, folder)] if region_folders(folder, partial(self._folders, bucket)) else []
            except StoreError as refused:
                if refused.policy is not store_policy.DENIED:
                    raise _unseen(bucket, f"{folder}CloudTrail/", refused) from refused
                self._hidden[bucket, folder] = refused
        if found:
            self._refused[place] = error.detail
        return found

    def _check_seen(self, held: Set[str]) -> None:
        """Raises where an account that was named is not among those that were found, and a folder of it is hidden."""
        for (bucket, folder), error in sorted(self._hidden.items(), key=_first):
            if last_of(folder) not in held:
                raise _unseen(bucket, f"{folder}CloudTrail/", error)

    def _streams_of(self, account: tuple[str, str]) -> list[Stream]:
        bucket, folder = account
        try:
            below = region_folders(folder, partial(self._folders, bucket))
        except StoreError as error:
            raise _unseen(bucket, f"{folder}CloudTrail/", error) from error
        return [Stream(bucket, each, last_of(folder), last_of(each)) for each in below]

    def _folders(self, bucket: str, prefix: str) -> list[str]:
        return self._retrying.until_answered(bucket, lambda: self._listing.folders(bucket, prefix), is_patient=False)


def _without_a_trail(
    places: Sequence[tuple[str, str]],
    accounts: Sequence[tuple[str, str]],
    chosen: Sequence[tuple[str, str]],
    there: Sequence[Stream],
) -> list[tuple[str, str]]:
    """The `places` in which no trail has written, apart from those that have only accounts that are not wanted."""
    written = [(each.bucket, each.folder) for each in there]

    def has(those: Sequence[tuple[str, str]], place: tuple[str, str]) -> bool:
        return any(bucket == place[0] and folder.startswith(place[1]) for bucket, folder in those)

    return [place for place in places if not has(written, place) and (has(chosen, place) or not has(accounts, place))]


def _asked_by_name(place: tuple[str, str], why: str) -> str:
    return (
        f"{place[1]} of bucket {place[0]} may not be listed ({why}): only the folders of the accounts that are named "
        "were looked into, and no organisation's trail"
    )


def _not_seen(folder: tuple[str, str], why: str) -> str:
    return (
        f"{folder[1]}CloudTrail/ of bucket {folder[0]} may not be listed ({why}): if a trail writes there, too, it is "
        "left out"
    )


def _first(one: tuple[tuple[str, str], object]) -> tuple[str, str]:
    return one[0]


def _unseen(bucket: str, folder: str, error: StoreError, wanted: Wanted | None = None) -> DependencyError:
    """What to do about a `folder` that cannot be listed; empty: the root, where it was not said where the trail is."""
    detail = error.detail
    if error.policy is store_policy.DENIED:
        code = error.answer.rpartition(" ")[2]
        allow = f"allow s3:ListBucket to this role, for the prefix {folder}"
        if not folder:
            allow = "allow s3:ListBucket to this role, or name the folder in which AWSLogs/ is with --prefix"
        if wanted and wanted.accounts:
            folders = listed([f"{folder or ROOT}{account}/CloudTrail/" for account in wanted.accounts])
            allow = f"allow s3:ListBucket to this role, at least for {folders}"
            allow += "" if folder else f"; if {ROOT} is in another folder, name that with --prefix"
        detail += f"; {_CLOCK if code in _OF_THE_CLOCK else _RENEW if code in _OF_CREDENTIALS else allow}"
    if error.policy is store_policy.NO_BUCKET:
        detail += "; correct its name under buckets in the settings, or aws.endpoint_url"
    return DependencyError(f"bucket {bucket} cannot be listed: {detail}")


def _nothing(wanted: Wanted, roots: str, accounts: Set[str], there: Sequence[Stream]) -> str:
    """Why there is nothing: `accounts` are all below `roots`, and `there` is what those have that are wanted."""
    if not accounts:
        return f"no folder of an account was found below {roots} in {', '.join(wanted.buckets)}; check --prefix"
    if wanted.accounts and not accounts & set(wanted.accounts):
        return nothing_of("account", wanted.accounts, accounts, roots, wanted.accounts_by)
    if not there:
        return f"no trail has written below {roots}: the folders of accounts have no CloudTrail/ with regions in it"
    return nothing_of("region", wanted.regions, {one.region for one in there}, roots, wanted.regions_by)
