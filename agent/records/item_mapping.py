"""An item of CodeCatalyst's own event log → LogRecord: the attributes of a trail's event, and the item as the body."""

from __future__ import annotations

from typing import Any

from agent.model import LogRecord, ObjectSource
from agent.records.mapping import Mapper
from agent.trail.log_item import item_in, without_item


class ItemMapper(Mapper):
    """Maps the events that `agent.trail.log_item.as_trail_event` makes of items; any other as a `Mapper` does.

    With a mask, the body is what a trail would say of the event, for the paths of a mask are those of a trail.
    """

    def to_record(self, raw: bytes, source: ObjectSource, usual: Any = None) -> LogRecord:
        """The record for one such event; raises `MalformedEventError` if `raw` is no JSON object."""
        item = item_in(raw)
        if not item:
            return super().to_record(raw, source, usual)
        event = without_item(item)
        return super().to_record(event, source) if self.has_mask else self.to_record_of(event, item, source)
