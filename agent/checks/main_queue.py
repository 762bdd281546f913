"""The queue that the buckets notify: that it is there, and whether its attributes let the agent keep its promise.

Page: SQS API reference, "GetQueueAttributes".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.checks import encryption, queue_policy, queue_region
from agent.checks.finding import Check, Examined, caution, failed, ok
from agent.checks.how_long import DAY, HOUR, how_long
from agent.checks.queue_facts import QueueFacts
from agent.errors import number_of
from agent.settings import Settings, redacted_url

_QUEUE: Final = "queue"
FOUND: Final = ok(_QUEUE, "{arn} answers; it is a standard queue")
MISSING: Final = failed(
    _QUEUE,
    "there is no queue {url} in {region}",
    "Correct queue.url (account and name) or queue.region. Or make the queue (deploy/cloudformation/intake.yaml).",
)
DENIED: Final = failed(
    _QUEUE, "SQS refuses to describe the queue: {words}", "Allow {action} to the agent's role (deploy/iam/agent.json)."
)
SILENT: Final = failed(
    _QUEUE,
    "SQS does not answer: {words}",
    "Check the host in queue.url, or aws.endpoint_url if it is set, the network to it, and any proxy or VPC endpoint.",
)
NOT_SQS: Final = failed(_QUEUE, "what answers at {url} is not SQS", "Correct queue.url or aws.endpoint_url.")
FIFO: Final = failed(_QUEUE, "{arn} is a FIFO queue, which S3 cannot notify", "Make a standard queue.")
OTHER_REGION: Final = failed(
    _QUEUE, "the queue is in {region}, and queue.region is {expected}", "Set queue.region to {region}."
)

_RECEIVES: Final = "queue.receives"
RECEIVES: Final = ok(_RECEIVES, "a message may be received {times} before SQS gives it up")
IMPATIENT: Final = caution(
    _RECEIVES,
    "SQS gives a message up after {receives}",
    "Set maxReceiveCount to 20 in the queue's redrive policy: each restart, and each 12 h of an outage, uses one.",
)
GIVES_UP: Final = failed(
    _RECEIVES,
    "SQS gives a message up after {receives}, before the agent can say why",
    "Set maxReceiveCount to 20 in the queue's redrive policy.",
)
ENDLESS: Final = caution(
    _RECEIVES,
    "the queue has no redrive policy: a message that ends the process comes again until it expires",
    "Give the queue a redrive policy with maxReceiveCount 20, to the queue of queue.dead_letter_url.",
)

_RETENTION: Final = "queue.retention"
TOLERATES: Final = ok(_RETENTION, "tolerates an outage of {outage}: messages are kept for {kept}")
SHORT: Final = caution(
    _RETENTION,
    "tolerates an outage of {outage} only: messages are kept for {kept}",
    "Set MessageRetentionPeriod to 864000 (10 days) and maxReceiveCount to 20.",
)
LOSES: Final = failed(
    _RETENTION,
    "tolerates an outage of {outage} only: messages are kept for {kept}, so a night without a sink loses events",
    "Set MessageRetentionPeriod to 864000 (10 days) and maxReceiveCount to 20.",
)

_VISIBILITY: Final = "queue.visibility"
LEASE: Final = ok(
    _VISIBILITY, "the agent hides what it holds for {lease} s at a time (the queue's own {own} s do not count)"
)
SHORT_LEASE: Final = caution(
    _VISIBILITY,
    "the agent hides what it holds for {lease} s only: a short pause lets another replica read it, too",
    "Set queue.visibility_timeout_seconds to 120.",
)

_DELAY: Final = "queue.delay"
PROMPT: Final = ok(_DELAY, "messages come at once")
DELAYED: Final = caution(_DELAY, "every message is held back for {delay} s", "Set the queue's DelaySeconds to 0.")

_SIZE: Final = "queue.message_size"
ROOM: Final = ok(_SIZE, "takes messages of {kib} KiB")
SMALL: Final = failed(
    _SIZE,
    "takes messages of {kib} KiB only: a larger notification is lost",
    "Set the queue's MaximumMessageSize to 262144.",
)

_BACKLOG: Final = "queue.backlog"
EMPTY: Final = ok(_BACKLOG, "waiting: {visible}; in hand: {hidden}")
WAITING: Final = caution(
    _BACKLOG,
    "waiting: {visible}; nobody holds any",
    "Start the agent. If it runs, its /readyz says why it waits; CloudWatch has the age of the oldest message.",
)
FLOOD: Final = caution(_BACKLOG, "waiting: {visible}; in hand: {hidden}", "Run more replicas: see docs/sizing.md.")

_POLICY: Final = "queue.policy"
CLOSED: Final = ok(_POLICY, "only who is named may send")
OPEN: Final = caution(
    _POLICY,
    "anyone in AWS may send to the queue",
    "Give each statement of its policy a condition on aws:SourceArn (deploy/iam/queue.json).",
)
OPEN_SERVICE: Final = caution(
    _POLICY,
    "{services} may send to the queue for any AWS account, not yours alone",
    "Give each statement of its policy a condition on aws:SourceArn (deploy/iam/queue.json).",
)
LOCKED: Final = failed(
    _POLICY,
    "the queue has no access policy: S3, SNS and EventBridge cannot send to it",
    "Set deploy/iam/queue.json as its Policy, with your names.",
)

_ENOUGH_RECEIVES: Final = 10
_LEAST_RECEIVES: Final = 4  # the agent itself gives up what is missing after three
_LONGEST_LEASE: Final = 12 * HOUR  # SQS takes a message back then, whoever holds it
_SHORTEST_LEASE: Final = 30
_ROOM: Final = 64 * 1024
_MANY: Final = 10_000


def examine(survey: Survey, settings: Settings) -> Examined[QueueFacts]:
    """The queue and its attributes; no facts if it does not answer, or is none that the agent can work with."""
    queue = settings.needed_queue()
    url, region = queue.url, queue.region
    try:
        attributes = survey.ask_queue(url, region)
    except AskedError as error:
        if elsewhere := queue_region.examine(survey, settings, error):
            return Examined((elsewhere,))
        finding = {"missing": MISSING, "denied": DENIED}.get(error.kind, SILENT)
        return Examined((finding.told(url=url, region=region, words=error.words, action=error.action),))
    facts = QueueFacts.of(url, attributes)
    if facts is None:
        return Examined((NOT_SQS.told(url=redacted_url(survey.asked_at(url, region))),))
    if facts.is_fifo:
        return Examined((FIFO.told(arn=facts.arn),))
    if facts.region != region:
        return Examined((OTHER_REGION.told(region=facts.region, expected=region),))
    facts = facts.with_key(survey)
    return Examined((FOUND.told(arn=facts.arn), *_attributes(facts, settings)), facts)


def _attributes(facts: QueueFacts, settings: Settings) -> Iterator[Check]:
    yield _receives(facts)
    yield _retention(facts)
    yield _visibility(facts, settings.needed_queue().visibility_timeout_seconds)
    delay, size = facts.number("DelaySeconds"), facts.number("MaximumMessageSize")
    yield (DELAYED if delay else PROMPT).told(delay=delay)
    yield (SMALL if 0 < size < _ROOM else ROOM).told(kib=size // 1024)
    yield encryption.of_queue(facts)
    yield _policy(facts)
    yield _backlog(facts)


def _receives(facts: QueueFacts) -> Check:
    count = facts.max_receives
    if not count:
        return ENDLESS.told()
    finding = GIVES_UP if count < _LEAST_RECEIVES else IMPATIENT if count < _ENOUGH_RECEIVES else RECEIVES
    return finding.told(times=number_of(count, "time"), receives=number_of(count, "receive"))


def _retention(facts: QueueFacts) -> Check:
    """What waits is kept for the retention; what the agent holds uses a receive every 12 h."""
    kept, receives = facts.retention_seconds, facts.max_receives
    outage = min(kept, receives * _LONGEST_LEASE) if receives else kept
    finding = LOSES if outage < DAY else SHORT if outage < 4 * DAY else TOLERATES
    return finding.told(outage=how_long(outage), kept=how_long(kept))


def _visibility(facts: QueueFacts, lease: int) -> Check:
    finding = SHORT_LEASE if lease < _SHORTEST_LEASE else LEASE
    return finding.told(lease=lease, own=facts.number("VisibilityTimeout"))


def _policy(facts: QueueFacts) -> Check:
    if not facts.policy:
        return LOCKED.told()
    if queue_policy.admits_anyone(facts.policy, facts.arn):
        return OPEN.told()
    services = queue_policy.open_services(facts.policy, facts.arn)
    return (OPEN_SERVICE if services else CLOSED).told(services=", ".join(services))


def _backlog(facts: QueueFacts) -> Check:
    visible = facts.number("ApproximateNumberOfMessages")
    hidden = facts.number("ApproximateNumberOfMessagesNotVisible")
    finding = WAITING if visible and not hidden else FLOOD if visible > _MANY else EMPTY
    return finding.told(visible=number_of(visible, "message"), hidden=hidden)
