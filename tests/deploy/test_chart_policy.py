"""What checkov says of the chart's manifests: nothing but what is meant so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.support.chart import helm
from tests.support.tools import run_tool

MEANT: Final = {
    ("CKV_K8S_11", "Deployment"): "no CPU limit: it would slow down the thread that answers the probes",
    ("CKV_K8S_11", "Pod"): "the same",
    ("CKV_K8S_43", "Deployment"): "no digest: the image is the user's, who can name one",
    ("CKV_K8S_43", "Pod"): "the same",
    ("CKV_K8S_15", "Deployment"): "not Always: a pod must start again when the registry is down",
    ("CKV_K8S_15", "Pod"): "the same",
    ("CKV_K8S_8", "Pod"): "no liveness probe: the pod of `helm test` ends by itself",
    ("CKV_K8S_9", "Pod"): "no readiness probe: the same",
    ("CKV2_K8S_6", "Pod"): "no NetworkPolicy for the pod of `helm test`: it only asks the agent",
    ("CKV_K8S_35", "Deployment"): "a secret in a variable: the values of the full case say so",
}
"""The check and the kind that it complains of, and why."""


def test_checkov_finds_what_is_meant_and_nothing_else(tmp_path: Path) -> None:
    """A new complaint fails, and so does an excuse that nothing needs any more."""
    for case in ("minimal", "full"):
        (tmp_path / f"{case}.yaml").write_text(helm("template", case).stdout, encoding="utf-8")
    options = ["--framework", "kubernetes", "--quiet", "--compact", "--output", "json", "--skip-download"]
    answer = run_tool("checkov", "--directory", tmp_path, *options)
    complaints = json.loads(answer.stdout)["results"]["failed_checks"]
    assert {(one["check_id"], one["resource"].partition(".")[0]) for one in complaints} == set(MEANT)
