"""The bench with real processes: whoever is measured does all of the work, or is not measured."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from agent.demo.environment import isolated
from tests.bench.contestants import Collector
from tests.bench.corpus import MIXED, NOISE, WHOLE, Mix, bodies, keys
from tests.bench.load import Load
from tests.bench.measures import Task, once
from tests.bench.processes import ROOT, Service, StuckError, floor_ms, git_says, stage_microseconds
from tests.bench.stages import Stages, measure
from tests.support.clock import eventually

# The git command that a signal is to meet takes a while longer, and says when it has begun and ended.
_SLOW_GIT: Final = """#!/bin/sh
case " $* " in *" worktree {busy} "*) ;; *) exec {git} "$@";; esac
touch {met}
{python} -c 'import threading; threading.Event().wait(1)'
{git} "$@"
code=$?
echo ended >{met}
exit $code
"""
# Whoever starts the tests may ignore SIGINT, as a script does for what it runs in the background.
_HEEDS_SIGINT: Final = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("tests.bench", run_name="__main__", alter_sys=True)
"""
# It asks for what the configuration that ships names, as a Collector with these components does.
_STAND_IN: Final = r"""#!{python}
import gzip, json, os, re, sys
from http.client import HTTPConnection
from urllib.parse import urlsplit
import yaml
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

text = open(sys.argv[1].removeprefix("--config=")).read()
config = yaml.safe_load(re.sub(r"\$\{{env:(\w+)\}}", lambda found: os.environ[found[1]], text))
assert config["service"]["extensions"] == [config["receivers"]["awss3"]["encodings"][0]["extension"]]
queue, store = config["receivers"]["awss3"]["sqs"], config["receivers"]["awss3"]["s3downloader"]
kept = [] if config["service"]["pipelines"]["logs"]["processors"] else None
http = HTTPConnection(urlsplit(queue["endpoint"]).netloc)

def ask(method, path, body=b"", operation=""):
    http.request(method, path, body, {{"X-Amz-Target": "AmazonSQS." + operation}} if operation else {{}})
    return http.getresponse().read()

def sqs(operation, **asked):
    return json.loads(ask("POST", "/", json.dumps({{"QueueUrl": queue["queue_url"], **asked}}), operation))

print("Everything is ready. Begin running and processing data.", flush=True)
while True:
    for message in sqs("ReceiveMessage", MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", []):
        for each in json.loads(message["Body"])["Records"]:
            if {reads}:
                content = ask("GET", "/" + store["s3_bucket"] + "/" + each["s3"]["object"]["key"])
            events = json.loads(gzip.decompress(content))["Records"] if {reads} else []
            ours = [one for one in events if kept is None or one["eventSource"] == "codecatalyst.amazonaws.com"]
            for one in {ships}:
                request = ExportLogsServiceRequest()
                record = request.resource_logs.add().scope_logs.add().log_records.add()
                record.attributes.add(key="aws.cloudtrail.event_id").value.string_value = one["eventID"]
                ask("POST", "/v1/logs", request.SerializeToString())
        sqs("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
"""


def _collector(folder: Path, *, ships: str = "ours", reads: bool = True) -> Collector:
    """One that ships so much of an object's events, as Python says it; unless it `reads`, it only deletes."""
    path = folder / "otelcol"
    path.write_text(_STAND_IN.format(python=sys.executable, ships=ships, reads=reads), encoding="utf-8")
    path.chmod(0o755)
    return Collector(path)


def _task(mix: Mix) -> Task:
    made = bodies(mix, 4)
    return Task.of(mix, Load(made[:2], keys(2, 1)), Load(made[2:], keys(2, 2)))


@pytest.mark.parametrize("mix", [MIXED, WHOLE], ids=lambda mix: mix.name)
def test_a_collector_is_given_what_its_configuration_asks_for(tmp_path: Path, mix: Mix) -> None:
    """With the filter, or without it for a whole trail; its start is measured, too."""
    with Service.start(tmp_path) as service:
        figures = once(service, _collector(tmp_path), _task(mix), tmp_path)
        assert service.state().records == 2 * mix.shipped
    assert {"objects/s", "CPU ms/object", "peak MiB", "ready s"} <= set(figures)


@pytest.mark.parametrize(
    ("ships", "told"),
    [
        ("ours[1:]", "2 of 4 events have reached the sink, and 0 that"),
        ("ours[:1] * 2", "2 of 4 events have reached the sink, and 0 that"),
        ("[{'eventID': 'x' * 40}] * 2", "0 of 4 events have reached the sink, and 1 that"),
    ],
)
def test_who_ships_too_little_is_not_measured(tmp_path: Path, ships: str, told: str) -> None:
    """Neither who ships one event twice instead of two, nor who makes some up: the fastest one would do nothing."""
    with Service.start(tmp_path) as service, pytest.raises(StuckError, match=told):
        once(service, _collector(tmp_path, ships=ships), _task(MIXED), tmp_path)


def test_who_reads_nothing_is_not_measured(tmp_path: Path) -> None:
    """Of noise nothing has to arrive, but each object has to be looked at."""
    with Service.start(tmp_path) as service, pytest.raises(StuckError, match="0 of 2 objects were got"):
        once(service, _collector(tmp_path, reads=False), _task(NOISE), tmp_path)


def test_repeats_are_counted_apart(tmp_path: Path) -> None:
    """An event may come twice; the figures say how many did."""
    with Service.start(tmp_path) as service:
        assert once(service, _collector(tmp_path, ships="ours * 2"), _task(MIXED), tmp_path)["repeats"] == 4


def test_the_floor_gets_every_object_that_it_counts(tmp_path: Path) -> None:
    """Else it would be no floor; it warms up first, without being counted."""
    with Service.start(tmp_path) as service:
        assert floor_ms(service, Load(bodies(NOISE, 2), keys(2, 1)), 10) > 0
        assert service.state().gets > 10


def test_the_stages_of_another_revision_end_in_time(tmp_path: Path) -> None:
    """It may know another far side, and wait for an answer that never comes."""
    (tmp_path / "tests" / "bench").mkdir(parents=True)
    (tmp_path / "tests" / "bench" / "stages.py").write_text("import threading\nthreading.Event().wait()\n")
    with pytest.raises(StuckError, match=r"cannot be measured: no end within 0\.2 s"):
        stage_microseconds(Service(1), tmp_path, seconds=0.2)


def test_every_stage_can_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call of each; what it takes is not looked at."""
    for name, value in isolated().items():
        monkeypatch.setenv(name, value)
    with Service.start(tmp_path) as service:
        told = measure(Stages(service).all(), rounds=1, seconds=0)
    assert len(told) == len({one.name for one in told}) > 10


def test_who_fails_holds_up_nobody(tmp_path: Path) -> None:
    """The others are measured and written; the end and the exit code say who failed, and why."""
    figures, program = tmp_path / "figures.json", tmp_path / "otelcol"
    program.write_text("#!/bin/sh\necho otelcol version 0.0.1; echo no such receiver >&2\n", encoding="utf-8")
    program.chmod(0o755)
    command = [sys.executable, "-m", "tests.bench", *"--only unloaded --rounds 1 --collector".split(), str(program)]
    environment = isolated() | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--json", str(figures)], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    told = json.loads(figures.read_text(encoding="utf-8"))
    assert [one["who"] for one in told["figures"]] == ["trail-agent", "yardstick"]
    assert [(one["what"], one["who"]) for one in told["failures"]] == [("notification to accepted", "Collector")]
    assert told["collector"] == {"program": "otelcol", "version": "otelcol version 0.0.1"}
    assert "no such receiver" in done.stdout.partition("FAILED notification to accepted: Collector")[2]
    assert "Collector (notification to accepted)" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [(signal.SIGTERM, 143, "was ended by SIGTERM"), (signal.SIGINT, 130, "was interrupted")],
)
def test_a_signal_leaves_nothing_behind(tmp_path: Path, number: int, code: int, told: str) -> None:
    """Its processes end and its folder goes, without a traceback and without figures."""
    left, figures = tmp_path / "left", tmp_path / "figures.json"
    left.mkdir()
    with _bench(left, "--only", "idle", "--json", str(figures)) as bench:
        eventually(lambda: any(one.stat().st_size for one in left.glob("*/agent-*.log")), "an agent that runs")
        children = _children(bench.pid)
        bench.send_signal(number)
        error = bench.communicate(timeout=20)[1].decode()
    assert (bench.returncode, len(error.splitlines()), told in error) == (code, 1, True)
    assert len(children) == 2
    assert not any(Path(f"/proc/{one}").exists() for one in children)
    assert (list(left.iterdir()), figures.exists()) == ([], False)


@pytest.mark.skipif(git_says("rev-parse", "HEAD") is None, reason="this tree is no repository of git")
@pytest.mark.parametrize("busy", ["add", "remove"])
def test_signals_that_come_again_leave_no_worktree_behind(tmp_path: Path, busy: str) -> None:
    """Whichever git command they meet ends first, and what it has made is taken back."""
    left, programs, met = tmp_path / "left", tmp_path / "bin", tmp_path / "met"
    for one in (left, programs):
        one.mkdir()
    git = programs / "git"
    git.write_text(
        _SLOW_GIT.format(python=sys.executable, git=shutil.which("git"), busy=busy, met=met), encoding="utf-8"
    )
    git.chmod(0o755)
    arguments = ["--only", "stages", "--base", "HEAD", "--json", str(tmp_path / "figures.json")]
    with _bench(left, *arguments, PATH=f"{programs}:{os.environ['PATH']}") as bench:
        if busy == "remove":
            eventually(lambda: any(left.glob("*/base/agent")), "a worktree", seconds=30)
            bench.send_signal(signal.SIGTERM)
        eventually(met.exists, "a git command that runs", seconds=30)
        for _ in range(3):
            bench.send_signal(signal.SIGINT)
        error = bench.communicate(timeout=40)[1].decode()
    assert (bench.returncode, len(error.splitlines())) == ((143 if busy == "remove" else 130), 1)
    assert met.read_text(encoding="utf-8") == "ended\n"
    assert list(left.iterdir()) == []
    worktrees = subprocess.run(["git", "-C", str(ROOT), "worktree", "list"], capture_output=True, text=True, check=True)
    assert str(left) not in worktrees.stdout


@contextmanager
def _bench(folder: Path, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A bench with its files in `folder`; at the end of the block it is gone, and whatever it has started."""
    environment = isolated() | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)} | more
    command = [sys.executable, "-c", _HEEDS_SIGINT, *arguments]
    quiet, heard = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, stdout=quiet, stderr=heard, env=environment, process_group=0) as bench:
        try:
            yield bench
        finally:
            if bench.poll() is None:
                bench.send_signal(signal.SIGSTOP)  # it starts nothing more
                for group in (*map(int, _children(bench.pid)), bench.pid):
                    with suppress(ProcessLookupError):
                        os.kill(group, signal.SIGKILL)
                        os.killpg(group, signal.SIGKILL)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
