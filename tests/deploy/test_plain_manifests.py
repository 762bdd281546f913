"""deploy/kubernetes/ is what the chart makes, and kustomize finds all that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from typing import Any, Final

import pytest
import yaml

import agent
from agent.settings import load
from tests.reference.chart import CHART
from tests.reference.plain_manifests import KUBERNETES, plain_manifests
from tests.support.chart import manifest

YOURS: Final = {"agent.yaml", "kustomization.yaml"}
OFFERED: Final = {"networkpolicy.yaml", "podmonitor.yaml", "prometheusrule.yaml", "scaledobject.yaml"}
PATHS: Final = sorted(KUBERNETES.glob("*.yaml"))


def kustomization() -> dict[str, Any]:
    """What `kubectl apply -k` reads."""
    return dict(yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8")))


def test_the_files_are_those_of_the_chart() -> None:
    """Nobody has changed them by hand, none is missing, and none is left over."""
    written = {path.name: path.read_text(encoding="utf-8") for path in PATHS if path.name not in YOURS}
    assert written == dict(plain_manifests()), "run `make docs` (python -m tests.reference)"


def test_nothing_says_that_helm_made_it() -> None:
    """Marks of Helm would be lies, a namespace would be somebody else's, and a checksum would not follow agent.yaml."""
    texts = "".join(path.read_text(encoding="utf-8") for path in PATHS if path.name not in YOURS)
    assert not [
        word for word in ("helm.sh/", "managed-by", "checksum/", "namespace: audit", "# Source") if word in texts
    ]


def test_each_file_is_applied_or_offered() -> None:
    """What is applied is there; what is not stands in a comment beside it."""
    applied = set(kustomization()["resources"])
    assert applied | OFFERED | YOURS == {path.name for path in PATHS}
    text = (KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8")
    assert [name for name in OFFERED if f"  # - {name} #" not in text] == []


def test_kustomize_names_what_the_deployment_names() -> None:
    """The image and the ConfigMap are found by their names; the version is the agent's."""
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    (image,) = kustomization()["images"]
    assert pod["containers"][0]["image"] == f"{image['name']}:{image['newTag']}"
    assert image["newTag"] == agent.__version__
    (generated,) = kustomization()["configMapGenerator"]
    assert pod["volumes"] == [{"name": "settings", "configMap": {"name": generated["name"]}}]
    assert generated["files"] == ["agent.yaml"]


def test_the_agent_takes_the_settings_as_they_are() -> None:
    """Without a problem and without a warning."""
    assert load(KUBERNETES / "agent.yaml", {}).warnings == ()


def patches() -> Iterator[tuple[str, dict[str, Any]]]:
    """The kind and each operation of all patches, also of those in comments."""
    text = (KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8").partition("\npatches:\n")[2]
    bare = re.sub(r"^  # (?=- target|  )", "  ", text, flags=re.MULTILINE)
    for patch in yaml.safe_load(bare):
        for operation in yaml.safe_load(patch["patch"]):
            yield patch["target"]["kind"], operation


def test_each_patch_meets_what_is_there() -> None:
    """A patch that replaces or removes names a key of its manifest; one that adds names a key of its parent."""
    written = [path.read_text(encoding="utf-8") for path in PATHS if path.name not in YOURS]
    made = {one["kind"]: one for text in written for one in yaml.safe_load_all(text)}
    for kind, operation in patches():
        *above, last = operation["path"].strip("/").split("/")
        parent = reduce(lambda node, key: node[int(key) if key.isdigit() else key], above, made[kind])
        assert (last in parent) == (operation["op"] != "add"), operation["path"]


def test_nothing_of_somebody_else_stands_in_a_file_for_everybody() -> None:
    """Each example of an account, a queue or a role is offered as a patch with the same value."""
    patched = {operation.get("value") for _, operation in patches() if isinstance(operation.get("value"), str)}
    texts = "".join(path.read_text(encoding="utf-8") for path in PATHS if path.name not in YOURS)
    assert {word.strip('"') for word in re.findall(r"\S*111122223333\S*", texts)} <= patched
    scaled = yaml.safe_load((KUBERNETES / "scaledobject.yaml").read_text(encoding="utf-8").partition("\n---\n")[0])
    assert scaled["spec"]["triggers"][0]["metadata"]["awsRegion"] in patched


def test_all_guides_speak_of_one_namespace() -> None:
    """The role of the stack and of the module trusts the ServiceAccount of this namespace, unless told otherwise."""
    namespace = kustomization()["namespace"]
    for path in (KUBERNETES / "README.md", KUBERNETES / "kustomization.yaml", CHART / "README.md"):
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?:--namespace|create namespace|label namespace|serviceaccount:)[ ]?([a-z-]+)", text)
        assert {*named} == {namespace}, path
    variables = (CHART.parents[1] / "terraform" / "variables.tf").read_text(encoding="utf-8")
    assert re.search(r'variable "namespace" \{[^}]*?default += "([^"]+)"', variables)[1] == namespace  # type: ignore[index]


@pytest.mark.parametrize("kind", ["ServiceAccount", "Deployment"])
def test_a_patch_has_a_target(kind: str) -> None:
    """The kinds that patches name are made, also in the one that is commented out."""
    assert f"kind: {kind}" in (KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8")
    assert (KUBERNETES / f"{kind.lower()}.yaml").exists()
