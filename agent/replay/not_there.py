"""What is said where a bucket has nothing of the accounts or regions that a replay is to take, with what it has."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Final

from agent.settings.regions import KNOWN_REGIONS

_MOST_SHOWN: Final = 10
_ALIKE: Final = 0.75


def nothing_of(kind: str, wanted: Collection[str], there: Collection[str], below: str, check: str) -> str:
    """Nothing `below` a folder is of what is `wanted`; `there` is what it has. `kind` is account or region.

    `check` is the option or setting that names what is wanted.
    """
    has = f"there are objects of {listed(there)}"
    return f"nothing below {below} is of {_named(kind, wanted)}; {has}; check {check}{_meant(wanted, there)}"


def some_absent(kind: str, wanted: Collection[str], there: Collection[str], check: str) -> str:
    """That something of `wanted` is not `there`; empty if all of it is."""
    absent = set(wanted) - set(there)
    if not absent:
        return ""
    has = f"there are objects of {listed(there)}"
    return f"there is nothing of {_named(kind, absent)}; {has}; check {check}{_meant(absent, there)}"


def empty_places(
    empty: Collection[tuple[str, str]], places: Sequence[tuple[str, str]], *, are_named: bool
) -> list[str]:
    """What of `places`, buckets and folders in them, is `empty` of trails, one sentence each.

    A folder that was named is told if it is empty in all buckets, and a bucket if all of its folders are.
    """
    full = [place for place in places if place not in empty]
    folders = {folder for _, folder in places} - {folder for _, folder in full}
    buckets = {bucket for bucket, _ in places} - {bucket for bucket, _ in full}
    told = [f"no trail has written below {folder}; check --prefix" for folder in sorted(folders) if are_named]
    for bucket in sorted(buckets):
        looked = listed({folder for one, folder in places if one == bucket})
        told.append(f"no trail has written to bucket {bucket}, below {looked}; if one has, check buckets and --prefix")
    return told


def listed(names: Collection[str]) -> str:
    """The first of them in their order, and how many more there are."""
    shown = ", ".join(sorted(names)[:_MOST_SHOWN])
    return f"{shown} and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else shown


def _named(kind: str, names: Collection[str]) -> str:
    return f"{kind if len(names) == 1 else f'the {kind}s'} {listed(names)}"


def _meant(wanted: Collection[str], there: Collection[str]) -> str:
    near = [one for name in sorted(wanted) for one in _nearest(name, sorted(there))]
    return f": did you mean {listed(set(near))}?" if near else ""


def _nearest(name: str, there: Sequence[str]) -> list[str]:
    """What was meant by `name`, if anything; a region that there is was meant itself."""
    if name in KNOWN_REGIONS:
        return []
    return difflib.get_close_matches(name, there, n=1, cutoff=_ALIKE)
