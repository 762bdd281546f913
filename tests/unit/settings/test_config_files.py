"""The shipped settings files say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.settings import load, schema
from agent.settings.keys import at, keys
from tests.reference.settings import settings_table

CONFIG = Path(__file__).parents[3] / "config"
COMMENTED = re.compile(r"^#(?=[a-z]|  )", re.MULTILINE)


def uncommented() -> str:
    """agent.yaml with every setting switched on."""
    return COMMENTED.sub("", (CONFIG / "agent.yaml").read_text(encoding="utf-8"))


def example(name: str) -> str:
    """The text of a shipped file."""
    return (CONFIG / name).read_text(encoding="utf-8")


def draft() -> Any:
    """The class of validators; jsonschema is imported by whoever runs these tests only, since that takes seconds."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator


def test_agent_yaml_is_silent_as_shipped() -> None:
    """As shipped it sets nothing, so the defaults of a later version reach whoever copied it."""
    assert yaml.safe_load((CONFIG / "agent.yaml").read_text(encoding="utf-8")) is None


def test_agent_yaml_shows_every_key() -> None:
    """Each key of the model stands in the file; those of assume_role in its comment."""
    tree = yaml.safe_load(uncommented())
    missing = [
        key.name
        for key in keys()
        if at(tree, key.path[:-1]) is not None and key.path[-1] not in at_section(tree, key.path)
    ]
    assert missing == []
    assert all(key.path[-1] in uncommented() for key in keys())


def at_section(tree: dict[str, object], path: tuple[str, ...]) -> dict[str, object]:
    """The section that a key stands in."""
    section = at(tree, path[:-1])
    assert isinstance(section, dict)
    return section


def test_agent_yaml_shows_the_defaults(tmp_path: Path) -> None:
    """Switching every line on changes nothing against a file with only what is required."""
    path = tmp_path / "agent.yaml"
    path.write_text(uncommented(), encoding="utf-8")
    everything, least = load(path, {}), load(CONFIG / "minimal.yaml", {})
    assert everything == least
    assert everything.warnings == ()


@pytest.mark.parametrize("text", [uncommented(), example("minimal.yaml"), example("event-history.yaml")])
def test_the_files_follow_the_schema(text: str) -> None:
    """What the agent accepts, an editor with the schema accepts too."""
    draft()(schema()).validate(yaml.safe_load(text))


def test_the_file_for_who_has_no_trail_names_no_queue(tmp_path: Path) -> None:
    """It loads as it is, and with its commented line where the folder is there; nothing is warned of."""
    alone = load(CONFIG / "event-history.yaml", {})
    assert (alone.queue, alone.buckets, alone.warnings) == (None, (), ())
    path = tmp_path / "agent.yaml"
    text = re.sub(r"#(?=checkpoint_file)", "", example("event-history.yaml"))
    path.write_text(text.replace("/var/lib/trail-agent", str(tmp_path)), encoding="utf-8")
    remembered = load(path, {})
    assert remembered.event_history
    assert remembered.event_history.checkpoint_file == tmp_path / "event-history.checkpoint"


@pytest.mark.parametrize(
    ("tree", "is_sound"),
    [
        ({"event_history": {"regions": ["us-west-2"]}}, True),
        ({"event_history": {"regions": ["us-west-2"]}, "queue": None, "buckets": None}, True),
        ({"event_history": {"regions": ["us-west-2"]}, "queue": {"url": "q"}, "buckets": [{"name": "b"}]}, True),
        ({"event_history": None, "queue": {"url": "q"}, "buckets": [{"name": "b"}]}, True),
        ({"event_history": {"regions": ["us-west-2"]}, "queue": {"url": "q"}}, False),
        ({"event_history": {"regions": ["us-west-2"]}, "buckets": [{"name": "b"}]}, False),
        ({"event_history": {"regions": []}}, False),
        ({"event_history": {}}, False),
        ({"event_history": None}, False),
        ({"queue": {"url": "q"}}, False),
        ({"queue": None, "buckets": None}, False),
        ({}, False),
    ],
)
def test_the_schema_wants_a_source_of_events(tree: dict[str, object], *, is_sound: bool) -> None:
    """Queue and buckets go together, and Event history stands for both or beside both."""
    assert draft()(schema()).is_valid(tree) == is_sound


def test_the_schema_refuses_unknown_keys_and_useless_numbers() -> None:
    """A mistyped key is underlined in an editor, at the top and in sections; so is a number without sense."""
    validator = draft()(schema())
    tree = yaml.safe_load((CONFIG / "minimal.yaml").read_text(encoding="utf-8"))
    wrong: list[dict[str, object]] = [
        {"wrokers": 1},
        {"log": {"levle": "info"}},
        {"buckets": [{"name": "abc", "nam": "x"}]},
        {"buckets": []},
        {"workers": 0},
        {"limits": {"record_bytes": 0}},
        {"otlp": {"max_batch_records": 0}},
    ]
    assert not any(validator.is_valid({**tree, **one}) for one in wrong)


def test_the_schema_file_is_the_generated_one() -> None:
    """`make docs` was run after the last change of the models."""
    text = (CONFIG / "agent.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == schema()
    draft().check_schema(schema())


def test_the_table_has_a_row_with_a_description_for_every_key() -> None:
    """The table in docs/settings.md is drawn from the models, entries of buckets included."""
    rows = [line.split(" | ") for line in settings_table().splitlines()[2:]]
    assert {key.name for key in keys()} <= {row[0].strip("| `") for row in rows}
    assert "buckets[].role_arn" in {row[0].strip("| `") for row in rows}
    assert all(len(row) == 3 and len(row[2]) > 5 for row in rows)
