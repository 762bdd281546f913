"""How a member of a trail event becomes an attribute's value."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.records import leaves

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary().map(msgspec.Raw),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING)
def test_whatever_a_member_is_no_leaf_raises(value: object) -> None:
    """An event may be written by anyone; what has the wrong type is absent."""
    for leaf in (leaves.verbatim, leaves.error_code, leaves.ip_address, leaves.tls_version):
        assert isinstance(leaf(value), str)
    assert leaves.only_true(value) in {True, None}
    assert all(isinstance(name, str) and name for name in leaves.names(value))
    assert all(resource for resource in leaves.resources(value))


@pytest.mark.parametrize("value", ["", "0", "None", "null", "Success", "OK", "-", None])
def test_what_programs_write_where_there_was_no_error_is_none(value: object) -> None:
    """In any case of letters."""
    assert leaves.error_code(value) == ""


def test_an_error_code_is_kept_as_it_stands() -> None:
    """Whatever else stands there is why the call failed."""
    assert leaves.error_code("AccessDenied") == "AccessDenied"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("codecatalyst.amazonaws.com", ""),
        ("AWS Internal", ""),
        ("203.0.113.7" + "0" * 100, ""),
    ],
)
def test_only_an_address_is_an_address(value: str, address: str) -> None:
    """CloudTrail writes names of services and hosts there, too."""
    assert leaves.ip_address(value) == address


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"[]", b'""', b'"' + b"x" * 8192 + b'"'])
def test_json_that_says_nothing_or_too_much_is_absent(raw: bytes) -> None:
    """What is longer than 8 KiB stands in the body only."""
    assert leaves.json_text(msgspec.Raw(raw)) == ""


def test_json_stands_as_it_was_written() -> None:
    """Blanks and the order of members are the writer's."""
    assert leaves.json_text(msgspec.Raw(b'{"b": 1, "a":2}')) == '{"b": 1, "a":2}'


@pytest.mark.parametrize("value", ["a, b,", ["a", "b", None, ""]])
def test_names_come_as_a_list_or_with_commas(value: object) -> None:
    """CloudTrail documents the one form and shows the other."""
    assert list(leaves.names(value)) == ["a", "b"]


def test_resources_have_what_names_them() -> None:
    """Either spelling of the ARN; an entry that says nothing is left out."""
    found = leaves.resources([{"ARN": "a1", "accountId": "1"}, {"arn": "a2", "type": "T"}, {"other": "x"}, "text"])
    assert found == ({"account.id": "1", "arn": "a1"}, {"type": "T", "arn": "a2"})
