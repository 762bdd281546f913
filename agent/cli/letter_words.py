"""What the commands for dead letters say when they have looked, sent or deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from agent.cli.output import print_at_once, say
from agent.cli.report import command_line
from agent.errors import number_of
from agent.letters.choosing import by_reason
from agent.letters.desk import Desk, to_do_about
from agent.letters.sending import Failed, Report
from agent.letters.told import ToldLetter
from agent.letters.walk import HIDDEN_SECONDS, LONGEST_SECONDS, End, Walk
from agent.settings import redacted_url
from agent.telemetry.safetext import clean
from agent.telemetry.wording import span

NOT_ALL: Final = "! SQS cannot promise that a look finds all: if it should be there, run it again"
_ENDS: Final = {
    End.LATE: f"! this look ended after {LONGEST_SECONDS} s; there are more",
    End.STOPPED: "! interrupted: there may be more",
}
_TWICE: Final = (
    "! these are in both queues now. The agent ships them again as the same bytes, which Loki drops. "
    "Delete them here: {}"
)
_MAYBE_TWICE: Final = (
    "! these are in the queue, and may still be here: SQS did not say that it deleted them. See `list`; "
    "delete those that are: {}"
)
_STOOD_STILL: Final = f", as if this command had stood still for {HIDDEN_SECONDS} s"
_LAPSED: Final = "not hidden from others all the time{}: somebody else may have sent or deleted them, too"
_HIDE: Final = (
    "allow sqs:ChangeMessageVisibility to your role; deploy/iam/operator.json has all that this command asks for"
)
_TOO_LARGE: Final = "! what to do: raise the queue's MaximumMessageSize, which these are above; then run it again"
_THOSE_FIRST: Final = ". First delete here what was sent, as above; then run it again for the others"
_MAYBE_TAKEN: Final = (
    "! SQS did not answer, and may have taken what it was sent. Run it again: a repeat has the same bytes, "
    "which Loki drops."
)


class Task(Enum):
    """What is done with dead letters, as it is called: while it goes on, done, failed, perhaps done, and only shown."""

    REDRIVE = (
        "sending dead letters back",
        "sent back and deleted here",
        "not sent back",
        "may be sent back, and is still here",
        "nothing was sent",
    )
    DROP = (
        "deleting dead letters",
        "deleted",
        "not deleted",
        "may be deleted",
        "nothing was deleted: --yes deletes what is shown",
    )

    def __init__(self, doing: str, done: str, failed: str, unsure: str, shown: str) -> None:
        self.doing = doing
        self.done = done
        self.failed = failed
        self.unsure = unsure
        self.shown = shown


def say_before_a_look(desk: Desk) -> None:
    """What a look does to messages where that is more than usual: they may be gone from here after it."""
    if arn := desk.about.dead_letter_arn:
        say(
            "! the dead-letter queue has a redrive policy of its own: "
            f"what was received {number_of(desk.about.max_receives, 'time')}, SQS moves on to {arn}, "
            "and each look is a receive"
        )


def say_what_is_elsewhere(desk: Desk) -> None:
    """That there is another queue with dead letters, if there is: SQS's own."""
    if arn := desk.passed_over():
        say(
            f"! this is the queue in queue.dead_letter_url; what is received too often, SQS moves to {clean(arn)}: "
            "to see those, name that queue there"
        )


def say_what_was_seen(desk: Desk, walk: Walk, shown: int) -> None:
    """How many there are, what this look did to them, and what it cannot know."""
    if shown:
        which = "" if shown == walk.count else f" of {walk.count} that were looked at"
        say(f"{number_of(shown, 'dead letter')}{which}. {_what_a_look_does(walk)}")
    else:
        _say_nothing_was_found(desk, walk)
    say_warnings(desk, walk)


def say_what_was_missed(desk: Desk, walk: Walk) -> None:
    """Why a message may be there that was not found."""
    say_warnings(desk, walk)
    if walk.end is End.WHOLE:
        say(NOT_ALL)


def say_warnings(desk: Desk, walk: Walk) -> None:
    """What whoever ran the command should know besides, a line each."""
    for warning in _warnings(desk, walk):
        say(warning)


def say_wait(detail: str, seconds: float) -> None:
    """That SQS does nothing for now, why, and when it is asked again."""
    said = clean(detail).rstrip(".")
    say(f"! SQS does nothing for the moment ({said}); asked again in {max(seconds, 1.0):.0f} s")


def say_report(task: Task, desk: Desk, walk: Walk, found: Sequence[ToldLetter], report: Report | None) -> bool:
    """What was done with `found`, to the end; without a `report`, nothing was done with it.

    False if standard output could not be written; then standard error has all of it.
    """
    is_written = True
    if not found:
        _say_nothing_was_found(desk, walk)
    elif report is None:
        say(f"{_counted(found)}; {task.shown}")
    else:
        is_written = _say_what_was_done(task, desk, walk, found, report)
    say_warnings(desk, walk)
    return is_written


def _say_what_was_done(task: Task, desk: Desk, walk: Walk, found: Sequence[ToldLetter], report: Report) -> bool:
    done = {letter.delivery.message_id for letter in report.done}
    is_written = True
    if done:
        counted = _counted([told for told in found if told.message_id in done])
        is_written = print_at_once(f"✓ {task.done}: {counted}")
    for line in _failures(task, desk, report):
        say(line)
    for line in _lapses(task, walk, report):
        say(line)
    if report.untouched:
        say(f"! {number_of(len(report.untouched), 'dead letter')} not tried any more")
    if report.error:
        say(f"! what to do: {to_do_about(report.error)}{_THOSE_FIRST if report.doubled else ''}")
    if report.done and task is Task.REDRIVE:
        say(f"They are in {redacted_url(desk.box.main_url)}. If one comes back here, `list` says why.")
    return is_written


def _failures(task: Task, desk: Desk, report: Report) -> Iterator[str]:
    """A line for each letter with which something went wrong, and what that means."""
    for failed in report.kept:
        bytes_of_text = len(failed.letter.delivery.body.encode(errors="surrogatepass"))
        size = f" (its text has {number_of(bytes_of_text, 'byte')})" if failed.is_of_size else ""
        yield f"✗ {_of(failed)}: {task.unsure if failed.is_unsure else task.failed}: {clean(failed.detail)}{size}"
    if any(failed.is_of_size for failed in report.kept):
        yield _TOO_LARGE
    if task is Task.REDRIVE and any(failed.is_unsure for failed in report.kept):
        yield _MAYBE_TAKEN
    for unsure, here, advice in (
        (False, "but not deleted here", _TWICE),
        (True, "and may still be here", _MAYBE_TWICE),
    ):
        doubled = [failed for failed in report.doubled if failed.is_unsure is unsure]
        for failed in doubled:
            yield f"✗ {_of(failed)}: sent back, {here}: {clean(failed.detail)}"
        if doubled:
            yield advice.format(command_line("dead-letters drop", desk.settings_file, *map(_of, doubled), "--yes"))


def _lapses(task: Task, walk: Walk, report: Report) -> Iterator[str]:
    """What came of it that others could receive what this command held: it stood still, or SQS did not hide it."""
    lapsed = _LAPSED.format("" if walk.lost_by else _STOOD_STILL)
    if report.lapsed:
        count = number_of(len(report.lapsed), "dead letter")
        yield f"✗ {count} {task.failed}: {lapsed}; run it again"
    if report.late:
        count = number_of(len(report.late), "dead letter")
        yield f"! {count} of those that were sent may be in the queue twice: {lapsed}"


def _say_nothing_was_found(desk: Desk, walk: Walk) -> None:
    if walk.count:
        say(f"None of {number_of(walk.count, 'dead letter')} matches. {_what_a_look_does(walk)}")
    else:
        none = "SQS shows no dead letters" if walk.end is End.SHORT else "No dead letters: SQS shows none"
        say(f"{none} in {redacted_url(desk.box.url)}.")


def _what_a_look_does(walk: Walk) -> str:
    seen = "It was" if walk.count == 1 else "Each was"
    return (
        f"{seen} hidden from others while this lasted ({span(walk.seconds)}), and counts one receive more; "
        "SQS cannot promise that these are all."
    )


def _warnings(desk: Desk, walk: Walk) -> Iterator[str]:
    about = desk.about
    if walk.end is End.ENOUGH:
        yield (
            f"! --most let it look at {number_of(walk.count, 'message')}; SQS counts {about.visible}: "
            f"--most {about.visible} looks at the rest, too"
        )
    elif walk.end is End.SHORT:
        seen = "1 was" if walk.count == 1 else f"{walk.count or 'none'} were"
        yield f"! SQS counts {number_of(about.visible, 'message')}, and {seen} seen: run it again"
    elif walk.end in _ENDS:
        yield _ENDS[walk.end]
    yield from _hidings(walk)
    if about.in_flight:
        held = number_of(about.in_flight, "message")
        yield f"! {held} in somebody else's hands when this look began: what was not given back since is not in it"


def _hidings(walk: Walk) -> Iterator[str]:
    """What SQS did not hide or show again, in its own words, and what to do about that."""
    if walk.lost_by:
        said = clean(walk.lost_by.detail).rstrip(".")
        yield f"! SQS did not hide what this command held for longer ({said}): others may have received it meanwhile"
    if walk.stranded:
        said = f" ({clean(walk.stranded_by.detail).rstrip('.')})" if walk.stranded_by else ""
        held = number_of(walk.stranded, "message")
        yield f"! SQS did not take {held} back{said}; visible again within {HIDDEN_SECONDS} s"
    if error := walk.lost_by or walk.stranded_by:
        yield f"! what to do: {_HIDE if error.kind == 'denied' else to_do_about(error)}"


def say_deadline(desk: Desk, oldest: ToldLetter, now: float) -> None:
    """When SQS deletes the oldest of them."""
    if desk.about.retention_seconds:
        left = oldest.letter.delivery.sent_at + desk.about.retention_seconds - now
        say(f"SQS deletes the oldest of them in {span(max(left, 0.0) // 1)}.")


def _counted(found: Sequence[ToldLetter]) -> str:
    reasons = ", ".join(f"{count} {clean(reason)}" for reason, count in by_reason(found))
    return f"{number_of(len(found), 'dead letter')} ({reasons})"


def _of(failed: Failed) -> str:
    return clean(failed.letter.delivery.message_id)
