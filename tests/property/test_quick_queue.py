"""Properties of what passes between the agent and SQS: the same bytes and values as the standard library's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.aws.quick_queue import read_object, written
from tests.fuzz.damage import TEXTUAL, damaged
from tests.support.messages import s3_event
from tests.support.strategies import JSON, MORE_EXAMPLES, ODD_TEXT

ENTRIES = st.lists(st.fixed_dictionaries({"Id": st.integers(0, 9).map(str), "ReceiptHandle": ODD_TEXT}), max_size=10)
ARGUMENTS = st.fixed_dictionaries(
    {"QueueUrl": ODD_TEXT},
    optional={
        "Entries": ENTRIES,
        "MaxNumberOfMessages": st.integers(1, 10),
        "VisibilityTimeout": st.integers(0, 43_200),
        "MessageSystemAttributeNames": st.lists(ODD_TEXT, max_size=3),
    },
)
ANSWERS = st.builds(
    lambda answer, ascii_only: json.dumps(answer, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"),
    JSON
    | st.fixed_dictionaries(
        {
            "Messages": st.lists(
                st.fixed_dictionaries(
                    {
                        "MessageId": ODD_TEXT,
                        "ReceiptHandle": ODD_TEXT,
                        "Body": ODD_TEXT | st.just(s3_event()),
                        "Attributes": st.dictionaries(ODD_TEXT, JSON, max_size=3),
                    }
                ),
                max_size=3,
            )
        }
    ),
    st.booleans(),
)


def exactly(content: bytes) -> Mapping[str, Any] | None:
    """What the standard library reads, less the nulls."""
    try:
        found = json.loads(
            content, object_pairs_hook=lambda pairs: dict(each for each in dict(pairs).items() if each[1] is not None)
        )
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@given(ARGUMENTS)
def test_a_request_is_written_as_the_standard_library_writes_it(arguments: Mapping[str, Any]) -> None:
    """Byte for byte: whatever stands in a receipt handle, SQS gets what boto3 would have sent."""
    assert written(arguments) == json.dumps(arguments).encode()


@MORE_EXAMPLES
@given(ANSWERS, st.booleans(), st.randoms(use_true_random=False))
def test_an_answer_is_read_as_the_standard_library_reads_it(content: bytes, is_harmed: bool, rng: Any) -> None:
    """To the same values, with escapes, halves of characters, nulls and members that stand twice; or not at all."""
    if is_harmed:
        content = damaged(content, TEXTUAL, rng)
    assert repr(read_object(content)) == repr(exactly(content))
