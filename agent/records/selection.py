"""Keep or skip: which trail events are shipped. Decided on the event as it stands in the file, before any mapping.

There is one place for each decision, and it says which rule decides. Whoever only needs a yes or a no asks the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from agent.records.decision import Decision, Rule
from agent.records.memo import Memo, characters
from agent.records.profiles import CODECATALYST, GENERIC, is_placeholder, owner
from agent.records.profiles.profile import ANYTHING, Ours, Profile, names_a_service, plain_source
from agent.trail.entry import deciding_pairs
from agent.trail.event import MalformedEventError, TrailEvent, decode, flag, text
from agent.trail.selecting import SoFar

EVERY_SOURCE: Final = "*"
"""Among `event_sources`: the whole trail."""

_DECISIONS_REMEMBERED: Final = 4096  # an account's trail repeats a few hundred pairs of source and name
_LONGEST_REMEMBERED: Final = 512  # characters; a forged name of a megabyte must not stay in memory


class Selector:
    """`selects` decides on `eventSource` and `eventName` alone, so that a record need not be decoded to be skipped.

    An event is kept if its source is one of `event_sources` (without case and blanks) or of the `profiles`, or if it is
    one of the calls that a profile owns. With `connection_events` and the profile of CodeCatalyst, its documented
    account-connection and billing events are kept, too, if their source names no AWS service. `exclude_events` are
    globs on the event's name, as recorded or canonical, without case.

    `keeps` decides what needs more of the event: with `include_read_only` off, events that only read are skipped; and
    so are calls of a profile that are not about `ours`. `explain` says which rule decides, for any event.
    """

    def __init__(
        self,
        event_sources: Iterable[str] = (),
        *,
        profiles: Iterable[Profile] = (CODECATALYST,),
        connection_events: bool = True,
        exclude_events: Iterable[str] = (),
        include_read_only: bool = True,
        ours: Ours = ANYTHING,
    ) -> None:
        chosen = tuple(profiles)
        named = {plain_source(source) for source in event_sources}
        self._everything = EVERY_SOURCE in named
        self._named = named
        self._profile_of = {source: profile for profile in chosen for source in profile.sources}
        self._callers = tuple(profile for profile in chosen if profile.calls)
        self._placeholders = connection_events and CODECATALYST in chosen
        self._excluded = {glob.lower(): glob for glob in exclude_events}
        self._include_read_only = include_read_only
        self._ours = ours
        self._codecatalyst = CODECATALYST in chosen
        self._selected = Memo(self._selects_text, _DECISIONS_REMEMBERED, _LONGEST_REMEMBERED, characters)
        self._selectable = Memo(self._may_select_text, _DECISIONS_REMEMBERED, _LONGEST_REMEMBERED)
        self._keeps_all = include_read_only and (self._everything or not self._callers)
        self.so_far: Final = SoFar(self)

    def selects(self, event_source: object, event_name: object) -> bool:
        """Whether an event of this source and name can be kept; what is not text is taken for absent."""
        return self._selected[_text(event_source), _text(event_name)]

    def may_select(self, event_source: object) -> bool:
        """Whether an event of this source can be kept, if it has the right name."""
        return self._selectable[_text(event_source)]

    def keeps(self, raw: bytes) -> bool:
        """Whether an event that is selected by its source and name is kept; `raw` is the event as the file has it.

        What cannot be decoded is kept: whoever maps it will say that it is malformed.
        """
        return self._keeps_all or self._second_look(raw) is None

    def decide(self, event_source: object, event_name: object) -> Decision:
        """What `selects` answers, with the rule."""
        return self._decide(_text(event_source), _text(event_name))

    def explain(self, raw: bytes) -> Decision:
        """What becomes of an event, with the rule: first `selects`, for all that it may be, and then `keeps`.

        Raises `MalformedEventError` if `raw` is no JSON object.
        """
        decisions = [self.decide(source, name) for source, name in deciding_pairs(raw)]
        kept = sorted((one for one in decisions if one.is_kept), key=lambda one: one.rule is Rule.CALL)
        if not kept:
            return decisions[0]
        return (None if self._keeps_all else self._second_look(raw)) or kept[0]

    def _may_select_text(self, source: str) -> bool:
        plain = plain_source(source)
        return (
            self._everything
            or plain in self._named
            or plain in self._profile_of
            or (self._placeholders and not names_a_service(source))
            or any(plain in caller.calls for caller in self._callers)
        )

    def _selects_text(self, pair: tuple[str, str]) -> bool:
        return self._decide(*pair).is_kept

    def _decide(self, event_source: str, event_name: str) -> Decision:
        wanted = self._wanted(plain_source(event_source), event_source, event_name)
        if wanted is None:
            return self._unwanted(event_source, event_name)
        glob = self._excluding(event_source, event_name)
        return wanted if glob is None else Decision(Rule.EXCLUDED, glob)

    def _wanted(self, source: str, event_source: str, event_name: str) -> Decision | None:
        """The rule that wants events of this source and name; None if there is none."""
        if self._everything:
            return Decision(Rule.WHOLE_TRAIL, EVERY_SOURCE)
        if profile := self._profile_of.get(source):
            return Decision(Rule.PROFILE, profile.name)
        if source in self._named:
            return Decision.of(Rule.EVENT_SOURCE, source)
        if self._placeholders and is_placeholder(event_source, event_name):
            return Decision(Rule.CONNECTION_EVENT)
        caller = next((caller for caller in self._callers if caller.has_call(source, event_name)), None)
        return Decision(Rule.CALL, caller.name) if caller else None

    def _unwanted(self, event_source: str, event_name: str) -> Decision:
        """Which setting would have to be another one, for an event that no rule wants."""
        source, profile = plain_source(event_source), owner(event_source, event_name)
        if self._codecatalyst and is_placeholder(event_source, event_name):
            return Decision(Rule.NO_CONNECTION_EVENTS)
        if profile is not GENERIC:
            return Decision(Rule.OTHER_PROFILE, profile.name)
        caller = next((caller for caller in self._callers if source in caller.calls), None)
        return Decision(Rule.OTHER_CALL, caller.name) if caller else Decision.of(Rule.OTHER_SOURCE, source)

    def _excluding(self, event_source: str, event_name: str) -> str | None:
        """The glob that excludes the event, as the settings have it; None if none does."""
        recorded = event_name.strip().lower()
        name = owner(event_source, event_name).canonical(event_name).lower()
        matching = (glob for glob in self._excluded if fnmatchcase(recorded, glob) or fnmatchcase(name, glob))
        glob = next(matching, None)
        return None if glob is None else self._excluded[glob]

    def _second_look(self, raw: bytes) -> Decision | None:
        """Why an event is skipped that is selected by its source and name; None if it is not."""
        try:
            event = decode(raw)
        except MalformedEventError:
            return None
        if not self._include_read_only and flag(event.read_only) is True:
            return Decision(Rule.READ_ONLY)
        wanted = self.decide(event.event_source, event.event_name)
        is_another = wanted.rule is Rule.CALL and not self._is_about_ours(event) and not self._hides_what_is_kept(raw)
        return Decision(Rule.NOT_OURS, wanted.meant) if is_another else None

    def _hides_what_is_kept(self, raw: bytes) -> bool:
        """Whether the event has a second source or name by which it is kept, whatever it is about."""
        decisions = (self.decide(source, name) for source, name in deciding_pairs(raw))
        return any(decision.is_kept and decision.rule is not Rule.CALL for decision in decisions)

    def _is_about_ours(self, event: TrailEvent) -> bool:
        """Whether the profile that owns this call keeps it."""
        source, name = plain_source(text(event.event_source)), text(event.event_name)
        return any(
            caller.has_call(source, name) and (caller.is_about is None or caller.is_about(event, self._ours))
            for caller in self._callers
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def volume(profiles: Iterable[Profile], event_sources: Iterable[str]) -> list[str]:
    """What a selection adds to the rare events that an owner wants to see; a few words for each part of it."""
    sources = {source.strip() for source in event_sources}
    if EVERY_SOURCE in sources:
        return ["select.event_sources: every event of the trail, of whatever service"]
    owned = frozenset().union(*(profile.sources for profile in profiles))
    further = sorted(source for source in sources if plain_source(source) not in owned)
    return [
        *(f"profile {profile.name}: {profile.volume}" for profile in profiles if profile.volume),
        *(f"select.event_sources: every event of {source}" for source in further),
    ]


class EveryEvent:
    """Keeps everything; for looking at a whole file."""

    def __init__(self) -> None:
        self.so_far: Final = SoFar(self)

    def selects(self, event_source: object, event_name: object) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True

    def may_select(self, event_source: object) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True

    def keeps(self, raw: bytes) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True

    def explain(self, raw: bytes) -> Decision:
        """Always kept; raises `MalformedEventError` if `raw` is no JSON object."""
        next(deciding_pairs(raw))
        return Decision(Rule.EVERY_EVENT)
