"""What runs on GitHub: with few rights, with actions that cannot change, on each Python that the package is for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.support.tools import faults_by_schema

ROOT: Final = Path(__file__).parents[2]
GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS: Final = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]
SCHEMAS: Final = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": FORMS,
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
}
MAY_WRITE: Final = {
    ("lock", "propose"): {"contents", "pull-requests"},
    ("release", "image"): {"id-token"},
    ("release", "publish"): {"contents", "id-token", "attestations"},
}


def _read(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _jobs() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in _read(path)["jobs"].items():
            yield path.stem, name, job


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_file_has_the_form_that_github_reads(schema: str) -> None:
    """A form that GitHub cannot read is not shown, and a workflow that it cannot read does not run."""
    assert faults_by_schema(schema, *SCHEMAS[schema]) == ""


def test_every_action_is_a_commit() -> None:
    """A tag can be moved to other code; its name stands beside the commit, for whoever reads and for Dependabot."""
    lines = [line.strip() for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    assert lines
    assert [line for line in lines if not re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []
    pins = {tuple(line.partition("uses: ")[2].split("@")) for line in lines}
    assert len(pins) == len({action for action, _ in pins}), "one action, one version"


def test_nothing_is_allowed_that_no_job_names() -> None:
    """No workflow has rights as a whole, and each job writes only what it is there for."""
    assert [path.name for path in WORKFLOWS if _read(path)["permissions"] != {}] == []
    writes = {
        (workflow, name): {right for right, may in job["permissions"].items() if may == "write"}
        for workflow, name, job in _jobs()
    }
    assert {job: rights for job, rights in writes.items() if rights} == MAY_WRITE


def test_no_checkout_leaves_a_token_behind() -> None:
    """What a later step runs finds no credentials in the clone; no job can go on for hours."""
    checkouts = [step for *_, job in _jobs() for step in job["steps"] if "actions/checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert all(job["timeout-minutes"] <= 60 for *_, job in _jobs())


def test_each_python_of_the_package_is_tested() -> None:
    """The matrices are the classifiers, before a change lands and before a wheel is given away."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    matrices = [job["strategy"]["matrix"]["python"] for *_, job in _jobs() if "strategy" in job]
    assert len(pythons) == 4
    assert matrices == [pythons] * 3


def test_a_release_gives_away_what_it_tested() -> None:
    """The wheel is built once; what is signed, attached and put into the image is that file, after its test."""
    jobs = {name: job for workflow, name, job in _jobs() if workflow == "release"}
    text = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert text.count("make dist") == 1
    assert jobs["test"]["needs"] == "package"
    assert {"package", "test"} <= set(jobs["image"]["needs"]) & set(jobs["publish"]["needs"])
    (push,) = [step["with"] for step in jobs["image"]["steps"] if "build-push" in step.get("uses", "")]
    assert push["build-contexts"] == "wheel=wheel"
    assert push["platforms"] == "linux/amd64,linux/arm64"
    assert (push["sbom"], push["provenance"]) == (True, "mode=max")


def test_a_report_shows_what_is_needed_and_no_event() -> None:
    """The form asks for version, readiness and log, and asks not to show an event."""
    fields = {each.get("id"): each for each in _read(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"]}
    assert {name for name, each in fields.items() if each.get("validations", {}).get("required")} == {
        "what",
        "version",
        "runs",
        "ready",
        "log",
    }
    assert "no event" in fields[None]["attributes"]["value"]
    asked = " ".join(each["attributes"].get("label", "") for each in fields.values())
    assert all(words in asked for words in ("`trail-agent --version`", "`/readyz`", "`trail-agent config show`"))


def test_what_runs_the_code_of_packages_may_write_nothing() -> None:
    """A package that was taken over cannot push a branch or make a release from the job that resolves or builds it."""
    runs_make = {
        (workflow, name)
        for workflow, name, job in _jobs()
        if any(re.search("^make ", step.get("run", ""), re.MULTILINE) for step in job["steps"])
    }
    assert {("lock", "lock"), ("release", "package")} <= runs_make
    assert runs_make.isdisjoint(MAY_WRITE)
