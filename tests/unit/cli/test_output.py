"""How a command ends that meets what nobody foresaw."""

from __future__ import annotations

import errno

import pytest

from agent.cli.output import guarded

WHO = "arn:aws:iam::1:user/alice"


@pytest.mark.parametrize("bug", [KeyError(WHO), ValueError(WHO), FileNotFoundError(errno.ENOENT, "gone", "agent.yaml")])
def test_a_bug_is_a_line_with_its_place(bug: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the command: exit code 70, what to do, and nothing that may be part of an event."""
    with pytest.raises(SystemExit) as ended, guarded():
        raise bug
    said = capsys.readouterr().err
    assert ended.value.code == 70
    assert "test_output.py" in said
    assert said.splitlines()[-1] == "✗ A bug ended the command. Please report it, with the lines above."
    assert "alice" not in said
