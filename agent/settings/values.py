"""The types of value that a setting can have, and what each type says when it refuses a value.

No message holds the value: it may be a secret that was pasted into the wrong line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from agent.settings.regions import known_region

T = TypeVar("T")

ACCOUNT = re.compile(r"[0-9]{12}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
_SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_OF_GLOBS = frozenset("*?[]{}")
_INDEX = re.compile(r"\[[0-9*]*\]$")
_IPV4 = re.compile(r"[0-9]+(\.[0-9]+){3}")


def split_url(value: str) -> SplitResult:
    """The parts of an http or https URL that has a host."""
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        valid = False
    if not valid or not value.isprintable() or " " in value:
        raise ValueError("must be a URL that begins with http:// or https:// and names a host")
    return parts


def without_user(value: str) -> str:
    """A URL without user name and password."""
    if split_url(value).username is not None:
        raise ValueError("must not hold a user name or password")
    return value


def _account(value: object) -> object:
    text = str(value) if type(value) is int else value
    if isinstance(text, str) and not ACCOUNT.fullmatch(text):
        raise ValueError("must be an account id of 12 digits; quote it, so that leading zeros stay")
    return text


def _bucket(value: str) -> str:
    if value.startswith("arn:"):
        raise ValueError("must be the bucket's plain name, not an ARN: write what follows arn:aws:s3:::")
    if "://" in value:
        raise ValueError(
            "must be the bucket's plain name, not a URL: write what stands between s3:// and the next slash"
        )
    if not _BUCKET.fullmatch(value) or ".." in value or _IPV4.fullmatch(value):
        raise ValueError(
            "must be the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens, "
            "with a letter or digit at both ends"
        )
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        raise ValueError("must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/trail-reader")
    return value


def _session(value: str) -> str:
    if not _SESSION.fullmatch(value):
        raise ValueError("must be 2 to 64 letters, digits or characters of +=,.@_-")
    return value


def _file(value: Path) -> Path:
    problem = file_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def file_problem(path: Path) -> str | None:
    """Why this file cannot be read, or None. A relative path is relative to where the agent was started."""
    try:
        if path.is_dir():
            return "is a directory; it must name a file"
        if not path.exists():
            return "names a file that does not exist; a relative path is relative to where the agent is started"
        readable = os.access(path, os.R_OK)
    except (OSError, ValueError):
        return "is not the path of a file that can be read"
    return None if readable else "names a file that this user may not read"


def _state_file(value: Path) -> Path:
    problem = state_file_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def state_file_problem(path: Path) -> str | None:
    """Why this file cannot be written and replaced in its folder, or None. The file itself need not be there.

    Where it is a link, the folder counts to which that leads.
    """
    try:
        folder = path.resolve().parent
        if path.is_dir():
            return "is a directory; it must name a file"
        if path.exists() and not path.is_file():
            return "is not a regular file"
        if not folder.is_dir():
            return "names a file in a folder that does not exist; make the folder, or mount a volume there"
        if not os.access(folder, os.W_OK | os.X_OK):
            return "names a file in a folder in which this user may not write"
        usable = not path.exists() or os.access(path, os.R_OK | os.W_OK)
    except (OSError, RuntimeError, ValueError):  # before Python 3.13, links in a circle are a RuntimeError
        return "is not the path of a file that can be written"
    return None if usable else "names a file that this user may not read and write"


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _profile(value: str) -> str:
    from agent.records.profiles import BY_NAME  # noqa: PLC0415 - msgspec is not needed to show a version

    return _known_profile(value, list(BY_NAME), "; events of any other service are named in select.event_sources")


def _other_profile(value: str) -> str:
    from agent.records.profiles import BY_NAME, CODECATALYST, GENERIC  # noqa: PLC0415 - see _profile

    if value == CODECATALYST.name:
        raise ValueError("must not be codecatalyst: its service.name is the one under resource")
    return _known_profile(value, [name for name in (*BY_NAME, GENERIC.name) if name != CODECATALYST.name], "")


def _known_profile(value: str, names: list[str], else_: str) -> str:
    from agent.records.profiles import nearest  # noqa: PLC0415 - see _profile

    if value in names:
        return value
    if near := nearest(value, names):
        raise ValueError(f"is not the name of a profile; did you mean `{near}`?")
    raise ValueError(f"must be {_one_of(names)}{else_}")


def _list_profiles(schema: dict[str, Any]) -> None:
    from agent.records.profiles import BY_NAME  # noqa: PLC0415 - see _profile

    schema["enum"] = list(BY_NAME)


def _one_of(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"


def _source(value: str) -> str:
    if value.strip() != "*" and any(character in value for character in _OF_GLOBS):
        raise ValueError(
            'must be the whole name of a source, such as guardduty.amazonaws.com, or "*" for the whole trail; '
            "other patterns match nothing"
        )
    return _filled(value)


def _excluded(value: str) -> str:
    if not _filled(value).strip().strip("*"):
        raise ValueError("excludes every event, and nothing would be shipped; name the events that you do not want")
    return value.strip()


def _masked(value: str) -> str:
    for step in _filled(value).split("."):
        if not step.strip():
            raise ValueError(
                "has nothing before, between or after two dots, and would mask nothing; write it like userIdentity.arn"
            )
        if step != step.strip():
            raise ValueError("has a blank before or after a name, and would mask nothing")
        if not step.strip("*") or _INDEX.search(step):
            raise ValueError(
                "has a place of an array or a pattern, and would mask nothing; a path goes into every entry of an "
                "array by itself, such as resources.ARN"
            )
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def unique(value: tuple[T, ...], name: Callable[[T], str], what: str) -> tuple[T, ...]:
    """The entries as they are, if no two have the same name; `what` is what one of them is."""
    names = [name(entry) for entry in value]
    twice = [str(index) for index, one in enumerate(names) if one in names[:index]]
    if twice:
        raise ValueError(
            f"names the same {what} twice: entry {', '.join(twice)} (counted from 0) repeats an earlier one"
        )
    return value


AccountId = Annotated[str, BeforeValidator(_account), Field(json_schema_extra={"pattern": "^[0-9]{12}$"})]
Region = Annotated[str, AfterValidator(known_region)]
BucketName = Annotated[str, AfterValidator(_bucket)]
RoleArn = Annotated[str, AfterValidator(_role)]
SessionName = Annotated[str, AfterValidator(_session)]
ReadableFile = Annotated[Path, AfterValidator(_file)]
StateFile = Annotated[Path, AfterValidator(_state_file)]
EndpointUrl = Annotated[str, AfterValidator(without_user)]
ProfileName = Annotated[str, AfterValidator(_profile), Field(json_schema_extra=_list_profiles)]
OtherProfileName = Annotated[str, AfterValidator(_other_profile)]
EventSource = Annotated[str, AfterValidator(_source)]
ExcludedEvent = Annotated[str, AfterValidator(_excluded)]
MaskedPath = Annotated[str, AfterValidator(_masked)]
Text = Annotated[str, AfterValidator(_filled)]
Whole = Annotated[int, BeforeValidator(_whole)]
Positive = Annotated[int, Field(gt=0), BeforeValidator(_whole)]
Seconds = Annotated[float, BeforeValidator(_whole), Field(allow_inf_nan=False)]
AnyCase = BeforeValidator(_lower)
