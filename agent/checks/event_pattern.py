"""Whether an event pattern of EventBridge takes an event, as far as that event is known. Pure.

Page: EventBridge user guide, "Creating event patterns" and "Comparison operators".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

_EITHER: Final = "$or"


class Whole(dict[str, Any]):
    """An event, or an object in one, that has no other members than these."""


def takes(pattern: object, event: object) -> bool | None:
    """Whether `pattern` takes `event`; None if that hangs on an unknown operator, or on a member that `event` lacks,
    unless it is a `Whole`.
    """
    if not isinstance(pattern, Mapping):
        return None
    known = event if isinstance(event, Mapping) else {}
    return _all(
        _any(takes(one, event) for one in wanted) if name == _EITHER else _member(wanted, name, known)
        for name, wanted in pattern.items()
    )


def _member(wanted: object, name: str, event: Mapping[str, Any]) -> bool | None:
    if isinstance(wanted, Mapping):
        return takes(wanted, event.get(name, Whole() if isinstance(event, Whole) else None))
    if not isinstance(wanted, list):
        return None
    if name not in event:
        return _takes_absence(wanted) if isinstance(event, Whole) else None
    value = event[name]
    values = value if isinstance(value, list) else [value]
    return _any(_is_met(one, each) for one in wanted for each in values)


def _takes_absence(wanted: list[object]) -> bool:
    """Whether one entry of a pattern's list asks that there be no such member."""
    return any(isinstance(one, Mapping) and one.get("exists") is False for one in wanted)


def _is_met(wanted: object, value: object) -> bool | None:
    """Whether one entry of a pattern's list takes a value."""
    if not isinstance(wanted, Mapping):
        return wanted == value
    return _all(_compare(name, operand, value) for name, operand in wanted.items())


def _compare(name: str, operand: Any, value: object) -> bool | None:
    if name == "exists":
        return bool(operand)
    if name == "anything-but":
        refused = _any(_is_refused(one, value) for one in (operand if isinstance(operand, list) else [operand]))
        return None if refused is None else not refused
    return _compare_text(name, operand, value) if isinstance(value, str) else None


def _compare_text(name: str, operand: Any, text: str) -> bool | None:
    if isinstance(operand, Mapping):  # {"prefix": {"equals-ignore-case": "aws"}}
        operand, text = str(operand.get("equals-ignore-case")).lower(), text.lower()
    if name in _TEXTS and isinstance(operand, str):
        return _TEXTS[name](text, operand)
    return False if name == "numeric" else None


def _is_refused(wanted: object, value: object) -> bool | None:
    """Whether what stands behind `anything-but` is met: a value, or an operator with one text or several."""
    if not isinstance(wanted, Mapping):
        return wanted == value
    return _any(
        _compare(name, one, value)
        for name, operand in wanted.items()
        for one in (operand if isinstance(operand, list) else [operand])
    )


def _is_like(pattern: str, value: str) -> bool:
    r"""Whether a text has this form, in which `*` is any text, and `\*` a star."""
    parts = re.findall(r"\\[*\\]|\*|.", pattern, re.DOTALL)
    regex = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(regex, value, re.DOTALL) is not None


_TEXTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda text, operand: text.lower() == operand.lower(),
    "wildcard": lambda text, operand: _is_like(operand, text),
}


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    told = list(verdicts)
    return False if False in told else None if None in told else True


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    told = list(verdicts)
    return True if True in told else None if None in told else False
