"""Merges flags, environment, file and defaults into one `Settings`, or reports everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from agent.errors import SettingsError
from agent.settings import file, keys, variables
from agent.settings.cautions import cautions
from agent.settings.layer import Layer, Problem, came_from, decoded
from agent.settings.problems import sentences
from agent.settings.root import Context, Settings
from agent.settings.supervisor import Supervisor, taken_from

_STREAM_SPLITTERS = ("service.instance.", "host.", "process.", "k8s.pod.", "k8s.node.")
_OF_THE_RECORD = ("cloud.provider", "cloud.region", "cloud.account.id")
_HEADERS = ("otlp", "headers")
_RESOURCE = ("resource",)
_WHOLE_ADDRESS = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"


def environment() -> Mapping[str, str]:
    """The process's environment. Nothing else in the package reads it."""
    return os.environ


def take_supervisor() -> Supervisor:
    """Who started the process and wants reports. Its variables are removed from the process's environment.

    A child, such as a `credential_process` of AWS, must not report in the agent's name.
    """
    return taken_from(os.environ, os.getpid())


def silence_grpc() -> None:
    """Keep grpc's C core from writing lines of its own to standard error, unless the operator asked for them.

    Call it before grpc is imported. The sink reports what goes wrong (gRPC core, "Environment variables").
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def load(
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
    *,
    needs_source: bool = True,
) -> Settings:
    """The effective settings: `overrides` (dotted key paths) over environment over the file at `path` over defaults.

    Without `needs_source`, neither queue nor buckets nor event_history are required: for a command that does without.

    Raises SettingsError with all problems; no problem holds a value.
    """
    layers = _layers(path, environ, overrides or {})
    tree: keys.Tree = {}
    origins: dict[keys.Path, str] = {}
    for layer in layers:
        tree = keys.merged(tree, layer.tree)
        _record(origins, layer)
    problems = [problem for layer in layers for problem in layer.problems]
    return _validated(tree, origins, problems, Context(variables.region(environ), needs_source=needs_source))


def _layers(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> list[Layer]:
    own = decoded(variables.own(environ))
    try:
        from_file = _silent(decoded(file.read(path, environ))) if path else Layer({})
    except SettingsError as error:
        raise SettingsError([*error.problems, *(problem.sentence for problem in own.problems)]) from None
    layers = [from_file, own, _flags(overrides)]
    return [_unspoken(variables.standard(environ), layers), *layers]


def _silent(layer: Layer) -> Layer:
    """The layer without nulls: a null in the file is the same as no key, so a standard variable counts."""
    return replace(layer, tree=keys.without_nulls(layer.tree))


def _unspoken(standard: Layer, layers: list[Layer]) -> Layer:
    """The standard variables, without headers if ours are set, and without problems of variables that do not count."""
    if any(_speaks(layer, place) for layer in layers for place in (_HEADERS, ("otlp", "headers_file"))):
        keys.put(standard.tree, _HEADERS, None)  # headers belong to the endpoint for which they were written
    heard = (one for one in standard.problems if not any(_speaks(layer, one.path) for layer in layers))
    return replace(standard, problems=tuple(heard))


def _speaks(layer: Layer, path: keys.Path) -> bool:
    return path != _RESOURCE and bool(keys.at(layer.tree, path))


def _flags(overrides: Mapping[str, object]) -> Layer:
    tree: keys.Tree = {}
    for name, value in overrides.items():
        keys.put(tree, tuple(name.split(".")), value)
    return decoded(Layer(tree, {tuple(name.split(".")): "the command line" for name in overrides}))


def _record(origins: dict[keys.Path, str], layer: Layer) -> None:
    for leaf in keys.leaves(layer.tree):
        for length in range(1, len(leaf)):
            origins.pop(leaf[:length], None)  # an empty map of a lower layer, now filled
        origins[leaf] = _origin(layer, leaf)


def _origin(layer: Layer, leaf: keys.Path) -> str:
    lengths = range(len(leaf), 0, -1)
    return next((layer.origins[leaf[:length]] for length in lengths if leaf[:length] in layer.origins), "")


def _validated(
    tree: keys.Tree, origins: Mapping[keys.Path, str], problems: list[Problem], context: Context
) -> Settings:
    warnings = [*_overruled(tree, origins), *_without_stream_splitters(tree, origins)]
    whole = origins.get(("otlp", "endpoint")) == _WHOLE_ADDRESS
    known = keys.without_nulls(tree)
    try:
        settings = Settings.model_validate(known, context=replace(context, verbatim_endpoint=whole))
    except ValidationError as error:
        found = [*problems, *_new(sentences(error, origins), problems)]
        raise SettingsError([problem.sentence for problem in found]) from None  # the cause would quote the values
    if problems:
        raise SettingsError([problem.sentence for problem in problems])
    return settings.with_warnings((*warnings, *cautions(settings)))


def _new(found: list[Problem], known: list[Problem]) -> list[Problem]:
    """The problems that do not follow from one that is reported already."""
    places = [problem.path for problem in known if problem.path]
    return [one for one in found if not any(one.path[: len(place)] == place for place in places)]


def _without_stream_splitters(tree: keys.Tree, origins: Mapping[keys.Path, str]) -> list[str]:
    resource = tree.get("resource")
    if not isinstance(resource, dict):
        return []
    dropped = [name for name in resource if name.startswith(_STREAM_SPLITTERS) or name == "container.id"]
    tree["resource"] = {name: value for name, value in resource.items() if name not in dropped}
    return [
        f"resource.{name}: is left out: with it, every instance of the agent would write its own streams"
        + came_from(origins, ("resource", name))
        for name in dropped
    ]


def _overruled(tree: keys.Tree, origins: Mapping[keys.Path, str]) -> list[str]:
    resource = tree.get("resource")
    given = [name for name in _OF_THE_RECORD if isinstance(resource, dict) and name in resource]
    return [
        f"resource.{name}: has no effect: every record has the value of its own event"
        + came_from(origins, ("resource", name))
        for name in given
    ]
