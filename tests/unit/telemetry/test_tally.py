"""Which profile had which events: exactly, also where only the event itself tells whom it is about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.model import EventLabels, LogRecord
from agent.records.profiles import BY_NAME, CODECATALYST, GENERIC
from agent.telemetry.tally import EventTally, by_profile
from tests.support.records import log_record

IDENTITY, TRAIL_GUARD = BY_NAME["identity"], BY_NAME["trail_guard"]
POLICY = EventLabels("PutBucketPolicy", "AssumedRole", "success", "s3.amazonaws.com")


def policy_of(bucket: str) -> LogRecord:
    """A record of a changed bucket policy; of the agent's own bucket, it names its target."""
    named = {"rpc.service": POLICY.event_source, "rpc.method": POLICY.event_name}
    target = {"aws.trail_guard.target": bucket} if bucket else {}
    return replace(log_record(attributes={**named, **target}), labels=POLICY)


def test_an_event_belongs_to_the_profile_that_owns_its_name() -> None:
    """CodeCatalyst's events have no source in their labels."""
    for source, name, profile in (
        ("", "CreateProject", CODECATALYST),
        ("signin.amazonaws.com", "ConsoleLogin", IDENTITY),
        ("ec2.amazonaws.com", "RunInstances", GENERIC),
    ):
        labels = EventLabels(name, "Root", "success", source)
        assert by_profile(labels, [log_record(), log_record()]) == {profile.name: (profile, 2)}


def test_a_call_guards_the_trail_only_if_it_is_about_what_is_ours() -> None:
    """The policy of another bucket is an event of another service, under the same labels."""
    told = by_profile(POLICY, [policy_of("acme-trail"), policy_of(""), policy_of("acme-trail")])
    assert told == {TRAIL_GUARD.name: (TRAIL_GUARD, 2), GENERIC.name: (GENERIC, 1)}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.integers(1, 9), st.integers(0, 50)), max_size=40))
def test_numbers_add_up(added: list[tuple[str, bool, int, int]]) -> None:
    """By profile and by name, with failures among them; the newest names are shown, the newest first."""
    tally = EventTally()
    for name, failed, count, at in added:
        outcome = "failure" if failed else "success"
        tally.add(IDENTITY, EventLabels(name, "Root", outcome, "sso.amazonaws.com"), count, float(at))
    told = tally.newest(2)
    assert bool(told) == bool(added)
    for events in told:
        assert events.count == sum(count for _, _, count, _ in added)
        assert events.failed == sum(count for _, failed, count, _ in added if failed)
        names = {name for name, *_ in added}
        assert events.more == max(len(names) - 2, 0)
        newest = {name: max(at for other, _, _, at in added if other == name) for name in names}
        assert [one.newest for one in events.names] == sorted(newest.values(), reverse=True)[:2]
        for one in events.names:
            assert one.count == sum(count for name, _, count, _ in added if name == one.name)
            assert one.newest == newest[one.name]


def test_what_is_shown_does_not_change_afterwards() -> None:
    """A page that is being made shows one instant."""
    tally = EventTally()
    labels = EventLabels("CreateProject", "Root", "success")
    tally.add(CODECATALYST, labels, 1, 5.0)
    (before,) = tally.newest(5)
    tally.add(CODECATALYST, labels, 7, 6.0)
    assert before.names[0].count == 1
