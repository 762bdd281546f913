"""deploy/kubernetes/*.yaml: what the chart renders, without Helm's own marks, for those who use kubectl alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tests.reference.chart import CHART
from tests.support.chart import helm

KUBERNETES: Final = CHART.parents[1] / "kubernetes"
_EXTRAS: Final = (
    *(f"{part}.enabled=true" for part in ("networkPolicy", "podMonitor", "prometheusRule")),
    "keda.roleArn=",  # a role is somebody's own: kustomization.yaml offers the patch
)
_KEDA: Final = ("ScaledObject", "TriggerAuthentication")
_ALONE: Final = (
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "PodMonitor",
    "PrometheusRule",
    "Service",
    "ServiceAccount",
)
_FROM: Final[Mapping[str, Mapping[str, str]]] = {
    "minimal": {kind: f"{kind.lower()}.yaml" for kind in _ALONE},
    "keda": dict.fromkeys(_KEDA, "scaledobject.yaml"),
}
"""Which file has which kind, and the values that it is made of. kustomize makes the ConfigMap."""
_HEADER: Final = (
    "# Made from deploy/helm/trail-agent by `make docs`: change it there. kustomization.yaml says what is yours.\n"
)
_MARK: Final = re.compile(
    r"^(# Source: .*| +helm\.sh/chart: .*| +app\.kubernetes\.io/managed-by: .*|  namespace: .*"
    r"| +annotations:\n +# .*\n +checksum/settings: .*)\n",
    re.MULTILINE,
)


def plain_manifests() -> Mapping[str, str]:
    """The text of each file, by its name."""
    found: dict[str, list[str]] = {}
    for case, kinds in _FROM.items():
        for kind, text in _parts(case):
            if kind in kinds:
                found.setdefault(kinds[kind], []).append(text)
    return {name: _HEADER + "---\n".join(texts) for name, texts in found.items()}


def _parts(case: str) -> Iterator[tuple[str, str]]:
    answer = helm("template", case, *_EXTRAS)
    for part in answer.stdout.split("---\n"):
        if kind := re.search(r"^kind: (\w+)$", part, re.MULTILINE):
            yield kind[1], _MARK.sub("", part)
