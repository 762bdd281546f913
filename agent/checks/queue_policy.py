"""What the access policy of a queue says about a service that sends to it. Pure.

Page: SQS developer guide, "Custom policies"; IAM user guide, "Policy evaluation logic" and "Condition operators". A
condition that this page does not know makes the answer unknown, and never a yes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SEND: Final = "sqs:SendMessage"
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_PARTS_OF_ARN: Final = 6
_TLS: Final = "aws:securetransport"
_SOURCES: Final = frozenset({"aws:sourcearn", "aws:sourceaccount"})


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
    """Whether whoever asks may send to the queue with the ARN `on`: no condition says whose it has to be."""
    return any(_is_anyone(one) for one in _open_statements(policy, on))


def open_services(policy: str, on: str) -> list[str]:
    """The services that may send to the queue with the ARN `on` for whatever account makes them, each once."""
    named = {service for one in _open_statements(policy, on) for service in _several(_principals(one).get("Service"))}
    return sorted(named)


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
    return any(_is_named(one, principal) for one in _statements(policy))


def names_exactly(policy: str, principal: str) -> bool:
    """Whether a statement names `principal` itself."""
    return any(principal in _several(_principals(one).get("AWS")) for one in _statements(policy))


def refuses(policy: str, principal: str, action: str, on: str) -> bool | None:
    """Whether `policy` keeps the role or user `principal` from `action` on what has the ARN `on`, whatever its own
    policies allow; None if that cannot be told.
    """
    return _any(
        _is_refused(one, principal, action)
        for one in _statements(policy)
        if one.get("Effect") == "Deny" and _is_on(one, on)
    )


def _is_refused(statement: Mapping[str, Any], principal: str, action: str) -> bool | None:
    if "NotAction" not in statement and not _is_about(statement, action):
        return False
    if _is_of_plain_http(statement):  # the agent speaks TLS
        return False
    if {"NotAction", "NotPrincipal", "NotResource"} & statement.keys():
        return None
    if not (_is_anyone(statement) or _is_named(statement, principal)):
        return False
    return None if statement.get("Condition") else True


def _is_named(statement: Mapping[str, Any], principal: str) -> bool:
    parts = principal.split(":")
    account = parts[4] if len(parts) == _PARTS_OF_ARN else ""
    told = _several(_principals(statement).get("AWS"))
    return principal in told or any(account and (one == account or one.endswith(f":{account}:root")) for one in told)


def _open_statements(policy: str, on: str) -> list[Mapping[str, Any]]:
    """Those that let somebody send from whatever account; none where a refusal may shut out what they let in."""
    about = [one for one in _statements(policy) if _is_on(one, on) and _is_about(one, SEND)]
    if any(one.get("Effect") == "Deny" and not _is_of_plain_http(one) for one in about):
        return []
    return [one for one in about if one.get("Effect") == "Allow" and all(map(_is_open, _conditions(one)))]


def _is_of_plain_http(statement: Mapping[str, Any]) -> bool:
    return any(key == _TLS for _, key, _ in _conditions(statement))


def _is_open(condition: tuple[str, str, list[str]]) -> bool:
    """Whether a condition leaves open from which account somebody sends."""
    operator, key, values = condition
    has_wildcards = operator.startswith("arn") or "like" in operator
    return key == _TLS or (key in _SOURCES and has_wildcards and any(_is_everything(value) for value in values))


def _is_everything(pattern: str) -> bool:
    """Whether a pattern names no account and no name: `*`, or an ARN with nothing else in these places."""
    parts = pattern.split(":", _PARTS_OF_ARN - 1)
    whose = parts[4:] or parts[-1:]
    return all(set(part) <= {"*"} for part in whose)


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
    met = [_is_met(operator, key, values, sender) for operator, key, values in _conditions(statement)]
    return False if False in met else None if None in met else True


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Operator and key of each condition in small letters, with its values."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator.lower(), key.lower(), _several(values)


def _is_met(operator: str, key: str, values: list[str], sender: Sender) -> bool | None:
    if operator == "bool" and key == _TLS:
        return "true" in (value.lower() for value in values)
    if operator in _TESTS and key == "kms:calleraccount":
        return False  # what a service does by itself, no account asks for
    if operator not in _TESTS or key not in _SOURCES:
        return None
    told = sender.arn if key == "aws:sourcearn" else sender.account
    if told:
        return _any(_TESTS[operator](value, told) for value in values)
    possible = [value for value in values if operator != "stringequals" or _ACCOUNT.fullmatch(value)]
    return False if key == "aws:sourceaccount" and sender.other_than.issuperset(possible) else None


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    told = list(verdicts)
    return True if True in told else None if None in told else False


def _is_arn_like(pattern: str, arn: str) -> bool | None:
    """IAM compares the six parts of an ARN one by one. What it makes of a short one that ends in `*` is not said."""
    wanted, told = (text.split(":", _PARTS_OF_ARN - 1) for text in (pattern, arn))
    if len(wanted) < _PARTS_OF_ARN:
        return None if pattern.endswith("*") and _is_like(pattern, arn) else False
    return len(told) == _PARTS_OF_ARN and all(map(_is_like, wanted, told))


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


_TESTS: Final[Mapping[str, Callable[[str, str], bool | None]]] = {
    "arnequals": _is_arn_like,
    "arnlike": _is_arn_like,
    "stringequals": str.__eq__,
    "stringlike": _is_like,
}


def _several(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]
