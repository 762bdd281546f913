"""IAM policy documents, read strictly and evaluated: what `deploy/iam/` allows, and to whom.

Only what those documents use is understood; anything else raises, so that no line of a policy goes unjudged. Page: IAM
user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "deploy" / "iam"

_MEMBERS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that somebody asks of AWS. `context` has the condition keys that AWS fills in for such a request."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that allows. `principals` is empty in a policy that is attached to whom it concerns."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    def allows(self, call: Call) -> bool:
        """Whether this statement alone allows `call`."""
        return (
            any(_like(pattern.lower(), call.action.lower()) for pattern in self.actions)
            and (not self.resources or any(_like(pattern, call.resource) for pattern in self.resources))
            and (not self.principals or call.principal in self.principals)
            and all(self._met(operator, keys, call) for operator, keys in self.conditions.items())
        )

    def _met(self, operator: str, keys: Mapping[str, tuple[str, ...]], call: Call) -> bool:
        test = _OPERATORS[operator]
        return all(
            key in call.context and any(test(wanted, call.context[key]) for wanted in values)
            for key, values in keys.items()
        )


def _like(pattern: str, value: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _equal(wanted: str, value: str) -> bool:
    return wanted == value


_OPERATORS = {"StringEquals": _equal, "StringLike": _like, "ArnEquals": _like}


def names() -> list[str]:
    """The documents there are."""
    return sorted(path.name for path in FOLDER.glob("*.json"))


def read(name: str) -> list[Statement]:
    """The statements of one document."""
    document = json.loads((FOLDER / name).read_text(encoding="utf-8"), object_pairs_hook=_once)
    assert set(document) == {"Version", "Statement"}, name
    assert document["Version"] == "2012-10-17", name
    return of(document["Statement"])


def of(statements: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """`statements` as they stand in a document, such as one that a template renders."""
    return [_statement(each) for each in statements]


def allowed(statements: Sequence[Statement], call: Call) -> bool:
    """Whether any of `statements` allows `call`; what none allows is denied."""
    return any(statement.allows(call) for statement in statements)


def _statement(given: Mapping[str, Any]) -> Statement:
    assert set(given) <= _MEMBERS, set(given) - _MEMBERS
    assert given["Effect"] == "Allow"
    conditions = given.get("Condition", {})
    assert set(conditions) <= set(_OPERATORS), conditions
    return Statement(
        sid=given["Sid"],
        actions=_several(given["Action"]),
        resources=_several(given.get("Resource", [])),
        principals=tuple(_principals(given.get("Principal", {}))),
        conditions={
            operator: {key: _several(value) for key, value in keys.items()} for operator, keys in conditions.items()
        },
    )


def _principals(given: Mapping[str, Any]) -> Iterator[str]:
    assert set(given) <= {"AWS", "Service"}, given
    for value in given.values():
        yield from _several(value)


def _several(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of a member written twice, IAM would keep one, and a reader might see the other."""
    members = dict(pairs)
    assert len(members) == len(pairs), f"written twice: {[name for name, _ in pairs]}"
    return members
