"""One bucket: that it is where the settings say, that it can be listed, and that its newest log file can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent.aws import store_policy
from agent.aws.listing import Listing
from agent.aws.s3 import S3
from agent.aws.store_policy import StoreError
from agent.aws.survey import AskedError, Survey
from agent.aws.trail_search import ROOT, Searched, some_of
from agent.checks.finding import Check, Examined, caution, failed, ok
from agent.checks.how_long import how_long
from agent.checks.layout import Layout, LayoutWalk
from agent.checks.sample import SampleReader, is_busy
from agent.errors import number_of
from agent.settings import BucketSettings

_ID: Final = "bucket"
LISTED: Final = ok(_ID, "can be listed; it holds {layout}")
NO_BUCKET: Final = failed(_ID, "there is no such bucket", "Correct its name in buckets, or aws.endpoint_url.")
OTHER_REGION: Final = failed(
    _ID, "{words}; the settings say {region}", "Set its region under buckets to the one that S3 names."
)
REDIRECTED: Final = caution(
    _ID,
    "it is in {region}, and the settings say {expected}: S3 refuses each read once before it gives the object",
    "Set its region under buckets to {region}.",
)
OTHER_OWNER: Final = failed(
    _ID, "S3 refuses it, because its owner is not {owner}", "Correct its name or its owner under buckets."
)
DENIED: Final = failed(
    _ID,
    "it cannot be listed: {words}",
    "Allow s3:ListBucket with s3:prefix (deploy/iam/{file}). If that is there, see the bucket's own policy.",
)
SILENT: Final = failed(
    _ID, "{words}", "Check its region, aws.endpoint_url if it is set, the network to S3, any proxy, and VPC endpoints."
)
BUSY: Final = caution(
    _ID,
    "S3 does not list it now: {words}",
    "Check again. If it stays, see what else asks for this bucket: S3 slows down who asks for too much.",
)

_ROLE: Final = "bucket.role"
ASSUMED: Final = ok(_ROLE, "is read as {arn}")
NOT_ASSUMED: Final = failed(
    _ROLE,
    "its role cannot be assumed: {words}",
    "Allow sts:AssumeRole (deploy/iam/agent-assume-role.json), and the agent in the role's trust policy.",
)

_NEWEST: Final = "bucket.newest"
FRESH: Final = ok(_NEWEST, "its newest log file is {age} old")
STALE: Final = caution(
    _NEWEST,
    "its newest log file is {age} old: {key}",
    "See whether the trail is on and writes to this bucket: a trail in use writes every five minutes.",
)
NO_FILE: Final = failed(
    _NEWEST,
    "it holds no log file of CloudTrail under AWSLogs/",
    "List the bucket that the trail writes to. If the trail is new, wait for a quarter of an hour.",
)
LEFT_OUT: Final = failed(
    _NEWEST,
    "it holds log files of {regions}, and `regions` leaves out all of them",
    "Correct regions: it lists {listed}. Or leave it out: all regions are read then.",
)
UNSEEN: Final = caution(
    _NEWEST,
    "which accounts it holds is not known: it may not be listed from its top",
    "List them under accounts, or run this check with deploy/iam/operator.json. There, put a trail's prefix before "
    "AWSLogs.",
)
UNPLACED: Final = caution(
    _NEWEST,
    "where the log files of {accounts} are is not known: none were found in {root}, and it may not be listed from its "
    "top",
    "Run this check with deploy/iam/operator.json, with a trail's prefix before AWSLogs: a trail with a prefix, and "
    "that of an organisation, write to folders that have to be found.",
)

_TRAILS: Final = "bucket.trails"
UNSEARCHED: Final = caution(
    _TRAILS,
    "{number} not looked into for another AWSLogs/{why}: {folders}",
    "If a trail writes there, see that the queue hears of it and that accounts lists its accounts, or run this check "
    "as who may list these folders.",
)

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """What was found in a bucket that could be listed. `has_ours`: its newest file has an event that is shipped."""

    layout: Layout
    has_ours: bool = False


@dataclass(frozen=True, slots=True)
class BucketCheck:
    """Looks at one bucket. `accounts` are those that may be in it, `listed` those of them that the settings list, and
    `regions` those that are wanted. `folders` asks where those of accounts may be, if the bucket's top is closed.
    """

    survey: Survey
    bucket: BucketSettings
    accounts: tuple[str, ...]
    listed: tuple[str, ...]
    regions: tuple[str, ...]
    folders: Callable[[], Sequence[str]]
    now: datetime

    def examine(self, sample: SampleReader) -> Examined[BucketFacts]:
        """The bucket, and its newest file as `sample` reads it; no facts if it cannot be listed."""
        try:
            role = [*self._role()]
            store, listing = self.survey.open_bucket(self.bucket)
            layout = self._walk(listing).find()
        except AskedError as error:
            finding = NOT_ASSUMED if error.action == "sts:AssumeRole" else SILENT
            return Examined((finding.told(self.bucket.name, words=error.words),))
        except StoreError as error:
            return Examined((*role, self._refused(error)))
        region = self.survey.regions.get(self.bucket.name, self.bucket.region)
        finding = LISTED if region == self.bucket.region else REDIRECTED
        values = {"layout": _shown(layout), "region": region, "expected": self.bucket.region}
        listed = finding.told(self.bucket.name, **values)
        read, facts = self._read(sample, store, layout)
        return Examined((*role, listed, *self._unsearched(layout.searched), *read), facts)

    def _unsearched(self, searched: Searched) -> Iterator[Check]:
        """What may hold another trail; those that are too deep are not told: most buckets have such."""
        if folders := searched.unseen:
            number = f"{number_of(len(folders), 'folder')} {'was' if len(folders) == 1 else 'were'}"
            yield UNSEARCHED.told(self.bucket.name, number=number, why=searched.why, folders=some_of(folders))

    def _role(self) -> Iterator[Check]:
        if self.bucket.role_arn:
            role = self.bucket.role_arn
            try:
                answer = self.survey.ask("sts", "GetCallerIdentity", region=self.bucket.region, role_arn=role)
            except AskedError as error:
                if error.action != "sts:AssumeRole":  # STS may be out of reach for this one question only
                    return
                raise
            yield ASSUMED.told(self.bucket.name, arn=answer.get("Arn", ""))

    def _read(self, sample: SampleReader, store: S3, layout: Layout) -> tuple[list[Check], BucketFacts]:
        name = self.bucket.name
        if layout.newest is None or layout.written is None:
            return [self._without_file(layout)], BucketFacts(layout)
        age = max(self.now - layout.written, timedelta())
        dated = (STALE if age > _DAY else FRESH).told(name, age=how_long(age.total_seconds()), key=layout.newest.key)
        read, has_ours = sample.read(store, name, layout.newest, is_foreign=bool(self.bucket.role_arn))
        return [dated, read], BucketFacts(layout, has_ours)

    def _without_file(self, layout: Layout) -> Check:
        """Why there is no newest file."""
        name, regions = self.bucket.name, layout.regions
        if regions and self.regions and not set(regions) & set(self.regions):
            return LEFT_OUT.told(name, regions=", ".join(regions), listed=", ".join(self.regions))
        finding = NO_FILE if layout.is_whole or layout.places else UNPLACED if self.listed else UNSEEN
        return finding.told(name, accounts=", ".join(self.listed), root=ROOT)

    def _refused(self, error: StoreError) -> Check:
        name, words = self.bucket.name, error.detail
        if error.policy is store_policy.NO_BUCKET:
            return NO_BUCKET.told(name)
        if error.policy is store_policy.OTHER_REGION:
            return OTHER_REGION.told(name, region=self.bucket.region, words=words)
        if error.policy is store_policy.DENIED:
            if self.bucket.owner and self._opens_to_any_owner():
                return OTHER_OWNER.told(name, owner=self.bucket.owner)
            file = "bucket-role.json" if self.bucket.role_arn else "agent.json"
            return DENIED.told(name, words=words, file=file)
        return (BUSY if is_busy(error) else SILENT).told(name, words=words)

    def _opens_to_any_owner(self) -> bool:
        """Whether the bucket can be listed once nobody demands who owns it."""
        anyones = self.bucket.model_copy(update={"owner": None})
        _, listing = self.survey.open_bucket(anyones)
        try:
            self._walk(listing).find()
        except StoreError:
            return False
        return True

    def _walk(self, listing: Listing) -> LayoutWalk:
        return LayoutWalk(listing, self.bucket.name, self.accounts, self.regions, self.folders)


def _shown(layout: Layout) -> str:
    if not layout.places:
        return "no folder of CloudTrail" if layout.is_whole else "no folder of an account that is known here"
    accounts = ", ".join(layout.accounts)
    regions = number_of(len(layout.regions), "region")
    if len(roots := layout.roots) > 1:
        return f"the trails of {accounts} in {regions}, in {', '.join(roots)}"
    return f"the trail of {accounts} in {regions}"
