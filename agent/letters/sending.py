"""Sending dead letters back to the main queue, and deleting them.

No letter is deleted before SQS has said that the main queue has it. So whatever ends this, a letter is in one of the
queues, or in both: then the agent reads it twice and ships the same bytes twice, which a sink can tell.

Where SQS takes nothing because it is asked too often, or cannot be reached, it is asked again, some seconds later.
Where nobody knows whether it took something, it is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.aws.letterbox import Letterbox, parcels
from agent.aws.sqs import RefusedEntry
from agent.errors import AwsError
from agent.letters.asking_again import MOST_WAITS, may_pass
from agent.letters.walk import Walk
from agent.model import Letter

_OF_ALL: Final = frozenset({"denied", "missing", "no_credentials", "throttled"})
_OF_SIZE: Final = re.compile("too ?long|too ?large|shorter than|longer than|maximumMessageSize", re.IGNORECASE)
_ATTEMPTS: Final = 3  # for what SQS refuses of a batch, while it does the rest


_Do = Callable[[Sequence[Letter], "Report"], None]


@dataclass(frozen=True, slots=True)
class Failed:
    """A letter with which something went wrong, and what SQS said. `is_unsure`: it may have been done all the same."""

    letter: Letter
    detail: str
    is_unsure: bool = False

    @property
    def is_of_size(self) -> bool:
        """Whether SQS says that the message is too large."""
        return bool(_OF_SIZE.search(self.detail))


@dataclass(slots=True)
class Report:
    """What became of the letters. `kept` are in the dead-letter queue as before. `doubled` are in both queues. Of those
    that are unsure, the main queue may have what was kept, and the dead-letter queue may not have what was doubled.

    `untouched` were not tried any more: somebody asked for the end, or the next would fare no better. `error` is what
    SQS said where that ended the work. `lapsed` were not tried: they were not hidden all the time, and somebody else
    may have them. The same is so of `late`, but they were sent by then.
    """

    done: list[Letter] = field(default_factory=list)
    kept: list[Failed] = field(default_factory=list)
    doubled: list[Failed] = field(default_factory=list)
    untouched: list[Letter] = field(default_factory=list)
    lapsed: list[Letter] = field(default_factory=list)
    late: list[Letter] = field(default_factory=list)
    error: AwsError | None = None

    @property
    def has_failed(self) -> bool:
        """Whether something went wrong with any of them."""
        return bool(self.kept or self.doubled or self.lapsed)


class Sending:
    """Works on what `walk` has found in `box`. `advance` is told how many were tried so far, after each request."""

    def __init__(
        self,
        walk: Walk,
        box: Letterbox,
        is_stopped: Callable[[], bool],
        advance: Callable[[int], object],
    ) -> None:
        self._walk = walk
        self._box = box
        self._is_stopped = is_stopped
        self._advance = advance
        self._waits = 0

    def redrive(self, letters: Sequence[Letter]) -> Report:
        """Send the bodies of `letters` to the main queue, and delete each letter that it has then."""
        return self._in_parcels(letters, self._redrive)

    def drop(self, letters: Sequence[Letter]) -> Report:
        """Delete `letters`."""
        return self._in_parcels(letters, self._drop)

    def _in_parcels(self, letters: Sequence[Letter], do: _Do) -> Report:
        report, tried = Report(), 0
        for parcel in parcels(letters):
            if self._turn_to(parcel, report):
                self._try(parcel, report, do)
                tried += len(parcel)
                self._advance(tried)
        return report

    def _turn_to(self, parcel: Sequence[Letter], report: Report) -> bool:
        """Whether `parcel` is to be tried; if not, it is left untouched."""
        is_over = bool(report.error) or self._is_stopped()
        report.untouched += parcel if is_over else ()
        return not is_over

    def _try(self, parcel: Sequence[Letter], report: Report, do: _Do) -> None:
        """Do it to those of `parcel` that nobody else can have by now."""
        self._walk.keep_hold()
        held = self._walk.hold_anew(parcel)
        report.lapsed += _not_in(parcel, held)
        if held:
            do(held, report)

    def _redrive(self, parcel: Sequence[Letter], report: Report) -> None:
        try:
            refused = self._box.send_back(parcel)
        except AwsError as error:
            self._meet(error, parcel, report)
            return
        not_sent = _failures(parcel, refused)
        later = _throttled(not_sent, refused)
        report.kept += [failed for failed in not_sent if failed not in later]
        report.error = _denial(parcel, refused)
        sent = _without(parcel, not_sent)
        self._waits = 0 if sent else self._waits
        report.late += _not_in(sent, self._walk.held(sent))
        failures = self._delete(sent, report)
        report.doubled += failures
        report.done += _without(sent, failures)
        if later:
            self._send_later([failed.letter for failed in later], AwsError("throttled", later[0].detail), report)

    def _send_later(self, letters: Sequence[Letter], error: AwsError, report: Report) -> None:
        """Send `letters` again, none of which SQS took; not after `MOST_WAITS`, or once somebody asked for the end."""
        if self._waits == MOST_WAITS:
            report.kept += [Failed(letter, error.detail) for letter in letters]
            report.error = report.error or error
            return
        self._walk.wait(error, self._waits, self._is_stopped)
        self._waits += 1
        if self._turn_to(letters, report):
            self._try(letters, report, self._redrive)

    def _meet(self, error: AwsError, parcel: Sequence[Letter], report: Report) -> None:
        """SQS took nothing of `parcel`. If it may be for a single letter, each is sent alone."""
        if may_pass(error):
            self._send_later(parcel, error, report)
            return
        is_of_one = error.is_undone and bool(error.code) and error.kind not in _OF_ALL
        if is_of_one and len(parcel) > 1:
            kept_before = len(report.kept)
            for letter in parcel:
                if self._turn_to([letter], report):
                    self._try([letter], report, self._redrive)
            kept = report.kept[kept_before:]
            if len(kept) == len(parcel) and not all(failed.is_of_size for failed in kept):
                report.error = report.error or error  # no letter is to blame
            return
        report.kept += _all_failed(parcel, error)
        if not is_of_one:
            report.error = error

    def _drop(self, parcel: Sequence[Letter], report: Report) -> None:
        failures = self._delete(parcel, report)
        report.kept += failures
        report.done += _without(parcel, failures)

    def _delete(self, letters: Sequence[Letter], report: Report) -> list[Failed]:
        """Delete `letters`; returns those of which SQS does not say that it deleted them, with its words."""
        left, failures = list(letters), list[Failed]()
        for attempt in range(_ATTEMPTS):
            if not left:
                return []
            try:
                refused = self._ask_to_delete(left)
            except AwsError as error:
                report.error = error
                return _all_failed(left, error)
            failures = _failures(left, refused)
            report.error = report.error or _denial(left, refused)
            self._walk.forget(_without(left, failures))
            left = [failed.letter for failed in failures]
            if throttled := [each.as_error() for each in refused if each.throttled]:
                self._walk.wait(throttled[0], attempt, self._is_stopped)
        return failures

    def _ask_to_delete(self, letters: Sequence[Letter]) -> list[RefusedEntry]:
        """Returns those that SQS refuses; raises `AwsError`. What passes is waited for, unless the end is asked for."""
        for times in range(MOST_WAITS):
            try:
                return self._box.delete([self._walk.latest(letter) for letter in letters])
            except AwsError as error:
                if not may_pass(error) or self._is_stopped():
                    raise
                self._walk.wait(error, times, self._is_stopped)
        return self._box.delete([self._walk.latest(letter) for letter in letters])


def _denial(letters: Sequence[Letter], refused: Sequence[RefusedEntry]) -> AwsError | None:
    """Whether SQS denies all of `letters`, one by one: then it denies the next, too."""
    if letters and len(refused) == len(letters) and all(each.denied for each in refused):
        return refused[0].as_error()
    return None


def _all_failed(letters: Sequence[Letter], error: AwsError) -> list[Failed]:
    return [Failed(letter, error.detail, is_unsure=not error.is_undone) for letter in letters]


def _failures(letters: Sequence[Letter], refused: Sequence[RefusedEntry]) -> list[Failed]:
    """Those of `letters` that SQS refused, with its words."""
    known = {each.delivery.message_id: each for each in refused}
    return [
        Failed(letter, refusal.detail, is_unsure=refusal.is_silence)
        for letter in letters
        if (refusal := known.get(letter.delivery.message_id))
    ]


def _throttled(failures: Sequence[Failed], refused: Sequence[RefusedEntry]) -> list[Failed]:
    """Those of `failures` that SQS did not take because it is asked too often."""
    known = {each.delivery.message_id for each in refused if each.throttled}
    return [failed for failed in failures if failed.letter.delivery.message_id in known]


def _not_in(letters: Sequence[Letter], others: Sequence[Letter]) -> list[Letter]:
    return [letter for letter in letters if letter not in others]


def _without(letters: Sequence[Letter], failures: Sequence[Failed]) -> list[Letter]:
    failed = {each.letter.delivery.message_id for each in failures}
    return [letter for letter in letters if letter.delivery.message_id not in failed]
