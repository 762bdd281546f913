"""Whose bucket it is: S3 refuses a request that expects another owner.

Page: S3 user guide, "Verifying bucket ownership with bucket owner condition".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.settings import BucketSettings

_MOST_ASKED: Final = 8


@dataclass(frozen=True, slots=True)
class BucketOwner:
    """`account` owns the bucket; empty: not known, but none of `others` does."""

    account: str = ""
    others: frozenset[str] = frozenset()


def find(survey: Survey, bucket: BucketSettings, accounts: Iterable[str]) -> BucketOwner:
    """Which of `accounts` owns the bucket, whose notifications can be read. One request for each, up to eight."""
    others: set[str] = set()
    for account in [one for one in dict.fromkeys(accounts) if one][:_MOST_ASKED]:
        try:
            survey.ask_notifications(bucket, ExpectedBucketOwner=account)
        except AskedError as error:
            if error.kind != "denied":
                break
            others.add(account)
        else:
            return BucketOwner(account)
    return BucketOwner(others=frozenset(others))
