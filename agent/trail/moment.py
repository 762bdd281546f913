"""`eventTime` → Unix nanoseconds, in every spelling that can mean only one moment.

CloudTrail writes ISO 8601 in UTC. What has been through another program may hold an epoch number, or a date with the
month's name. A time without a zone is UTC, because CloudTrail's own times are. Nothing is guessed: a year of two
digits, a date such as 10/11/2026, a date without a time and the name of a local zone are no moment.

Pages: CloudTrail user guide, "CloudTrail record contents"; RFC 3339; RFC 9110, section 5.6.7.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

_SECOND: Final = 10**9
_LATEST: Final = 2**63  # many stores keep nanoseconds in 64 bits with a sign
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LONGEST: Final = 64  # characters; no spelling is longer
_NOON: Final = 12
_EPOCH_BEGAN: Final = datetime(1970, 1, 1, tzinfo=UTC)

# The unit of an epoch number by the length of its whole part: in any other unit it is decades away from any trail.
_UNITS: Final = {10: _SECOND, 13: 10**6, 16: 10**3, 19: 1}
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:E\+?\d{1,2})?", re.ASCII | re.IGNORECASE)

_CLOUDTRAILS_OWN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)  # nearly all there are: the fast way
_USUAL_LENGTH: Final = len("2026-11-24T10:00:00Z")
_TO_THE_MINUTE: Final = len("2026-11-24T10:00:")
_SECONDS: Final = {f"{second:02}Z": second * _SECOND for second in range(60)}
_ISO: Final = re.compile(
    r"(?P<year>\d{4})(?P<dash>[-/]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)[T ]"
    r"(?P<hour>\d\d|\d(?=:)):?(?P<minute>[0-5]\d)(?::?(?P<second>[0-5]\d|60)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?:(?:Z|UTC|GMT|Z ?\[UTC\]|[+-]00:?00 ?(?:UTC|\[UTC\]))"
    r"|(?P<sign>[+-])(?P<east>[01]\d|2[0-3])(?::?(?P<rest>[0-5]\d))?)?",
    re.ASCII | re.IGNORECASE,
)
_WORD: Final = re.compile(
    r"(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
    r"|(?P<weekday>(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)"
    r"|(?P<half>am|pm)|(?P<zone>z|utc|gmt|[+-]\d\d:?\d\d)"
    r"|(?P<year>\d{4})|(?P<day>\d{1,2})|(?P<clock>\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?)",
    re.ASCII | re.IGNORECASE,
)
_BETWEEN_WORDS: Final = re.compile(
    r"[ ,]+|(?<=[0-9])[-/](?=[a-z])|(?<=[a-z])[-/](?=[0-9])|(?<=[0-9])(?=[AP]M\b)", re.IGNORECASE
)
_NAMED: Final = frozenset({"month", "day", "year", "clock"})
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def unix_nanoseconds(event_time: object) -> int | None:
    """The moment that `event_time` means; None if it means none, more than one, or one that no store can keep."""
    if isinstance(event_time, str) and len(event_time) == _USUAL_LENGTH:
        return _of_usual_length(event_time)
    return _in_any_spelling(event_time)


def _of_usual_length(written: str) -> int | None:
    minute, second = _of_minute(written[:_TO_THE_MINUTE]), _SECONDS.get(written[_TO_THE_MINUTE:])
    return _in_any_spelling(written) if minute is None or second is None else minute + second


def _in_any_spelling(event_time: object) -> int | None:
    moment = _of_text(_spelled(event_time))
    return moment if moment is not None and 0 <= moment < _LATEST else None


def iso(nanoseconds: int) -> str:
    """Unix nanoseconds as ISO 8601 in UTC, to the second."""
    moment = _EPOCH_BEGAN + timedelta(microseconds=nanoseconds // 1000)  # exact: a float would not hold the year 9999
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


@lru_cache(maxsize=2048)  # the events of one object lie within some minutes, and those of others within the same
def _of_minute(written: str) -> int | None:
    """When the minute begins that is written as in `2026-11-24T10:00:`; None if there is none."""
    whole = f"{written}00Z"
    if not _CLOUDTRAILS_OWN.fullmatch(whole):
        return None
    try:
        moment = int(datetime.fromisoformat(whole).timestamp()) * _SECOND
    except ValueError:
        return None
    return moment if 0 <= moment < _LATEST - 60 * _SECOND else None


def _spelled(event_time: object) -> str:
    """`event_time` as text with single blanks; empty if it is nothing that can be a moment."""
    if isinstance(event_time, str):
        return " ".join(event_time.split()) if len(event_time) <= _LONGEST else ""
    if isinstance(event_time, bool) or not isinstance(event_time, int | float):
        return ""
    return str(event_time) if abs(event_time) < _LATEST else ""


def _of_text(written: str) -> int | None:
    if _NUMBER.fullmatch(written):
        return _of_number(written)
    match = _ISO.fullmatch(written)
    return _count(match) if match else _of_words(written)


def _of_number(written: str) -> int | None:
    number = Decimal(written)
    unit = _UNITS.get(len(str(int(number))))
    return unit and int(number * unit)


def _of_words(written: str) -> int | None:
    """A date with the month's name, in whatever order its words stand: `Tue, 24 Nov 2026 10:00:00 GMT`."""
    words: dict[str, str] = {}
    for word in _BETWEEN_WORDS.split(written):
        match = _WORD.fullmatch(word)
        if match is None or match.lastgroup is None or match.lastgroup in words:
            return None
        words[match.lastgroup] = word
    if not words.keys() >= _NAMED:
        return None
    month = _MONTHS.index(words["month"][:3].lower()) + 1
    clock = _on_the_dial(words["clock"], words.get("half", "").lower())
    match = _ISO.fullmatch(f"{words['year']}-{month:02}-{words['day']:0>2}T{clock}{words.get('zone', '')}")
    return _count(match) if match else None


def _on_the_dial(clock: str, half: str) -> str:
    """`clock` on a dial of 24 hours; empty if it cannot stand beside this `half` of the day."""
    hour, colon, rest = clock.partition(":")
    if half and not 1 <= int(hour) <= _NOON:
        return ""
    day_hour = int(hour) % _NOON + (_NOON if half == "pm" else 0) if half else int(hour)
    return f"{day_hour:02}{colon}{rest}"


def _count(match: re.Match[str]) -> int | None:
    part = {name: int(digits) for name, digits in match.groupdict(default="0").items() if digits.isdigit()}
    try:
        day = date(part["year"], part["month"], part["day"]).toordinal() - _EPOCH
    except ValueError:
        return None
    clock = part["hour"] * 3600 + part["minute"] * 60 + part["second"]  # second 60 of a leap is the next one
    if part["hour"] > 23 and clock != 24 * 3600:  # noqa: PLR2004 - the day ends at 24:00:00
        return None
    east = (part["east"] * 3600 + part["rest"] * 60) * (-1 if match["sign"] == "-" else 1)
    fraction = int((match["fraction"] or "")[:9].ljust(9, "0"))
    return (day * 86400 + clock - east) * _SECOND + fraction
