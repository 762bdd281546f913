"""Settings of a file or of the environment, with the least that is required, and the problems of bad ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.settings import Settings, load

MINIMAL = (
    "queue: {url: 'https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent'}\nbuckets: [{name: acme-trail}]\n"
)
REQUIRED = {
    "TRAIL_AGENT_QUEUE__URL": "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent",
    "TRAIL_AGENT_BUCKETS": "acme-trail",
}


def problems(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None, **flags: object) -> list[str]:
    """The problems of a file with this text."""
    path = tmp_path / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {}, {name.replace("__", "."): value for name, value in flags.items()})
    return caught.value.problems


def settings(**environ: str) -> Settings:
    """The settings of an environment that has what is required, and these variables."""
    return load(None, {**REQUIRED, **environ})
