"""The trails that write to the buckets: settings that would starve the agent, or feed it with its own reads.

Page: CloudTrail API reference, "DescribeTrails", "GetTrailStatus", "GetEventSelectors".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from agent.aws.survey import AskedError, Survey
from agent.checks.event_selectors import EventSelectors
from agent.checks.finding import Check, Examined, Status, caution, failed, ok
from agent.checks.trail_writer import TrailWriter
from agent.records.profiles import CODECATALYST
from agent.records.profiles.codecatalyst import HOME_REGIONS, SOURCE
from agent.settings import Settings

_ID: Final = "trail"
FOUND: Final = ok(_ID, "is {kind}, and writes to {bucket}")
NONE: Final = caution(
    _ID,
    "no trail that this account shows writes to {bucket}{others}",
    "If it is another account's trail, look at it there. Else list the bucket that the trail writes to.",
)
UNTOLD: Final = caution(
    _ID,
    "trails cannot be read: {words}",
    "Allow {action} to who runs this check (deploy/iam/operator.json), or look at the trail in the console.",
)
SILENT: Final = caution(
    _ID,
    "CloudTrail does not answer: {words}",
    "Look at the trail in the console; the agent itself needs no CloudTrail.",
)

_LOGGING: Final = "trail.logging"
LOGS: Final = ok(_LOGGING, "is on")
STOPPED: Final = failed(
    _LOGGING, "is stopped: it writes nothing", "Start it: aws cloudtrail start-logging --name {arn}"
)
NOT_DELIVERED: Final = failed(
    _LOGGING,
    "cannot write to its bucket: {error}",
    "Correct the bucket's policy, and that of its KMS key, for cloudtrail.amazonaws.com.",
)
NOT_NOTIFIED: Final = caution(
    _LOGGING,
    "cannot notify its topic: {error}",
    "Correct the policy of the topic, and that of its KMS key, for cloudtrail.amazonaws.com.",
)
STATUS_UNTOLD: Final = caution(
    _LOGGING, "its state cannot be read: {words}", "Allow {action} to who runs this check (deploy/iam/operator.json)."
)
STATUS_SILENT: Final = caution(
    _LOGGING, "CloudTrail does not tell its state now: {words}", "Check again, or look at the trail in the console."
)

_REGIONS: Final = "trail.regions"
EVERYWHERE: Final = ok(_REGIONS, "takes events of all regions")
ONE_REGION: Final = caution(
    _REGIONS,
    "takes events of {region} only, and CodeCatalyst writes in {homes}",
    "Make it a trail of all regions: aws cloudtrail update-trail --is-multi-region-trail --name {arn}",
)

OTHER_REGION: Final = failed(
    _REGIONS,
    "takes events of {region} only, and CodeCatalyst writes in {homes}: none of its events are in it",
    "Make it a trail of all regions: aws cloudtrail update-trail --is-multi-region-trail --name {arn}",
)

_VALIDATION: Final = "trail.validation"
VALIDATES: Final = ok(_VALIDATION, "writes digests: a log file that was changed or deleted can be found")
UNVALIDATED: Final = caution(
    _VALIDATION,
    "writes no digests: nobody can prove that its log files are as CloudTrail wrote them",
    "Turn it on: aws cloudtrail update-trail --enable-log-file-validation --name {arn}",
)

_EVENTS: Final = "trail.events"
MANAGEMENT: Final = ok(_EVENTS, "takes management events, as CodeCatalyst's are")
NO_MANAGEMENT: Final = failed(
    _EVENTS, "takes no management events, as CodeCatalyst's are", "Add management events, read and write, to the trail."
)
NOT_OURS: Final = failed(
    _EVENTS,
    "its selectors leave out the management events of {source}",
    "Take that condition on eventSource out of the trail's event selectors.",
)
READS_ONLY: Final = caution(
    _EVENTS,
    "takes reading management events only: nothing that anyone changes is in it",
    "Take both, read and write: else nobody sees who made, changed or deleted something.",
)
WRITES_ONLY: Final = caution(
    _EVENTS, "takes writing management events only", "Take both, read and write, if you want to see who looked at what."
)
NARROWED: Final = caution(
    _EVENTS,
    "takes only such management events of {source} as its conditions on {fields} let in",
    "Take these conditions out of the trail's event selectors, unless you want nothing that they leave out.",
)
LOOP: Final = caution(
    _EVENTS,
    "writes down each read of {bucket}: every log file that the agent reads makes an event in the next one",
    "Leave the bucket out of the trail's S3 data events.",
)
EVENTS_SILENT: Final = caution(
    _EVENTS,
    "CloudTrail does not tell its event selectors now: {words}",
    "Check again, or look at the trail in the console.",
)
EVENTS_UNTOLD: Final = caution(
    _EVENTS,
    "its event selectors cannot be read: {words}",
    "Allow {action} to who runs this check (deploy/iam/operator.json).",
)

_OF_PARTS: Final = {"": NO_MANAGEMENT, "reading": READS_ONLY, "writing": WRITES_ONLY}


@dataclass(frozen=True, slots=True)
class TrailFacts:
    """The trails, by the bucket that each writes to. `are_all`: no trail that could not be read is missing. `regions`
    are those that were asked: all trails that take events of these are known, of the accounts that were.
    """

    writers: Mapping[str, Sequence[TrailWriter]]
    are_all: bool
    regions: frozenset[str] = frozenset()


def examine(survey: Survey, settings: Settings) -> Examined[TrailFacts]:
    """All trails that write to the buckets of the settings, each with its checks."""
    shown, refusal = _trails(survey, settings)
    names = {bucket.name for bucket in settings.buckets}
    trails = [trail for trail in shown if trail.get("S3BucketName") in names]
    if refusal and not trails:
        finding = UNTOLD if refusal.kind == "denied" else SILENT
        return Examined((finding.told(words=refusal.words, action=refusal.action),), TrailFacts({}, are_all=False))
    wants_ours = CODECATALYST.name in settings.select.profiles
    checks = [*_together([_TrailCheck(survey, trail, wants_ours=wants_ours) for trail in trails])]
    written = {trail.get("S3BucketName") for trail in trails}
    missing = [bucket.name for bucket in settings.buckets if bucket.name not in written]
    others = sorted({str(trail.get("S3BucketName")) for trail in shown} - names)
    elsewhere = f"; they write to {', '.join(others)}" if others else ""
    checks += [NONE.told(bucket=name, others=elsewhere) for name in missing]
    writers = {name: [TrailWriter.of(one) for one in trails if one.get("S3BucketName") == name] for name in names}
    regions = frozenset() if refusal else frozenset(region for region, _ in _asked(settings))
    return Examined(tuple(checks), TrailFacts(writers, are_all=refusal is None, regions=regions))


def _trails(survey: Survey, settings: Settings) -> tuple[list[Mapping[str, Any]], AskedError | None]:
    """All trails, each once, and why some cannot be read. Trails of all regions are seen from any region."""
    found: dict[str, Mapping[str, Any]] = {}
    refusal = None
    for region, role_arn in sorted(_asked(settings), key=str):
        try:
            answer = survey.ask("cloudtrail", "DescribeTrails", region=region, role_arn=role_arn)
        except AskedError as error:
            refusal = error
            continue
        for trail in answer.get("trailList") or ():
            found.setdefault(str(trail.get("TrailARN")), {**trail, "role_arn": role_arn})
    return list(found.values()), refusal


def _together(trails: Sequence[_TrailCheck]) -> Iterator[Check]:
    """The checks of all; what is wrong with a trail is no more than a caution where another takes the same, whole."""
    examined = [(trail, [*trail.examine()]) for trail in trails]
    whole = [trail for trail, checks in examined if _is_whole(checks)]
    for trail, checks in examined:
        others = [one.name for one in whole if one.covers(trail)]
        for check in checks:
            is_soft = others and check.status is Status.FAILED
            what = f"{check.what}; the same is written to its bucket by {', '.join(others)}"
            yield replace(check, status=Status.CAUTION, what=what) if is_soft else check


def _is_whole(checks: Sequence[Check]) -> bool:
    """Whether a trail with these checks is on, and takes all management events of all regions."""
    needed = [check for check in checks if check.id in (_LOGGING, _REGIONS, _EVENTS)]
    return all(check.status is Status.OK or check.fix == LOOP.fix for check in needed)


def _asked(settings: Settings) -> set[tuple[str, str | None]]:
    """The regions, and the roles, in which trails are looked for."""
    return {(settings.home_region, None), *((bucket.region, bucket.role_arn) for bucket in settings.buckets)}


class _TrailCheck:
    """Looks at one trail. `wants_ours`: events of CodeCatalyst are shipped."""

    def __init__(self, survey: Survey, trail: Mapping[str, Any], *, wants_ours: bool) -> None:
        self._survey = survey
        self._trail = trail
        self._wants_ours = wants_ours
        self._arn = str(trail.get("TrailARN", ""))
        self._bucket = str(trail.get("S3BucketName", ""))
        self.name = str(trail.get("Name") or self._arn)

    def covers(self, other: Self) -> bool:
        """Whether it writes of the other's account into the same bucket."""
        is_for = self._trail.get("IsOrganizationTrail") or self._arn.split(":")[4:5] == other._arn.split(":")[4:5]
        return self is not other and self._bucket == other._bucket and bool(is_for)

    def examine(self) -> Iterator[Check]:
        """All that is looked at of it."""
        kind = "the trail of an organisation" if self._trail.get("IsOrganizationTrail") else "the trail of one account"
        yield FOUND.told(self.name, bucket=self._bucket, kind=kind)
        yield self._logging()
        yield self._regions()
        yield (VALIDATES if self._trail.get("LogFileValidationEnabled") else UNVALIDATED).told(self.name, arn=self._arn)
        yield self._events()

    def _ask(self, operation: str, **arguments: str) -> Mapping[str, Any]:
        region = str(self._trail.get("HomeRegion") or "".join(self._arn.split(":")[3:4]))
        return self._survey.ask("cloudtrail", operation, region=region, role_arn=self._trail["role_arn"], **arguments)

    def _logging(self) -> Check:
        try:
            status = self._ask("GetTrailStatus", Name=self._arn)
        except AskedError as error:
            finding = STATUS_UNTOLD if error.kind == "denied" else STATUS_SILENT
            return finding.told(self.name, words=error.words, action=error.action)
        if not status.get("IsLogging"):
            return STOPPED.told(self.name, arn=self._arn)
        if problem := status.get("LatestDeliveryError"):
            return NOT_DELIVERED.told(self.name, error=problem)
        if problem := status.get("LatestNotificationError"):
            return NOT_NOTIFIED.told(self.name, error=problem)
        return LOGS.told(self.name)

    def _regions(self) -> Check:
        region = str(self._trail.get("HomeRegion", ""))
        is_for_nothing = self._wants_ours and region not in HOME_REGIONS
        finding = OTHER_REGION if is_for_nothing else ONE_REGION
        if self._trail.get("IsMultiRegionTrail"):
            finding = EVERYWHERE
        return finding.told(self.name, region=region, arn=self._arn, homes=" or ".join(HOME_REGIONS))

    def _events(self) -> Check:
        try:
            selectors = EventSelectors.of(self._ask("GetEventSelectors", TrailName=self._arn))
        except AskedError as error:
            finding = EVENTS_UNTOLD if error.kind == "denied" else EVENTS_SILENT
            return finding.told(self.name, words=error.words, action=error.action)
        part = selectors.management
        finding = _OF_PARTS.get(part, MANAGEMENT)
        if selectors.leaves_ours_out:
            finding = NOT_OURS
        elif part and selectors.narrowed_by:
            finding = NARROWED
        if finding is MANAGEMENT and selectors.takes_reads_of(self._bucket, TrailWriter.of(self._trail).root):
            finding = LOOP
        fields = ", ".join(selectors.narrowed_by)
        return finding.told(self.name, bucket=self._bucket, source=SOURCE, fields=fields)
