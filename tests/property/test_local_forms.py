"""Properties of taking a file on a disk for a form: total, and exact where there is a log file or records."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.cli.local_forms import LOG_FILE, Taken, take
from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from tests.support.objects import log_file
from tests.support.strategies import EVENTS, JSON, RAWS


def taken_for(text: bytes) -> Taken | Reason:
    """What a text is taken for, or why it is refused."""
    try:
        return take(bytearray(text))
    except PermanentError as error:
        return error.reason


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_text_is_taken_or_refused(text: bytes) -> None:
    """Nothing but one reason is raised, and what is taken is a log file with entries."""
    for candidate in (text, b"[" + text + b"]", b'{"detail":' + text + b"}", text * 2):
        taken = taken_for(candidate)
        assert taken is Reason.OBJECT_MALFORMED or (
            isinstance(taken, Taken) and taken.form and b"Records" in taken.text
        )


@given(st.lists(EVENTS, min_size=1, max_size=4), st.sampled_from(["", "\n", " ", ",\r\n"]), st.sampled_from([None, 2]))
def test_records_come_out_as_they_went_in(events: list[dict[str, object]], between: str, indent: int | None) -> None:
    """One after another or in an array, on lines or over several, every record is there, in order."""
    texts = [json.dumps({"eventName": "X", **event}, indent=indent) for event in events]
    for text in (between.join(texts), "[" + ",".join(texts) + "]"):
        assert json.loads(take(bytearray(text.encode())).text)["Records"] == [json.loads(one) for one in texts]


@given(st.lists(RAWS, min_size=1, max_size=4))
def test_a_log_file_stays_as_it_is(raws: list[bytes]) -> None:
    """What the daemon would read is read as the daemon would."""
    text = log_file(*raws)
    assert taken_for(bytes(text)) == Taken(LOG_FILE, text)
