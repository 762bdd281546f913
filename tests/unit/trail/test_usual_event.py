"""Usual events: those whose members have the types that AWS gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from agent.trail.event import TrailEvent, UserIdentity, decode
from agent.trail.usual_event import UnusualEventError, UsualEvent, decode_identity, decode_usual, read_usual
from tests.support.events import create_dev_environment, encoded, raw_event


def test_it_has_the_members_of_any_event() -> None:
    """Whoever adds one to the one form has it in the other."""
    members, usual = (
        {(each.name, each.encode_name) for each in msgspec.structs.fields(kind)} for kind in (TrailEvent, UsualEvent)
    )
    assert members == usual


def test_a_usual_identity_has_the_members_of_any() -> None:
    """With those of all its parts, of which none is missing where an event does not have it."""

    def members(kind: type, usual: Any) -> Iterator[tuple[str, str]]:
        for one, other in zip(msgspec.structs.fields(kind), msgspec.structs.fields(type(usual)), strict=True):
            yield one.encode_name, other.encode_name
            if one.type is not object:
                yield from members(one.type, getattr(usual, other.name))

    names = list(members(UserIdentity, decode_identity(b"{}")))
    assert len(names) > 30
    assert all(name == other for name, other in names)


def test_an_identity_of_text_is_usual() -> None:
    """As in the documented event; parts that it does not have are those of one without any."""
    told = create_dev_environment()["userIdentity"]
    identity, nobody = decode_identity(encoded(told)), decode_identity(b"{}")
    assert (identity.type, identity.on_behalf_of.user_id) == (told["type"], told["onBehalfOf"]["userId"])
    assert identity.session_context is nobody.session_context


@pytest.mark.parametrize(
    "raw", [b'{"type":7}', b'{"onBehalfOf":"x"}', b'{"type":true}', b"null", b"{", b'{"type":"\xff"}']
)
def test_another_identity_is_unusual(raw: bytes) -> None:
    """Whoever reads member by member may still understand it."""
    with pytest.raises(UnusualEventError):
        decode_identity(raw)


def test_scalars_are_read_and_the_rest_stays_bytes() -> None:
    """The documented event is usual; its identity can be compared with one that was read before."""
    raw = encoded(create_dev_environment())
    usual, event = decode_usual(raw), decode(raw)
    assert (usual.event_name, usual.read_only) == (event.event_name, event.read_only)
    assert bytes(usual.request_parameters) == bytes(event.request_parameters)
    assert bytes(usual.user_identity) == encoded(create_dev_environment()["userIdentity"])
    assert bytes(usual.tls_details) == b""


@pytest.mark.parametrize(
    "raw",
    [
        raw_event(errorCode=7),
        raw_event(readOnly=0),
        raw_event(eventName=["CreateProject"]),
        raw_event(userAgent="@").replace(b"@", b"\\ud800"),
        b"[]",
        b"7",
        b"{",
        b"",
        b"\xff",
        b'{"eventName":"\xff"}',
    ],
)
def test_anything_else_is_unusual(raw: bytes) -> None:
    """Zero is not false, and a list is no name: such an event is read member by member, and may be none at all."""
    with pytest.raises(UnusualEventError):
        decode_usual(raw)


def test_it_is_read_without_white_space_between_its_tokens() -> None:
    """However it is written: its text, and the bytes of its members, are those of the compact form."""
    members = create_dev_environment() | {"userAgent": "a b", "errorMessage": "c d e"}
    compacted = encoded(members)
    for indent in (None, 2):
        event, body, text = read_usual(json.dumps(members, indent=indent).encode())
        assert (body, text.encode()) == (compacted, compacted)
        assert bytes(event.request_parameters) == encoded(members["requestParameters"])
    assert read_usual(compacted)[1:] == (compacted, compacted.decode())


@pytest.mark.parametrize("raw", [b"{", b'{"odd":"\xff"}', raw_event(errorCode=7)])
def test_what_is_unusual_is_not_read(raw: bytes) -> None:
    """Also where only a member that nobody asks for is no text."""
    with pytest.raises(UnusualEventError):
        read_usual(raw)
