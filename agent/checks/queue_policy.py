"""What the access policy of a queue says about a service that sends to it. Pure.

Page: SQS developer guide, "Custom policies"; IAM user guide, "Policy evaluation logic". A condition that this page does
not know makes the answer unknown, and never a yes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SEND: Final = "sqs:SendMessage"
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ARN_TESTS: Final = frozenset({"arnequals", "arnlike", "stringequals", "stringlike"})


@dataclass(frozen=True, slots=True)
class Sender:
    """A service that would send to the queue: S3 for a bucket, SNS for a topic, EventBridge for a rule.

    `account` is that of the sending thing, and empty where it is not known; it is none of `other_than`.
    """

    service: str
    arn: str
    account: str = ""
    other_than: frozenset[str] = frozenset()


def admits(policy: str, sender: Sender, action: str = SEND, on: str = "") -> bool | None:
    """Whether `policy` (JSON; empty: there is none) lets `sender` do `action`; None if it cannot be told.

    `on` is the ARN of what has the policy; empty for a key, which calls itself `*` there.
    """
    about = [one for one in _statements(policy) if _is_on(one, on)]
    verdicts = [(one.get("Effect"), _applies(one, sender, action)) for one in about]
    if any(effect == "Deny" and applies for effect, applies in verdicts):
        return False
    if any(effect == "Deny" and applies is None for effect, applies in verdicts):
        return None
    if any(effect == "Allow" and applies for effect, applies in verdicts):
        return True
    return None if any(applies is None for _, applies in verdicts) else False


def admits_anyone(policy: str, on: str) -> bool:
    """Whether whoever asks may send to the queue with the ARN `on`, without any condition."""
    return any(
        one.get("Effect") == "Allow" and _is_about(one, SEND) and not one.get("Condition") and _is_anyone(one)
        for one in _statements(policy)
        if _is_on(one, on)
    )


def source_accounts(policy: str) -> list[str]:
    """The accounts that its conditions on aws:SourceAccount name, each once; not those with a wildcard."""
    named = {
        value
        for one in _statements(policy)
        for keys in (one.get("Condition") or {}).values()
        for key, values in keys.items()
        for value in _several(values)
        if key.lower() == "aws:sourceaccount" and _ACCOUNT.fullmatch(value)
    }
    return sorted(named)


def names_principal(policy: str, principal: str) -> bool:
    """Whether a statement names `principal`, or its whole account."""
    account = f":{principal.split(':')[4]}:root" if principal.count(":") >= _PARTS_OF_ARN else principal
    return any(
        told == principal or told.endswith(account)
        for one in _statements(policy)
        for told in _several(_principals(one).get("AWS"))
    )


_PARTS_OF_ARN: Final = 5


def _statements(policy: str) -> Iterator[Mapping[str, Any]]:
    try:
        document = json.loads(policy or "{}")
    except ValueError:
        return
    statements = document.get("Statement", ()) if isinstance(document, dict) else ()
    for one in [statements] if isinstance(statements, dict) else statements:
        if isinstance(one, dict):
            yield one


def _applies(statement: Mapping[str, Any], sender: Sender, action: str) -> bool | None:
    """Whether a statement is about this sender; None if it says so in a way that is not known here."""
    if {"NotAction", "NotPrincipal", "NotResource"} & statement.keys():
        return None
    if not _is_about(statement, action):
        return False
    services = _several(_principals(statement).get("Service"))
    if not (_is_anyone(statement) or sender.service in services):
        return False
    met = [
        _is_met(operator.lower(), key.lower(), _several(values), sender)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
    ]
    return False if False in met else None if None in met else True


def _is_met(operator: str, key: str, values: list[str], sender: Sender) -> bool | None:
    if operator in _ARN_TESTS and key == "aws:sourcearn":
        return any(_is_like(value, sender.arn) for value in values) if sender.arn else None
    if operator in _ARN_TESTS and key == "aws:sourceaccount":
        if sender.account:
            return any(_is_like(value, sender.account) for value in values)
        return False if sender.other_than.issuperset(values) else None
    if operator == "bool" and key == "aws:securetransport":
        return "true" in (value.lower() for value in values)
    return None


def _is_about(statement: Mapping[str, Any], action: str) -> bool:
    return any(_is_like(pattern.lower(), action.lower()) for pattern in _several(statement.get("Action")))


def _is_on(statement: Mapping[str, Any], arn: str) -> bool:
    """Whether a statement may be about what has this ARN: SQS takes one that names another queue, too."""
    named = _several(statement.get("Resource"))
    return not arn or not named or any(_is_like(pattern, arn) for pattern in named)


def _is_anyone(statement: Mapping[str, Any]) -> bool:
    return "*" in _several(_principals(statement).get("AWS"))


def _principals(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    told = statement.get("Principal") or {}
    return told if isinstance(told, dict) else {"AWS": told}


def _is_like(pattern: str, value: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _several(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]
