"""The processes of a measurement: the far side, and whoever is measured, with the CPU and the memory that it used."""

from __future__ import annotations

import http.client
import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from agent.demo.child import Child
from agent.demo.environment import isolated
from tests.bench.ending import uninterrupted
from tests.bench.load import Load, Proof, State

ROOT: Final = Path(__file__).parents[2]
_PATIENCE_SECONDS: Final = 180.0
_OTHERS_SECONDS: Final = 60.0  # another revision may know another far side, and wait for ever
_NOTHING: Final[Mapping[str, str]] = {}


class StuckError(Exception):
    """What is measured has ended, or does not get on."""


class Service:
    """The far side, as the bench talks to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[Self]:
        """Run it while the block runs."""
        environment = isolated() | {"PYTHONPATH": str(ROOT)}
        with Child.start(["-m", "tests.bench.far_side"], environment, folder / "far_side.log", speaks=True) as child:
            assert child.process.stdout is not None
            yield cls(int(child.process.stdout.readline()))

    def put(self, load: Load) -> State:
        """Put a load in; what was there before is forgotten."""
        return self._told("put", pickle.dumps(load))

    def state(self) -> State:
        """What has happened since the load was put in."""
        return self._told("count", b"")

    def proof(self) -> Proof:
        """What has come of the load."""
        proof = self._ask("proof", b"")
        assert isinstance(proof, Proof)
        return proof

    def finish(self, count: int, measured: Measured) -> State:
        """Wait until `count` messages are deleted."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (state := self._told("await", b"%d" % count)).deleted < count:
            if time.monotonic() > deadline or not measured.child.alive:
                raise StuckError(f"{state.deleted} of {count} messages after {_PATIENCE_SECONDS:.0f} s\n{measured.log}")
        return state

    def _told(self, what: str, body: bytes) -> State:
        state = self._ask(what, body)
        assert isinstance(state, State)
        return state

    def _ask(self, what: str, body: bytes) -> object:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", f"/control/{what}", body)
        told: object = pickle.loads(connection.getresponse().read())
        connection.close()
        return told


@dataclass(frozen=True, slots=True)
class Measured:
    """A running process."""

    child: Child
    path: Path

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return self.path.read_text(errors="replace")[-2000:]

    def cpu_seconds(self) -> float:
        """User and system time so far (Linux: the CPU clock of another process). Raises StuckError if it has ended."""
        try:
            return time.clock_gettime((~self.child.process.pid << 3) | 2)
        except OSError as error:
            raise StuckError(f"it ended while it was measured\n{self.log}") from error

    def peak_mib(self) -> float:
        """The most memory that was resident. Raises StuckError if it has ended: then nothing is known of it."""
        try:
            lines = Path(f"/proc/{self.child.process.pid}/status").read_text().splitlines()
        except OSError:
            lines = []
        told = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
        if not told:
            raise StuckError(f"it ended while it was measured\n{self.log}")
        return told[0]


@contextmanager
def running(
    arguments: Sequence[str], folder: Path, name: str, *, tree: Path = ROOT, more: Mapping[str, str] = _NOTHING
) -> Iterator[Measured]:
    """`python arguments…` with the code of `tree`, while the block runs."""
    path = folder / f"{name}-{os.urandom(4).hex()}.log"
    # Safe path: else the folder where the bench was started comes first, and every tree is the same one.
    own = {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1", "AWS_DEFAULT_REGION": "us-west-2"}
    environment = {**isolated(), **own, **more}
    with Child.start(arguments, environment, path) as child:
        yield Measured(child, path)


def instead_of_python(program: Path, *arguments: str) -> Sequence[str]:
    """What `running` is given to run another `program`, which takes the place of Python in the same process."""
    return ["-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])", str(program), *arguments]


def is_revision(rev: str) -> bool:
    """Whether the repository has it."""
    return not _git("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}").returncode


def git_says(*arguments: str) -> str | None:
    """What git answers of this repository; None if it cannot."""
    try:
        done = _git(*arguments)
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()


@contextmanager
def revision(rev: str, folder: Path) -> Iterator[Path]:
    """The files of another revision, in a folder of their own, while the block runs."""
    tree = folder / "base"
    try:
        if (done := _git("worktree", "add", "--detach", "--quiet", str(tree), rev)).returncode:
            raise StuckError(f"{rev} cannot be checked out\n{done.stderr}")
        compile_agent(tree)
        yield tree
    finally:
        _git("worktree", "remove", "--force", "--force", str(tree))  # twice: git locks one that it has not finished


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """To its end: the bench takes back what git has done, which it cannot while git and its helpers still write."""
    command = ["git", "-C", str(ROOT), *arguments]
    with uninterrupted():
        return subprocess.run(command, check=False, capture_output=True, text=True, start_new_session=True)


def compile_agent(tree: Path) -> None:
    """Write the bytecode of a tree, if it can: else its first start is measured with the time that takes."""
    command = [sys.executable, "-m", "compileall", "-q", "agent"]
    subprocess.run(command, check=False, capture_output=True, cwd=tree, env=isolated())


def floor_ms(service: Service, load: Load, count: int) -> float:
    """CPU milliseconds to get, inflate and glance at one object of `load`, alone."""
    service.put(load)
    arguments = ["tests.bench.floor", f"127.0.0.1:{service.port}", str(count), *load.keys[:64]]
    return float(_said(arguments, ROOT, "floor", _PATIENCE_SECONDS))


def stage_microseconds(service: Service, tree: Path, *, seconds: float = _OTHERS_SECONDS) -> list[Any]:
    """What the stages of a `tree` cost, each as its own `tests.bench.stages` tells it; of another one, in `seconds`."""
    if not (tree / "tests" / "bench" / "stages.py").is_file():  # else those of this tree would measure the other agent
        raise StuckError(f"{tree} has no stages: tests/bench/stages.py is not there")
    patience = _PATIENCE_SECONDS if tree == ROOT else seconds
    told: list[Any] = json.loads(_said(["tests.bench.stages", str(service.port)], tree, "stages", patience))
    return told


def _said(module: Sequence[str], tree: Path, what: str, seconds: float) -> str:
    """What a module of `tree` prints. Raises StuckError if it fails, or does not end in time: it is killed then."""
    command, own = [sys.executable, "-m", *module], {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env={**isolated(), **own}, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise StuckError(f"{what} of {tree} cannot be measured: no end within {seconds:g} s") from None
    except subprocess.CalledProcessError as error:
        raise StuckError(f"{what} of {tree} cannot be measured\n{error.stderr[-1000:]}") from None
    return done.stdout
