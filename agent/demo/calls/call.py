"""A call to another service than CodeCatalyst, as the demo lets one of its cast make it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.demo.players import PlayerKind
from agent.demo.shapes import Parameters

ACCOUNT = "111122223333"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""What AWS writes in place of a secret."""


@dataclass(frozen=True, slots=True)
class Call:
    """`source` is the service's short name. `request` and `response` are as CloudTrail shows them."""

    source: str
    event: str
    kind: PlayerKind
    request: Parameters | None = None
    response: Parameters | None = None
    reads: bool = False
