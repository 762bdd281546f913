"""Properties of object keys: total, and exact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.errors import PermanentError, Reason
from agent.model import IgnoredReason
from agent.trail import key
from agent.trail.key import TrailKey
from tests.support.objects import KEY
from tests.support.strategies import KEYS, ODD_TEXT, TEXT

DIGITS = st.text("0123456789", min_size=12, max_size=12)
REGIONS = st.from_regex(r"\A[a-z]{2}(-gov)?-[a-z]{4,9}-[0-9]\Z")
PREFIXES = st.just("") | st.text(st.characters(exclude_categories=["C"]), max_size=20).map(lambda text: f"{text}/")


def parsed(text: str) -> TrailKey | IgnoredReason | Reason:
    """What a key tells, or why it is refused."""
    try:
        return key.parse(text)
    except PermanentError as error:
        return error.reason


@given(KEYS | ODD_TEXT)
def test_any_text_is_parsed_ignored_or_refused(text: str) -> None:
    """Nothing but `not_allowed` is raised, and twice the same."""
    assert parsed(text) == parsed(text)
    assert not isinstance(parsed(text), Reason) or parsed(text) is Reason.NOT_ALLOWED


@given(PREFIXES, st.sampled_from(["", "o-a1b2c3d4e5/"]), DIGITS, REGIONS, st.booleans())
def test_every_key_of_cloudtrails_shape_is_read(
    prefix: str, org: str, account: str, region: str, gzipped: bool
) -> None:
    """Any prefix, organisation, account and region."""
    folder = f"{prefix}AWSLogs/{org}{account}/CloudTrail/{region}/2023/05/18"
    ending = ".json.gz" if gzipped else ".json"
    text = f"{folder}/{account}_CloudTrail_{region}_20230518T1715Z_Yq3hTzv0AbCdEfGh{ending}"
    expected = Reason.NOT_ALLOWED if ".." in prefix else TrailKey(account, region, gzipped=gzipped)
    assert parsed(text) == expected


@given(st.integers(0, len(KEY) - 1), TEXT)
def test_an_altered_key_never_changes_its_account(at: int, inserted: str) -> None:
    """A key is read only if account and region agree wherever it names them."""
    match parsed(KEY[:at] + inserted + KEY[at:]):
        case TrailKey(account, region):
            assert f"/{account}/CloudTrail/{region}/" in "/" + KEY[:at] + inserted + KEY[at:]
            assert f"/{account}_CloudTrail_{region}_" in KEY[:at] + inserted + KEY[at:]
        case _:
            pass
