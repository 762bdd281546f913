"""The image without an engine: the Dockerfile's own steps in a folder.

Paths that the Dockerfile names lie below one folder. An image of Python is a new virtual environment of the Python that
runs the tests: it has the standard library, pip, and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pip

from tests.support.dockerfile import Dockerfile, Instruction, Stage, let_through

SYSTEM: Final = "/usr/local/bin:/usr/bin:/bin"
_OF_THE_INDEX: Final = ("PIP_", "UV_", "SSL_", "REQUESTS_")  # how this machine reaches a package index


@dataclass(slots=True)
class Layers:
    """What a stage has come to: its tree, its environment, its arguments, and the folder of its Python."""

    tree: Path
    python: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"


class Image:
    """The built image in a folder. `root` stands for its `/`."""

    def __init__(self, dockerfile: Dockerfile, folder: Path) -> None:
        self.root = folder / "root"
        self._dockerfile = dockerfile
        self._folder = folder
        dests = [each.text.split()[-1] for stage in dockerfile.stages.values() for each in stage.all("COPY")]
        dests += [each.text for stage in dockerfile.stages.values() for each in stage.all("WORKDIR")]
        places = {dest.rstrip("/") for dest in dests if dest.startswith("/") and dest != "/"}
        self._places = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, sorted(places)))})\b")
        self._made: dict[str, Layers] = {}

    def build(self, context: Path, arguments: Mapping[str, str]) -> None:
        """Do all steps of all stages with the files of `context`; fails with what a step said if one fails."""
        for stage in self._dockerfile.stages.values():
            layers = self._begin(stage)
            self._made[stage.name] = layers
            for instruction in stage.instructions:
                self._do(instruction, layers, context, arguments)

    def command(self, word: str, *more: str) -> list[str]:
        """What the image starts: ENTRYPOINT with `more` or CMD, or HEALTHCHECK, with paths of this machine."""
        last = self._dockerfile.last
        if word == "HEALTHCHECK":
            return [*Instruction.of(last.only(word).text).words, *more]
        words = [*last.only("ENTRYPOINT").words, *(more or last.only("CMD").words)]
        return [self.here(each) for each in words]

    def environment(self) -> dict[str, str]:
        """The environment that the image gives to what it starts: nothing of the caller's, and no HOME."""
        stages = self._dockerfile.stages
        chain = [self._dockerfile.last]
        while chain[-1].base in stages:
            chain.append(stages[chain[-1].base])
        found = {"PATH": f"{self._folder / 'pythons' / 'runtime' / 'bin'}:{SYSTEM}"}
        for stage in reversed(chain):
            for instruction in stage.all("ENV"):
                found |= {name: self.here(value) for name, value in instruction.pairs.items()}
        return found

    def steps(self, stage: str) -> Sequence[Instruction]:
        """The RUN instructions of a stage."""
        return self._dockerfile.stages[stage].all("RUN")

    def here(self, text: str) -> str:
        """`text` with the paths of the image as paths of this machine."""
        return self._places.sub(lambda found: f"{self.root}{found[1]}", text)

    def step(self, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """What a step of the build answers."""
        return subprocess.run(
            [self.here(each) for each in words],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def _begin(self, stage: Stage) -> Layers:
        tree = self._folder / "stages" / stage.name
        self.root.unlink(missing_ok=True)
        self.root.symlink_to(tree)
        if stage.base in self._made:
            before = self._made[stage.base]
            shutil.copytree(before.tree, tree, symlinks=True)
            return Layers(tree, before.python, dict(before.environment), dict(before.arguments), before.folder)
        tree.mkdir(parents=True)
        python = self._folder / "pythons" / stage.name
        if stage.base != "scratch":
            _new_python(python)
        return Layers(tree, python / "bin")

    def _do(self, step: Instruction, layers: Layers, context: Path, arguments: Mapping[str, str]) -> None:
        match step.word:
            case "ARG":
                name = step.text.partition("=")[0]
                layers.arguments |= {name: arguments[name]} if name in arguments else step.pairs
            case "ENV":
                layers.environment |= {name: self.here(value) for name, value in step.pairs.items()}
            case "WORKDIR":
                layers.folder = step.text
                Path(self.here(step.text)).mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(step, layers, context)
            case "RUN":
                self._run(step, layers)

    def _copy(self, step: Instruction, layers: Layers, context: Path) -> None:
        *sources, destination = step.text.split()
        origin = self._made[step.flags["from"]].tree if "from" in step.flags else context
        absolute = destination if destination.startswith("/") else f"{layers.folder}/{destination}"
        target = layers.tree / absolute.strip("/").removesuffix("/.")
        for pattern in sources:
            found = sorted(origin.glob(pattern.strip("/")))
            assert found, f"COPY {pattern}: nothing there"
            for source in found:
                if source.is_dir():
                    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, copy_function=os.link)
                else:
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(source, target)

    def _run(self, step: Instruction, layers: Layers) -> None:
        inherited = {name: value for name, value in os.environ.items() if name.startswith(_OF_THE_INDEX)}
        path = f"{layers.python}:{SYSTEM}"
        environment = inherited | {"HOME": str(Path.home()), "PATH": path, "UV_SYSTEM_CERTS": "1"}
        environment |= layers.arguments | layers.environment
        words = step.words or ["/bin/sh", "-ec", f"cd {layers.folder} && {step.text}"]
        done = self.step(words, environment)
        assert done.returncode == 0, f"RUN {step.text}\n{done.stdout}{done.stderr}"


def _new_python(folder: Path) -> None:
    """An environment of this Python, with the pip that runs here: as an image of Python has it."""
    venv.EnvBuilder(symlinks=True).create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "pip").symlink_to(Path(pip.__file__).parent)


def made_in(folder: Path, root: Path, arguments: Mapping[str, str]) -> Image:
    """Build the image of the project at `root` in `folder`, or take it from there if it is built."""
    image = Image(Dockerfile.read(root / "Dockerfile"), folder)
    done = folder / "done"
    if not done.exists():
        context = folder / "context"
        _lay(root, context)
        image.build(context, arguments)
        done.touch()
    return image


def _lay(root: Path, context: Path) -> None:
    for path in _files(root):
        target = context / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, target)


def _files(root: Path) -> Iterable[Path]:
    """What the build may see of the project."""
    ignore = root / ".dockerignore"
    excepted = {Path(line[1:]).parts[0] for line in ignore.read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    tops = [top for top in root.iterdir() if top.name in excepted or let_through(Path(top.name), ignore)]
    files = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*")) if path.is_file()]
    return [path.relative_to(root) for path in files if let_through(path.relative_to(root), ignore)]
