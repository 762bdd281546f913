"""What a `userIdentity` tells in whatever event it stands: read once, and kept for when the same one acts again.

Sessions are short: where people and pipelines are at work, one event in four can have an identity that is new. So what
is new must be read quickly, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from operator import attrgetter
from typing import Any, Final

import msgspec

from agent.model import AttributeValue
from agent.records.actor import Actor
from agent.records.memo import Memo
from agent.records.quick_rows import Parts, shared
from agent.records.rows import ELSE, Row, python_path
from agent.trail.event import text
from agent.trail.usual_event import UnusualEventError, UsualIdentity, decode_identity

MEMBER: Final = "userIdentity"
_MOST: Final = 2048  # an account has some hundred sessions at a time
_LARGEST: Final = 2048  # bytes; that of a role's session has 800
_NOBODY: Final = UsualIdentity()
_SELDOM: Final = tuple(f"{MEMBER}.{part}." for part in ("sessionContext", "inScopeOf", "invokedByDelegate"))


class KnownIdentity(msgspec.Struct, frozen=True, gc=False):
    """Who acted, with its attributes, and the name to show for it, if the event has no other.

    That can be where it has what is `searched`, the actor's id, if the actor has one and `is_named_elsewhere`.
    """

    parts: Parts
    actor: Actor
    identity_type: str
    kind: str
    display: str
    is_named_elsewhere: bool
    searched: bytes


class Identities(Memo[bytes, KnownIdentity]):
    """Reads identities, with those `rows` of the table that are theirs. Safe to share among threads.

    Raises `UnusualEventError` where one is not as AWS writes it.
    """

    __slots__ = ("_all", "_few")

    def __init__(self, rows: Iterable[Row]) -> None:
        super().__init__(self._known, _MOST, _LARGEST)
        table = list(rows)
        self._all = _Texts(table)
        self._few = _Texts([row for row in table if not row.member.startswith(_SELDOM)])

    def _known(self, raw: bytes) -> KnownIdentity:
        identity = decode_identity(raw) if raw else _NOBODY
        actor = Actor.of(identity)
        has_parts = (
            identity.session_context is not _NOBODY.session_context
            or identity.in_scope_of is not _NOBODY.in_scope_of
            or identity.invoked_by_delegate is not _NOBODY.invoked_by_delegate
        )
        return KnownIdentity(
            shared((self._all if has_parts else self._few).read(identity)),
            actor,
            actor.identity_type,
            str(actor.kind),
            actor.name or actor.otherwise,
            actor.is_named_elsewhere,
            actor.user.encode(),
        )


class _Texts:
    """Reads rows of members that are all text."""

    def __init__(self, rows: Sequence[Row]) -> None:
        entries = [(row.attribute, path) for row in rows for path in row.member.split(ELSE)]
        self._names = [attribute for attribute, _ in entries]
        self._members = attrgetter(*(python_path(path).partition(".")[2] for _, path in entries))
        self._not_text = [(row.attribute, row.read) for row in rows if row.read is not text]

    def read(self, identity: Any) -> dict[str, AttributeValue]:
        """The attributes of `identity`; raises `UnusualEventError` where it takes more to tell what counts."""
        values = self._members(identity)
        found = [*map(str.strip, filter(None, values))]
        attributes: dict[str, AttributeValue] = dict(zip(compress(self._names, values), found, strict=True))
        if len(attributes) < len(found) or "" in found:
            raise UnusualEventError
        for name, read in self._not_text:
            if name in attributes:
                value = read(attributes[name])
                if value or value is False:
                    attributes[name] = value
                else:
                    del attributes[name]
        return attributes
