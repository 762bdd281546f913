"""What deploy/ calls by name is there: metrics, variables, settings' sections and commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from agent.cli.app import app
from agent.settings.keys import keys
from tests.reference.metrics import label_names
from tests.support.telemetry import observed

ROOT: Final = Path(__file__).parents[2]
BINARY: Final = {".png", ".pyc"}
FOLDERS: Final = (ROOT / "deploy", ROOT / ".github", ROOT / "docs")
FILES: Final = [
    *sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.is_file() and path.suffix not in BINARY),
    ROOT / "Dockerfile",
    ROOT / "README.md",
]

METRIC: Final = re.compile(r"\b((?:trail_agent|codecatalyst|cloudtrail)_[a-z_]+[a-z])(?:\{([^}]*)\})?")
LABEL: Final = re.compile(r'\b([a-z_]+)\s*(?:=~|!~|!=|=)\s*"')
VARIABLE: Final = re.compile(r"\bTRAIL_AGENT_[A-Z_]*[A-Z]\b(?!__)")
COMMAND: Final = re.compile(
    r"(?:^|[\s`/])trail-agent (run|demo|check|inspect|healthcheck|config|replay|dead-letters|top)\b([^`|#;&\n]*)",
    re.MULTILINE,
)
OF_RECORDS: Final = {"trail_agent_truncated", "trail_agent_malformed", "codecatalyst_user"}
"""No metrics: so Loki calls two attributes of the records, and so one kind of actor is called."""
FROM_SCRAPE: Final = {"job", "instance", "namespace", "pod", "le"}
app_command: Final[Any] = typer.main.get_command(app)


def _metrics() -> dict[str, set[str]]:
    """Every name of a series, with its labels."""
    metrics = observed().telemetry.metrics
    labels = label_names(metrics)
    found: dict[str, set[str]] = {}
    for metric in metrics.registry.collect():
        names = labels.get(metric.name, ())
        for ending in {"counter": ["_total"], "histogram": ["", "_bucket", "_sum", "_count"]}.get(metric.type, [""]):
            found[metric.name + ending] = set(names)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_metrics_and_their_labels_exist(path: Path) -> None:
    """A query, an alert or a sentence names only series that the agent has, and only labels that they have."""
    known = _metrics()
    for name, selector in METRIC.findall(path.read_text(encoding="utf-8")):
        assert name in known or name in OF_RECORDS, f"{name}: no metric of the agent"
        assert {*LABEL.findall(selector)} <= known.get(name, set()) | FROM_SCRAPE, f"{name}{{{selector}}}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_variables_are_settings(path: Path) -> None:
    """The agent refuses a variable that is no setting, so a file that sets one would stop it."""
    known = {setting.variable for setting in keys()}
    named = {*VARIABLE.findall(path.read_text(encoding="utf-8"))}
    assert sorted(name for name in named if name not in known) == []


def _options(verb: str) -> set[str]:
    """Every option of a command and of the commands below it."""
    chosen = app_command.commands[verb]
    all_of_it = [chosen, *getattr(chosen, "commands", {}).values()]
    return {name for one in all_of_it for parameter in one.params for name in parameter.opts} | {"--help", "-h"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_their_options_exist(path: Path) -> None:
    """A command line that a page or a unit shows is one of the program."""
    for verb, rest in COMMAND.findall(path.read_text(encoding="utf-8")):
        assert verb in app_command.commands, f"trail-agent {verb}"
        given = {word.partition("=")[0] for word in rest.split() if re.match(r"--?[a-z]", word)}
        assert given <= _options(verb), f"trail-agent {verb}{rest}"
