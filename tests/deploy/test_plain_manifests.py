"""deploy/kubernetes/ is what the chart makes, and kustomize finds all that it needs."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml

import agent
from agent.settings import load
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


@pytest.mark.parametrize("kind", ["ServiceAccount", "Deployment"])
def test_a_patch_has_a_target(kind: str) -> None:
    """The kinds that patches name are made, also in the one that is commented out."""
    assert f"kind: {kind}" in (KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8")
    assert (KUBERNETES / f"{kind.lower()}.yaml").exists()
