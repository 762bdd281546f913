"""The table of attributes names members of CloudTrail's records, and each of them is one that is decoded."""

from __future__ import annotations

import re

import pytest

from agent.records.rows import Row, RowReader


@pytest.mark.parametrize("member", ["notYetKnown", "userIdentity.notYetKnown", "eventName.x", "requestParameters.x"])
@pytest.mark.parametrize("before", ["", "eventName else "])
def test_a_row_of_a_member_that_is_not_decoded_says_where_to_add_it(before: str, member: str) -> None:
    """Whoever adds a row learns at once which other file has to know the member."""
    told = rf"^TrailEvent has no member {re.escape(member)}: add it in trail/event\.py$"
    with pytest.raises(LookupError, match=told):
        RowReader([Row("aws.new", "eventID", "X"), Row("aws.newer", before + member, "X")])
