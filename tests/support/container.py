"""What the image starts, shut in as a container would be: another user without a name, who can write nowhere.

Where an ordinary user may make no namespaces, it is the caller, without anything of the caller's environment.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from agent.demo.child import Child
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.daemon import Daemon
from tests.support.image import Image

USER: Final = 65532
_MOUNTED: Final = "/etc/trail-agent"
_NAMESPACES: Final = ("unshare", "--user", "--map-root-user", "--mount")
_OF_ITS_OWN: Final = ("--net", "--pid", "--fork", "--kill-child")
_LOOPBACK_UP: Final = "import fcntl, socket; fcntl.ioctl(socket.socket(), 0x8914, b'lo'.ljust(16, b'\\0') + b'\\1\\0')"
_SHUT: Final = f"""
mount -o remount,bind,ro / || exit 99
for folder in /tmp /var/tmp; do
  mount --bind $folder $folder && mount -o remount,bind,ro,nosuid,nodev $folder || exit 99
done
exec unshare --user --map-user={USER} --map-group={USER} "$@"
"""


@cache
def may_be_shut() -> bool:
    """Whether this user may make namespaces: some security policies say no."""
    try:
        return subprocess.run([*_shut(), "true"], capture_output=True, timeout=60, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _shut(*, of_its_own: bool = False) -> Sequence[str]:
    more = _OF_ITS_OWN if of_its_own else ()
    script = f'"{sys.executable}" -I -c "{_LOOPBACK_UP}"\n' * of_its_own + _SHUT
    return [*_NAMESPACES, *more, "sh", "-c", script, "sh"]


class Container:
    """What `docker run` would do with the image, and with `settings` mounted. `folder` is the test's."""

    def __init__(self, image: Image, folder: Path, settings: Mapping[str, Any]) -> None:
        self._image = image
        self._folder = folder
        (folder / "agent.yaml").write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")

    @contextmanager
    def running(self, **environment: str) -> Iterator[Daemon]:
        """Run the image's command while the block runs, on this machine's network."""
        with self._started(_shut() if may_be_shut() else (), environment) as daemon:
            yield daemon

    @contextmanager
    def alone(self, **environment: str) -> Iterator[First]:
        """The same as the first process of a process table of its own, with nothing but a loopback for network."""
        if not may_be_shut():
            pytest.skip("namespaces are not allowed here")
        with self._started(_shut(of_its_own=True), environment) as daemon:
            yield First(self._image, daemon)

    def ask(self, word: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """What the image's ENTRYPOINT or HEALTHCHECK with `more` answers."""
        return self._asked(self._image.command(word, *more), environment)

    def python(self, program: str) -> subprocess.CompletedProcess[str]:
        """What the image's Python answers to a program."""
        return self._asked(["python3", "-c", program], {})

    def _asked(self, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        before = _shut() if may_be_shut() else ()
        return _answer([*before, *words], self._image.environment() | dict(environment))

    @contextmanager
    def _started(self, before: Sequence[str], environment: Mapping[str, str]) -> Iterator[Daemon]:
        words = [word.replace(_MOUNTED, str(self._folder)) for word in self._image.command("ENTRYPOINT")]
        log = self._folder / "agent.log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [*before, *words],
                env=self._image.environment() | dict(environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        child = Child(process, log)
        try:
            yield Daemon(child, log)
        finally:
            child.kill()


class First:
    """The daemon as the first process of its own process table."""

    def __init__(self, image: Image, daemon: Daemon) -> None:
        self._image = image
        self.daemon = daemon
        around = daemon.child.process.pid
        children = Path(f"/proc/{around}/task/{around}/children")
        eventually(lambda: children.read_text().strip(), "the first process is there")
        self.pid = int(children.read_text())

    def healthcheck(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """The image's own health check, beside the daemon."""
        words = ["nsenter", f"--target={self.pid}", "--user", "--net", "--preserve-credentials"]
        return _answer([*words, *self._image.command("HEALTHCHECK")], self._image.environment() | environment)

    def exit_code(self) -> int | None:
        """Its exit code, when it has ended."""
        return self.daemon.child.wait(DEADLINE_SECONDS)


def _answer(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, env=dict(environment), cwd="/", capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
