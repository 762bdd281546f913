"""Which dead letters are meant: by id, by reason, by age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from agent.errors import number_of
from agent.faults.letter_reasons import BY_REASON
from agent.letters.told import ToldLetter

_SHORTEST: Final = 8  # characters of an id that are shown; more where they do not tell it from the others
WHOLE_ID: Final = 36
"""How long SQS's ids are: whoever gives a whole one means one message, whatever else there is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked for; an empty part wants everything. Ages are in seconds, since SQS got the message.

    `ids` are in lower case, each whole or its beginning: the id of a letter here, or the one that it had in the queue.
    """

    ids: Collection[str] = ()
    reasons: Collection[str] = ()
    older_than: float | None = None
    newer_than: float | None = None

    def selects(self, told: ToldLetter, now: float) -> bool:
        """Whether `told` is meant; `now` is in Unix seconds."""
        age = now - told.letter.delivery.sent_at
        return (
            (not self.ids or any(told.is_called(each) for each in self.ids))
            and (not self.reasons or told.reason in self.reasons)
            and (self.older_than is None or age > self.older_than)
            and (self.newer_than is None or age < self.newer_than)
        )

    def has_all_of(self, found: Sequence[ToldLetter]) -> bool:
        """Whether nothing else can be meant: each id is whole, and was found as that of a letter here.

        Several letters may have had one id in the queue: where SQS did not tell the agent that it had the first.
        """
        ids = set(self.ids)
        return bool(ids) and all(len(each) == WHOLE_ID for each in ids) and ids <= {told.message_id for told in found}

    def missing(self, found: Sequence[ToldLetter]) -> list[str]:
        """The ids that were asked for, and nothing has."""
        return [each for each in self.ids if not each or not any(one.is_called(each) for one in found)]

    def problems(self, found: Sequence[ToldLetter], looked_at: int, *, were_all_seen: bool = True) -> list[str]:
        """What is wrong with the ids that were asked for, a sentence each: nothing has one, or several may have it.

        `looked_at` is how many messages were seen. Where these were not all, only the whole id that a message has here
        is sure to mean one message.
        """
        told, missing = [], self.missing(found)
        seen = f"{number_of(looked_at, 'message')} looked at"
        for each in self.ids:
            meant = [one for one in found if one.is_called(each)]
            if each in missing:
                told.append(f"{each or repr(each)}: no message that was found has such an id ({seen}); see `list`")
            elif len(meant) > 1:
                names = ", ".join(sorted(one.named_for(each) for one in meant))
                told.append(f"{each}: several messages have an id that begins so: {names}")
            elif not were_all_seen and each not in {one.message_id for one in meant}:
                told.append(
                    f"{each}: others may have an id that begins so ({seen}, and there are more); "
                    f"give the whole id, {meant[0].message_id}, or let --most look at more"
                )
        return told

    def strange_reasons(self, found: Sequence[ToldLetter]) -> list[str]:
        """What is wrong with the reasons that this version does not know and none of `found` has, a sentence each."""
        there = {one.reason for one in found}
        return [
            f"{each} is no reason; {_meant(each)} (this version does not know it, and no message that was found has it)"
            for each in self.reasons
            if each not in BY_REASON and each not in there
        ]


def _meant(reason: str) -> str:
    near = get_close_matches(reason.lower().replace("-", "_"), BY_REASON, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(BY_REASON)}"


def short_ids(ids: Collection[str]) -> dict[str, str]:
    """The beginning of each id that tells it from all the others."""
    length = _SHORTEST
    while len({each[:length] for each in ids}) < len(set(ids)):
        length += 1
    return {each: each[:length] for each in ids}


def details_of(found: Sequence[ToldLetter], reason: str) -> list[tuple[str, int]]:
    """What the letters of this reason say besides, and how many say it, the most frequent first."""
    return Counter(told.detail for told in found if told.reason == reason and told.detail).most_common()


def by_reason(found: Sequence[ToldLetter]) -> list[tuple[str, int]]:
    """Each reason and how many have it, the most frequent first."""
    return Counter(told.reason for told in found).most_common()
