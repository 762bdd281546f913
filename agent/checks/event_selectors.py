"""Which events a trail takes, in both forms in which CloudTrail tells it. Pure.

Page: CloudTrail API reference, "GetEventSelectors", "EventSelector", "AdvancedFieldSelector".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from agent.records.profiles import codecatalyst

_OBJECTS: Final = "AWS::S3::Object"
_READ: Final = "GetObject"  # with which the agent reads
_ENDING: Final = ".json.gz"
_PARTS: Final = {"All": "all", "ReadOnly": "reading", "WriteOnly": "writing"}
_COMPARISONS: Final = ("Equals", "StartsWith", "EndsWith")
_JUDGED: Final = frozenset({"eventCategory", "eventSource", "readOnly"})  # what they leave out has a word of its own
_TYPES: Final = ("AwsApiCall", "AwsServiceEvent")  # of what a service writes down


@dataclass(frozen=True, slots=True)
class EventSelectors:
    """The selectors of one trail: the basic ones, or the advanced ones. None of either: those that a new trail has."""

    basic: Sequence[Mapping[str, Any]]
    advanced: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From the answer of GetEventSelectors."""
        return cls(answer.get("EventSelectors") or (), answer.get("AdvancedEventSelectors") or ())

    @property
    def management(self) -> str:
        """Which management events of CodeCatalyst are taken: all, reading, writing; empty: none."""
        if not self.basic and not self.advanced:
            return "all"
        return _together(self._management_parts(codecatalyst.SOURCE))

    @property
    def narrowed_by(self) -> list[str]:
        """The fields, such as eventName, by whose conditions some management events of CodeCatalyst may be left out."""
        if _together(self._management_parts(codecatalyst.SOURCE, is_narrowed=False)) == self.management:
            return []
        return sorted({field for one in self.advanced for field in _narrowing(_fields(one))})

    @property
    def leaves_ours_out(self) -> bool:
        """Whether management events are taken, and those of CodeCatalyst are not."""
        return bool(self.basic or self.advanced) and not self.management and any(self._management_parts(None))

    def takes_reads_of(self, bucket: str, folder: str = "") -> bool:
        """Whether a read of some object in this folder of `bucket` is an event of this trail."""
        place = f"{bucket}/{folder}"
        return any(
            one.get("ReadWriteType", "All") != "WriteOnly" and _names(one.get("DataResources") or (), place)
            for one in self.basic
        ) or any(_takes(_fields(one), place) for one in self.advanced)

    def _management_parts(self, source: str | None, *, is_narrowed: bool = True) -> Iterator[str]:
        """Those of this event source; None: of any. With those of which a selector may leave some out, or without."""
        for one in self.basic:
            is_left_out = source in (one.get("ExcludeManagementEventSources") or ())
            if one.get("IncludeManagementEvents", True) and not is_left_out:
                yield _PARTS.get(str(one.get("ReadWriteType", "All")), "all")
        for one in self.advanced:
            fields = _fields(one)
            is_ours = source is None or _takes_text(fields.get("eventSource", {}), source)
            if is_ours and _is_of_management(fields) and (is_narrowed or not _narrowing(fields)):
                only = fields.get("readOnly", {}).get("Equals") or ()
                yield {("true",): "reading", ("false",): "writing"}.get(tuple(only), "all")


def _together(parts: Iterable[str]) -> str:
    told = set(parts)
    return "all" if "all" in told or {"reading", "writing"} <= told else next(iter(told), "")


def _is_of_management(fields: Mapping[str, Mapping[str, Any]]) -> bool:
    return "Management" in (fields.get("eventCategory", {}).get("Equals") or ())


def _narrowing(fields: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The fields by which a selector leaves out some management events of CodeCatalyst that it would take otherwise."""
    if not _is_of_management(fields) or not _takes_text(fields.get("eventSource", {}), codecatalyst.SOURCE):
        return []
    return [name for name, field in fields.items() if name not in _JUDGED and not _takes_all(name, field)]


def _takes_all(name: str, field: Mapping[str, Any]) -> bool:
    """Whether a field's comparisons leave nothing out that CodeCatalyst is known to write down."""
    asks = any(field.get(each) for each in _COMPARISONS)
    if name == "eventName":  # whoever asks for names leaves out those that are to come
        return not asks and all(_takes_text(field, event) for event in codecatalyst.KNOWN_EVENTS)
    if name == "eventType":
        return all(_takes_text(field, each) for each in _TYPES)
    return not asks and not any(field.get(f"Not{each}") for each in _COMPARISONS)


def _names(resources: Sequence[Mapping[str, Any]], place: str) -> bool:
    values = [str(value) for one in resources if one.get("Type") == _OBJECTS for value in one.get("Values") or ()]
    return any(_touches(value, place) for value in values)


def _touches(arn: str, place: str) -> bool:
    """Whether the beginning of an ARN takes in `place`, or a part of it: `arn:aws:s3` is all buckets."""
    return _is_of(arn, place) or arn.partition(":::")[2].startswith(place)


def _is_of(arn: str, place: str) -> bool:
    """Whether the beginning of an ARN takes in all of `place`, which is a bucket's name with what a key begins with."""
    rest = arn.partition(":s3")[2].removeprefix(":::")
    return arn.count(":s3") > 0 and place.startswith(rest)


def _fields(selector: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {str(one.get("Field")): one for one in selector.get("FieldSelectors") or ()}


def _takes_text(field: Mapping[str, Any], text: str) -> bool:
    """Whether a field's comparisons let `text` in: one of those that ask for it, and none of those that refuse it."""
    asked = [_is_so(name, text, str(value)) for name in _COMPARISONS for value in field.get(name) or ()]
    refused = [_is_so(name, text, str(value)) for name in _COMPARISONS for value in field.get(f"Not{name}") or ()]
    return (any(asked) or not asked) and not any(refused)


def _is_so(comparison: str, text: str, value: str) -> bool:
    if comparison == "Equals":
        return text == value
    return text.startswith(value) if comparison == "StartsWith" else text.endswith(value)


def _takes(fields: Mapping[str, Mapping[str, Any]], place: str) -> bool:
    if "Data" not in (fields.get("eventCategory", {}).get("Equals") or ()):
        return False
    if _OBJECTS not in (fields.get("resources.type", {}).get("Equals") or ()):
        return False
    if not _takes_text(fields.get("readOnly", {}), "true") or not _takes_text(fields.get("eventName", {}), _READ):
        return False
    named = fields.get("resources.ARN", {})
    if any(_is_of(str(value), place) for value in named.get("NotStartsWith") or ()):
        return False
    asked = [str(value) for comparison in ("Equals", "StartsWith") for value in named.get(comparison) or ()]
    endings = [str(value) for value in named.get("EndsWith") or ()]
    is_asked = any(_touches(value, place) for value in asked) or any(map(_ENDING.endswith, endings))
    return is_asked or not (asked or endings)
