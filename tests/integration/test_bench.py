"""The bench with real processes: whoever is measured does all of the work, or is not measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from agent.demo.environment import isolated
from tests.bench.contestants import Collector
from tests.bench.corpus import MIXED, NOISE, WHOLE, Mix, bodies, keys
from tests.bench.load import Load
from tests.bench.measures import once
from tests.bench.processes import Service, StuckError, floor_ms
from tests.bench.stages import Stages, measure

# It asks for what the configuration that ships names, as a Collector with these components does.
_STAND_IN: Final = r"""#!{python}
import gzip, json, os, re, sys
from http.client import HTTPConnection
from urllib.parse import urlsplit
import yaml

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
            content = ask("GET", "/" + store["s3_bucket"] + "/" + each["s3"]["object"]["key"])
            events = json.loads(gzip.decompress(content))["Records"]
            ours = [one for one in events if kept is None or one["eventSource"] == "codecatalyst.amazonaws.com"]
            for _ in ours[{lost}:]:
                ask("POST", "/v1/logs", b"\x0a\x44\x12\x42\x12\x40\x2a\x3e\x0a\x3c" + b"x" * 60)
        sqs("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
"""


def _collector(folder: Path, *, lost: int = 0) -> Collector:
    """One that ships all but the first `lost` events of each object."""
    path = folder / "otelcol"
    path.write_text(_STAND_IN.format(python=sys.executable, lost=lost), encoding="utf-8")
    path.chmod(0o755)
    return Collector(path)


def _loads(mix: Mix) -> tuple[Load, Load]:
    made = bodies(mix, 4)
    return Load(made[:2], keys(2, 1)), Load(made[2:], keys(2, 2))


@pytest.mark.parametrize("mix", [MIXED, WHOLE], ids=lambda mix: mix.name)
def test_a_collector_is_given_what_its_configuration_asks_for(tmp_path: Path, mix: Mix) -> None:
    """With the filter, or without it for a whole trail; its start is measured, too."""
    with Service.start(tmp_path) as service:
        figures = once(service, _collector(tmp_path), mix, _loads(mix), tmp_path)
        assert service.state().records == 2 * mix.shipped
    assert {"objects/s", "CPU ms/object", "peak MiB", "ready s"} <= set(figures)


def test_who_ships_too_little_is_not_measured(tmp_path: Path) -> None:
    """Else the fastest contestant is one that does nothing."""
    with Service.start(tmp_path) as service, pytest.raises(StuckError, match="2 of 4 records have reached the sink"):
        once(service, _collector(tmp_path, lost=1), MIXED, _loads(MIXED), tmp_path)


def test_the_floor_gets_every_object_that_it_counts(tmp_path: Path) -> None:
    """Else it would be no floor; it warms up first, without being counted."""
    with Service.start(tmp_path) as service:
        assert floor_ms(service, Load(bodies(NOISE, 2), keys(2, 1)), 10) > 0
        assert service.state().gets > 10


def test_every_stage_can_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call of each; what it takes is not looked at."""
    for name, value in isolated().items():
        monkeypatch.setenv(name, value)
    with Service.start(tmp_path) as service:
        told = measure(Stages(service).all(), rounds=1, seconds=0)
    assert len(told) == len({one.name for one in told}) > 10
