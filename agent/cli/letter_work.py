"""How the commands for dead letters go about it: look, do, and end with the right exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import typer

from agent.cli.letter_outlook import NOT_IN_TIME, ask_whether_to_go_on, read_again, say_outlook
from agent.cli.letter_table import print_letter, print_letter_line, print_letters, print_lines, print_prospects
from agent.cli.letter_words import (
    NOT_ALL,
    Task,
    say_before_a_look,
    say_deadline,
    say_report,
    say_wait,
    say_warnings,
    say_what_is_elsewhere,
    say_what_was_missed,
    say_what_was_seen,
)
from agent.cli.output import UNWRITTEN, forget, is_of_the_output, say
from agent.cli.progress import advancing
from agent.cli.report import command_line, fail_settings, load_or_fail, told_bug
from agent.errors import AwsError, SettingsError
from agent.letters.choosing import Choice
from agent.letters.desk import Desk, to_do_about
from agent.letters.sending import Report, Sending
from agent.letters.told import ToldLetter
from agent.letters.walk import HIDDEN_SECONDS, End, Walk
from agent.model import BATCH
from agent.signals import Stopping, exit_code_of, interruptible
from agent.telemetry.safetext import clean

USAGE: Final = 2
_UNAVAILABLE: Final = 69
_LEAVING: Final = frozenset({End.SHORT, End.LATE})
"""How a look ends that leaves something which was not looked at, though nobody asked for that."""

_AFTER_A_BUG: Final = (
    "Each dead letter is still in one of the queues, or in both after a redrive, and visible again "
    f"within {HIDDEN_SECONDS} s: see `{{}}`."
)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, what holds it, and whether somebody has asked for the end since."""

    found: list[ToldLetter]
    walk: Walk
    stopping: Stopping


def open_desk(config: Path | None) -> Desk:
    """The dead-letter queue of these settings. Ends with exit code 78 if they cannot be used; raises as `Desk.open`."""
    return replace(Desk.open(load_or_fail(config)), settings_file=config)


def list_all(desk: Desk, choice: Choice, most: int, *, newest_first: bool, as_json: bool) -> None:
    """Print what is meant, once all of it is visible to others again."""
    with _looking(desk, choice, most) as look:
        found, walk = look.found, look.walk
    refuse([] if walk.end is End.STOPPED else choice.strange_reasons(found))
    shown = found[::-1] if newest_first else found
    if as_json:
        print_lines(shown)
    elif shown:
        print_letters(shown, desk.pulse.clock.time())
    say_what_was_seen(desk, walk, len(found))
    if found:
        say_deadline(desk, found[0], desk.pulse.clock.time())
    if walk.end is not End.STOPPED:
        say_what_is_elsewhere(desk)
    _exit_if_interrupted(look)


def show_one(desk: Desk, choice: Choice, most: int, *, as_json: bool) -> None:
    """Print the one message that is meant, and what would become of it. It is visible to others meanwhile."""
    with _looking(desk, choice, most) as look:
        found, walk = look.found, look.walk
    if walk.end is End.STOPPED:
        say_warnings(desk, walk)
    _exit_if_interrupted(look)
    _refuse_ids(desk, choice, found, walk)
    (told,) = found
    if not as_json:
        print_letter(told, desk.pulse.clock.time())
    prospects = read_again(desk, told)
    if as_json:
        print_letter_line(told, prospects)
    elif prospects is not None:
        print_prospects(prospects)
    if prospects is None:
        say(NOT_IN_TIME)


def carry_out(task: Task, desk: Desk, choice: Choice, most: int, *, for_real: bool, asks: bool = False) -> bool:
    """Do it to all that are meant, or show which these are. False if there are some, and nothing was tried.

    Before a redrive, what would fail again is told. With `asks`, whoever sits at a terminal is asked then.
    """
    report = None
    with _looking(desk, choice, most) as look:
        found, walk = look.found, look.walk
        gone = _refuse_ids(desk, choice, found, walk, may_be_gone=task is Task.DROP)
        refuse([] if walk.end is End.STOPPED else choice.strange_reasons(found))
        is_meant = task is Task.DROP or _may_be_sent(desk, look, asks=for_real and asks)
        if for_real and is_meant and not look.stopping.is_set():
            report = _work(task, desk, look)
    if report is None and found and is_meant:
        print_letters(found, desk.pulse.clock.time())
    is_written = say_report(task, desk, walk, found, report)
    if gone and walk.end is End.WHOLE:
        say(NOT_ALL)
    if report and (report.has_failed or gone or walk.end in _LEAVING):
        raise typer.Exit(_UNAVAILABLE)
    if look.stopping.is_set() and (report is None or report.untouched):
        raise typer.Exit(look.stopping.exit_code)
    if not is_meant:
        raise typer.Exit(USAGE)
    if not is_written:
        raise typer.Exit(UNWRITTEN)
    return report is not None or not found


def _may_be_sent(desk: Desk, look: Look, *, asks: bool) -> bool:
    """Say what would become of the letters; False if whoever was asked does not want to send them after that.

    Nobody is asked about what would pass.
    """
    if not look.found or look.stopping.is_set():
        return True
    is_sound = say_outlook(desk, look.walk, look.found, look.stopping.is_set)
    return is_sound or not asks or look.stopping.is_set() or ask_whether_to_go_on(desk, look.walk, look.stopping.is_set)


def refuse(problems: Sequence[str]) -> None:
    """Say what is wrong with the command line, and end with exit code 2; nothing if nothing is."""
    for problem in problems:
        say(f"✗ {problem}")
    if problems:
        raise typer.Exit(USAGE)


def _refuse_ids(
    desk: Desk, choice: Choice, found: Sequence[ToldLetter], walk: Walk, *, may_be_gone: bool = False
) -> bool:
    """Say which ids name no message that was found, or may name several, and why one may be there all the same.

    That is the end, but where some `may_be_gone` and the others are clear: then it returns whether some are.
    """
    if walk.end is End.STOPPED:
        return False
    missing = choice.missing(found)
    problems = choice.problems(found, walk.count, were_all_seen=walk.end in {End.WHOLE, End.SHORT})
    for problem in problems:
        say(f"✗ {problem}")
    if may_be_gone and found and len(problems) == len(missing):
        return bool(missing)
    if missing:
        say_what_was_missed(desk, walk)
    if problems:
        raise typer.Exit(USAGE)
    return False


@contextmanager
def told_in_words(config: Path | None) -> Iterator[None]:
    """A line for what SQS, the settings or the keyboard say, and its exit code; a bug has some more."""
    try:
        yield
    except SettingsError as error:
        fail_settings(error, config)
    except AwsError as error:
        say(f"✗ {clean(error.detail).rstrip('.')}; {to_do_about(error)}")
        say(f"Nothing was sent or deleted. What was received is visible again within {HIDDEN_SECONDS} s.")
        raise typer.Exit(_UNAVAILABLE) from error
    except BrokenPipeError:  # the reader of the pipe has seen enough
        forget()
        raise typer.Exit from None
    except KeyboardInterrupt as error:
        say(f"interrupted: what this command had received is visible again within {HIDDEN_SECONDS} s")
        raise typer.Exit(exit_code_of(error)) from None
    except typer.Exit:
        raise
    except Exception as error:
        if is_of_the_output(error):  # no bug, and what was done was told
            raise
        raise told_bug(
            error, f"the command. {_AFTER_A_BUG.format(command_line('dead-letters list', config))}"
        ) from error


@contextmanager
def _looking(desk: Desk, choice: Choice, most: int) -> Iterator[Look]:
    """What is meant, held until the end of the block; the first Ctrl-C only asks for the end."""
    say_before_a_look(desk)
    with interruptible() as stopping, desk.walk(stopping.is_set, say_wait) as walk:
        with advancing("looking at dead letters") as seen:
            found = desk.find(walk, choice, most, seen)
        yield Look(found, walk, stopping)


def _work(task: Task, desk: Desk, look: Look) -> Report:
    letters = [told.letter for told in look.found]
    try:
        with advancing(task.doing, len(letters)) as advance:
            sending = Sending(look.walk, desk.box, look.stopping.is_set, advance)
            return sending.redrive(letters) if task is Task.REDRIVE else sending.drop(letters)
    except KeyboardInterrupt:
        if task is Task.REDRIVE:
            say(f"! up to {BATCH} dead letters may be in both queues: run it again, a repeat has the same bytes")
        raise


def _exit_if_interrupted(look: Look) -> None:
    if look.walk.end is End.STOPPED:
        raise typer.Exit(look.stopping.exit_code)
