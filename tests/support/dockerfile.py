"""What a Dockerfile says: its stages and their instructions, and what its .dockerignore lets through."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, Self

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_FLAG: Final = re.compile(r"--([a-z-]+)=(\S+)\s+")
_PAIR: Final = re.compile(r'([\w.]+)=("[^"]*"|\S*)')


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, its flags, and what follows them."""

    word: str
    flags: Mapping[str, str]
    text: str

    @classmethod
    def of(cls, line: str) -> Self:
        """The instruction on a line whose continuations are joined."""
        word, _, text = line.partition(" ")
        flags = {}
        while flag := _FLAG.match(text):
            flags[flag[1]] = flag[2]
            text = text[flag.end() :]
        return cls(word, flags, text.strip())

    @property
    def words(self) -> Sequence[str]:
        """What is called, if it is written in exec form; empty if a shell is needed."""
        found: Sequence[str] = json.loads(self.text) if self.text.startswith("[") else []
        return found

    @property
    def pairs(self) -> Mapping[str, str]:
        """The names and values of ENV, LABEL and ARG."""
        return {name: value.strip('"') for name, value in _PAIR.findall(self.text)}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its name, what it starts from, and its instructions."""

    name: str
    base: str
    instructions: Sequence[Instruction]

    def all(self, word: str) -> Sequence[Instruction]:
        """Its instructions of one kind."""
        return [each for each in self.instructions if each.word == word]

    def only(self, word: str) -> Instruction:
        """Its one instruction of a kind."""
        (found,) = self.all(word)
        return found


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file: the arguments before the first stage, and the stages by name; the last one is `last`."""

    arguments: Mapping[str, str]
    stages: Mapping[str, Stage]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file at `path`."""
        text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]
        parts: list[list[Instruction]] = [[]]
        for instruction in map(Instruction.of, lines):
            parts += [[]] if instruction.word == "FROM" else []
            parts[-1].append(instruction)
        arguments: dict[str, str] = {}
        for instruction in parts[0]:
            arguments |= {name: expanded(value, arguments) for name, value in instruction.pairs.items()}
        stages = [_stage(first.text, rest, arguments) for first, *rest in parts[1:]]
        return cls(arguments, {stage.name: stage for stage in stages})

    @property
    def last(self) -> Stage:
        """The stage that is the image."""
        return [*self.stages.values()][-1]


def _stage(text: str, instructions: Sequence[Instruction], arguments: Mapping[str, str]) -> Stage:
    base, _, name = text.partition(" AS ")
    return Stage(name or "last", expanded(base, arguments), instructions)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`text` with `${NAME}` replaced; what is not known is empty, as it is for Docker."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], ""), text)


def let_through(path: Path, ignore: Path) -> bool:
    """Whether the file `ignore` lets the relative `path` into the build: its last pattern that matches decides."""
    inside = True
    for line in ignore.read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!")
        if line and not line.startswith("#") and any(_matches(part, pattern) for part in (path, *path.parents)):
            inside = line.startswith("!")
    return inside


def _matches(path: Path, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(path.name, pattern.removeprefix("**/"))
    return str(path) != "." and len(path.parts) == len(Path(pattern).parts) and fnmatch(str(path), pattern)
