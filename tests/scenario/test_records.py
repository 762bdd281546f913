"""What a record can hold: oddities are mended, long ones cut, malformed ones put aside, forged names bounded."""

from __future__ import annotations

import gzip
import json
from typing import Final

import pytest

from agent.faults.dead_letters import Reason
from agent.model import EventLabels
from tests.support.events import event, noise
from tests.support.objects import ref, trail_object
from tests.support.one_worker import RECORD_BYTES
from tests.support.world import MINUTE, World

NAMES: Final = "codecatalyst_events_total"
HUGE: Final = 10**30 + 1


def _with(text: str, members: str) -> bytes:
    """An object of one event, with `members` put into its JSON text as they stand."""
    return gzip.compress(b'{"Records":[' + (text[:-1] + "," + members + "}").encode() + b"]}", mtime=0)


@pytest.mark.row(19)
@pytest.mark.parametrize(
    ("members", "shipped"),
    [
        (r'"userAgent":"a\ud800b"', {"userAgent": "a\ufffdb"}),
        (r'"userAgent":"\udc00\ud83d"', {"userAgent": "\ufffd\ufffd"}),
        (r'"userAgent":"\ud83d\ude00"', {"userAgent": "\N{GRINNING FACE}"}),
        (r'"errorMessage":"nul \u0000 end"', {"errorMessage": "nul \0 end"}),
        (f'"requestParameters":{{"n":{HUGE}}}', {"requestParameters": {"n": HUGE}}),
        ('"requestParameters":{"":1,"  ":2,"ok":3}', {"requestParameters": {"": 1, "  ": 2, "ok": 3}}),
        (f'"eventType":{HUGE},"readOnly":"maybe"', {"eventType": HUGE, "readOnly": "maybe"}),
        ('"resources":[{"":"","ARN":"\\ud800"},7,null]', {"resources": [{"": "", "ARN": "\ufffd"}, 7, None]}),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_an_oddity_in_a_sound_file_is_mended_and_shipped(members: str, shipped: dict[str, object]) -> None:
    """Lone surrogates, huge integers, NUL and empty keys cost neither the record nor the batch it goes out in."""
    world = World()
    odd = {key: value for key, value in event("odd").items() if key not in shipped}
    one = world.put(ref("odd"), {**odd, **shipped}, body=_with(json.dumps(odd), members))
    world.notify(one)
    world.produce(2)
    agent = world.agent()
    agent.run(MINUTE)
    assert len(agent.line.sent) == 1
    assert {record.attributes["aws.cloudtrail.event_id"] for record in agent.line.records()} == world.truth.produced
    world.check_all_delivered()


@pytest.mark.row(19)
def test_an_oddity_in_a_record_that_is_not_ours_costs_nothing() -> None:
    """What is skipped need not be sound."""
    world = World()
    strange = json.dumps({**noise("n"), "userAgent": "?"}).replace('"?"', r'"\ud800"')
    body = gzip.compress(('{"Records":[' + strange + "," + json.dumps(event("good")) + "]}").encode(), mtime=0)
    world.notify(world.put(ref("odd"), event("good"), body=body))
    agent = world.agent()
    agent.run(MINUTE)
    assert agent.metric("trail_agent_events_total", fate="skipped") == 1
    world.check_all_delivered()


@pytest.mark.row(20)
@pytest.mark.parametrize("entry", [7, "text", None, [], True], ids=repr)
def test_a_malformed_entry_dead_letters_its_message_after_the_good_ones_are_delivered(entry: object) -> None:
    """The entry counts as malformed, the good records beside it arrive, and the dead letter names the object."""
    world = World()
    entries = (event("a"), entry, noise("n"), event("b", minute=1))
    bad = world.put(ref("bad"), *entries, flaw=Reason.EVENT_MALFORMED)
    world.notify(bad)
    world.produce(1)
    agent = world.agent()
    agent.run(MINUTE)
    assert world.letters() == [("event_malformed", bad.ref.key)]
    assert agent.by("trail_agent_dead_letters_total", "reason") == {"event_malformed": 1}
    assert agent.metric("trail_agent_events_total", fate="malformed") == 1
    assert agent.metric("trail_agent_events_total", fate="exported") == 4
    world.check_end()
    assert world.sink.stored == world.truth.produced


@pytest.mark.row(21)
def test_a_record_that_is_too_long_is_cut_and_says_so() -> None:
    """The response gives way first; who did what stays, the record is marked, and the message is delivered."""
    world = World()
    kept = event("long")
    long = {**kept, "requestParameters": {"spaceName": "acme"}, "responseElements": {"text": "x" * RECORD_BYTES}}
    one = world.put(ref("long"), kept, body=trail_object(long))
    size = len(json.dumps(long["responseElements"], separators=(",", ":")))
    marker = {"responseElements": f"[truncated: {size} bytes]"}
    world.truth.written["long"] = {**kept, "requestParameters": {"spaceName": "acme"}, **marker}
    world.notify(one)
    agent = world.agent()
    agent.run(MINUTE)
    (record,) = agent.line.records()
    assert record.attributes["trail_agent.truncated"] == ["responseElements"]
    assert record.attributes["aws.codecatalyst.space.name"] == "acme"
    assert len(record.body) < RECORD_BYTES
    assert agent.metric("trail_agent_records_truncated_total") == 1
    world.check_all_delivered()


@pytest.mark.row(31)
def test_forged_names_and_types_share_one_series_and_known_names_keep_theirs() -> None:
    """Of five thousand forged names two hundred get a series, as the setting says, and the rest count as `other`."""
    world = World()
    for batch in range(5):
        forged = [event(f"f{batch}-{number}", name=f"Forged{batch}x{number}") for number in range(999)]
        for each in forged[::2]:
            each["userIdentity"] = {"type": f"Type{each['eventID']}"}
        world.notify(world.put(ref(f"forged{batch}"), *forged))
    world.notify(world.put(ref("known"), event("known", name="DeleteProject")))
    agent = world.agent()
    before = len(agent.glance().metrics.samples[NAMES])
    agent.run(5 * MINUTE)
    counted = agent.by(NAMES, "event_name")
    assert counted["other"] == 5 * 999 - 200
    assert len(counted) == 200 + 2
    assert agent.metric(NAMES, event_name="DeleteProject") == 1
    assert set(agent.by(NAMES, "identity_type")) == {"IdentityCenterUser", "Unknown"}
    assert agent.metric(NAMES, identity_type="Unknown") == 5 * 500
    assert agent.by("trail_agent_label_overflow_total", "label") == {
        "event_name": 5 * 999 - 200,
        "identity_type": 5 * 500,
    }
    assert len(agent.glance().metrics.samples[NAMES]) <= before + 2 * (200 + 1)
    world.check_all_delivered()


@pytest.mark.row(31)
def test_a_hundred_thousand_forged_labels_make_no_more_series_than_a_few() -> None:
    """However many there are, the number of series stands still once the limit is reached."""
    agent = World().agent()
    metrics = agent.telemetry.metrics
    for number in range(100_000):
        labels = EventLabels(f"Forged{number}", f"Type{number}", "success")
        metrics.count_events(labels, 1, "e")
        if number == 1000:
            after_a_thousand = len(agent.glance().metrics.samples[NAMES])
    assert len(agent.glance().metrics.samples[NAMES]) == after_a_thousand
    assert agent.metric("trail_agent_label_overflow_total", label="event_name") == 100_000 - 200
    assert agent.metric("trail_agent_label_overflow_total", label="identity_type") == 100_000
