"""`trail-agent run`, where it ends in a way that nobody foresaw."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
import typer
from typer.testing import CliRunner

from agent.cli.run import run

WHO = "arn:aws:iam::1:user/alice"


def test_a_bug_ends_with_70_and_does_not_quote_what_it_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator gets the place of the bug to report, not the text of its error, which may be an event's."""

    def stumble(*_arguments: object) -> NoReturn:
        raise KeyError(WHO)

    monkeypatch.setattr("agent.daemon.run", stumble)
    config = tmp_path / "agent.yaml"
    config.write_text("queue: {url: 'https://sqs.us-west-2.amazonaws.com/111122223333/q'}\nbuckets: [{name: acme}]\n")
    app = typer.Typer()
    app.command()(run)
    result = CliRunner().invoke(app, ["-c", str(config)])
    assert result.exit_code == 70
    assert "test_run.py" in result.stderr
    assert "KeyError" in result.stderr
    assert "report it" in result.stderr
    assert "alice" not in result.output
