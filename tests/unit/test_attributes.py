"""The attributes of a record read as one mapping, whether it shares them with others or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import AttributeGroup, Attributes, AttributeValue


@given(st.dictionaries(st.text(), st.text(), max_size=8), st.data())
def test_attributes_read_as_the_dict_of_all_their_parts(
    pairs: Mapping[str, AttributeValue], data: st.DataObject
) -> None:
    """However the pairs are cut into groups and single ones, names, values and order are those of the dict."""
    parts: list[tuple[str, AttributeValue] | AttributeGroup] = []
    left = list(pairs.items())
    while left:
        size = data.draw(st.integers(0, len(left)))
        parts.append(AttributeGroup(tuple(left[:size])) if size else left[0])
        left = left[max(size, 1) :]
    attributes = Attributes(parts)
    assert list(attributes.items()) == list(pairs.items())
    assert (list(attributes), len(attributes), repr(attributes)) == (list(pairs), len(pairs), repr(dict(pairs)))
    assert all(attributes[name] == value for name, value in pairs.items())
    assert isinstance(attributes, Mapping)
    other: Any = {**pairs, "one more": "x"}
    assert attributes == pairs == attributes
    assert not attributes != pairs  # noqa: SIM202 - both operators are asked
    assert attributes != other
    assert not attributes == other  # noqa: SIM201 - both operators are asked


def test_an_attribute_that_is_not_there_is_a_key_error() -> None:
    """As of any mapping, with a default in its place where one is given."""
    attributes: Any = Attributes([("a", "1"), AttributeGroup((("b", "2"),))])
    with pytest.raises(KeyError, match="c"):
        attributes["c"]
    assert attributes.get("c") is None
