"""What `redrive` says before it sends anything: which dead letters would fail again, and what is to be done first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from agent.cli.keyboard import Keyboard
from agent.cli.output import say
from agent.cli.progress import advancing
from agent.errors import SettingsError, number_of
from agent.faults.letter_reasons import what_to_do
from agent.letters.desk import Desk
from agent.letters.outlook import LONGEST_SECONDS, Outlook, look_out
from agent.letters.rereading import Prospect
from agent.letters.told import ToldLetter
from agent.letters.walk import Walk
from agent.telemetry.safetext import clean

NOT_IN_TIME: Final = (
    f"! not read again within {LONGEST_SECONDS:.0f} s: S3 has not answered. "
    "Check the network to it, and aws.endpoint_url; then try again"
)
_SECONDS_TO_ANSWER: Final = 120.0
_YES: Final = frozenset({"y", "Y"})
_SLICE_SECONDS: Final = 0.5


def say_outlook(desk: Desk, walk: Walk, letters: Sequence[ToldLetter], is_stopped: Callable[[], bool]) -> bool:
    """Read some of the letters again, and say for each reason what would become of them.

    False if some would fail, or if that is not known of every reason. They stay hidden from others meanwhile.
    """
    try:
        read = desk.rereading().prospects
    except SettingsError as error:
        say(f"! not read again: {clean('; '.join(error.problems))}")
        return False

    def meanwhile() -> bool:
        walk.keep_hold()
        return is_stopped()

    outlooks = look_out(letters, read, desk.pulse.clock, meanwhile)
    for line in _lines(outlooks):
        say(line)
    return not any(outlook.failing or not outlook.found for outlook in outlooks)


def read_again(desk: Desk, told: ToldLetter) -> Sequence[Prospect] | None:
    """What would become of this letter; None if that is not known within `LONGEST_SECONDS`."""
    read = desk.rereading().prospects
    with advancing("reading it again", 1):
        (outlook,) = look_out([told], read, desk.pulse.clock, lambda: False)
    return outlook.found[0] if outlook.found else None


def ask_whether_to_go_on(desk: Desk, walk: Walk, is_stopped: Callable[[], bool]) -> bool:
    """Ask at the terminal; True where nobody can be asked. No answer for two minutes is a no."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    keyboard, clock, answer = Keyboard(), desk.pulse.clock, ""
    until = clock.monotonic() + _SECONDS_TO_ANSWER
    with keyboard.listening():
        print("Send them back all the same? [y/N] ", end="", file=sys.stderr, flush=True)
        while not answer and not is_stopped() and clock.monotonic() < until:
            walk.keep_hold()
            answer = keyboard.wait(_SLICE_SECONDS)
    print(answer.strip(), file=sys.stderr)
    return answer in _YES


def _lines(outlooks: Sequence[Outlook]) -> Iterator[str]:
    for outlook in outlooks:
        yield f"{_mark(outlook)} {clean(outlook.reason)} ({outlook.count}): {_told(outlook)}"
        yield from (f"  what to do: {each}" for each in _to_do(outlook))


def _mark(outlook: Outlook) -> str:
    if outlook.failing:
        return "✗"
    return "!" if outlook.is_of_the_sink or not outlook.found else "✓"


def _told(outlook: Outlook) -> str:
    failing, read = outlook.failing, len(outlook.found)
    if not read:
        return "none was read again in time"
    if failing:
        which = f"{len(failing)} of {number_of(read, 'letter')}" if len(failing) < read else number_of(read, "letter")
        return f"{which} read again would fail: {clean(failing[0].says)}"
    return f"{number_of(read, 'letter')} read again: {clean(outlook.found[0][0].says)}"


def _to_do(outlook: Outlook) -> Sequence[str]:
    if outlook.failing:
        return list(dict.fromkeys(one.to_do for one in outlook.failing if one.to_do))
    return [what_to_do(outlook.reason)] if outlook.is_of_the_sink else []
