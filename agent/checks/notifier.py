"""Who tells the queue of a bucket's new objects: the bucket itself, a topic of SNS, or a rule of EventBridge.

Page: S3 user guide, "Amazon S3 Event Notifications"; CloudTrail user guide, "Configuring Amazon SNS notifications".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from agent.aws.survey import AskedError, Survey
from agent.aws.trail_search import some_of
from agent.checks import bucket_owner, key_admission, object_filter, unheard
from agent.checks.bucket_owner import BucketOwner
from agent.checks.finding import Check, Status, caution, failed, not_checked, ok
from agent.checks.layout import TrailFolder
from agent.checks.object_filter import ObjectFilter
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_policy import Sender, admits, source_accounts
from agent.checks.trail_writer import TrailWriter, is_left, told_topics
from agent.checks.ways import OF_CLOUDTRAIL, OF_S3, Way, Ways
from agent.settings import BucketSettings

_ID: Final = "notifier"
NOTIFIED: Final = ok(_ID, "the queue hears of new objects from {how}")
NOT_CREATED: Final = failed(
    _ID, "the bucket tells the queue of {events} only", "Add s3:ObjectCreated:* to the events of its notification."
)
FILTERED: Final = failed(
    _ID,
    "the filter of {how} ({filter}) matches no log file of the trail",
    "Set the prefix to where the trail writes, such as AWSLogs/, and no suffix, or .json.gz.",
)
PARTLY: Final = caution(
    _ID,
    "the queue hears of new objects from {how}, and of none in {left_out}",
    "Let it hear of them, too: by a prefix or an event pattern that they have in common with the others, or by one of "
    "their own. Or leave them out with accounts and regions.",
)
MOVED: Final = failed(
    _ID,
    "the queue hears of new objects from {how}, and of none in {left_out}, where the trail writes now",
    "Let it hear of them: by the trail's prefix, or by what all log files of the bucket have in common.",
)
PERHAPS_PARTLY: Final = caution(
    _ID,
    "the queue hears of new objects from {how}; whether of those in {left_out} cannot be told: {why}",
    "{fix}",
)
FILTERED_HOME: Final = caution(
    _ID,
    "the filter of {how} ({filter}) leaves out {left_out}, where CodeCatalyst writes",
    "Set the prefix to what all log files have in common, such as AWSLogs/.",
)
DATED: Final = caution(
    _ID,
    "the filter of {how} ({filter}) takes log files of some days only: it will match none of those to come",
    "Set the prefix to what all log files have in common, such as AWSLogs/.",
)
BROKEN: Final = failed(_ID, "{how} does not reach the queue: {why}", "{fix}")
UNSEEN: Final = caution(_ID, "whether {how} reaches the queue cannot be told: {why}", "{fix}")
UNTOLD: Final = caution(
    _ID,
    "who notifies the queue cannot be read: {words}",
    "Allow {action} to who runs this check (deploy/iam/operator.json), or look at the bucket's notifications.",
)

UNREAD: Final = caution(
    _ID,
    "who notifies the queue is not known: {words}",
    "Check again, or look at the bucket's notifications in the console.",
)

_POLICY: Final = "notifier.policy"
ADMITTED: Final = ok(_POLICY, "the queue's policy lets {how} send")
NOT_ADMITTED: Final = failed(
    _POLICY,
    "the queue's policy does not let {how} send: its messages are lost without a word",
    "Allow sqs:SendMessage to {service} with {conditions} (deploy/iam/queue.json).",
)
SPARE: Final = caution(
    _POLICY,
    "the queue's policy does not let {how} send, and the queue hears of the same from {others}",
    "Take that way away: it does nothing now, and if it were admitted, each message would come twice.",
)
PERHAPS_ADMITTED: Final = caution(
    _POLICY,
    "whether the queue's policy lets {how} send cannot be told: it has conditions that are not known here",
    "Compare it with deploy/iam/queue.json.",
)
PERHAPS_OWNED: Final = caution(
    _POLICY,
    "whether the queue's policy lets {how} send cannot be told: it names an account, and S3 tells no owner",
    "Check again, or compare aws:SourceAccount in the policy with the account that the bucket belongs to.",
)

_LATER: Final = timedelta(days=400)  # another day, month and year
_CREATED: Final = ("s3:ObjectCreated:*", "s3:ObjectCreated:Put")


@dataclass(frozen=True, slots=True)
class Notifier:
    """Looks at who notifies `queue` of objects in `bucket`, under `account`. `places` are the folders that the trails
    write to and that the settings let in, where they are known; `writers` the trails of this bucket that are known, and
    `are_all` says whether all could be read; `asked` has the regions of which they could. `is_listed`: the bucket was
    looked at and is there.
    """

    survey: Survey
    bucket: BucketSettings
    queue: QueueFacts
    places: Sequence[TrailFolder]
    now: datetime
    account: str
    writers: Sequence[TrailWriter]
    are_all: bool
    asked: Collection[str]
    is_listed: bool

    def examine(self) -> Iterator[Check]:
        """One result about who notifies, and one about the queue's policy for each who does."""
        name, around = self.bucket.name, Ways(self.survey, self.queue, self.bucket)
        try:
            told = self.survey.ask_notifications(self.bucket)
            ways = [*self._ways(told, around)]
            refusal = None
        except AskedError as error:
            told, ways, refusal = {}, [], error
        ways += self._told_by_trails(around)
        if ways or refusal:
            yield from self._verdict(ways, refusal)
        else:
            yield unheard.why(name, self.queue.arn, told, around.idle_rules(self._keys()), are_all=self.are_all)

    def _verdict(self, ways: Sequence[Way | Check], refusal: AskedError | None) -> Iterator[Check]:
        name = self.bucket.name
        sound = [way for way in ways if isinstance(way, Way) and way.sender]
        if sound:
            spare = self._spare(sound)
            needed = [way for way in sound if way not in spare]
            yield self._heard(needed, [way for way in ways if way not in sound])
            yield from map(self._admitted, needed)
            yield from key_admission.examine(self.queue, name, needed)
            yield from (SPARE.told(name, how=way.how, others=_shown(needed)) for way in spare)
            return
        broken = [way if isinstance(way, Check) else _broken(name, way) for way in ways]
        if broken:
            yield next((one for one in broken if one.status is Status.CAUTION), broken[0])
        elif refusal:
            yield self._unread(refusal)

    def _spare(self, sound: Sequence[Way]) -> Sequence[Way]:
        """The ways that the queue's policy does not admit, and of which others that it admits take all."""
        verdicts = [(way, admits(self.queue.policy, way.sender, on=self.queue.arn)) for way in sound if way.sender]
        admitted = [way for way, verdict in verdicts if verdict]
        folders = self._homes() or [place.folder for place in self.places]
        return [
            way
            for way, verdict in verdicts
            if verdict is False
            and admitted
            and all(any(one.takes(folder) for one in admitted) for folder in folders if way.takes(folder))
        ]

    def _homes(self) -> Sequence[str]:
        """The folders that CodeCatalyst writes to, of those that are known."""
        return [place.folder for place in self.places if place.is_home]

    def _heard(self, sound: Sequence[Way], others: Sequence[Way | Check]) -> Check:
        """From whom the queue hears, and of which folders it does not, of those that CodeCatalyst writes to."""
        name, how = self.bucket.name, _shown(sound)
        homes = [place for place in self.places if place.is_home]
        heard = [place for place in homes if any(way.takes(place.folder) for way in sound)]
        left_out = [place.folder for place in homes if place not in heard]
        if not left_out:
            return NOTIFIED.told(name, how=how)
        if heard and all(is_left(place, self.writers, self.asked) for place in heard):
            return MOVED.told(name, how=how, left_out=some_of(left_out))
        if unseen := [way for way in others if isinstance(way, Way) and not way.is_known]:
            why, fix = unseen[0].why, unseen[0].fix
            return PERHAPS_PARTLY.told(name, how=how, left_out=some_of(left_out), why=why, fix=fix)
        return PARTLY.told(name, how=how, left_out=some_of(left_out))

    def _unread(self, refusal: AskedError) -> Check:
        """Why the notifications cannot be read. A bucket that is not there has its own line, and nobody may do more."""
        name = self.bucket.name
        if refusal.kind == "denied" and refusal.action != "sts:AssumeRole":
            return UNTOLD.told(name, words=refusal.words, action=refusal.action)
        if not self.is_listed:
            return not_checked(_ID, "the bucket is not as it should be", name)
        return UNREAD.told(name, words=refusal.words)

    def _ways(self, told: Mapping[str, Any], around: Ways) -> Iterator[Way | Check]:
        mine = [one for one in told.get("QueueConfigurations") or () if one.get("QueueArn") == self.queue.arn]
        if mine:
            yield self._filtered(mine, Way("the bucket itself", self._sender()))
        for topic in sorted({one.get("TopicArn", "") for one in told.get("TopicConfigurations") or ()}):
            theirs = [one for one in told["TopicConfigurations"] if one.get("TopicArn") == topic]
            if way := around.of_topic(topic, OF_S3, self._keys()):
                yield self._filtered(theirs, way)
        if "EventBridgeConfiguration" in told:
            yield from around.of_event_bridge(self._keys())

    def _keys(self) -> Mapping[str, str]:
        """A key such as those that are to come, by the folder that CodeCatalyst writes to, or else by each folder."""
        homes = [place for place in self.places if place.is_home]
        return {one.folder: one.example(self.now) for one in homes or self.places}

    def _told_by_trails(self, around: Ways) -> Iterator[Way]:
        """The ways through topics that CloudTrail tells itself: of a trail's own log files, and of no other's."""
        for topic, folders in told_topics(self.places, self.writers):
            way = around.of_topic(topic, OF_CLOUDTRAIL, self._keys()) if folders or not self.places else None
            if way:
                yield replace(way, folders=frozenset(filter(way.takes, folders))) if self.places else way

    def _sender(self) -> Sender:
        partition = self.queue.arn.split(":")[1]
        owner = self._owner()
        return Sender(
            "s3.amazonaws.com", f"arn:{partition}:s3:::{self.bucket.name}", owner.account, other_than=owner.others
        )

    def _owner(self) -> BucketOwner:
        """Whose the bucket is, as far as the policy of the queue, or of its key, asks for it."""
        key = self.queue.key
        named = [*source_accounts(self.queue.policy), *source_accounts(key.policy if key else "")]
        if not named:
            return BucketOwner()
        return bucket_owner.find(self.survey, self.bucket, (self.bucket.owner or "", self.account, *named))

    def _filtered(self, configurations: Sequence[Mapping[str, Any]], way: Way) -> Way | Check:
        """`way`, or what is wrong with the events and the keys that these configurations of S3 choose."""
        name = self.bucket.name
        creating = [one for one in configurations if set(_CREATED) & set(one.get("Events") or ())]
        if not creating:
            events = ", ".join(event for one in configurations for event in one.get("Events") or ())
            return NOT_CREATED.told(name, events=events)
        if not way.sender:
            return way
        filters = [object_filter.of(one) for one in creating]
        taken = self._taken(filters, self.now)
        shown = "; ".join(map(str, filters))
        if not any(one.takes_log_files for one in filters) or (self.places and not taken):
            return FILTERED.told(name, how=way.how, filter=shown)
        homes = self._homes()
        if homes and not taken.intersection(homes):
            return FILTERED_HOME.told(name, how=way.how, filter=shown, left_out=some_of(homes))
        if not taken <= self._taken(filters, self.now + _LATER):
            return DATED.told(name, how=way.how, filter=shown)
        return replace(way, folders=frozenset(filter(way.takes, taken))) if self.places else way

    def _taken(self, filters: Sequence[ObjectFilter], at: datetime) -> frozenset[str]:
        """The folders of which the filters let log files in that are written at this time."""
        return frozenset(place.folder for place in self.places if any(one.takes(place.example(at)) for one in filters))

    def _admitted(self, way: Way) -> Check:
        sender = way.sender or Sender("", "")
        verdict = admits(self.queue.policy, sender, on=self.queue.arn)
        finding = PERHAPS_ADMITTED if verdict is None else ADMITTED if verdict else NOT_ADMITTED
        if verdict is None and not sender.account:
            guesses = [replace(sender, account=one) for one in source_accounts(self.queue.policy)]
            finding = (
                PERHAPS_OWNED if any(admits(self.queue.policy, one, on=self.queue.arn) for one in guesses) else finding
            )
        conditions = f"aws:SourceArn {sender.arn}"
        if sender.account:
            conditions += f" and aws:SourceAccount {sender.account}"
        return finding.told(self.bucket.name, how=way.how, service=sender.service, conditions=conditions)


def _shown(ways: Sequence[Way]) -> str:
    return ", and from ".join(way.how for way in ways)


def _broken(name: str, way: Way) -> Check:
    return (BROKEN if way.is_known else UNSEEN).told(name, how=way.how, why=way.why, fix=way.fix)
