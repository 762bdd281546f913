"""What the agent's role may do to the queues: told by IAM's simulator, because trying it would change something.

Whether SQS looks at permissions before or after it looks at the parameters of a request is not documented. So no
request with a mistake in it is sent to find out. The simulator knows the policies of the role, and no queue's or key's.
Page: IAM API reference, "SimulatePrincipalPolicy".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.aws.survey import AskedError, Survey
from agent.checks.credentials import Caller
from agent.checks.finding import Check, Finding, caution, failed, ok
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_key import TO_SEND, QueueKey
from agent.checks.queue_policy import names_exactly, names_principal, refuses

_QUEUE: Final = "queue.permissions"
QUEUE_ALLOWED: Final = ok(_QUEUE, "{role} may do {actions}")
QUEUE_DENIED: Final = failed(
    _QUEUE, "{role} may not do {actions}", "Allow it on {arn} to the agent's role (deploy/iam/agent.json)."
)
QUEUE_KEY_DENIED: Final = failed(
    _QUEUE,
    "{role} may not do {actions} with the queue's KMS key: it can receive nothing",
    "Allow it on {arn} to the agent's role (deploy/iam/agent-kms.json).",
)
QUEUE_REFUSED: Final = failed(
    _QUEUE, "the queue's own policy refuses {actions} to {role}", "Take that refusal out of the policy of {arn}."
)
QUEUE_UNTOLD: Final = caution(
    _QUEUE,
    "cannot be told without taking a message: {why}",
    "See that the role has deploy/iam/agent.json, or allow iam:SimulatePrincipalPolicy on it to who runs this check.",
)

_LETTERS: Final = "dead_letters.write"
LETTERS_ALLOWED: Final = ok(_LETTERS, "{role} may do {actions}")
LETTERS_DENIED: Final = failed(
    _LETTERS,
    "{role} may not do {actions}: dead letters would stay in the queue",
    "Allow it on {arn} to the agent's role (deploy/iam/agent.json).",
)
LETTERS_KEY_DENIED: Final = failed(
    _LETTERS,
    "{role} may not do {actions} with the KMS key of the dead-letter queue: dead letters would stay in the queue",
    "Allow it on {arn} to the agent's role (deploy/iam/agent-kms.json).",
)
LETTERS_REFUSED: Final = failed(
    _LETTERS,
    "the dead-letter queue's own policy refuses {actions} to {role}: dead letters would stay in the queue",
    "Take that refusal out of the policy of {arn}.",
)
LETTERS_UNTOLD: Final = caution(
    _LETTERS,
    "cannot be told without sending a message: {why}",
    "See that the role has deploy/iam/agent.json, or allow iam:SimulatePrincipalPolicy on it to who runs this check.",
)

_SESSION: Final = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
_NAMED: Final = re.compile(r"arn:[^:]+:iam::\d{12}:(role|user)/.+")


class _Untold(Exception):  # noqa: N818 - no fault: it cannot be known
    """Why it cannot be told what the role may do."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the agent does to a queue, and with its key; and what is found about that."""

    actions: tuple[str, ...]
    key_actions: tuple[str, ...]
    allowed: Finding
    denied: Finding
    key_denied: Finding
    refused: Finding
    untold: Finding


_TAKES: Final = _Wanted(
    ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"),
    ("kms:Decrypt",),
    QUEUE_ALLOWED,
    QUEUE_DENIED,
    QUEUE_KEY_DENIED,
    QUEUE_REFUSED,
    QUEUE_UNTOLD,
)
_SENDS: Final = _Wanted(
    ("sqs:SendMessage",), TO_SEND, LETTERS_ALLOWED, LETTERS_DENIED, LETTERS_KEY_DENIED, LETTERS_REFUSED, LETTERS_UNTOLD
)


def of_queue(survey: Survey, caller: Caller, queue: QueueFacts) -> Check:
    """Whether messages can be received, deleted and given back."""
    return _verdict(survey, caller, queue, _TAKES)


def of_letters(survey: Survey, caller: Caller, letters: QueueFacts) -> Check:
    """Whether a dead letter can be sent."""
    return _verdict(survey, caller, letters, _SENDS)


def _verdict(survey: Survey, caller: Caller, queue: QueueFacts, wanted: _Wanted) -> Check:
    try:
        role = _role_of(caller)
        shown, actions = role.rpartition(":")[2], list(wanted.actions)
        if refused := [one for one in actions if refuses(queue.policy, role, one, queue.arn)]:
            return wanted.refused.told(role=shown, actions=", ".join(refused), arn=queue.arn)
        if missing := _missing_on_queue(survey, role, queue, actions):
            return wanted.denied.told(role=shown, actions=", ".join(missing), arn=queue.arn)
        key = None if queue.key and queue.key.is_of_aws else queue.key  # AWS's own lets in who may use the queue
        if key and (missing := _missing_on_key(survey, role, queue, key, wanted.key_actions)):
            return wanted.key_denied.told(role=shown, actions=", ".join(missing), arn=key.arn)
    except _Untold as why:
        return wanted.untold.told(why=why)
    return wanted.allowed.told(role=shown, actions=", ".join((*actions, *(wanted.key_actions if key else ()))))


def _role_of(caller: Caller) -> str:
    """The ARN of who has the policies. That of a session lacks the role's path."""
    if match := _SESSION.fullmatch(caller.arn):
        return f"arn:{match['partition']}:iam::{match['account']}:role/{match['role']}"
    if _NAMED.fullmatch(caller.arn):
        return caller.arn
    raise _Untold(f"{caller.arn or 'who asks'} is neither a role nor a user")


def _missing_on_queue(survey: Survey, role: str, queue: QueueFacts, actions: Sequence[str]) -> list[str]:
    missing = _missing(survey, role, queue.region, queue.arn, actions)
    if missing and names_principal(queue.policy, role):
        raise _Untold(f"its policies do not allow {', '.join(missing)}, but the queue's own policy names it")
    if unsure := [one for one in actions if refuses(queue.policy, role, one, queue.arn) is None and not missing]:
        raise _Untold(f"the queue's own policy refuses {', '.join(unsure)} on conditions that are not known here")
    return missing


def _missing_on_key(survey: Survey, role: str, queue: QueueFacts, key: QueueKey, actions: Sequence[str]) -> list[str]:
    if not key.arn:
        raise _Untold(f"the key {key.name} is not known here, with which the role has to {' and '.join(actions)}")
    domain = "amazonaws.com.cn" if queue.arn.startswith("arn:aws-cn:") else "amazonaws.com"
    via = {
        "ContextKeyName": "kms:ViaService",
        "ContextKeyValues": [f"sqs.{queue.region}.{domain}"],
        "ContextKeyType": "string",
    }
    missing = _missing(survey, role, queue.region, key.arn, actions, ContextEntries=[via])
    if missing and (not key.policy or names_exactly(key.policy, role)):
        raise _Untold(f"its policies do not allow {', '.join(missing)} with the key, and the key's own policy may")
    return missing


def _missing(survey: Survey, role: str, region: str, arn: str, actions: Sequence[str], **more: Any) -> list[str]:
    """Those of `actions` that the policies of `role` do not allow on `arn`."""
    try:
        answer: Mapping[str, Any] = survey.ask(
            "iam",
            "SimulatePrincipalPolicy",
            region=region,
            PolicySourceArn=role,
            ActionNames=list(actions),
            ResourceArns=[arn],
            **more,
        )
    except AskedError as error:
        raise _Untold(f"IAM does not simulate ({error.code or error.words})") from error
    decided = {one.get("EvalActionName"): one.get("EvalDecision") for one in answer.get("EvaluationResults", ())}
    if not set(actions) <= decided.keys():
        raise _Untold("IAM's answer is not about all that was asked")
    return [action for action in actions if decided[action] != "allowed"]
