"""How one result of a check is told."""

from __future__ import annotations

from agent.checks.finding import Status, caution, failed, not_checked, ok


def test_values_stand_in_both_texts() -> None:
    """What is so, and what to do about it."""
    told = failed("queue", "there is no {url}", "Make {url}.").told(url="https://q")
    assert (told.status, told.what, told.fix) == (Status.FAILED, "there is no https://q", "Make https://q.")


def test_words_of_others_cannot_steer_a_terminal() -> None:
    """They stand in one line, cut, and without control characters; braces in them are no fields."""
    told = caution("sink", "it says: {words}").told(words="a\x1b[31m\nb {url} " + "x" * 1000)
    assert told.what.startswith("it says: a?[31m b {url} xxx")
    assert len(told.what) < 450


def test_what_is_not_checked_says_why() -> None:
    """In one line, without anything to do: the other line has it."""
    told = not_checked("notifier", "the queue is missing", "acme")
    assert (told.status, told.what, told.fix, told.on) == (
        Status.CAUTION,
        "not checked, because the queue is missing",
        "",
        "acme",
    )


def test_each_status_has_a_mark() -> None:
    """The same as the settings' own lines have."""
    assert [one("x", "y").told().status.mark for one in (ok, caution)] == ["✓", "!"]
    assert Status.FAILED.mark == "✗"
