"""The bench with real processes: whoever is measured does all of the work, or is not measured."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from agent.demo.environment import isolated
from tests.bench.contestants import Collector
from tests.bench.corpus import MIXED, NOISE, WHOLE, Mix, bodies, keys
from tests.bench.load import Load
from tests.bench.measures import Task, once
from tests.bench.processes import ROOT, Service, StuckError, floor_ms, stage_microseconds
from tests.bench.stages import Stages, measure
from tests.support.clock import eventually

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
    command = [sys.executable, "-m", "tests.bench", "--only", "idle", "--json", str(figures)]
    environment = isolated() | {"PYTHONPATH": str(ROOT), "TMPDIR": str(left)}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as bench:
        try:
            eventually(lambda: any(one.stat().st_size for one in left.glob("*/agent-*.log")), "an agent that runs")
            children = _children(bench.pid)
            bench.send_signal(number)
            error = bench.communicate(timeout=20)[1].decode()
        finally:
            bench.kill()
    assert (bench.returncode, len(error.splitlines()), told in error) == (code, 1, True)
    assert len(children) == 2
    assert not any(Path(f"/proc/{one}").exists() for one in children)
    assert (list(left.iterdir()), figures.exists()) == ([], False)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
