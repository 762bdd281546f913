"""What is told of a settings file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import SettingsError
from agent.settings import load
from tests.support.settings import MINIMAL, problems


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"a: [", "line 1, column 5"),
        (b"- a\n- b\n", "mapping"),
        (b"\xff\xfe\xfa", "UTF-8"),
        (b"a: \x07", "character"),
        (b"a: *s3cret\n", "anchor"),
        (b"a: !s3cret x\n", "tag"),
        (b"a: 1\n---\nb: 2\n", "one document"),
        (b"[" * 5000, "YAML"),
        (b"&a {b: *a}", "too deep"),
        (b"queue: " + b"9" * 5000, "YAML"),
        (b"x" * (2 << 20), "1 MiB"),
    ],
)
def test_a_file_that_is_no_yaml_mapping_is_one_clear_problem(tmp_path: Path, content: bytes, hint: str) -> None:
    """Whatever the file holds, the operator reads one sentence with the place, without a word of the file."""
    path = tmp_path / "agent.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    assert hint in caught.value.problems[0]
    assert "s3cret" not in str(caught.value)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A missing file and a directory are problems that begin with the path; variables are judged all the same."""
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(SettingsError) as caught:
            load(path, {"TRAIL_AGENT_WROKERS": "1"})
        first, second = caught.value.problems
        assert first.startswith(f"{path}: cannot be read")
        assert second.startswith("TRAIL_AGENT_WROKERS: ")


def test_keys_written_twice_are_all_found(tmp_path: Path) -> None:
    """YAML would take the last of them in silence."""
    found = problems(tmp_path, MINIMAL + "log: {level: info, level: debug}\nreads: 1\nreads: 2\n")
    assert [problem.split(":")[0] for problem in found] == ["log.level", "reads"]
