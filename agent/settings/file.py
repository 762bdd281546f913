"""The settings file: YAML in, a tree of sections out, with `${env:NAME}` expanded.

Numbers with leading zeros, and dates, stay text: so an account id stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from agent.errors import SettingsError
from agent.settings import keys
from agent.settings.layer import Layer, Problem

_MAX_BYTES = 1 << 20
_MAX_VALUES = 10_000
_MAX_DEPTH = 32
_REFERENCE = re.compile(r"\$\$\{|\$\{(?:env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\})?")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")


class _Loader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's octal and base-60 numbers and dates."""


def _integer(loader: _Loader, node: yaml.ScalarNode) -> object:
    if re.match(r"[-+]?0[0-9_]|.*:", node.value):
        return node.value
    return loader.construct_yaml_int(node)


def _text(loader: _Loader, node: yaml.ScalarNode) -> object:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def read(path: Path, environ: Mapping[str, str]) -> Layer:
    """The settings in a file. Raises SettingsError, which quotes nothing of it, if it is not a YAML mapping."""
    duplicates: list[Problem] = []
    tree = _parsed(path, _content(path), duplicates)
    if tree is None:
        return Layer({})
    if not isinstance(tree, dict):
        raise SettingsError([f"{path}: must be a mapping of settings (`queue:`, `buckets:`, `otlp:`, ...)"])
    expansion = _Expansion(environ)
    expanded = expansion.value(tree, ())
    problems = (*duplicates, *expansion.problems)
    return Layer(expanded if isinstance(expanded, dict) else {}, problems=problems)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read as the settings file: {error.strerror}"]) from error
    except ValueError as error:
        raise SettingsError(["the path of the settings file holds a NUL character"]) from error
    if len(raw) > _MAX_BYTES:
        raise SettingsError([f"{path}: is larger than 1 MiB: that is no settings file"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: is not UTF-8 text"]) from None  # the cause would quote the file


def _parsed(path: Path, content: str, duplicates: list[Problem]) -> object:
    try:
        loader = _Loader(content)
        node = loader.get_single_node()
        if node is None:
            return None
        duplicates.extend(_duplicates(node, (), set()))
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise SettingsError([f"{path}{_complaint(error)}"]) from None  # the cause would quote the file
    except (ValueError, RecursionError, OverflowError, AttributeError, TypeError):
        raise SettingsError([f"{path}: cannot be read as YAML"]) from None


def _complaint(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ": is not valid YAML: it holds a character that a text file cannot have"
    mark = error.problem_mark
    return f": line {mark.line + 1}, column {mark.column + 1}: is not valid YAML: {_meaning(error)}"


def _meaning(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError) and "tag" not in problem:
        return problem  # names characters and kinds of token, never a value
    if "alias" in problem:
        return "there is no anchor of this name; quote a value that begins with *"
    if "single document" in (error.context or "") + problem:
        return "the file must hold one document; a second one begins here"
    return "settings have no tags and no such values; quote a value that begins with ! or &"


def _duplicates(node: yaml.Node, path: keys.Path, seen: set[int]) -> list[Problem]:
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return []
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [one for i, below in enumerate(node.value) for one in _duplicates(below, (*path, str(i)), seen)]
    problems: list[Problem] = []
    names: set[str] = set()
    for key, below in node.value:
        name = shown(key.value)
        if isinstance(key, yaml.ScalarNode) and key.value in names:
            sentence = f"{'.'.join((*path, name))}: is written twice (again in line {key.start_mark.line + 1})"
            problems.append(Problem((*path, name), sentence))
        elif isinstance(key, yaml.ScalarNode) and key.value != "<<":
            names.add(key.value)
        problems.extend(_duplicates(below, (*path, name), seen))
    return problems


def shown(name: object) -> str:
    """A key's name if it is safe to show, else a placeholder."""
    return name if isinstance(name, str) and _SAFE_NAME.fullmatch(name) else "(a key with unusual characters)"


class _Expansion:
    """Replaces `${env:NAME}` in every text of a tree; `$${` stands for a plain `${`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._values = 0
        self._overflown = False
        self.problems: list[Problem] = []

    def value(self, value: object, path: keys.Path) -> object:
        """A copy of `value`, expanded."""
        self._values += 1
        if self._values > _MAX_VALUES or len(path) > _MAX_DEPTH:
            self._overflow(path)
            return None
        if isinstance(value, dict):
            return self._mapping(value, path)
        if isinstance(value, list):
            return [self.value(one, (*path, str(index))) for index, one in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) and "${" in value else value

    def _overflow(self, path: keys.Path) -> None:
        if not self._overflown:
            self._refuse(path[:1], "is too large or too deep for settings")
        self._overflown = True

    def _mapping(self, value: dict[object, object], path: keys.Path) -> dict[str, object]:
        if not all(isinstance(name, str) for name in value):
            self._refuse(path, "has a key that is not text: quote it")
        named = {name: one for name, one in value.items() if isinstance(name, str)}
        return {name: self.value(one, (*path, shown(name))) for name, one in named.items()}

    def _text(self, text: str, path: keys.Path) -> object:
        expanded = _REFERENCE.sub(lambda match: self._replacement(match, path), text)
        unset = not expanded and _REFERENCE.fullmatch(text) is not None
        return None if unset and not keys.in_map(path) else expanded  # null means the default, which no entry has

    def _replacement(self, match: re.Match[str], path: keys.Path) -> str:
        if match[0] == "$${":
            return "${"
        if match[1] is None:
            self._refuse(
                path,
                "has a `${` that does not begin `${env:NAME}` or `${env:NAME:-default}`; write `$${` for a plain `${`",
            )
            return ""
        found = self._environ.get(match[1])
        if match[2] is not None:
            return found or match[2]
        if found is None:
            self._refuse(path, f"refers to the environment variable {match[1]}, which is not set")
        return found or ""

    def _refuse(self, path: keys.Path, what: str) -> None:
        self.problems.append(Problem(path, f"{'.'.join(path) or 'the settings file'}: {what}"))
