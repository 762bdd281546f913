"""What a target of an EventBridge rule sends: the event, a part of it, or what a template makes of it. Pure.

Page: EventBridge user guide, "Input transformation"; EventBridge API reference, "Target".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from agent.errors import PermanentError
from agent.model import ObjectRef
from agent.trail.notification import decode

_PLACE: Final = re.compile(r"<([^<>\s]+)>")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(?:'([^']+)'|(\d+))\]")
_QUOTE: Final = re.compile(r'(?<!\\)"')
_CHANGES: Final = ("Input", "InputPath", "InputTransformer")


def changes(target: Mapping[str, Any]) -> list[str]:
    """The settings of a target by which it sends something else than the event."""
    return [name for name in _CHANGES if target.get(name)]


def names_object(target: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the agent reads from what the target sends which object the event is about."""
    try:
        entries = decode(_sent(target, event))
    except PermanentError:
        return False
    detail = event["detail"]
    wanted = detail["bucket"]["name"], detail["object"]["key"]
    return any(isinstance(one, ObjectRef) and (one.bucket, one.key) == wanted for one in entries)


def _sent(target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """The text of the message."""
    if "Input" in target:
        return str(target["Input"])
    if template := target.get("InputTransformer"):
        return _filled(template, event)
    return json.dumps(_at(str(target.get("InputPath") or "$"), event))


def _filled(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """A template with its places filled: with a JSON value, or within quotes with its text."""
    values = {name: _at(str(path), event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values["aws.events.event.json"] = event
    values["aws.events.event"] = {name: value for name, value in event.items() if name != "detail"}
    template = str(transformer.get("InputTemplate", ""))

    def fill(place: re.Match[str]) -> str:
        value = values.get(place[1], "")
        is_quoted = len(_QUOTE.findall(template[: place.start()])) % 2 == 1
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1] if is_quoted else json.dumps(value)

    return _PLACE.sub(fill, template)


def _at(path: str, event: Any) -> Any:
    """What stands at a path such as `$.detail.object.key`; None if nothing does."""
    for step in _STEP.finditer(path):
        name, quoted, index = step.groups()
        if index is not None:
            event = event[int(index)] if isinstance(event, list) and int(index) < len(event) else None
        else:
            event = event.get(name or quoted) if isinstance(event, Mapping) else None
    return event
