"""The files of deploy/cloudformation/ and deploy/terraform/ pass the programs that check such files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns

from tests.support import cloudformation, terraform
from tests.support.cloudformation import Stack
from tests.support.stacks import (
    OIDC,
    QUEUE_KEY,
    READER,
    REPOSITORY,
    THEIR_TRAIL,
    TOPIC,
    TRAIL_KEY,
    connected,
    fargate,
    intake,
)
from tests.support.tools import run_tool

MOST_BYTES = 51200  # of a template that is sent without a bucket of its own
STACKS: Mapping[str, Stack] = {
    "connected": connected(BucketKeyArn=TRAIL_KEY),
    "fargate": fargate(
        ScraperSecurityGroupId="sg-0123456789abcdef0",
        NamespaceId="ns-0123456789abcdef",
        RepositoryArn=REPOSITORY,
        OtlpHeadersArn="arn:aws:secretsmanager:us-west-2:111122223333:secret:otlp-AbCdEf",
        EnvironmentFileArn="arn:aws:s3:::acme-settings/trail-agent.env",
    ),
    "from-eventbridge": intake(Notify="eventbridge", QueueKeyArn=QUEUE_KEY, ConnectedRoleArns=READER, RunsOn="ec2"),
    "from-sns": intake(Notify="sns", TopicArn=TOPIC, RunsOn="pod-identity"),
    "new-trail": intake(Trail="new", OrganizationId="o-exampleorgid", TrailArns=THEIR_TRAIL),
    "new-trail-with-key": intake(Trail="new", BucketKeyArn=TRAIL_KEY, RunsOn="irsa", OidcProviderArn=OIDC),
}


def test_templates_are_clean_for_cfn_lint() -> None:
    """No error and no warning."""
    found = run_tool("cfn-lint", *sorted(cloudformation.FOLDER.glob("*.yaml")))
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_templates_can_be_sent_as_they_are() -> None:
    """CloudFormation takes a template of more bytes only from S3."""
    sizes = {path.name: path.stat().st_size for path in cloudformation.FOLDER.glob("*.yaml")}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}


def test_stacks_and_modules_pass_the_policy_checks(tmp_path: Path) -> None:
    """Rendered, so that nothing hides behind a condition; no check is left out for nothing."""
    for name, stack in STACKS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(stack.rendered(), indent=1), encoding="utf-8")
    copytree(terraform.FOLDER, tmp_path / "terraform", ignore=ignore_patterns("examples"))
    arguments = ["--framework", "cloudformation", "terraform", "--skip-download", "--compact", "--output", "json"]
    answer = run_tool("checkov", "-d", tmp_path, *arguments, cwd=tmp_path)
    reports = {report["check_type"]: report for report in json.loads(answer.stdout)}
    failed = [
        f"{check['check_id']} {check['resource']} {check['file_path']}: {check['check_name']}"
        for report in reports.values()
        for check in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert all(report["summary"]["passed"] > 40 for report in reports.values()), answer.stderr
    assert set(reports) == {"cloudformation", "terraform"}
    left_out = {
        kind: {check["check_id"] for check in report["results"]["skipped_checks"]} for kind, report in reports.items()
    }
    assert left_out == {"cloudformation": dict(_of_templates()).keys(), "terraform": dict(_of_modules()).keys()}


def test_nothing_is_left_out_without_a_reason() -> None:
    """Whoever reads that a check is left out reads why."""
    assert [name for name, reason in [*_of_templates(), *_of_modules()] if len(reason) < 20] == []


def _of_templates() -> Iterator[tuple[str, str]]:
    for stack in STACKS.values():
        for resource in stack.resources().values():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                yield skip["id"], skip.get("comment", "")


def _of_modules() -> Iterator[tuple[str, str]]:
    for path in terraform.FOLDER.rglob("*.tf"):
        yield from re.findall(r"#checkov:skip=(\w+):?(.*)", path.read_text(encoding="utf-8"))
