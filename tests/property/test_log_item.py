"""Properties of CodeCatalyst's own event log: total for any item, and nothing of an item is lost."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.cli.local_forms import take
from agent.records.item_mapping import ItemMapper
from agent.records.selection import EveryEvent
from agent.sink.otlp.encode import Encoder
from agent.trail import reader
from agent.trail.log_item import as_trail_event, item_in
from tests.support.objects import SOURCE
from tests.support.records import open_mapper
from tests.support.strategies import JSON, ODD_TEXT

PAYLOADS = st.fixed_dictionaries({"contentType": ODD_TEXT, "data": ODD_TEXT | JSON.map(json.dumps) | JSON}) | JSON
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "id": ODD_TEXT | JSON,
    "eventType": ODD_TEXT | JSON,
    "eventCategory": st.sampled_from(["MANAGEMENT", "DATA"]) | JSON,
    "eventSource": st.sampled_from(["manage"]) | JSON,
    "eventTime": st.datetimes().map(str) | JSON,
    "userIdentity": st.dictionaries(
        st.sampled_from(["userType", "principalId", "userName", "awsAccountId"]),
        st.sampled_from(["USER", "AWS_ACCOUNT", "UNKNOWN"]) | JSON,
    )
    | JSON,
    "projectInformation": st.dictionaries(st.sampled_from(["name", "projectId"]), JSON) | JSON,
    "requestId": ODD_TEXT | JSON,
    "requestPayload": PAYLOADS,
    "responsePayload": PAYLOADS,
    "errorCode": ODD_TEXT | JSON,
    "sourceIpAddress": ODD_TEXT | JSON,
    "userAgent": ODD_TEXT | JSON,
}
ITEMS: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda members, more: {**more, **members},
    st.fixed_dictionaries(
        {
            "eventName": st.sampled_from(["createProject", "listIAMRolesforConnection"]) | JSON,
            "operationType": st.sampled_from(["READONLY", "MUTATION"]) | JSON,
        },
        optional=MEMBERS,
    ),
    st.dictionaries(ODD_TEXT, JSON, max_size=2),
)


@given(st.lists(ITEMS, min_size=1, max_size=3), st.booleans())
def test_any_item_becomes_a_record_that_can_be_sent(items: list[dict[str, Any]], ascii_only: bool) -> None:
    """Whatever its members are, its record can be sent, and has it as its body."""
    page = json.dumps({"items": items}, ensure_ascii=ascii_only).encode("utf-8", "replace")
    taken = take(bytearray(page))
    selected = reader.read(taken.text, EveryEvent(), 1000)
    assert taken.strange + selected.malformed == 0
    mapper = open_mapper(kind=ItemMapper)
    records = [mapper.to_record(raw, SOURCE) for raw in selected.raws]
    assert Encoder({}, "1").encode(records).SerializeToString()
    sent = None if b"\\ud" in page else json.loads(page)
    assert sent is None or [json.loads(record.body) for record in records] == sent["items"]


@given(ITEMS)
def test_the_item_comes_out_of_its_event(item: dict[str, Any]) -> None:
    """What was made of it says exactly which item it was."""
    event = as_trail_event(json.dumps(item).encode())
    assert as_trail_event(item_in(event)) == event
