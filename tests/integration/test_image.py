"""What the image runs, without an engine: built by the Dockerfile's steps, as another user, who can write nowhere."""

from __future__ import annotations

import fcntl
import os
import re
import signal
from pathlib import Path

import pytest

from agent import __version__
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.container import USER, Container, may_be_shut
from tests.support.events import create_dev_environment
from tests.support.image import Image, made_in
from tests.support.objects import trail_key, trail_object
from tests.support.otlp_receiver import HttpReceiver

ROOT = Path(__file__).parents[2]
REVISION = "0123456789abcdef0123456789abcdef01234567"
AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
NOWHERE = {
    "queue": {"url": "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"},
    "buckets": [{"name": "acme-trail-111122223333"}],
    "otlp": {"endpoint": "http://127.0.0.1:9"},
    "aws": {"endpoint_url": "http://127.0.0.1:9"},
}


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Image:
    """The image, built once for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "image"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return made_in(folder, ROOT, {"REVISION": REVISION})


def test_it_ships_and_stops(image: Image, cloud: Cloud, tmp_path: Path) -> None:
    """An object is shipped, the health check says yes, the metrics name the commit, and SIGTERM ends it with 0."""
    cloud.world.put(trail_key(), trail_object(create_dev_environment()))
    with HttpReceiver() as sink:
        container = Container(image, tmp_path, cloud.settings(sink))
        with container.running(**AWS, TRAIL_AGENT_HTTP__LISTEN="127.0.0.1:0") as agent:
            eventually(lambda: cloud.is_idle() or not agent.child.alive, "the object is shipped")
            assert agent.metric("trail_agent_events_total", fate="exported") == 1, agent.log_text()
            assert agent.metric("trail_agent_build_info", version=__version__, revision=REVISION) == 1
            answer = container.ask("HEALTHCHECK", "--url", f"http://{agent.address()}/livez")
            assert (answer.returncode, answer.stderr) == (0, "")
            assert agent.stop() == 0
        assert [len(export.records) for export in sink.exports if export.records] == [1]


def test_it_is_alive_and_stops_as_the_first_process(image: Image, tmp_path: Path) -> None:
    """With the image's own address, alone in its namespaces: HEALTHCHECK as it stands says yes, SIGTERM ends it with 0.

    The Python of an image has no bytecode: what the agent imports was compiled when the image was built.
    """
    with Container(image, tmp_path, NOWHERE).alone(**AWS, PYTHONVERBOSE="1") as first:
        eventually(lambda: first.daemon.said("queue_down") or not first.daemon.child.alive, "it works")
        assert first.daemon.address() == "0.0.0.0:9464", first.daemon.log_text()[-2000:]
        checked = first.healthcheck(PYTHONVERBOSE="1")
        assert checked.returncode == 0, checked.stderr[-2000:]
        os.kill(first.pid, signal.SIGTERM)
        assert first.exit_code() == 0
    assert _compiled(first.daemon.log_text()) | _compiled(checked.stderr) == set()


def _compiled(verbose: str) -> set[str]:
    """The modules that Python had to compile, as it says; which of its encodings it takes depends on the files."""
    compiled = set(re.findall(r"code object from '?([^\s']+\.py)'?$", verbose, re.MULTILINE))
    assert "code object from" in verbose
    return {path for path in compiled if "/encodings/" not in path}


def test_a_missing_settings_file_is_named(image: Image, tmp_path: Path) -> None:
    """Whoever forgot to mount it reads where it belongs; it is no reason to start again."""
    answer = Container(image, tmp_path, {}).ask("ENTRYPOINT", "run", "-c", "/etc/trail-agent/agent.yaml")
    assert answer.returncode == 78
    assert "/etc/trail-agent/agent.yaml" in answer.stderr


def test_it_can_write_nowhere(image: Image, tmp_path: Path) -> None:
    """What these tests show is shown for a user without a home, where nothing can be written, not even below /tmp."""
    if not may_be_shut():
        pytest.skip("namespaces are not allowed here")
    program = "import os, tempfile; print(os.getuid(), os.environ.get('HOME')); tempfile.mkstemp()"
    answer = Container(image, tmp_path, {}).python(program)
    assert answer.stdout == f"{USER} None\n"
    assert "No usable temporary directory" in answer.stderr


def test_two_minor_versions_of_python_are_refused(image: Image, tmp_path: Path) -> None:
    """A base image whose Python is not the one that the packages were installed for fails the build with a sentence."""
    (check,) = [each for each in image.steps("tried") if "python-version" in each.text]
    (tmp_path / "python-version").write_text("3.1\n")
    words = [word.replace("/opt/trail-agent/python-version", f"{tmp_path}/python-version") for word in check.words]
    answer = image.step(words, image.environment())
    assert answer.returncode == 1
    assert "but PYTHON_IMAGE has Python 3.1. Name two images of one minor version." in answer.stderr
    assert image.step(check.words, image.environment()).returncode == 0
