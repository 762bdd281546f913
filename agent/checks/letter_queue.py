"""The dead-letter queue: that it is there, and that what comes into it stays there. Nothing is sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.checks import encryption
from agent.checks.finding import Check, Examined, caution, failed, ok
from agent.checks.how_long import DAY, how_long
from agent.checks.queue_facts import QueueFacts
from agent.errors import number_of
from agent.settings import Settings

_ID: Final = "dead_letters"
FOUND: Final = ok(_ID, "{arn} answers")
NONE: Final = failed(
    _ID,
    "the queue has no redrive policy, and queue.dead_letter_url is not set: the agent does not start",
    "Make a queue with MessageRetentionPeriod 1209600, and name its ARN in the queue's RedrivePolicy.",
)
MISSING: Final = failed(
    _ID, "there is no dead-letter queue {name}", "Make it, or correct queue.dead_letter_url or the RedrivePolicy."
)
DENIED: Final = failed(
    _ID,
    "SQS refuses to describe the dead-letter queue {name}: {words}",
    "Allow {action} on it to the agent's role (deploy/iam/agent.json).",
)
SILENT: Final = failed(_ID, "SQS does not answer for {name}: {words}", "Check the network to its host.")
SAME: Final = failed(
    _ID, "the dead-letter queue is the queue itself", "Make a second queue: dead letters would come again for ever."
)
FIFO: Final = failed(_ID, "{arn} is a FIFO queue", "Make a standard queue, as the queue itself is.")
TWO: Final = caution(
    _ID,
    "there are two: the agent sends to {arn}, and SQS moves what it gives up to {other}",
    "Name one queue in both places, so that you need to look at one only.",
)

_RETENTION: Final = "dead_letters.retention"
KEPT: Final = ok(_RETENTION, "keeps a dead letter for {kept} after it was first sent")
SHORT: Final = failed(
    _RETENTION,
    "keeps messages for {kept}, and the queue for {queue}: SQS counts from the first send, so late ones vanish at once",
    "Set MessageRetentionPeriod of the dead-letter queue to 1209600 (14 days).",
)
NO_ROOM: Final = failed(
    _RETENTION,
    "keeps messages for {kept}, and the queue for {queue}: SQS counts from the first send, so late ones vanish at once",
    "Set MessageRetentionPeriod of the queue itself to 864000 (10 days), and of the dead-letter queue to 1209600 (14 "
    "days): SQS keeps nothing longer.",
)

_REDRIVE: Final = "dead_letters.redrive"
STAYS: Final = ok(_REDRIVE, "what comes into it stays there")
MOVES_ON: Final = caution(
    _REDRIVE,
    "it has a redrive policy of its own, to {target}",
    "Take it away: a dead letter that was looked at too often would go on to there.",
)
CLOSED: Final = failed(
    _REDRIVE,
    "its RedriveAllowPolicy does not let SQS move messages of the queue to it",
    "Allow the queue's ARN in it, or delete the policy.",
)

_EMPTY: Final = "dead_letters.empty"
EMPTY: Final = ok(_EMPTY, "holds no dead letter")
LETTERS: Final = caution(
    _EMPTY,
    "holds {count}",
    "Look at them: `trail-agent dead-letters list` tells the reason of each.",
)

_LONGEST_KEPT: Final = 14 * DAY  # by SQS, whatever the queue


def examine(survey: Survey, settings: Settings, queue: QueueFacts) -> Examined[QueueFacts]:
    """The dead-letter queue of `queue`; no facts if there is none that can be used."""
    wanted = settings.needed_queue()
    named = wanted.dead_letter_url
    if not named and not queue.dead_letter_arn:
        return Examined((NONE.told(),))
    name = named or queue.dead_letter_arn
    region = wanted.dead_letter_region if named else queue.region
    try:
        url = named or _url_of(survey, queue.dead_letter_arn, region)
        facts = QueueFacts.of(url, survey.ask_queue(url, region))
    except AskedError as error:
        finding = {"missing": MISSING, "denied": DENIED}.get(error.kind, SILENT)
        return Examined((finding.told(name=name, words=error.words, action=error.action),))
    if facts is None:
        return Examined((MISSING.told(name=name),))
    if facts.arn == queue.arn:
        return Examined((SAME.told(),))
    if facts.is_fifo:
        return Examined((FIFO.told(arn=facts.arn),))
    facts = facts.with_key(survey)
    return Examined(tuple(_checks(facts, queue)), facts)


def _url_of(survey: Survey, arn: str, region: str) -> str:
    *_, account, name = arn.split(":")
    answer = survey.ask("sqs", "GetQueueUrl", region=region, QueueName=name, QueueOwnerAWSAccountId=account)
    return str(answer.get("QueueUrl", ""))


def _checks(facts: QueueFacts, queue: QueueFacts) -> Iterator[Check]:
    other = queue.dead_letter_arn
    yield (TWO if other not in ("", facts.arn) else FOUND).told(arn=facts.arn, other=other)
    kept, wait = facts.retention_seconds, queue.retention_seconds
    late = NO_ROOM if wait >= _LONGEST_KEPT else SHORT
    yield (late if kept <= wait else KEPT).told(kept=how_long(kept), queue=how_long(wait))
    yield _redrive(facts, queue)
    yield encryption.of_letters(facts)
    count = facts.number("ApproximateNumberOfMessages") + facts.number("ApproximateNumberOfMessagesNotVisible")
    yield (LETTERS if count else EMPTY).told(count=number_of(count, "dead letter"))


def _redrive(facts: QueueFacts, queue: QueueFacts) -> Check:
    if queue.dead_letter_arn == facts.arn and not _lets_in(facts, queue.arn):
        return CLOSED.told()
    return (MOVES_ON if facts.dead_letter_arn else STAYS).told(target=facts.dead_letter_arn)


def _lets_in(facts: QueueFacts, source: str) -> bool:
    """Whether SQS may move messages of the queue `source` to this one, by its RedriveAllowPolicy."""
    permission = facts.member("RedriveAllowPolicy", "redrivePermission")
    if permission == "byQueue":
        named = facts.member("RedriveAllowPolicy", "sourceQueueArns")
        return source in (named if isinstance(named, list) else [named])
    return permission != "denyAll"
