"""Whose trails the buckets hold. The events of a CodeCatalyst space are written in its billing account only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from agent.checks.bucket import BucketFacts
from agent.checks.credentials import Caller
from agent.checks.finding import Check, caution, failed, ok
from agent.settings import Settings

_ID: Final = "accounts"
HELD: Final = ok(_ID, "the buckets hold the trails of {accounts}; the space's billing account must be one of them")
SEEN: Final = ok(_ID, "the buckets hold the trails of {accounts}; selected events are among the newest")
OTHERS: Final = caution(
    _ID,
    "the buckets hold the trails of {accounts}, and the agent runs in {caller}",
    "If {caller} is the space's billing account, list its trail's bucket: events of a space are written only there.",
)
NOT_ALLOWED: Final = caution(
    _ID,
    "the buckets also hold the trails of {accounts}, which `accounts` does not list: such messages become dead letters",
    "Add them to accounts, or let the bucket notify the queue only of the prefixes of the others.",
)
NONE_ALLOWED: Final = failed(
    _ID,
    "`accounts` lists {listed}, and the buckets hold only the trails of {accounts}",
    "Correct accounts, or list the bucket of the trail that you mean.",
)
ABSENT: Final = caution(
    _ID,
    "`accounts` lists {listed}, whose trail is in none of the buckets",
    "List its bucket, if the space's billing account or a connected account is among them.",
)


def examine(settings: Settings, caller: Caller, buckets: Sequence[BucketFacts]) -> Iterator[Check]:
    """One result; none if no bucket could be listed, or none has a folder of CloudTrail."""
    held = {account for facts in buckets for account in facts.layout.accounts}
    is_whole = all(facts.layout.is_whole for facts in buckets)
    listed = set(settings.accounts)
    shown = ", ".join(sorted(held))
    if not held:
        return
    if listed and not listed & held:
        yield NONE_ALLOWED.told(listed=", ".join(sorted(listed)), accounts=shown)
    elif listed and held - listed:
        yield NOT_ALLOWED.told(accounts=", ".join(sorted(held - listed)))
    elif listed - held and is_whole:
        yield ABSENT.told(listed=", ".join(sorted(listed - held)))
    elif any(facts.has_ours for facts in buckets):
        yield SEEN.told(accounts=shown)
    elif caller.account and caller.account not in held and is_whole:
        yield OTHERS.told(accounts=shown, caller=caller.account)
    else:
        yield HELD.told(accounts=shown)
