"""What the agent's role may do to the queues: told by IAM's simulator, because trying it would change something.

Whether SQS looks at permissions before or after it looks at the parameters of a request is not documented. So no
request with a mistake in it is sent to find out. The simulator knows the policies of the role, and no queue's.
Page: IAM API reference, "SimulatePrincipalPolicy".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.checks.credentials import Caller
from agent.checks.finding import Check, Finding, caution, failed, ok
from agent.checks.queue_facts import QueueFacts
from agent.checks.queue_policy import names_principal

_QUEUE: Final = "queue.permissions"
QUEUE_ALLOWED: Final = ok(_QUEUE, "{role} may do {actions}")
QUEUE_DENIED: Final = failed(
    _QUEUE, "{role} may not do {actions}", "Allow it on {arn} to the agent's role (deploy/iam/agent.json)."
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
LETTERS_UNTOLD: Final = caution(
    _LETTERS,
    "cannot be told without sending a message: {why}",
    "See that the role has deploy/iam/agent.json, or allow iam:SimulatePrincipalPolicy on it to who runs this check.",
)

_TAKES: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
_SENDS: Final = ("sqs:SendMessage",)
_SESSION: Final = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
_NAMED: Final = re.compile(r"arn:[^:]+:iam::\d{12}:(role|user)/.+")


class _Untold(Exception):  # noqa: N818 - no fault: it cannot be known
    """Why the simulator says nothing."""


def of_queue(survey: Survey, caller: Caller, queue: QueueFacts) -> Check:
    """Whether messages can be received, deleted and given back."""
    return _verdict(survey, caller, queue, _TAKES, (QUEUE_ALLOWED, QUEUE_DENIED, QUEUE_UNTOLD))


def of_letters(survey: Survey, caller: Caller, letters: QueueFacts) -> Check:
    """Whether a dead letter can be sent."""
    return _verdict(survey, caller, letters, _SENDS, (LETTERS_ALLOWED, LETTERS_DENIED, LETTERS_UNTOLD))


def _verdict(
    survey: Survey, caller: Caller, queue: QueueFacts, actions: Sequence[str], findings: tuple[Finding, ...]
) -> Check:
    allowed, denied, untold = findings
    try:
        role = _role_of(caller)
        missing = _missing(survey, role, queue, actions)
    except _Untold as why:
        return untold.told(why=why)
    shown = role.rpartition(":")[2]
    if missing and names_principal(queue.policy, role):
        return untold.told(why=f"its policies do not allow {', '.join(missing)}, but the queue's own policy names it")
    if missing:
        return denied.told(role=shown, actions=", ".join(missing), arn=queue.arn)
    return allowed.told(role=shown, actions=", ".join(actions))


def _role_of(caller: Caller) -> str:
    """The ARN of who has the policies. That of a session lacks the role's path."""
    if match := _SESSION.fullmatch(caller.arn):
        return f"arn:{match['partition']}:iam::{match['account']}:role/{match['role']}"
    if _NAMED.fullmatch(caller.arn):
        return caller.arn
    raise _Untold(f"{caller.arn or 'who asks'} is neither a role nor a user")


def _missing(survey: Survey, role: str, queue: QueueFacts, actions: Sequence[str]) -> list[str]:
    try:
        answer = survey.ask(
            "iam",
            "SimulatePrincipalPolicy",
            region=queue.region,
            PolicySourceArn=role,
            ActionNames=list(actions),
            ResourceArns=[queue.arn],
        )
    except AskedError as error:
        raise _Untold(f"IAM does not simulate ({error.code or error.words})") from error
    decided = {one.get("EvalActionName"): one.get("EvalDecision") for one in answer.get("EvaluationResults", ())}
    if not set(actions) <= decided.keys():
        raise _Untold("IAM's answer is not about all that was asked")
    return [action for action in actions if decided[action] != "allowed"]
