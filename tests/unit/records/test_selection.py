"""Selection: which events are CodeCatalyst's."""

from __future__ import annotations

import json

import pytest

from agent.flow.objects import map_events
from agent.records.profiles import PROFILES, named
from agent.records.profiles.profile import Ours, Profile
from agent.records.selection import EveryEvent, Selector, volume
from agent.trail import reader
from agent.trail.edit import Mask
from tests.support.events import WITHOUT_PROFILE, codecatalyst, raw_event
from tests.support.objects import SOURCE, log_file
from tests.support.records import open_mapper

CODECATALYST = "codecatalyst.amazonaws.com"
NAMES = json.loads(codecatalyst("event-names.json"))
DOCUMENTED = NAMES["documented_in_cloudtrail"]
CONNECTIONS = DOCUMENTED["account_connection_and_billing_events"]
SPACES = DOCUMENTED["space_and_project_events"]
IN_IAM = {conflict["cloudtrail_docs"]: conflict["iam_action"] for conflict in NAMES["spelling_conflicts"]}
OURS = Selector([CODECATALYST])


def test_both_documented_events_come_out() -> None:
    """The second one does so although its `eventSource` is a placeholder."""
    raws = [codecatalyst(f"docs-example-{name}.json") for name in ("CreateDevEnvironment", "ListConnections")]
    assert reader.read(log_file(*raws), OURS, 10).raws == tuple(raws)


@pytest.mark.parametrize("source", [CODECATALYST, "CodeCatalyst.AmazonAWS.com", f" {CODECATALYST}\n"])
@pytest.mark.parametrize("name", ["CreateProject", "NeverHeardOf", "", None, 7])
def test_everything_of_the_source_is_ours(source: str, name: object) -> None:
    """Case and blanks of the source do not matter, nor does the event's name: an unknown event is an event."""
    assert OURS.selects(source, name)


@pytest.mark.parametrize("name", [*CONNECTIONS, *(IN_IAM[name] for name in CONNECTIONS if name in IN_IAM)])
@pytest.mark.parametrize("write", [str, str.lower, str.upper, lambda name: f" {name} "])
def test_connection_events_are_ours_wherever_no_service_is_named(name: str, write: object) -> None:
    """All eleven, in either spelling, any case, come out with a placeholder, a blank or no source."""
    assert callable(write)
    for source in ("account-ID", "111122223333", "", " ", None, 7):
        assert OURS.selects(source, write(name))
    for source in ("codestar-connections.amazonaws.com", " Directconnect.AmazonAWS.com ", "ec2.amazonaws.com.cn"):
        assert not OURS.selects(source, write(name))


@pytest.mark.parametrize("name", SPACES)
def test_space_events_need_their_source(name: str) -> None:
    """The names of the other documented events are too common to be told by name."""
    assert OURS.selects(CODECATALYST, name)
    assert not OURS.selects("account-ID", name)


@pytest.mark.parametrize(
    "source", [None, "", "s3.amazonaws.com", f"{CODECATALYST}.evil.example", f"x{CODECATALYST}", 7]
)
def test_other_sources_are_not_ours(source: object) -> None:
    """A source is matched whole."""
    assert not OURS.selects(source, "CreateDevEnvironment")


def test_connection_events_can_be_turned_off() -> None:
    """Then only the source counts."""
    selector = Selector([CODECATALYST], connection_events=False)
    assert not selector.selects("account-ID", "ListConnections")
    assert selector.selects(CODECATALYST, "ListConnections")


def test_sources_are_what_the_settings_say() -> None:
    """Any source can be listed, in any case."""
    selector = Selector([" STS.amazonaws.com ", CODECATALYST])
    assert selector.selects("sts.amazonaws.com", "AssumeRole")
    assert not Selector([], profiles=()).selects(CODECATALYST, "CreateProject")


@pytest.mark.parametrize(
    ("glob", "name", "kept"),
    [
        ("List*", "ListProjects", False),
        ("list*", "ListProjects", False),
        ("List*", "CreateProject", True),
        ("*Connection", "AcceptConnection", False),
        ("GetSpac?", " GetSpace ", False),
        ("GetSpac?", "GetSpaces", True),
        ("List", "ListProjects", True),
        ("[LG]*", "GetSpace", False),
        ("DisassociateIamRoleFromConnection", "DissassociateIAMRolefromConnection", False),
        ("Dissassociate*", "DissassociateIAMRolefromConnection", False),
        ("*", "", False),
    ],
)
def test_globs_exclude_by_either_spelling(glob: str, name: str, kept: bool) -> None:
    """A glob is matched without case against the name as recorded and the canonical one."""
    assert Selector([CODECATALYST], exclude_events=["Nothing", glob]).selects(CODECATALYST, name) is kept


@pytest.mark.parametrize("length", [10, 600, 1 << 20])
def test_decisions_do_not_depend_on_length_or_memory(length: int) -> None:
    """A forged name of any length is decided like any other, as often as one asks."""
    for _ in range(2):
        assert OURS.selects(CODECATALYST, "x" * length)
        assert not OURS.selects("x" * length, "CreateProject")


def test_every_event_keeps_everything() -> None:
    """For looking at a whole file."""
    assert EveryEvent().selects(None, None)


def kept(selector: Selector, **members: object) -> bool:
    """Whether a small event with these members is selected and kept."""
    raw = raw_event(**members)
    event = json.loads(raw)
    return selector.selects(event.get("eventSource"), event.get("eventName")) and selector.keeps(raw)


@pytest.mark.parametrize(
    ("read_only", "is_kept"), [(True, False), ("true", False), (False, True), ("false", True), (None, True), (7, True)]
)
def test_reads_are_skipped_if_the_event_says_that_it_reads(read_only: object, is_kept: bool) -> None:
    """CloudTrail writes the flag as a boolean or as text; what does not say it is kept."""
    assert kept(Selector(include_read_only=False), readOnly=read_only) is is_kept
    assert kept(Selector(), readOnly=read_only)


@pytest.mark.row(72)
def test_masking_read_only_does_not_hide_a_read() -> None:
    """The event is judged as it stands in the file; only what is shipped is masked."""
    mapper = open_mapper(mask=Mask(["readOnly"], b"k" * 32))
    selected = reader.read(log_file(raw_event(readOnly=True), raw_event(readOnly=False)), OURS, 10)
    found = map_events(selected, mapper, SOURCE, Selector(include_read_only=False))
    assert (len(found.records), found.skipped) == (1, 1)
    assert "aws.event.read_only" not in found.records[0].attributes


@pytest.mark.parametrize(
    ("names", "sources"),
    [
        (["identity"], ["sso", "sso-directory", "identitystore", "sso-oauth", "signin"]),
        (["codeconnections"], ["codeconnections", "codestar-connections"]),
        (["pipeline"], ["codebuild", "codepipeline", "codedeploy", "codeartifact"]),
    ],
)
def test_a_profile_selects_its_sources(names: list[str], sources: list[str]) -> None:
    """And those only: without CodeCatalyst's profile, neither its events nor its connection events are kept."""
    selector = Selector(profiles=named(names))
    assert all(selector.selects(f"{source}.amazonaws.com", "Any") for source in sources)
    assert not selector.selects(CODECATALYST, "CreateProject")
    assert not selector.selects("account-ID", "ListConnections")
    assert not selector.selects(f"{WITHOUT_PROFILE}.amazonaws.com", "Any")


def test_sources_add_to_profiles_and_a_star_is_everything() -> None:
    """`event_sources` never takes away what the profiles select."""
    selector = Selector([f"{WITHOUT_PROFILE}.amazonaws.com"])
    assert selector.selects(f"{WITHOUT_PROFILE}.amazonaws.com", "Any")
    assert selector.selects(CODECATALYST, "CreateProject")
    everything = Selector(["*"], profiles=(), exclude_events=["Get*"])
    assert everything.selects("s3.amazonaws.com", "PutObject")
    assert everything.selects(None, None)
    assert not everything.selects("s3.amazonaws.com", "GetObject")


TRAIL = Ours(frozenset({"trail"}))
GUARDED = named(["trail_guard"])
GUARD = Selector(profiles=GUARDED, ours=TRAIL)


@pytest.mark.parametrize(
    ("selector", "bucket", "is_kept"),
    [
        (GUARD, "trail", True),
        (GUARD, "other", False),
        (
            Selector(["s3.amazonaws.com"], profiles=GUARDED, ours=TRAIL),
            "other",
            True,
        ),
        (Selector(["*"], profiles=GUARDED, ours=TRAIL), "other", True),
    ],
)
def test_a_guarded_call_is_kept_for_our_own_bucket(selector: Selector, bucket: str, is_kept: bool) -> None:
    """Unless the settings select the bucket's whole service anyhow."""
    members = {"eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket"}
    assert kept(selector, **members, requestParameters={"bucketName": bucket}) is is_kept
    assert not GUARD.selects("s3.amazonaws.com", "PutObject")


@pytest.mark.parametrize("name", ["DeleteBucket", "deletebucket"])
def test_a_call_is_judged_by_the_profile_that_owns_it(name: str) -> None:
    """A second profile with calls, which keeps whatever they act on, does not widen what the first one keeps."""
    second = Profile(name="second", title="", calls={"s3.amazonaws.com": frozenset({"RestoreObject"})})
    selector = Selector(profiles=(second, *GUARDED), ours=TRAIL)
    for bucket, is_kept in (("trail", True), ("other", False)):
        members = {"eventSource": "S3.amazonaws.com", "requestParameters": {"bucketName": bucket}}
        assert kept(selector, eventName=name, **members) is is_kept
        assert kept(selector, eventName="RestoreObject", **members)


def test_what_cannot_be_decoded_is_kept_for_whoever_counts_it() -> None:
    """Selection never loses a malformed event: mapping calls it malformed."""
    assert GUARD.keeps(b"7")
    assert Selector(include_read_only=False).keeps(b"[" * 100_000)


@pytest.mark.parametrize(
    ("names", "sources", "adds"),
    [
        (["codecatalyst", "codeconnections", "trail_guard"], [], []),
        (["identity"], [], ["profile identity:"]),
        (["codecatalyst"], ["codecatalyst.amazonaws.com"], []),
        (["codecatalyst"], ["s3.amazonaws.com"], ["select.event_sources: every event of s3.amazonaws.com"]),
        (["pipeline"], ["*", "s3.amazonaws.com"], ["select.event_sources: every event of the trail"]),
    ],
)
def test_what_a_selection_adds_is_said(names: list[str], sources: list[str], adds: list[str]) -> None:
    """Rare events are not mentioned; each part that adds volume is, and the whole trail is all there is to say."""
    said = volume(named(names), sources)
    assert len(said) == len(adds)
    assert all(one.startswith(start) for one, start in zip(said, adds, strict=True))


SOURCES = (
    "codecatalyst.amazonaws.com",
    " CodeCatalyst.AmazonAWS.com",
    "s3.amazonaws.com",
    "sso.amazonaws.com",
    "",
    "strange",
    None,
    7,
)
NAMES = ("CreateProject", "AcceptConnection", "PutObject", "DeleteTrail", "PutBucketPolicy", "", None)


@pytest.mark.parametrize(
    "selector",
    [
        Selector(),
        Selector(connection_events=False),
        Selector(["s3.amazonaws.com"], profiles=()),
        Selector(["*"], exclude_events=["Put*"]),
        Selector(profiles=PROFILES),
        EveryEvent(),
    ],
)
def test_a_source_of_which_no_name_is_selected_is_known(selector: Selector | EveryEvent) -> None:
    """Wherever a name is selected, its source may be; so a hidden name needs no search where no source may be."""
    for source in SOURCES:
        if any(selector.selects(source, name) for name in NAMES):
            assert selector.may_select(source)
    assert Selector().may_select("s3.amazonaws.com") is False
