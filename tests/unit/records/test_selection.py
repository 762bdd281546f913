"""Selection: which events are CodeCatalyst's."""

from __future__ import annotations

import json

import pytest

from agent.records.selection import EveryEvent, Selector
from agent.trail import reader
from tests.support.events import codecatalyst
from tests.support.objects import log_file

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
