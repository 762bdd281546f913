"""`trail-agent inspect`: what would be shipped of local files, as people and pipes read it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.cli.app import app
from agent.records.profiles import BY_NAME
from tests.support.events import DATA, WITHOUT_PROFILE, encoded, raw_event
from tests.support.objects import log_file

SPACE = DATA / "codecatalyst" / "docs-example-CreateDevEnvironment.json"
CONNECTION = DATA / "codecatalyst" / "docs-example-ListConnections.json"
EVENT_LOG = DATA / "codecatalyst" / "docs-list-event-logs-example.json"
NOISE = DATA / "cloudtrail-objects" / "218007301253_CloudTrail_us-east-1_20230710T1230Z_soULWstxp7lqsODg.json"


def inspect(*arguments: str | Path, stdin: bytes = b"") -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)], input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    """The records of a `jsonl` output."""
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def run(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "agent", "inspect", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def written(folder: Path, name: str, *raws: bytes) -> Path:
    """A log file in `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = log_file(*raws)
    path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
    return path


def settings_file(folder: Path, text: str) -> Path:
    """A sound settings file with `text` added."""
    path = folder / "agent.yaml"
    path.write_text(
        f"""
queue: {{url: "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"}}
buckets: [{{name: acme-trail}}]
{text}
""",
        encoding="utf-8",
    )
    return path


def test_the_table_shows_who_did_what() -> None:
    """One line per event, under a heading, with the reckoning on standard error."""
    result = inspect(SPACE, CONNECTION)
    heading, first, second = result.stdout.splitlines()
    assert heading.split() == ["time", "actor", "event", "on", "what", "from", "outcome"]
    shown = "2023-05-18T17:10:50Z user-ID (builder_id) CreateDevEnvironment MySpace/MyProject 192.168.0.1 success"
    assert first.split() == shown.split()
    assert second.split()[:5] == ["2022-09-06T15:08:43Z", "account-ID", "(assumed_role)", "ListConnections", "-"]
    assert result.stderr.splitlines() == [
        f"{SPACE}: taken for one record, 1 event",
        f"{CONNECTION}: taken for one record, 1 event",
        "2 CodeCatalyst events of 2 in 2 files",
    ]
    assert result.exit_code == 0


def test_codecatalysts_own_event_log_is_shown() -> None:
    """What `aws codecatalyst list-event-logs` prints, in the same columns, the oldest first."""
    result = inspect(EVENT_LOG)
    _, created, listed = result.stdout.splitlines()
    shown = (
        "2022-12-01T09:15:32Z MaryMajor (codecatalyst_user) CreateProject ExampleCorp/MyFirstProject 192.0.2.23 success"
    )
    assert created.split() == shown.split()
    assert "ListEventLogs" in listed
    assert result.stderr.splitlines() == [
        f"{EVENT_LOG}: taken for CodeCatalyst's own event log, 2 events",
        "2 CodeCatalyst events of 2 in 1 file",
    ]
    assert result.exit_code == 0


def test_a_huge_item_of_the_event_log_costs_no_other(tmp_path: Path) -> None:
    """It is shown, shortened; the rest of its page, too."""
    page = json.loads(EVENT_LOG.read_bytes())
    page["items"][0]["requestPayload"]["data"] = json.dumps({"spaceName": "x" * 450_000})
    path = tmp_path / "events.json"
    path.write_text(json.dumps(page), encoding="utf-8")
    created, listed = lines(inspect("--format", "jsonl", path))
    assert created["rpc.method"] == "CreateProject"
    assert listed["trail_agent.truncated"] == ["requestPayload"]


def both_logs(folder: Path, *, more: bool) -> tuple[Path, Path]:
    """The documented event log, and a trail with the first of its events; with `more`, and one of its own."""
    page = json.loads(EVENT_LOG.read_bytes())
    known = raw_event(
        eventName="ListEventLogs", requestID=page["items"][0]["requestId"], eventTime="2022-12-01T22:47:24Z"
    )
    if not more:
        page["items"] = page["items"][:1]
    log = folder / "events.json"
    log.write_text(json.dumps(page), encoding="utf-8")
    return log, written(folder, "trail.json", known, *([raw_event(eventID="own", requestID="r-9")] if more else []))


def test_two_logs_are_compared(tmp_path: Path) -> None:
    """A line for each event that only one has, how the others were known again, and an exit code of its own."""
    log, trail = both_logs(tmp_path, more=True)
    result = inspect("--compare", log, trail)
    _, created, own = result.stdout.splitlines()
    assert created.startswith("event log  2022-12-01T09:15:32Z  MaryMajor (codecatalyst_user)  CreateProject")
    assert own.startswith("trail      2023-05-18T17:10:50Z")
    assert own.split()[-1] == "r-9"
    assert result.stderr.splitlines() == [
        f"{log}: taken for CodeCatalyst's own event log, 2 events",
        "event log: 2 CodeCatalyst events, 2022-12-01T09:15:32Z to 2022-12-01T22:47:24Z",
        "trail: 2 CodeCatalyst events, 2022-12-01T22:47:24Z to 2023-05-18T17:10:50Z",
        "in both: 1 (1 by request id)",
        "only in the event log: 1, 1 of them before or after all that the other one has",
        "only in the trail: 1, 1 of them before or after all that the other one has",
    ]
    assert result.exit_code == 3


def test_logs_that_were_named_the_wrong_way_round_are_told_apart(tmp_path: Path) -> None:
    """By their forms: else each event would be said to be in the other log."""
    log, trail = both_logs(tmp_path, more=True)
    right, wrong = inspect("--compare", log, trail), inspect("--compare", trail, log)
    assert (wrong.stdout, wrong.exit_code) == (right.stdout, right.exit_code)
    said, *rest = wrong.stderr.splitlines()
    assert said.endswith("they are compared the other way round")
    assert rest == right.stderr.splitlines()


def test_logs_that_have_the_same_events_print_nothing(tmp_path: Path) -> None:
    """And the exit code says so."""
    log, trail = both_logs(tmp_path, more=False)
    result = inspect("--compare", log, trail)
    assert (result.stdout, result.exit_code) == ("", 0)
    assert "only in the trail: 0" in result.stderr.splitlines()


def test_a_comparison_can_be_read_by_programs(tmp_path: Path) -> None:
    """Every event of both logs, with where it was found and by what it was known again."""
    log, trail = both_logs(tmp_path, more=True)
    result = inspect("--compare", log, "--format", "jsonl", trail)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["log"], one["matched_by"], one["trail_id"]) for one in events] == [
        ("event_log", None, None),
        ("both", "request_id", "event-1"),
        ("trail", None, "own"),
    ]
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--compare", "nowhere.json", str(SPACE)], 2, "no such file"),
        (["--compare", str(EVENT_LOG), "nowhere.json"], 2, "no such file"),
        (["--compare", str(EVENT_LOG), str(SPACE), str(DATA / "README.md")], 1, "✗ "),
        (["--compare", str(EVENT_LOG), str(EVENT_LOG)], 2, "is both logs"),
        (
            ["--compare", str(EVENT_LOG), f"{EVENT_LOG.parent}/../{EVENT_LOG.parent.name}/{EVENT_LOG.name}"],
            2,
            "own event log, too",
        ),
        (["--compare", str(EVENT_LOG), "--format", "otlp", str(SPACE)], 2, "a table or jsonl"),
        (["--compare", str(EVENT_LOG), "--explain", str(SPACE)], 2, "a table or jsonl"),
    ],
)
def test_what_cannot_be_compared_is_said(arguments: list[str], code: int, words: str) -> None:
    """A log that was not read must not look like one without events."""
    result = inspect(*arguments)
    assert result.exit_code == code
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert "nowhere.json" not in arguments or "only in" not in result.stderr


def test_malformed_entries_are_named_in_a_comparison(tmp_path: Path) -> None:
    """They could be the ones that are missed."""
    result = inspect("--compare", EVENT_LOG, written(tmp_path, "trail.json", raw_event(), b"7"))
    assert "! 1 entry is malformed, and not compared" in result.stderr.splitlines()


def test_a_failed_event_shows_its_error(tmp_path: Path) -> None:
    """The outcome of a failure is its error code."""
    path = written(tmp_path, "a.json", raw_event(errorCode="AccessDenied"))
    assert inspect(path).stdout.splitlines()[1].split()[-1] == "AccessDenied"


def test_jsonl_is_one_flat_object_per_record() -> None:
    """Fields, resource, attributes and body stand side by side, ready for jq."""
    first, second = lines(inspect("-f", "jsonl", SPACE, CONNECTION))
    assert first["time"] == "2023-05-18T17:10:50Z"
    assert first["severity_number"] == 9
    assert first["event_name"] == "codecatalyst.CreateDevEnvironment"
    assert first["cloud.account.id"] == "111122223333"
    assert first["aws.codecatalyst.project.name"] == "MyProject"
    assert json.loads(first["body"])["eventName"] == "CreateDevEnvironment"
    assert second["event_name"] == "codecatalyst.ListConnections"
    assert not [value for record in (first, second) for value in record.values() if isinstance(value, dict)]


def test_otlp_is_one_request() -> None:
    """What a Collector would be sent, as OTLP/JSON on one line."""
    result = inspect("--format", "otlp", SPACE, CONNECTION)
    (line,) = result.stdout.splitlines()
    groups = json.loads(line)["resourceLogs"]
    names = [record["eventName"] for group in groups for record in group["scopeLogs"][0]["logRecords"]]
    assert names == ["codecatalyst.CreateDevEnvironment", "codecatalyst.ListConnections"]
    assert [group["scopeLogs"][0]["scope"]["name"] for group in groups] == ["trail-agent", "trail-agent"]


def test_nothing_of_ours_is_nothing_to_print() -> None:
    """A file of noise gives an empty output, which is no error."""
    for form in ("jsonl", "otlp"):
        result = inspect(NOISE, "-f", form)
        assert result.exit_code == 0
        assert result.stdout in {"", "{}\n"}
    assert "0 CodeCatalyst events of 3 in 1 file\n" in inspect(NOISE).stderr


def test_all_shows_every_event() -> None:
    """With `--all` the noise is shown too."""
    records = lines(inspect("--all", "-f", "jsonl", NOISE))
    assert len(records) == len(json.loads(NOISE.read_bytes())["Records"])


def test_profiles_are_selected_by_name() -> None:
    """Each is told in its own words: what it acted on, and the service before the event."""
    files = [DATA / "profiles" / f"{name}.json" for name in ("codeconnections", "generic", "identity")]
    result = inspect("--profiles", "codeconnections, identity", *files)
    assert "sso.CreatePermissionSet" in result.stdout
    assert "GitHub/df03df74-8e05-45cf-b420-b39e389dd264" in result.stdout
    assert f" {WITHOUT_PROFILE}." not in result.stdout
    assert result.stderr == "22 events of 29 in 3 files\n"
    everyone = inspect("--profiles", "all", DATA / "profiles")
    each = inspect("--profiles", ",".join(BY_NAME), DATA / "profiles")
    assert everyone.stdout == each.stdout


def test_profiles_can_be_given_one_by_one() -> None:
    """An option that is repeated adds to the first one."""
    folder = DATA / "profiles"
    both = lines(inspect("-f", "jsonl", "--profiles", "identity,pipeline", folder))
    assert lines(inspect("-f", "jsonl", "--profiles", "identity", "--profiles", "pipeline", folder)) == both
    assert len(both) > len(lines(inspect("-f", "jsonl", "--profiles", "pipeline", folder))) > 0


def test_a_whole_trail_comes_out_under_the_names_of_its_services(tmp_path: Path) -> None:
    """With `"*"` each service has a Resource of its own; without, none of them is shown."""
    config = settings_file(tmp_path, 'select: {event_sources: ["*"]}\nservice_names: {generic: rest}')
    path = DATA / "profiles"
    (request,) = lines(inspect("-c", config, "-f", "otlp", path))
    names = {
        attribute["value"]["stringValue"]
        for group in request["resourceLogs"]
        for attribute in group["resource"]["attributes"]
        if attribute["key"] == "service.name"
    }
    assert {"aws-sso", "aws-codeconnections", "aws-cloudtrail", "rest"} <= names
    assert "aws-codecatalyst" not in names
    assert "aws.codecatalyst" not in json.dumps(request)
    assert inspect(path).stderr.startswith("0 CodeCatalyst events of ")


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    """A folder stands for the log files in it and below, gzipped or not; all else in it is passed over."""
    written(tmp_path, "b/2.json.gz", raw_event(eventID="2"))
    written(tmp_path, "a/1.json", raw_event(eventID="1"))
    written(tmp_path, "c.json", raw_event(eventID="3"))
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "readme.txt").write_text("not a log file")
    result = inspect("-f", "jsonl", tmp_path)
    assert [record["log.record.uid"] for record in lines(result)] == ["1", "2", "3"]
    assert result.stderr.splitlines()[0] == f"{tmp_path}: passed over 1 file: 1 .txt"


def test_what_is_passed_over_in_a_folder_is_told_in_one_line(tmp_path: Path) -> None:
    """Nobody takes the events of a file for missing, which has an ending that is not looked at."""
    written(tmp_path, "1.json", raw_event())
    for name in ("a.txt", "b.TXT", "b/c.log", "Makefile", "1.json.md5", *(f"x.{letter}" for letter in "abc")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("?")
    told = inspect(tmp_path).stderr.splitlines()
    which = "2 .txt, 1 .a, 1 .b, 1 .c, 1 .log, 2 with other endings"
    assert told == [f"{tmp_path}: passed over 8 files: {which}", "1 CodeCatalyst event of 1 in 1 file"]


def test_folders_are_searched_as_the_daemon_reads_names(tmp_path: Path) -> None:
    """Case and added endings do not hide a log file; a checksum beside it is none."""
    name = "111122223333_cloudtrail_us-west-2_20230518T1715Z_x"
    written(tmp_path, "1.JSON", raw_event(eventID="1"))
    written(tmp_path, "2.json.gz.1", raw_event(eventID="2"))
    written(tmp_path, f"{name}.log", raw_event(eventID="3", recipientAccountId=None))
    (tmp_path / f"{name}.json.gz.md5").write_text("d41d8cd98f00b204e9800998ecf8427e")
    found = lines(inspect("-f", "jsonl", tmp_path))
    assert [record["log.record.uid"] for record in found] == ["1", "3", "2"]
    assert found[1]["cloud.account.id"] == "111122223333"


@contextmanager
def as_a_user_without_privileges() -> Iterator[None]:
    """Permissions count in the block, for root, too."""
    if os.geteuid():
        yield
        return
    os.seteuid(1)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o444, "the files in this folder cannot be read"), (0o000, "the folder cannot be read")],
    ids=["no entry", "no list"],
)
@pytest.mark.parametrize("below", ["", "below"], ids=["itself", "below"])
def test_a_folder_that_may_not_be_read_is_named(mode: int, words: str, below: str) -> None:
    """Its events may be the ones that are looked for; what else there is is shown."""
    with TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        folder = Path(root, "logs", below)
        sound = written(Path(root), "logs/a.json" if below else "other/a.json", raw_event())
        for name in ("1.json", "2.json"):
            written(folder, name, raw_event())
        folder.chmod(mode)
        paths = [root] if below else [sound.parent, folder]
        inspect(SPACE)  # whatever it needs of the program has been read then
        with as_a_user_without_privileges():
            result = inspect(*paths)
        folder.chmod(0o755)
    *_, summary, problem = result.stderr.splitlines()
    assert summary == "1 CodeCatalyst event of 1 in 1 file"
    assert problem == f"✗ {folder}: {words}: Permission denied"
    assert result.exit_code == 1


def test_links_that_lead_nowhere_are_no_files(tmp_path: Path) -> None:
    """Neither to nothing, nor round in a circle."""
    written(tmp_path, "a.json", raw_event())
    (tmp_path / "gone.json").symlink_to("nothing")
    (tmp_path / "circle.json").symlink_to("circle.json")
    assert inspect(tmp_path).stderr == "1 CodeCatalyst event of 1 in 1 file\n"


def test_text_in_utf_16_is_read_and_told(tmp_path: Path) -> None:
    """The daemon reads UTF-8 alone, so whoever looks at the file must know."""
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path = tmp_path / "a.json"
        path.write_bytes(log_file(raw_event()).decode().encode(encoding))
        result = inspect(path)
        assert result.stderr.startswith(f"{path}: taken for a log file in UTF-16, 1 event\n")
        assert "CreateProject" in result.stdout


def test_an_object_that_is_no_record_is_no_event() -> None:
    """Between records it is told and counted, and never shown as a success of something unknown."""
    stdin = raw_event() + b'\n{"a":1}\n' + bytes(log_file(raw_event()))
    result = inspect("--all", "-", stdin=stdin)
    assert "nknown" not in result.stdout
    assert result.stderr.splitlines() == [
        "-: taken for records one after another, 2 events; 1 entry is no record of CloudTrail",
        "2 events of 3 in 1 file; 1 malformed",
    ]


def test_an_actor_that_nobody_names_is_a_dash() -> None:
    """An empty place of the table is a dash, and a kind without a name stands beside one."""
    nobody, someone = raw_event(userIdentity={}), raw_event(userIdentity={"type": "AssumedRole"})
    rows = inspect("-", stdin=nobody + b"\n" + someone).stdout.splitlines()[1:]
    assert [row.split()[1:3] for row in rows] == [["-", "CreateProject"], ["-", "(assumed_role)"]]


def test_records_of_a_file_are_in_order_of_time(tmp_path: Path) -> None:
    """CloudTrail's files are not sorted; what is shipped is."""
    times = ["2023-05-18T17:12:00Z", "2023-05-18T17:10:00Z", "2023-05-18T17:11:00Z"]
    path = written(tmp_path, "a.json", *(raw_event(eventTime=time) for time in times))
    assert [record["time"] for record in lines(inspect("-f", "jsonl", path))] == sorted(times)


@pytest.mark.parametrize(
    "stdin",
    [
        pytest.param(bytes(log_file(raw_event())), id="a-file"),
        pytest.param(gzip.compress(log_file(raw_event()), mtime=0), id="gzip"),
        pytest.param(raw_event(), id="one-record"),
        pytest.param(
            b"\n " + json.dumps(json.loads(raw_event()), indent=2).encode() + b"\n", id="one-formatted-record"
        ),
    ],
)
def test_standard_input_is_a_file_too(stdin: bytes) -> None:
    """A log file in either form, or a single record as one pastes it."""
    (record,) = lines(inspect("-f", "jsonl", "-", stdin=stdin))
    assert record["log.record.uid"] == "event-1"
    assert record["log.file.path"] == "-"


def test_the_account_comes_from_the_files_name(tmp_path: Path) -> None:
    """A record that names no recipient has the account that CloudTrail put in front of the name."""
    raw = raw_event(recipientAccountId=None)
    named = written(tmp_path, "444455556666_CloudTrail_us-west-2_20230518T1715Z_x.json", raw)
    assert lines(inspect("-f", "jsonl", named))[0]["cloud.account.id"] == "444455556666"
    assert "cloud.account.id" not in lines(inspect("-f", "jsonl", written(tmp_path, "a.json", raw)))[0]


def test_a_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    """The others are shown, and then what is missing is named, with the exit code of a wrong command line."""
    missing = [tmp_path / "none.json", SPACE / "below-a-file"]
    result = inspect(missing[0], SPACE, missing[1])
    assert result.exit_code == 2
    assert "CreateDevEnvironment" in result.stdout
    assert result.stderr.splitlines()[2:] == [f"✗ {path}: there is no such file or folder" for path in missing]
    alone = inspect(missing[0])
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert inspect().exit_code == 2


def test_a_folder_without_trail_files_is_a_problem(tmp_path: Path) -> None:
    """A folder that stands for nothing is named, and the others are shown."""
    (tmp_path / "readme.txt").write_text("not a log file")
    result = inspect(SPACE, tmp_path)
    assert result.exit_code == 1
    assert "CreateDevEnvironment" in result.stdout
    assert f"✗ {tmp_path}: holds no trail files" in result.stderr


def test_a_path_that_cannot_be_looked_up_is_a_problem() -> None:
    """A name that no file can have is told like a file that cannot be read."""
    result = inspect("x" * 5000)
    assert result.exit_code == 1
    assert "cannot be read: File name too long" in result.stderr


def test_pipes_are_read_like_standard_input(tmp_path: Path) -> None:
    """A named pipe, and standard input by its path, give their records without a time of observation."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(log_file(raw_event()),), daemon=True)
    writer.start()
    named = run("-f", "otlp", pipe)
    writer.join(60)
    standard = run("-f", "otlp", "/dev/stdin", stdin=bytes(log_file(raw_event())))
    for result in (named, standard):
        (group,) = json.loads(result.stdout)["resourceLogs"]
        (record,) = group["scopeLogs"][0]["logRecords"]
        assert record["eventName"] == "codecatalyst.CreateProject"
        assert record.get("observedTimeUnixNano", "0") == "0"


@pytest.mark.row(70)
def test_a_plain_file_under_a_name_for_gzip_is_read_and_told(tmp_path: Path) -> None:
    """A browser inflates what it saves; gzip under a plain name is read without a word."""
    plain, zipped = tmp_path / "a.json.gz", tmp_path / "b.json"
    plain.write_bytes(log_file(raw_event()))
    zipped.write_bytes(gzip.compress(log_file(raw_event()), mtime=0))
    result = inspect(tmp_path)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        f"{plain}: taken for a log file that is not compressed, in spite of its name, 1 event",
        "2 CodeCatalyst events of 2 in 2 files",
    ]


@pytest.mark.parametrize("form", ["jsonl", "otlp"])
def test_what_a_file_was_taken_for_stays_out_of_the_records(form: str) -> None:
    """Only standard error has it, so that a pipe gets records alone."""
    result = inspect("-f", form, "-", stdin=b"[%s]" % raw_event())
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr.startswith("-: taken for an array of records, 1 event\n")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b"", "the file is empty"),
        ("a.json.gz", gzip.compress(b"", mtime=0), "gzip of nothing"),
        ("a.json", b"<!DOCTYPE html>\n<html>", "this is a web page (HTML)"),
        ("a.json.gz", gzip.compress(b"<html></html>", mtime=0), "this is a web page (HTML)"),
        ("a.json", b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code>', "an error of S3 (XML)"),
        ("a.json", b"<a/>", "this is XML"),
        ("a.json", b"time,name\n1,2\n", "this is CSV"),
        ("a.json", b"Records:\n  - eventName: x\n", "this is YAML"),
        ("a.json", b"// records\n{}", "a comment"),
        ("a.json", b"PK\x03\x04", "this is a ZIP archive"),
        ("a.json", b"\x89PNG\r\n", "this is a PNG image"),
        ("a.json", b"\x28\xb5\x2f\xfd", "zstd"),
        ("a.json", b"\x00\x01\x02", "neither gzip nor text"),
        (
            "a.json.gz",
            gzip.compress(gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), mtime=0),
            "more than 2 times with gzip: unpack it (gunzip)",
        ),
        ("a.json", log_file(raw_event()).decode().encode("utf-32"), "UTF-32"),
        ("a.json", log_file(raw_event(a="caf.")).replace(b"caf.", b"caf\xe9"), "not UTF-8: the byte 0xe9 begins"),
        ("a.json", b"{", "not CloudTrail's JSON"),
        ("a.json", b"[1]", "not CloudTrail's JSON"),
        ("a.json", b'"eventName"', "not CloudTrail's JSON"),
        ("a.json.gz", b"plain", "this is text, but not JSON; what is accepted: a CloudTrail log file"),
        ("a.json.gz", gzip.compress(bytes(log_file(raw_event())), mtime=0)[:-9], "cut short"),
    ],
)
def test_a_bad_file_is_named_and_the_others_are_shown(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    """One damaged file costs itself, a line on standard error and the exit code."""
    bad = tmp_path / name
    bad.write_bytes(content)
    result = inspect(bad, SPACE)
    assert result.exit_code == 1
    assert "CreateDevEnvironment" in result.stdout
    assert f"✗ {bad}: " in result.stderr
    assert problem in result.stderr
    assert "codec can't" not in result.stderr
    assert "the object is" not in result.stderr


@pytest.mark.row(87)
def test_a_file_that_was_compressed_twice_is_read_as_the_daemon_reads_it(tmp_path: Path) -> None:
    """The second layer needs no word: the events are what counts."""
    path = tmp_path / "twice.json.gz"
    path.write_bytes(gzip.compress(gzip.compress(bytes(log_file(raw_event())), mtime=0), mtime=0))
    result = inspect(path)
    assert result.exit_code == 0
    assert result.stderr == "1 CodeCatalyst event of 1 in 1 file\n"


def test_malformed_entries_are_counted(tmp_path: Path) -> None:
    """An entry that is no record is told, and the others are shown."""
    result = inspect(written(tmp_path, "a.json", raw_event(), b"7"))
    assert "1 CodeCatalyst event of 2 in 1 file; 1 malformed" in result.stderr
    assert result.exit_code == 0


HOSTILE = "\x1b[31mred\x1b[0m\r\n\x07\x9b2J\u202e<b>"


def test_hostile_text_cannot_move_the_terminal(tmp_path: Path) -> None:
    """Control characters, escape sequences and bidirectional overrides are shown as escapes, one line per event."""
    fields = {
        "eventName": HOSTILE,
        "sourceIPAddress": HOSTILE,
        "errorCode": HOSTILE,
        "requestParameters": {"spaceName": HOSTILE},
    }
    path = written(tmp_path, "a.json", raw_event(**fields, userIdentity={"userName": HOSTILE, "type": "IAMUser"}))
    table = inspect(path).stdout
    assert len(table.splitlines()) == 2
    assert table.count("\\x1b[31mred") == 5
    assert not set(table) & set("\x1b\r\x07\x9b\u202e")
    for form in ("jsonl", "otlp"):
        (line,) = inspect("-f", form, path).stdout.split("\n")[:-1]
        assert not set(line) & set("\x1b\r\x07")
        json.loads(line)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "yesterday"])
def test_any_time_can_be_shown(tmp_path: Path, time: str) -> None:
    """Neither the last nor the first moment, nor none, ends the command."""
    path = written(tmp_path, "a.json", raw_event(eventTime=time))
    assert [inspect("-f", form, path).exit_code for form in ("table", "jsonl", "otlp")] == [0, 0, 0]


def test_settings_select_map_and_limit(tmp_path: Path) -> None:
    """With a settings file, files are read as the daemon would read objects."""
    raws = [
        raw_event(eventName="CreateProject", requestParameters={"spaceName": "s"}, sourceIPAddress="192.0.2.1"),
        raw_event(eventName="DeleteProject"),
        raw_event(eventName="GetProject", readOnly=True),
        raw_event(eventName="AssumeRole", eventSource="sts.amazonaws.com"),
    ]
    path = written(tmp_path, "a.json", *raws)
    (tmp_path / "key").write_text("a key of thirty-two characters or more")
    config = settings_file(
        tmp_path,
        f"""
select:
  event_sources: [codecatalyst.amazonaws.com, sts.amazonaws.com]
  exclude_events: ["delete*"]
  include_read_only: false
record: {{parameters: omit, mask: [sourceIPAddress], mask_key_file: {tmp_path / "key"}}}
resource: {{service.name: audit, team: blue}}
""",
    )
    first, second = lines(inspect("-c", config, "-f", "jsonl", path))
    assert [first["rpc.method"], second["rpc.method"]] == ["CreateProject", "AssumeRole"]
    assert "aws.request.parameters" not in first
    assert first["source.address"].startswith("hmac-sha256:")
    assert "192.0.2.1" not in json.dumps(first)
    assert [first["service.name"], first["team"]] == ["audit", "blue"]
    assert len(lines(inspect("-c", config, "--all", "-f", "jsonl", path))) == len(raws)
    tight = settings_file(tmp_path, "limits: {events_per_object: 3}")
    result = inspect("-c", tight, path)
    assert result.exit_code == 1
    assert "limits.events_per_object (3)" in result.stderr


def test_variables_that_do_not_count_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where they would choose something, and with what makes them count."""
    how = "only with a settings file: -c FILE, or -c /dev/null for the environment alone"
    monkeypatch.setenv("TRAIL_AGENT_OTLP__ENDPOINT", "http://sink.example:4318")
    assert "TRAIL_AGENT" not in inspect(SPACE).stderr
    monkeypatch.setenv("TRAIL_AGENT_SELECT__PROFILES", "identity")
    result = inspect(SPACE)
    assert result.stderr.splitlines()[0] == f"! TRAIL_AGENT_SELECT__PROFILES counts {how}"
    assert "1 CodeCatalyst event of 1" in result.stderr
    heard = inspect("-c", "/dev/null", SPACE)
    assert "TRAIL_AGENT" not in heard.stderr
    assert "0 events of 1" in heard.stderr
    for section in ("ACCOUNTS", "REGIONS", "RESOURCE"):
        monkeypatch.setenv(f"TRAIL_AGENT_{section}", "[]")
    assert " and 1 more count only" in inspect(SPACE).stderr.splitlines()[0]


def test_settings_without_a_queue_choose_as_well(tmp_path: Path) -> None:
    """What is to be read stands on the command line."""
    config = tmp_path / "agent.yaml"
    config.write_text("select: {profiles: [identity]}\n", encoding="utf-8")
    result = inspect("-c", config, SPACE)
    assert result.exit_code == 0
    assert "0 events of 1 in 1 file" in result.stderr


def test_bad_settings_end_with_their_own_code(tmp_path: Path) -> None:
    """Settings that the daemon would refuse are refused here."""
    result = inspect("-c", settings_file(tmp_path, "wrokers: 3"), SPACE)
    assert result.exit_code == 78
    assert "wrokers" in result.stderr


def test_the_reader_of_a_pipe_may_leave(tmp_path: Path) -> None:
    """`inspect … | head` ends quietly, in every format."""
    path = written(tmp_path, "a.json", *(raw_event(eventID=str(i), userAgent="x" * 500) for i in range(600)))
    for form in ("table", "jsonl", "otlp"):
        command = [sys.executable, "-m", "agent", "inspect", "-f", form, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.read(10)
            process.stdout.close()
            complaints = process.stderr.read().decode()
            assert process.wait(60) in {0, 1}
        assert "Traceback" not in complaints
        assert "BrokenPipe" not in complaints


def test_a_terminal_that_is_not_utf_8_is_no_obstacle(tmp_path: Path) -> None:
    """The table replaces what cannot be shown; JSON is UTF-8 whatever the terminal is."""
    path = written(tmp_path, "a.json", raw_event(requestParameters={"spaceName": "Müller"}))
    table = run(path, PYTHONIOENCODING="ascii")
    assert table.returncode == 0
    assert b"M?ller" in table.stdout
    for form in ("jsonl", "otlp"):
        result = run("-f", form, path, PYTHONIOENCODING="ascii")
        assert result.returncode == 0
        assert "Müller".encode() in result.stdout


def test_two_processes_write_the_same_bytes() -> None:
    """The same object gives the same request, whatever the order of hashes in a process."""
    text = encoded(
        {"Records": [json.loads(SPACE.read_bytes()), json.loads(CONNECTION.read_bytes()), json.loads(raw_event())]}
    )
    outputs = {run("--all", "-f", "otlp", "-", NOISE, stdin=text, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")}
    assert len(outputs) == 1
    assert b"CreateDevEnvironment" in outputs.pop()
