"""Properties of object keys: total, and exact."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
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


def told(parse: Callable[[str], TrailKey | IgnoredReason], text: str) -> str:
    """The same of one way to parse, in all its words."""
    try:
        return repr(parse(text))
    except PermanentError as error:
        return str(error)


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
    expected = Reason.NOT_ALLOWED if ".." in prefix else TrailKey(account, region)
    assert parsed(text) == expected


@given(
    PREFIXES, DIGITS, REGIONS, st.sampled_from(["", ".json", ".json.gz", " (1).json.gz", "-copy.json.gz", ".JSON.GZ"])
)
def test_the_name_alone_makes_a_log_file(folder: str, account: str, region: str, ending: str) -> None:
    """Whatever folder a log file stands in, it is read or refused, and never passed over."""
    found = parsed(f"{folder}{account}_CloudTrail_{region}_20230518T1715Z_Yq3hTzv0AbCdEfGh{ending}")
    if isinstance(found, TrailKey):
        assert (found.account, found.region) == (account, region)
    else:
        assert found is Reason.NOT_ALLOWED
        assert ".." in folder


@given(st.integers(0, len(KEY) - 1), TEXT)
def test_an_altered_key_is_read_under_its_names_account_or_kept(at: int, inserted: str) -> None:
    """Account and region are those of the file name, and CloudTrail's own folder does not contradict them."""
    altered = KEY[:at] + inserted + KEY[at:]
    match parsed(altered):
        case TrailKey(account, region):
            assert f"{account}_cloudtrail_{region}_" in altered.rpartition("/")[2].lower()
        case IgnoredReason():
            assert at >= KEY.index("_CloudTrail_") - 12 or "/" in inserted
        case _:
            pass


_OWN = f"{KEY.rpartition('/')[0]}/"
NAMES_IN_FOLDERS = st.builds(
    "{}{}_CloudTrail_{}_{}{}{}".format,
    st.sampled_from([_OWN, "", "/", "a..b/", "AWSLogs/", "\n/"])
    | st.builds("{}AWSLogs/{}/CloudTrail/{}/2023/05/18/".format, PREFIXES, DIGITS, REGIONS),
    DIGITS | st.just("111122223333"),
    REGIONS | st.sampled_from(["us-west-2", "Us-West-2"]),
    st.sampled_from(["20230518T1715Z", "20230518T171501Z", "20230518T17150Z", "20230518T17Z"]),
    st.text("aZ09_.", max_size=9) | st.sampled_from(["_Yq3hTzv0AbCdEfGh", "_a.json.gz.md5", "_" + "x" * 950]),
    st.sampled_from([".json.gz", ".json", ".json.zst", ".JSON", "", ".json.gz\n"]),
)


@given(NAMES_IN_FOLDERS)
def test_what_is_known_of_a_folder_tells_the_same(text: str) -> None:
    """Time and id of a usual name make no difference, so a verdict on one name holds for all of its folder."""
    assert told(key.parse, text) == told(key.parse_any, text)


@pytest.mark.parametrize("length", range(1022, 1028))
@pytest.mark.parametrize("end", ["20230518T1715Za.json", "20230518T171501Z_Yq3hTzv0AbCdEfGh.json.gz"])
def test_a_key_as_long_as_s3_allows_is_read(length: int, end: str) -> None:
    """What is known of its folder was read off a name that is no longer than any other."""
    name = f"/AWSLogs/111122223333/CloudTrail/us-west-2/2023/05/18/111122223333_CloudTrail_us-west-2_{end}"
    text = name.rjust(length, "x")
    assert told(key.parse, text) == told(key.parse_any, text)


@given(KEYS | ODD_TEXT, st.integers(0, len(KEY)), TEXT)
def test_every_key_is_parsed_as_the_exact_way_parses_it(text: str, at: int, inserted: str) -> None:
    """Whatever stands in it, and wherever."""
    for each in (text, KEY[:at] + inserted + KEY[at:]):
        assert told(key.parse, each) == told(key.parse_any, each)


HOSTILE = [
    "1" * 12,
    "111122223333_CloudTrail_",
    "AWSLogs/",
    "AWSLogs/1/111122223333/",
    "a-",
    "us-east-1-",
    "/",
    "=",
    ".",
]
HOSTILE += ["111122223333/CloudTrail/us-", "CloudTrail-", "cloud-trail", "2026-11-24-10-00-00-", ".zst", "_$folder$"]


@pytest.mark.row(64)
@given(st.lists(st.sampled_from(HOSTILE) | TEXT, max_size=6), st.integers(1, 2000))
def test_no_key_costs_time(parts: list[str], times: int) -> None:
    """However often its parts repeat, a key is judged at once; one that S3 cannot have is not looked at."""
    text = "".join(parts) * times
    began = time.process_time()
    parsed(text)
    parsed(text[:1024])
    assert time.process_time() - began < 1
