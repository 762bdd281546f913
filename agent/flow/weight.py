"""How much memory a record holds, as Python counts it: text takes one, two or four bytes for each of its characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import getsizeof
from typing import Final

from agent.model import AttributeGroup, Attributes, AttributeValue, LogRecord

_RECORD_BYTES: Final = 2048
"""The record itself, its digest, the short attributes that it has alone, and its places on the way to the sink."""
_SHORT_BYTES: Final = 4096  # as most bodies: to look at each attribute would cost as much as to write it
_PAIR_BYTES: Final = 128  # the tuple of one attribute, or its place in a dict
_LONG_CHARACTERS: Final = 256  # what is shorter, in a group, other records have, too


def held_bytes(record: LogRecord) -> int:
    """The bytes that `record` holds alone: exact for its body and for long attributes, an upper bound for short ones.

    The attributes of a short body repeat no more than it has: they are not looked at one by one.
    """
    body, attributes = getsizeof(record.body), record.attributes
    if not isinstance(attributes, Attributes):
        return _RECORD_BYTES + body + _of_pairs(attributes.items())
    if body <= _SHORT_BYTES:
        return _RECORD_BYTES + 2 * body
    return _RECORD_BYTES + body + _of_parts(attributes.parts)


def _of_parts(parts: Iterable[tuple[str, AttributeValue] | AttributeGroup]) -> int:
    size = 0
    for part in parts:
        if isinstance(part, AttributeGroup):
            for _, value in part.pairs:
                if not isinstance(value, str):
                    size += _of_value(value)
                elif len(value) > _LONG_CHARACTERS:
                    size += getsizeof(value)
        else:
            size += _PAIR_BYTES + _of_value(part[1])
    return size


def _of_pairs(pairs: Iterable[tuple[str, AttributeValue]]) -> int:
    return sum(_PAIR_BYTES + _of_value(value) for _, value in pairs)


def _of_value(value: AttributeValue) -> int:
    if isinstance(value, str | bool | int):
        return getsizeof(value)
    return getsizeof(value) + sum(map(_of_item, value))


def _of_item(item: str | Mapping[str, str]) -> int:
    return getsizeof(item) + (0 if isinstance(item, str) else sum(map(getsizeof, item.values())))
