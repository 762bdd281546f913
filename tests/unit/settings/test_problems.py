"""What an operator is told of settings that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.settings import load
from tests.support.settings import MINIMAL, problems


def only(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> str:
    """The one problem of otherwise sound settings with this text added."""
    (problem,) = problems(tmp_path, MINIMAL + text, environ)
    return problem


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """File, environment and flags are all judged before anything is reported, one sentence for each mistake."""
    found = problems(
        tmp_path,
        "wrokers: 4\nqueue: {wait_seconds: 30}\nbuckets: [{name: UPPER}]\n",
        {"TRAIL_AGENT_READS": "many", "TRAIL_AGENT_LOGG__LEVEL": "info"},
        log__level="loud",
    )
    keys = sorted(problem.split(":")[0] for problem in found)
    expected = ["queue.url", "queue.wait_seconds", "buckets.0.name", "reads", "log.level", "wrokers"]
    assert keys == sorted([*expected, "TRAIL_AGENT_LOGG__LEVEL"])


def test_required_keys_are_named_when_the_file_is_empty(tmp_path: Path) -> None:
    """An empty file is a file of defaults, so what is missing is what is required."""
    assert [problem.split(":")[0] for problem in problems(tmp_path, "")] == ["queue.url", "buckets"]


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("wrokers: 1\n", "wrokers", "`workers`"),
        ("otlp: {endpont: x}\n", "otlp.endpont", "`otlp.endpoint`"),
        ("endpoint: x\n", "endpoint", "`otlp.endpoint`"),
        ("otlp.endpoint: x\n", "otlp.endpoint", "nested"),
        (
            "aws: {assume_role: {role_arn: 'arn:aws:iam::111122223333:role/r', externalid: x}}\n",
            "aws.assume_role.externalid",
            "external_id",
        ),
        ("Workers: 1\n", "Workers", "`workers`"),
        ("zzz: null\n", "zzz", "not a setting"),
    ],
)
def test_unknown_keys_are_errors_with_a_hint(tmp_path: Path, text: str, key: str, hint: str) -> None:
    """A mistyped or misplaced key is named with its path, and what was probably meant."""
    problem = only(tmp_path, text)
    assert problem.startswith(f"{key}: ")
    assert hint in problem


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("TRAIL_AGENT_WROKERS", "`workers`"),
        ("TRAIL_AGENT_QUEUE_URL", "`queue.url`"),
        ("trail_agent_workers", "TRAIL_AGENT_WORKERS"),
        ("TRAIL_AGENT_OTLP", "section"),
        ("TRAIL_AGENT_PORT", "no setting"),
        ("TRAIL_AGENT_LOG_LEVEL", "`log.level`"),
        ("TRAIL_AGENT_CONFIG", "named by -c"),
        ("trail_agent_config", "named by -c"),
    ],
)
def test_unknown_variables_are_errors_with_a_hint(tmp_path: Path, variable: str, hint: str) -> None:
    """A TRAIL_AGENT_* variable that sets nothing does not pass in silence."""
    problem = only(tmp_path, "", {variable: "1"})
    assert problem.startswith(f"{variable}: ")
    assert hint in problem


@pytest.mark.parametrize("variable", ["TRAIL_AGENT_", "TRAIL_AGENT_CONFIG", "TRAIL_AGENT_PORT"])
def test_what_resembles_no_variable_gets_no_suggestion(tmp_path: Path, variable: str) -> None:
    """The prefix that all variables share is no likeness."""
    assert "did you mean" not in only(tmp_path, "", {variable: "1"})


def test_the_variables_of_a_kubernetes_service_are_not_settings(tmp_path: Path) -> None:
    """A Service that is called trail-agent does not keep the agent from starting."""
    path = tmp_path / "agent.yaml"
    path.write_text(MINIMAL)
    names = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_METRICS", "PORT", "PORT_9464_TCP", "PORT_9464_TCP_ADDR")
    assert load(path, {f"TRAIL_AGENT_{name}": "10.0.0.1" for name in names}).workers == 4


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("accounts: [1234]\n", "accounts.0", "12 digits"),
        ("accounts: 5\n", "accounts", "list"),
        ("regions: [oregon]\n", "regions.0", "us-west-2"),
        ("workers: true\n", "workers", "number"),
        ("workers: 0\n", "workers", "at least 1"),
        ("select: {connection_events: maybe}\n", "select.connection_events", "true or false"),
        ("select: {event_sources: [], profiles: []}\n", "select", "ship nothing"),
        ("select: {profiles: [codecatalist]}\n", "select.profiles.0", "did you mean `codecatalyst`?"),
        ("select: {profiles: [pipelines]}\n", "select.profiles.0", "did you mean `pipeline`?"),
        ("select: {profiles: [trail-guard]}\n", "select.profiles.0", "did you mean `trail_guard`?"),
        ("select: {profiles: [Identity]}\n", "select.profiles.0", "did you mean `identity`?"),
        ("select: {profiles: [sso]}\n", "select.profiles.0", "did you mean `identity`?"),
        ("select: {profiles: [weather]}\n", "select.profiles.0", "codecatalyst, codeconnections, identity"),
        (
            "select: {profiles: [weather, identity, sun, moon]}\n",
            "select.profiles.0, select.profiles.2, select.profiles.3",
            "must be codecatalyst",
        ),
        ("select: {event_sources: ['*.amazonaws.com']}\n", "select.event_sources.0", '"*" for the whole trail'),
        ("select: {event_sources: ['sso*']}\n", "select.event_sources.0", "whole name"),
        ("select: {exclude_events: ['*']}\n", "select.exclude_events.0", "nothing would be shipped"),
        ("select: {exclude_events: [Get*, ' **']}\n", "select.exclude_events.1", "nothing would be shipped"),
        ("record: {mask: [userIdentity..arn], mask_key_file: KEY}\n", "record.mask.0", "mask nothing"),
        ("record: {mask: [userIdentity.], mask_key_file: KEY}\n", "record.mask.0", "mask nothing"),
        ("record: {mask: ['userIdentity. arn'], mask_key_file: KEY}\n", "record.mask.0", "blank"),
        ("record: {mask: ['resources[0].ARN'], mask_key_file: KEY}\n", "record.mask.0", "resources.ARN"),
        ("record: {mask: ['resources.*.ARN'], mask_key_file: KEY}\n", "record.mask.0", "resources.ARN"),
        ("select: {profiles: [generic]}\n", "select.profiles.0", "select.event_sources"),
        ("service_names: {codecatalyst: x}\n", "service_names.codecatalyst", "under resource"),
        ("service_names: {identiti: x}\n", "service_names.identiti", "did you mean `identity`?"),
        (
            "service_names: {weather: x}\n",
            "service_names.weather",
            "must be codeconnections, identity, ",
        ),
        ("select: 5\n", "select", "mapping"),
        ("record: {parameters: map}\n", "record.parameters", "'json' or 'omit'"),
        ("record: {mask: [sourceIPAddress]}\n", "record.mask_key_file", "required"),
        ("resource: {version: 1.10}\n", "resource.version", "quote"),
        ("otlp: {endpoint: 'localhost:4318'}\n", "otlp.endpoint", "http://"),
        ("otlp: {endpoint: 'http://h:port'}\n", "otlp.endpoint", "http://"),
        ("otlp: {endpoint: 'http://u:p@h', protocol: grpc}\n", "otlp.protocol", "otlp.headers"),
        ("otlp: {headers: {a b: c}}\n", "otlp.headers", "header name"),
        ("otlp: {headers: {a: 1}}\n", "otlp.headers", "quote"),
        ("otlp: {headers: {a: null}}\n", "otlp.headers", "quote"),
        ('otlp: {headers: {a: "x\\r\\nHost: y"}}\n', "otlp.headers", "line breaks"),
        ("otlp: {headers: {Content-Type: x}}\n", "otlp.headers", "Content-Type"),
        ("otlp: {headers: {a b: c, x: y, d e: f}}\n", "otlp.headers", "(headers 1, 3 of 3)"),
        ("otlp: {headers: {a b: c, x: 1}}\n", "otlp.headers", "quote it (header 2 of 2)"),
        ("otlp: {headers: 'a=b,c,d=e,f'}\n", "otlp.headers", "entries 2, 4: not written as key=value"),
        ("otlp: {headers: {a: '${env:NOPE}'}}\n", "otlp.headers.a", "NOPE"),
        ("resource: {'': a}\n", "resource", "the name of each entry must not be empty"),
        ("resource: {app/team: 1}\n", "resource.app/team", "quote"),
        ("otlp: {timeout_seconds: .nan}\n", "otlp.timeout_seconds", "at most"),
        ("limits: {record_bytes: -1}\n", "limits.record_bytes", "greater than 0"),
        ("http: {listen: ':9464'}\n", "http.listen", "0.0.0.0:9464"),
        ("http: {listen: '127.0.0.1'}\n", "http.listen", "host:port"),
        ("http: {listen: '127.0.0.1:99999'}\n", "http.listen", "host:port"),
        ("http: {listen: 9464}\n", "http.listen", "quote"),
        ("aws: {assume_role: {role_arn: r}}\n", "aws.assume_role.role_arn", "arn:aws:iam"),
        ("aws: {assume_role: {external_id: r}}\n", "aws.assume_role.role_arn", "required"),
        ("aws: {endpoint_url: 'http://u:p@h'}\n", "aws.endpoint_url", "password"),
        ("resource: {a: '${env:NOPE}'}\n", "resource.a", "NOPE"),
        ("resource: {a: '${HOME}'}\n", "resource.a", "${env:NAME}"),
    ],
)
def test_a_bad_value_is_named_with_what_it_should_be(tmp_path: Path, text: str, key: str, hint: str) -> None:
    """The problem begins with the key path and says what the key takes."""
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    problem = only(tmp_path, text.replace("KEY", str(tmp_path / "key")))
    assert problem.startswith(f"{key}: ")
    assert hint in problem


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://sqs.us-west-2.amazonaws.com/111122223333/q.fifo", "FIFO"),
        ("arn:aws:sqs:us-west-2:111122223333:q", "http"),
        ("https://sqs.us-west-2.amazonaws.com/q", "account id"),
        ("https://u:p@sqs.us-west-2.amazonaws.com/111122223333/q", "password"),
    ],
)
def test_a_bad_queue_url_is_one_problem(tmp_path: Path, url: str, hint: str) -> None:
    """Nothing that would follow from a wrong URL is reported beside it."""
    (problem,) = problems(tmp_path, f"queue: {{url: '{url}'}}\nbuckets: [{{name: abc}}]\n")
    assert problem.startswith("queue.url: ")
    assert hint in problem


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("region", "eu-west-1", "URL names"),
        ("dead_letter_url", "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent", "same queue"),
        ("visibility_timeout_seconds", 2, "at least 5"),
        ("visibility_timeout_seconds", 50_000, "at most 43200"),
        ("wait_seconds", 21, "at most 20"),
    ],
)
def test_a_queue_that_contradicts_itself_is_refused(tmp_path: Path, key: str, value: object, hint: str) -> None:
    """Regions that differ, a dead-letter queue that is the queue, and times that SQS does not take are problems."""
    (problem,) = problems(tmp_path, MINIMAL, None, **{f"queue__{key}": value})
    assert problem.startswith(f"queue.{key}: ")
    assert hint in problem
    assert problem.endswith("(from the command line)")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("arn:aws:s3:::acme", "ARN"),
        ("s3://acme/logs", "URL"),
        ("ab", "3 to 63"),
        ("Acme", "lower-case"),
        ("10.0.0.1", "S3 bucket"),
    ],
)
def test_a_bad_bucket_name_is_named_by_its_place(tmp_path: Path, name: str, hint: str) -> None:
    """ARNs and URLs get a hint of their own."""
    (problem,) = problems(tmp_path, MINIMAL, None, buckets=[{"name": "good-one"}, {"name": name}])
    assert problem.startswith("buckets.1.name: ")
    assert hint in problem


def test_a_variable_is_named_with_the_problem_it_makes(tmp_path: Path) -> None:
    """Of a value, of a part of a list and of a map alike, the operator learns which variable holds it."""
    environ = {
        "TRAIL_AGENT_LOG__LEVEL": "loud",
        "TRAIL_AGENT_ACCOUNTS": "111122223333,12",
        "TRAIL_AGENT_OTLP__HEADERS": "a=caf\u00e9",
        "TRAIL_AGENT_RESOURCE": '{"a": 1}',
    }
    found = problems(tmp_path, MINIMAL, environ)
    assert sorted(problem.rpartition("(from ")[2] for problem in found) == sorted(f"{name})" for name in environ)


def test_a_bucket_stands_in_the_list_once(tmp_path: Path) -> None:
    """The second entry of the same name is a problem, and so is a list without entries."""
    (twice,) = problems(tmp_path, MINIMAL, {"TRAIL_AGENT_BUCKETS": "acme,other,acme"})
    assert "entry 2" in twice
    assert "(from TRAIL_AGENT_BUCKETS)" in twice
    assert problems(tmp_path, MINIMAL, {"TRAIL_AGENT_BUCKETS": "[]"})[0].startswith("buckets: must have at least one")


@pytest.mark.parametrize(
    "key", ["record.mask_key_file", "otlp.headers_file", "otlp.ca_file", "otlp.cert_file", "otlp.key_file"]
)
def test_files_must_be_readable_at_load(tmp_path: Path, key: str) -> None:
    """A file that is missing, or a directory, is found out before the daemon runs."""
    section, name = key.split(".")
    for place, hint in ((tmp_path / "absent", "does not exist"), (tmp_path, "directory")):
        found = problems(tmp_path, MINIMAL + f"{section}: {{{name}: {place}}}\n")
        assert any(problem.startswith(f"{key}: ") and hint in problem for problem in found)


def test_a_certificate_and_its_key_go_together(tmp_path: Path) -> None:
    """One without the other is a problem."""
    pem = tmp_path / "pem"
    pem.write_text("pem")
    for name in ("cert_file", "key_file"):
        assert "go together" in only(tmp_path, f"otlp: {{{name}: {pem}}}\n")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"s3cret\n", "6 bytes"),
        (b"s3cret" + b" " * 40 + b"\n", "6 bytes"),
        (b"\xff" * 31, "31 bytes"),
        (b"s3" * 16, "repeats"),
        (b"s3cret" * 20000, "larger"),
    ],
)
def test_a_key_that_can_be_guessed_is_refused(tmp_path: Path, content: bytes, hint: str) -> None:
    """A mask key that is empty, short, repeated or no key at all is a problem that says how to make one."""
    key = tmp_path / "key"
    key.write_bytes(content)
    problem = only(tmp_path, f"record: {{mask_key_file: {key}}}\n")
    assert problem.startswith("record.mask_key_file: ")
    assert hint in problem
    assert "openssl rand -hex 32" in problem
    assert "s3cret" not in problem


def test_broken_header_files_are_refused(tmp_path: Path) -> None:
    """A headers file that holds no headers is a problem that does not quote the file."""
    broken = tmp_path / "broken"
    broken.write_text("Bearer s3cret\n")
    problem = only(tmp_path, f"otlp: {{headers_file: {broken}}}\n")
    assert problem.startswith("otlp.headers_file: ")
    assert "s3cret" not in problem


def test_keys_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """YAML reads 8080 and yes as a number and a truth value."""
    assert only(tmp_path, "resource: {8080: a, yes: b}\n").startswith("resource: has a key that is not text")
