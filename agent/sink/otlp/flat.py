"""A LogRecord → one flat JSON object on one line, as `inspect` prints it and an export to files keeps it.

It is made of the request that would be sent, so that nothing in it differs from what a sink gets.
"""

from __future__ import annotations

import json

from agent.model import LogRecord
from agent.sink.otlp.decode import records
from agent.sink.otlp.encode import Encoder
from agent.trail.moment import iso


def flat_line(record: LogRecord, encoder: Encoder) -> str:
    """The fields of `record`, then its resource's and its own attributes, then its body; without a line end."""
    (sent,) = records(encoder.encode([record]))
    return json.dumps(
        {
            "time": iso(sent.time_unix_nano),
            "severity_number": sent.severity_number,
            "event_name": sent.event_name,
            **sent.resource,
            **sent.attributes,
            "body": sent.body,
        },
        ensure_ascii=False,
    )
