"""Records of other settings in a folder of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import DependencyError
from agent.replay.earlier_forms import earlier_forms, missing_records

PLAIN = {"mask": [], "max_body_bytes": 9}
MASKED = {"mask": ["userIdentity.arn"], "max_body_bytes": 9}


def write(folder: Path) -> None:
    """Some records."""
    (folder / "acme").mkdir(exist_ok=True)
    (folder / "acme" / "05.jsonl").write_text("{}\n")


def test_a_mask_that_is_new_is_told_to_be_too_late_for_what_is_there(tmp_path: Path) -> None:
    """Each time, as long as it is there: whoever hands on the folder must know it."""
    assert earlier_forms(tmp_path, PLAIN) == []
    write(tmp_path)
    assert earlier_forms(tmp_path, PLAIN) == []
    for _ in range(2):
        (told,) = earlier_forms(tmp_path, MASKED)
        assert "other settings (record.mask: not set of some of them, userIdentity.arn now)" in told
        assert "empty folder" in told
    (told,) = earlier_forms(tmp_path, PLAIN)
    assert "record.mask: userIdentity.arn of some of them, not set now" in told


def test_a_folder_without_records_says_nothing_of_earlier_settings(tmp_path: Path) -> None:
    """They came to nothing, or were removed."""
    earlier_forms(tmp_path, PLAIN)
    assert earlier_forms(tmp_path, MASKED) == []
    write(tmp_path)
    assert earlier_forms(tmp_path, MASKED) == []


@pytest.mark.parametrize("noted", [None, b"", b"{}", b"\xff"])
def test_where_nobody_noted_it_it_is_told_as_that(tmp_path: Path, noted: bytes | None) -> None:
    """Each time, too: it stays there."""
    write(tmp_path)
    if noted is not None:
        (tmp_path / ".trail-agent.json").write_bytes(noted)
    for _ in range(2):
        (told,) = earlier_forms(tmp_path, MASKED)
        assert f"files in {tmp_path} may be of other settings" in told


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Before anything is read."""
    (tmp_path / ".trail-agent.json.new").mkdir()
    with pytest.raises(DependencyError, match="cannot be written to: Is a directory"):
        earlier_forms(tmp_path, PLAIN)


def test_a_folder_without_the_records_of_earlier_runs_is_told(tmp_path: Path) -> None:
    """It was moved away, and the checkpoint was kept: they are not written again."""
    (told,) = missing_records(tmp_path)
    assert "name another checkpoint" in told
    write(tmp_path)
    assert missing_records(tmp_path) == []


def test_a_folder_into_which_nothing_was_to_be_written_says_nothing(tmp_path: Path) -> None:
    """The runs before found no events."""
    earlier_forms(tmp_path, PLAIN)
    assert missing_records(tmp_path) == []
