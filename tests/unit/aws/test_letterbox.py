"""How letters are put into requests; what the requests do is in tests/contract/test_letterbox_contract.py."""

from __future__ import annotations

from agent.aws.letterbox import parcels
from agent.model import Letter
from tests.support.messages import delivery


def letter(body: str) -> Letter:
    """A dead letter with this text."""
    return Letter(delivery(body=body), {})


def test_a_request_takes_ten() -> None:
    """Twenty-one letters are three requests, in their order."""
    letters = [letter(str(number)) for number in range(21)]
    assert [len(parcel) for parcel in parcels(letters)] == [10, 10, 1]
    assert [one for parcel in parcels(letters) for one in parcel] == letters
    assert list(parcels([])) == []


def test_a_request_has_a_quarter_of_a_mebibyte_at_most() -> None:
    """Counted in bytes, as SQS does; a letter that is larger alone goes alone."""
    letters = [letter("ü" * 60_000), letter("ü" * 60_000), letter("ü" * 60_000), letter("x" * 300_000), letter("x")]
    assert [len(parcel) for parcel in parcels(letters)] == [2, 1, 1, 1]
