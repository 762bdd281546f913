"""Whatever is written in a settings file or a variable, it is settings or a list of problems without secrets."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SettingsError
from agent.settings import load, redacted
from agent.settings.keys import decode, keys, merged

SENTINEL = "s3cret-sentinel"
MINIMAL = {
    "queue": {"url": "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"},
    "buckets": [{"name": "acme-trail"}],
}
NAMES = sorted({name for key in keys() for name in key.path} | {"name", "owner", "wrokers"})

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.binary(max_size=4), st.text(max_size=20),
    st.sampled_from(["${env:A}", "${env:", "http://[", "https://u:p@h", "a=b", "[", "{", "10%", "grpc"]),
)  # fmt: skip
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=8), st.integers(), st.booleans())
trees = st.recursive(
    scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=6), max_leaves=20
)


def loaded(content: bytes, environ: dict[str, str]) -> str:
    """All that is said of a file with this content: its settings and warnings, or its problems."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "agent.yaml"
        path.write_bytes(content)
        try:
            settings = load(path, environ)
        except SettingsError as error:
            problems = error.problems
        else:
            return f"{settings!r}{redacted(settings)}{settings.warnings}"
    assert problems
    assert all(": " in problem for problem in problems)
    return "\n".join(problems)


def dumped(tree: object) -> bytes:
    """The tree as YAML."""
    return yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass")


@given(tree=trees)
def test_any_tree_is_settings_or_problems(tree: object) -> None:
    """No tree of any shape gives anything but settings or a SettingsError."""
    loaded(dumped(tree), {"A": "x"})


@given(tree=st.dictionaries(st.sampled_from(NAMES), trees, max_size=4))
def test_any_change_of_sound_settings_is_settings_or_problems(tree: dict[str, object]) -> None:
    """The same for trees that are sound but for a few keys, so that validation comes further."""
    loaded(dumped(merged(MINIMAL, tree)), {})


@given(
    content=st.binary(max_size=200)
    | st.text(alphabet="abc:-[]{}&*!|>'\"#%@`?, \n\t0159~<$", max_size=60).map(str.encode)
)
def test_any_bytes_are_settings_or_problems(content: bytes) -> None:
    """No file content of any kind ends in another exception."""
    loaded(content, {})


@given(
    values=st.dictionaries(
        st.sampled_from([key.variable for key in keys()]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30) | trees.map(str),
        max_size=5,
    )
)
def test_any_variables_are_settings_or_problems(values: dict[str, str]) -> None:
    """The environment is held to the same rule."""
    loaded(dumped(MINIMAL), values)


around = st.text(max_size=6)
secrets = st.builds(lambda before, after: before + SENTINEL + after, around, around)
odd_secrets = st.one_of(
    secrets, secrets.map(lambda one: [one]), secrets.map(lambda one: {"a": one}), secrets.map(lambda one: {one: None})
)
places: st.SearchStrategy[Callable[[object], object]] = st.sampled_from(
    [
        lambda secret: {"otlp": {"headers": {"authorization": secret}}},
        lambda secret: {"otlp": {"headers": secret}},
        lambda secret: {"otlp": {"headers": {"a": 1, "authorization": secret}}},
        lambda secret: {"aws": {"assume_role": {"role_arn": "x", "external_id": secret}}},
        lambda secret: {"otlp": {"endpoint": f"http://u:{secret}@h:4318"}},
        lambda secret: {"otlp": {"endpoint": f"http://u:{secret}@h:port", "protocol": "grpc"}},
        lambda secret: {"queue": {"url": f"https://u:{secret}@h/111122223333/q"}},
        lambda secret: {"aws": {"endpoint_url": f"https://u:{secret}@h"}},
    ]
)


@given(secret=odd_secrets, place=places, broken=st.booleans())
def test_no_secret_of_a_file_is_ever_said(secret: object, place: Callable[[object], object], broken: bool) -> None:
    """Header values, external ids and passwords in URLs stand in no problem, no repr and no redacted settings."""
    tree = place(secret)
    assert isinstance(tree, dict)
    content = dumped(merged(MINIMAL, tree)) + (b"x: [\n" if broken else b"")
    assert SENTINEL not in loaded(content, {})


@given(
    secret=secrets.filter(lambda one: "\0" not in one),
    variable=st.sampled_from(
        ["TRAIL_AGENT_OTLP__HEADERS", "TRAIL_AGENT_OTLP__ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "TRAIL_AGENT_NO_KEY"]
    ),
    form=st.sampled_from(["{}", "authorization={}", '{{"authorization": "{}"}}', '{{"a": "{}"', "http://u:{}@h"]),
)
def test_no_secret_of_a_variable_is_ever_said(secret: str, variable: str, form: str) -> None:
    """The same for the environment, however badly the value is written."""
    text = loaded(dumped(MINIMAL), {variable: form.format(secret)})
    assert SENTINEL not in text


@given(names=st.lists(st.text("abcdefghij-.", min_size=1, max_size=8), max_size=4))
def test_short_lists_mean_what_json_lists_mean(names: list[str]) -> None:
    """A comma-separated list and its JSON form decode alike."""
    kind = next(key.kind for key in keys() if key.name == "regions")
    assert decode(kind, ",".join(names)) == names
    assert decode(kind, str(names).replace("'", '"')) == names
