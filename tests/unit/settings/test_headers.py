"""Header lists as the environment and files write them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings.headers import checked, parse_pairs, read_file


@given(st.dictionaries(st.text(min_size=1).filter(str.strip), st.text()))
def test_pairs_come_back_whatever_they_hold(pairs: dict[str, str]) -> None:
    """OpenTelemetry's form: percent-encoded, with commas between."""
    text = ",".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs.items())
    assert parse_pairs(text) == pairs


@pytest.mark.parametrize(
    ("text", "words"), [("s3cret", "entry 1:"), ("a=1,s3cret,=s3cret", "entries 2, 3:"), ("x," * 12, "and 2 more")]
)
def test_what_is_no_pair_is_named_by_its_place(text: str, words: str) -> None:
    """Never by its text, which may be a secret."""
    with pytest.raises(ValueError, match=words) as caught:
        parse_pairs(text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"Authorization=Bearer a=b\nX-Scope: 1",
        b"- a",
        b"\xff\xfe",
        b"a" * ((1 << 20) + 1),
    ],
)
def test_a_file_without_headers_is_refused(tmp_path: Path, content: bytes) -> None:
    """Its lines are all of one form, in UTF-8, and not very many."""
    path = tmp_path / "headers"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"must hold|cannot be read|larger"):
        read_file(path)


@pytest.mark.parametrize(
    "content",
    [
        "# token\n\nAuthorization=Bearer a=b\nX-Scope = 1\n",
        "Authorization: Bearer a=b\nX-Scope: 1\n",
        "\ufeffX-Scope: 1",
    ],
)
def test_a_file_has_lines_or_a_mapping(tmp_path: Path, content: str) -> None:
    """A value may hold an equals sign, and a number stays text."""
    path = tmp_path / "headers"
    path.write_text(content, encoding="utf-8")
    expected = {"Authorization": "Bearer a=b", "X-Scope": "1"}
    found = read_file(path)
    assert found["X-Scope"] == "1"
    assert found.items() <= expected.items()


def test_of_two_spellings_the_later_one_stays() -> None:
    """A header's name has no case; blanks around a value are none of it."""
    assert checked({"x-key": "a", "X-Key": " b ", "other": "c"}) == {"X-Key": "b", "other": "c"}


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"a": "1", "b c": "s3cret"}, "header 2 of 2"),
        ({"Content-Length": "1"}, "leave Content-Type"),
        ({"a": 1}, "not text"),
        ({"a": "s3cret\r\nX: y"}, "line breaks"),
        ({"a": "s3cret\u00e9"}, "beyond ASCII"),
    ],
)
def test_a_header_that_cannot_be_sent_is_named_by_its_place(headers: dict[str, object], words: str) -> None:
    """Nothing of name or value is in the error."""
    with pytest.raises(ValueError, match=words) as caught:
        checked(headers)
    assert "s3cret" not in str(caught.value)
