"""The programs of the stack test: where each comes from, in which version, and how it is built.

Each is built once into `.venv/stack/`, in a folder whose name says what it was built from. Go's module proxy serves the
source, and Go's checksum database vouches for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(sys.prefix) / "stack"
MANIFEST: Final = Path(__file__).with_name("collector-build.yaml")
SKIP: Final = "STACK_MISSING"
"""With the value `skip` in this variable, what needs a program that cannot be had is skipped. Else it fails."""
BUILT: Final = "STACK_BUILT"
"""Set by `python -m tests.stack` once all programs are built: without it the tests are not collected."""

_ORIGIN: Final = "origin.txt"


class MissingError(Exception):
    """A program cannot be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program `name`: the folder `package` of a Go module in `version`, which its makers call `release`.

    `tags` leave out parts, such as the service discovery of all clouds, which takes an hour to build. `pages`: files of
    its web pages, without which it does not compile; the module does not hold them. `manifest`: what the Collector's
    builder makes it of; the module is then the builder.
    """

    name: str
    release: str
    module: str
    version: str
    package: str = "."
    tags: str = ""
    pages: tuple[str, ...] = ()
    manifest: Path | None = None

    @property
    def path(self) -> Path:
        """Where it is once it is built."""
        how = [self.module, self.package, self.tags, *self.pages, self.manifest.read_text() if self.manifest else ""]
        digest = hashlib.sha256("\n".join(how).encode()).hexdigest()
        return FOLDER / f"{self.name}-{self.version}-{digest[:8]}" / self.name

    @property
    def origin(self) -> str:
        """The module, its version and its checksum, as they were when it was built."""
        return self.path.with_name(_ORIGIN).read_text(encoding="utf-8")

    def build(self) -> None:
        """Build it, unless it is there; raises MissingError."""
        if self.path.exists():
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            source = _downloaded(self.module, self.version)
            made = self._make(Path(folder), Path(source["Dir"]))
            self.path.parent.mkdir(exist_ok=True)
            self.path.with_name(_ORIGIN).write_text(f"{self.module} {self.version} {source['Sum']}", encoding="utf-8")
            made.replace(self.path)

    def _make(self, folder: Path, source: Path) -> Path:
        if self.manifest:
            return self._from_manifest(folder, self.manifest)
        if self.pages:
            return self._with_empty_pages(folder, source)
        tags = ["-tags", self.tags] if self.tags else []
        target = f"{self.module}/{self.package}@{self.version}"
        _go("install", *tags, "-ldflags=-s -w", target, GOBIN=str(folder))
        return folder / self.name

    def _from_manifest(self, folder: Path, manifest: Path) -> Path:
        made_of = yaml.safe_load(manifest.read_text(encoding="utf-8"))
        made_of["dist"]["output_path"] = str(folder / "source")
        written = folder / "manifest.yaml"
        written.write_text(yaml.safe_dump(made_of), encoding="utf-8")
        _go("run", f"{self.module}@{self.version}", f"--config={written}")
        return folder / "source" / self.name

    def _with_empty_pages(self, folder: Path, source: Path) -> Path:
        copy = folder / "source"
        for file in (file for file in source.rglob("*") if file.is_file()):
            _written(copy / file.relative_to(source), file.read_bytes())
        for page in self.pages:
            _written(copy / page, b"This page was not built.\n")
        built = folder / self.name
        _go("-C", str(copy), "build", "-buildvcs=false", "-ldflags=-s -w", f"-o={built}", f"./{self.package}")
        return built


_PROMETHEUS: Final = "github.com/prometheus/prometheus"
PROGRAMS: Final[Mapping[str, Program]] = {
    program.name: program
    for program in (
        Program("victoria-logs", "1.52.2", "github.com/VictoriaMetrics/VictoriaLogs", "v1.52.2", "app/victoria-logs"),
        Program(
            "alertmanager",
            "0.35.0",
            "github.com/prometheus/alertmanager",
            "v0.35.0",
            "cmd/alertmanager",
            pages=("ui/app/dist/elm/index.html", "ui/app/dist/mantine/index.html"),
        ),
        Program("promtool", "3.16.0", _PROMETHEUS, "v0.316.0", "cmd/promtool", tags="remove_all_sd"),
        Program("prometheus", "3.16.0", _PROMETHEUS, "v0.316.0", "cmd/prometheus", tags="remove_all_sd"),
        Program("otelcol", "0.165.0", "go.opentelemetry.io/collector/cmd/builder", "v0.165.0", manifest=MANIFEST),
    )
}
"""In the order in which they are built: the quick ones first."""


def _written(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _downloaded(module: str, version: str) -> Any:
    """Where the source of a module is, and its checksum."""
    return json.loads(_go("mod", "download", "-json", f"{module}@{version}"))


def _go(*arguments: str, **variables: str) -> str:
    """What `go` says; raises MissingError."""
    if not shutil.which("go"):
        raise MissingError("Go is missing, which builds it: https://go.dev/dl/")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOGC": "400", **variables}
    done = subprocess.run(["go", *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"go {' '.join(arguments)} failed:\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout
