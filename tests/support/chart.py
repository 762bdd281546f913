"""The Helm chart as `helm template` renders it; each combination of values is rendered once in a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import yaml

from tests.reference.chart import CHART
from tests.support.tools import run_tool

Manifest = dict[str, Any]

CASES: Final = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
"""The values files of ci/, by name."""
KUBERNETES: Final = "1.34.0"
"""The cluster that Helm is told of: it has none here."""


@cache
def helm(command: str, case: str, *changes: str) -> CompletedProcess[str]:
    """What `helm template` or `helm lint --strict` says to the values of `case`, changed by `key=value` each."""
    name: list[str | Path] = ["trail-agent", CHART, "--namespace", "audit"] if command == "template" else [CHART]
    strict = ["--strict"] if command == "lint" else []
    values = [f"--values={CHART / 'ci' / f'{case}-values.yaml'}"] if case else []
    sets = [f"--set={one}" for one in changes]
    return run_tool("helm", command, *name, *strict, "--kube-version", KUBERNETES, *values, *sets)


@cache
def manifests(case: str, *changes: str) -> Sequence[Manifest]:
    """The manifests, in Helm's order. All tests share them: change none."""
    answer = helm("template", case, *changes)
    assert answer.returncode == 0, answer.stderr
    return tuple(one for one in yaml.load_all(answer.stdout, yaml.CSafeLoader) if one)


def manifest(kind: str, case: str = "minimal", *changes: str) -> Manifest:
    """The only manifest of its kind."""
    (found,) = (one for one in manifests(case, *changes) if one["kind"] == kind)
    return found


def settings_text(case: str) -> str:
    """The agent's settings file; other ConfigMaps are dashboards."""
    (text,) = (one["data"]["agent.yaml"] for one in manifests(case) if "agent.yaml" in one.get("data", ()))
    return str(text)


def pods(case: str, *changes: str) -> Iterator[Manifest]:
    """The specification of each pod: the Deployment's, and the one of `helm test`."""
    for one in manifests(case, *changes):
        if one["kind"] == "Deployment":
            yield one["spec"]["template"]["spec"]
        elif one["kind"] == "Pod":
            yield one["spec"]


def container(case: str = "minimal", *changes: str) -> Manifest:
    """The container of the Deployment."""
    (found,) = manifest("Deployment", case, *changes)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def refusal(case: str, *changes: str) -> str:
    """What Helm says instead of rendering."""
    answer = helm("template", case, *changes)
    assert answer.returncode != 0, "Helm renders it"
    return answer.stderr
