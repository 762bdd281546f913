"""Where `AWSLogs/` is in a bucket: at its root, and some folders below, since several trails may write into one bucket.

The number of requests is bounded. Whatever is not looked into is told: a trail there would be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final

from agent.aws import store_policy
from agent.aws.store_policy import StoreError
from agent.errors import number_of

ROOT: Final = "AWSLogs/"
LEVELS: Final = 3
"""How many folders above `AWSLogs/` are looked into."""

_MOST_LOOKS: Final = 200  # folders of one bucket that are looked into for AWSLogs/
_MOST_SHOWN: Final = 5


@dataclass(slots=True)
class Searched:
    """What stands before each `AWSLogs/` of a bucket. `unseen` has the folders that were not looked into.

    `refusal` is how S3 refused the first of those that may not be listed.
    """

    prefixes: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    refusal: StoreError | None = None

    def caution(self, bucket: str) -> str:
        """That some folders were not looked into, in one sentence; empty if all were."""
        if not self.unseen:
            return ""
        names = ", ".join(each or "its root" for each in self.unseen[:_MOST_SHOWN])
        more = " and more" if len(self.unseen) > _MOST_SHOWN else ""
        why = f", S3 refused some ({self.refusal.detail})" if self.refusal else ""
        return (
            f"{number_of(len(self.unseen), 'folder')} of bucket {bucket} {'was' if len(self.unseen) == 1 else 'were'} "
            f"not looked into for another {ROOT}{why}: {names}{more}; if a trail writes there, name every folder in "
            f"which {ROOT} is with --prefix (--prefix AWSLogs is the root)"
        )


def look_for_roots(bucket: str, folders: Callable[[str, str], list[str]], pool: Executor) -> Searched:
    """Looks into the folders of `bucket`, level by level; `folders` gives those below one, and raises `StoreError`.

    Raises it, too, unless S3 only refuses to list a folder, and something was found elsewhere.
    """
    searched = Searched([""] if folders(bucket, ROOT) else [])
    level, looks = [""], 0

    def below(folder: str) -> list[str] | StoreError:
        try:
            return folders(bucket, folder)
        except StoreError as error:
            if error.policy is not store_policy.DENIED:
                raise
            return error

    for _ in range(LEVELS + 1):
        some, rest = level[: _MOST_LOOKS - looks], level[_MOST_LOOKS - looks :]
        searched.unseen += rest
        looks += len(some)
        level = _take(searched, some, list(pool.map(below, some)))
    searched.unseen += level
    if searched.refusal and not searched.prefixes:
        raise searched.refusal
    return searched


def _take(searched: Searched, looked: Sequence[str], answers: Sequence[list[str] | StoreError]) -> list[str]:
    """What one level has; returns the folders of the next one."""
    deeper: list[str] = []
    for folder, answer in zip(looked, answers, strict=True):
        if isinstance(answer, StoreError):
            searched.unseen.append(folder)
            searched.refusal = searched.refusal or answer
            continue
        roots = [each for each in answer if each == ROOT or each.endswith(f"/{ROOT}")]
        searched.prefixes += [prefix for each in roots if (prefix := each.removesuffix(ROOT))]
        deeper += [each for each in answer if each not in roots]
    return deeper
