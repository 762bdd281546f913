"""Where `AWSLogs/` is in a bucket: at its root, and some folders below, since several trails may write into one bucket.
One may be in another: the prefix of a trail can be `AWSLogs/team`.

The number of requests is bounded. Whatever is not looked into is told: a trail there would be left out.
CloudTrail writes `[prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/YYYY/MM/DD/`. Page: CloudTrail user guide,
"Finding your CloudTrail log files".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from agent.aws import store_policy
from agent.aws.store_policy import StoreError
from agent.errors import number_of

ROOT: Final = "AWSLogs/"
LEVELS: Final = 3
"""How many folders above `AWSLogs/` are looked into."""

MOST_LOOKS: Final = 200
"""So many folders of one bucket are looked into for `AWSLogs/`."""

_MOST_SHOWN: Final = 5
_ACCOUNT: Final = re.compile(r"[0-9]{12}/", re.ASCII)
_ORGANISATION: Final = re.compile(r"o-[a-z0-9]{4,40}/", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,5}(?:-[a-z]+)+-[0-9][a-z0-9-]*/", re.ASCII)

Looked: TypeAlias = list[str] | StoreError
Each: TypeAlias = Callable[[Callable[[str], Looked], Sequence[str]], Iterable[Looked]]
"""What asks about each of some folders, as `map` does, and may do it side by side."""


@dataclass(slots=True)
class Searched:
    """What stands before each `AWSLogs/` of a bucket. `unseen` has the folders that were not looked into, and `deeper`
    those that are too deep for it.

    `refusal` is how S3 refused the first of those that may not be listed.
    """

    prefixes: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    deeper: list[str] = field(default_factory=list)
    refusal: StoreError | None = None

    def caution(self, bucket: str) -> str:
        """That some folders were not looked into, in one sentence; empty if all were."""
        folders = [*self.unseen, *self.deeper]
        if not folders:
            return ""
        return (
            f"{number_of(len(folders), 'folder')} of bucket {bucket} {'was' if len(folders) == 1 else 'were'} "
            f"not looked into for another {ROOT}{self.why}: {some_of(folders)}; if a trail writes there, name every "
            f"folder in which {ROOT} is with --prefix (--prefix AWSLogs is the root)"
        )

    @property
    def why(self) -> str:
        """That S3 refused some, as a part of a sentence; empty if it refused none."""
        return f", S3 refused some ({self.refusal.detail})" if self.refusal else ""


def some_of(folders: Sequence[str]) -> str:
    """The first of these folders, by their names."""
    names = ", ".join(each or "its root" for each in folders[:_MOST_SHOWN])
    return f"{names} and more" if len(folders) > _MOST_SHOWN else names


def look_for_roots(folders: Callable[[str], list[str]], each: Each, most: int = MOST_LOOKS) -> Searched:
    """Looks into at most so many folders of a bucket, level by level; `folders` gives those below one, and raises
    `StoreError`.

    Raises it, too, unless S3 only refuses to list a folder, and something was found elsewhere.
    """
    known = {ROOT: folders(ROOT)}
    searched = Searched([""] if known[ROOT] else [])
    level, looks = [""], 0

    def below(folder: str) -> Looked:
        try:
            return known.get(folder) or folders(folder)
        except StoreError as error:
            if error.policy is not store_policy.DENIED:
                raise
            return error

    for _ in range(LEVELS + 1):
        some, rest = level[: most - looks], level[most - looks :]
        searched.unseen += rest
        looks += len(some)
        found = _take(searched, some, list(each(below, some)))
        roots = [folder for folder in found if _is_root(folder)]
        inner = _take_inner(searched, roots, list(each(below, roots)))
        level = [*(folder for folder in found if folder not in roots), *inner]
    searched.deeper += level
    if searched.refusal and not searched.prefixes:
        raise searched.refusal
    return searched


def _take(searched: Searched, looked: Sequence[str], answers: Sequence[Looked]) -> list[str]:
    """What one level has; returns the folders in it, with each `AWSLogs/`."""
    found: list[str] = []
    for folder, answer in zip(looked, answers, strict=True):
        if isinstance(answer, StoreError):
            searched.unseen.append(folder)
            searched.refusal = searched.refusal or answer
            continue
        searched.prefixes += _prefixes_of(answer)
        found += answer
    return found


def _take_inner(searched: Searched, roots: Sequence[str], answers: Sequence[Looked]) -> list[str]:
    """What some `AWSLogs/` have beside the folders of accounts; returns the folders of the next level."""
    deeper: list[str] = []
    for root, answer in zip(roots, answers, strict=True):
        others = [] if isinstance(answer, StoreError) else [each for each in answer if not _is_of_logs(root, each)]
        searched.prefixes += _prefixes_of(others)
        deeper += [each for each in others if not _is_root(each)]
    return deeper


def _is_root(folder: str) -> bool:
    return f"/{folder}".endswith(f"/{ROOT}")


def _prefixes_of(folders: Iterable[str]) -> list[str]:
    """What stands before each `AWSLogs/` among them, apart from the one at the root of the bucket."""
    return [prefix for each in folders if _is_root(each) and (prefix := each.removesuffix(ROOT))]


def _is_of_logs(root: str, folder: str) -> bool:
    """Whether a folder right in an `AWSLogs/` is that of an account or of an organisation, also as Hive writes it."""
    name = folder.removeprefix(root)
    return "=" in name or is_owner(name.removesuffix("/"))


def is_owner(name: str) -> bool:
    """Whether this is the id of an account or of an organisation."""
    return bool(_ACCOUNT.fullmatch(f"{name}/") or _ORGANISATION.fullmatch(f"{name}/"))


def account_folders(root: str, folders: Callable[[str], list[str]]) -> list[str]:
    """The folders of accounts in an `AWSLogs/`: those right in it, and those of an organisation's trail.

    `folders` gives those below one. What it raises is raised.
    """
    below = folders(root)
    organisations = [each for each in below if _ORGANISATION.fullmatch(each.removeprefix(root))]
    candidates = [*((root, each) for each in below), *((each, one) for each in organisations for one in folders(each))]
    return [each for parent, each in candidates if _ACCOUNT.fullmatch(each.removeprefix(parent))]


def region_folders(account: str, folders: Callable[[str], list[str]]) -> list[str]:
    """The folders of regions that CloudTrail has in the folder of an account, each ending with the region's name."""
    trail = f"{account}CloudTrail/"
    return [each for each in folders(trail) if _REGION.fullmatch(each.removeprefix(trail))]


def last_of(folder: str) -> str:
    """The name of a folder, without those above it."""
    return folder.rstrip("/").rpartition("/")[2]
