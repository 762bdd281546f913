"""What the Helm chart makes of its values: sound manifests, small rights, and the numbers of the agent."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml

import agent
from agent.cli.app import app
from agent.settings import load
from agent.settings.destination import PLACES
from agent.telemetry.health import STILL_SECONDS
from tests.reference.chart import CHART, copies
from tests.support.chart import CASES, KUBERNETES, container, helm, manifest, manifests, pods, settings_text
from tests.support.tools import run_tool

ROOT: Final = CHART.parents[2]
CRDS: Final = {path.stem: path for path in (ROOT / "tests" / "data" / "crds").glob("*.json")}
OLDEST, NEWEST = "1.27", "1.37"
STOP_LIMIT_ELSEWHERE: Final = 40
"""The seconds that systemd, Compose and ECS give the agent to stop."""
DEFAULTS: Final = load(ROOT / "config" / "minimal.yaml", {})


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_nothing_to_complain_of(case: str) -> None:
    """`helm lint --strict` is silent for each values file."""
    answer = helm("lint", case)
    assert answer.returncode == 0, answer.stdout


def test_kubernetes_knows_every_key() -> None:
    """Each manifest follows the schema of the oldest and of the newest Kubernetes, without an unknown key."""
    import kubernetes_validate

    seen = set()
    for one in (one for case in CASES for one in manifests(case) if one["kind"] not in CRDS):
        for version in (OLDEST, NEWEST):
            kubernetes_validate.validate(one, version, strict=True)
        seen.add(one["kind"])
    assert seen >= {"ConfigMap", "Deployment", "NetworkPolicy", "Pod", "PodDisruptionBudget", "Service"}
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["kubeVersion"] == f">={OLDEST}.0-0"


@pytest.mark.parametrize("kind", sorted(CRDS))
def test_the_operators_know_every_key(kind: str) -> None:
    """What KEDA and the Prometheus operator get follows the schemas of their resources, without an unknown key."""
    from jsonschema import validate

    schema = json.loads(CRDS[kind].read_text(encoding="utf-8"))
    found = [one for case in CASES for one in manifests(case) if one["kind"] == kind]
    assert found
    for one in found:
        validate(one, schema)


@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_restricted(case: str) -> None:
    """Kubernetes' restricted profile and more: no root, no capability, nothing to write to, no token."""
    specs = list(pods(case))
    assert len(specs) == 2
    for pod in specs:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
        for one in pod["containers"]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
        assert not any("hostPath" in volume for volume in pod.get("volumes", ()))


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("openshift")])
def test_every_pod_runs_as_the_user_of_the_image(case: str) -> None:
    """A numeric user, so that Kubernetes can see that it is not root; Secrets are readable for its group alone."""
    assert "\nUSER 65532:65532\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for pod in pods(case):
        volumes = pod.get("volumes", ())
        assert {pod["securityContext"][one] for one in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}
        assert {volume["secret"]["defaultMode"] for volume in volumes if "secret" in volume} <= {0o440}


def test_the_version_is_that_of_the_agent() -> None:
    """Chart, application and image have one version."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (agent.__version__, agent.__version__)
    assert container()["image"] == f"trail-agent:{agent.__version__}"


@pytest.mark.parametrize(
    ("changes", "image"),
    [
        (
            ["image.registry=registry.example:5000/audit"],
            f"registry.example:5000/audit/trail-agent:{agent.__version__}",
        ),
        (["image.tag=edge"], "trail-agent:edge"),
        (["image.tag=edge", f"image.digest=sha256:{'a' * 64}"], f"trail-agent@sha256:{'a' * 64}"),
    ],
)
def test_the_image_is_named_by_the_user(changes: list[str], image: str) -> None:
    """Registry, tag and digest; a digest wins."""
    assert container("minimal", *changes)["image"] == image


@pytest.fixture(params=CASES)
def given(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The settings file and the variables that the Deployment gives to the agent; Secrets are files in `tmp_path`."""
    case = request.param
    text = settings_text(case)
    path = tmp_path / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    variables = {
        one["name"]: str(one.get("value", "from a Secret")).replace("/var/lib/trail-agent", str(tmp_path))
        for one in container(case)["env"]
    }
    secret = tmp_path / "secret"
    secret.write_text("x-audit-key: 0123456789abcdefghijklmnopqrstuvwxyz", encoding="utf-8")
    secret.chmod(0o440)
    return path, {name: str(secret) if value.startswith("/run/") else value for name, value in variables.items()}


def test_the_agent_takes_the_settings(given: tuple[Path, dict[str, str]]) -> None:
    """What the chart writes loads without a problem and without a warning, and listens where the probes ask."""
    settings = load(*given)
    assert settings.warnings == ()
    assert settings.http.listen.rpartition(":")[0] in ("0.0.0.0", "[::]")


def test_settings_arrive_unchanged() -> None:
    """Numbers stay whole and texts stay texts on the way through Helm."""
    text = settings_text("full")
    values = yaml.safe_load((CHART / "ci" / "full-values.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(text) == values["config"]
    assert "in_flight_bytes: 1073741824" in text


def test_the_agent_knows_its_arguments() -> None:
    """Both pods run commands and options that there are; the settings file is where it is mounted."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    (run, *options), (healthcheck, *asked) = (pod["containers"][0]["args"] for pod in pods("full"))
    parameters = commands[run].make_context(run, options).params
    (mount,) = (mount for mount in container("full")["volumeMounts"] if mount["name"] == "settings")
    assert str(parameters["config"]) == f"{mount['mountPath']}/agent.yaml" == "/etc/trail-agent/agent.yaml"
    assert parameters["require_healthy"]
    service = manifest("Service", "full")
    url = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}/readyz"
    assert commands[healthcheck].make_context(healthcheck, asked).params == {"url": url}


def test_new_settings_make_new_pods() -> None:
    """The agent reads its settings only when it starts."""

    def checksum(*changes: str) -> str:
        return str(manifest("Deployment", "minimal", *changes)["spec"]["template"]["metadata"]["annotations"])

    assert checksum() == checksum("replicaCount=3") != checksum("config.workers=5")


def test_the_port_is_the_agents() -> None:
    """Container, probes, Service, PodMonitor and NetworkPolicy speak of the port on which the agent listens."""
    port = int(DEFAULTS.http.listen.rpartition(":")[2])
    one = container()
    assert one["ports"] == [{"name": "metrics", "containerPort": port, "protocol": "TCP"}]
    assert {one[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")} == {
        "metrics"
    }
    assert one["env"] == [{"name": "TRAIL_AGENT_HTTP__LISTEN", "value": f"0.0.0.0:{port}"}]
    assert manifest("Service")["spec"]["ports"] == [
        {"name": "metrics", "port": port, "targetPort": "metrics", "protocol": "TCP"}
    ]
    assert [one["port"] for one in manifest("PodMonitor", "full")["spec"]["podMetricsEndpoints"]] == ["metrics"]
    (ingress,) = manifest("NetworkPolicy", "full")["spec"]["ingress"]
    assert ingress["ports"] == [{"port": port, "protocol": "TCP"}]


def test_the_probes_ask_what_they_mean() -> None:
    """Liveness never depends on AWS or the sink; readiness does, and holds up a rollout and nothing else."""
    one = container()
    assert {name: one[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    rolling = manifest("Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 1, "maxUnavailable": 0}
    assert manifest("PodDisruptionBudget")["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert manifest("Service")["spec"]["publishNotReadyAddresses"] is True


def test_the_probes_are_patient_and_not_too_patient() -> None:
    """A start may take a minute; one slow answer is no death; a hang ends in two minutes; a rollout goes on."""
    one = container()
    window = {
        name: one[f"{name}Probe"]["periodSeconds"] * one[f"{name}Probe"]["failureThreshold"]
        for name in ("startup", "liveness", "readiness")
    }
    assert window["startup"] >= STILL_SECONDS
    assert window["liveness"] <= STILL_SECONDS
    assert window["readiness"] <= STILL_SECONDS
    assert one["livenessProbe"]["failureThreshold"] >= 3
    assert one["livenessProbe"]["timeoutSeconds"] >= 5
    assert manifest("Deployment")["spec"]["minReadySeconds"] <= STILL_SECONDS


def test_there_is_time_to_stop() -> None:
    """The agent's grace is shorter than the stop limit elsewhere, and this is shorter than Kubernetes' limit."""
    period = manifest("Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert DEFAULTS.shutdown_grace_seconds < STOP_LIMIT_ELSEWHERE < period == 60


def test_there_is_memory_for_all_reads() -> None:
    """The limit is what reads may reserve and 256 MiB more, as docs/delivery.md says."""
    resources = container()["resources"]
    assert resources == {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "768Mi"}}
    assert DEFAULTS.limits.in_flight_bytes + (256 << 20) == 768 << 20


def test_keda_scales_on_the_queue() -> None:
    """It counts what is in flight, never goes to zero, and nothing else sets the number of pods."""
    assert manifest("Deployment")["spec"]["replicas"] == 2
    assert "replicas" not in manifest("Deployment", "keda")["spec"]
    scaled = manifest("ScaledObject", "keda")["spec"]
    assert scaled["scaleTargetRef"]["name"] == manifest("Deployment", "keda")["metadata"]["name"]
    assert scaled["minReplicaCount"] >= 1
    assert scaled["fallback"]["replicas"] == scaled["minReplicaCount"]
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"] == {
        "queueURL": "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent",
        "awsRegion": "us-west-2",
        "queueLength": "500",
        "scaleOnInFlight": "true",
    }
    assert trigger["authenticationRef"]["name"] == manifest("TriggerAuthentication", "keda")["metadata"]["name"]
    assert manifest("ScaledObject", "full")["spec"]["triggers"][0]["authenticationRef"] == {"name": "keda-aws"}
    (trigger,) = manifest("ScaledObject", "keda", "keda.queueLength=1000000")["spec"]["triggers"]
    assert trigger["metadata"]["queueLength"] == "1000000"


@pytest.mark.parametrize("case", CASES)
def test_selectors_find_the_agents_pods_and_not_that_of_the_test(case: str) -> None:
    """The pod of `helm test` counts for nothing, but may ask the agent."""
    found = {one["kind"]: one["spec"] for one in manifests(case) if "spec" in one}
    agents = found["Deployment"]["template"]["metadata"]["labels"].items()
    (test,) = (one["metadata"]["labels"].items() for one in manifests(case) if one["kind"] == "Pod")
    selecting = [found[kind] for kind in found if kind in ("Deployment", "PodDisruptionBudget", "PodMonitor")]
    selectors = [found["Service"]["selector"], *(spec["selector"]["matchLabels"] for spec in selecting)]
    policy = found.get("NetworkPolicy")
    selectors += [policy["podSelector"]["matchLabels"]] if policy else []
    for selector in selectors:
        assert selector.items() <= agents
        assert not selector.items() <= test
    for peer in policy["ingress"][0].get("from", [])[-1:] if policy else ():
        assert peer["podSelector"]["matchLabels"].items() <= test


def egress(case: str, *changes: str) -> Iterator[tuple[set[int], set[str]]]:
    """Each rule of the NetworkPolicy: its ports, and the addresses if it names any."""
    for rule in manifest("NetworkPolicy", case, *changes)["spec"]["egress"]:
        addresses = {peer["ipBlock"]["cidr"] for peer in rule.get("to", ())}
        yield {port["port"] for port in rule["ports"]}, addresses


def test_the_network_policy_lets_out_what_the_agent_needs() -> None:
    """DNS, AWS, the sink at its port, and Pod Identity; not the credentials of the node."""
    everywhere = {"0.0.0.0/0", "::/0"}
    assert list(egress("pod-identity")) == [
        ({53, 5353}, set()),
        ({443, 4318}, everywhere),
        ({80}, {"169.254.170.23/32", "fd00:ec2::23/128"}),
    ]
    rules = manifest("NetworkPolicy", "pod-identity")["spec"]["egress"]
    assert [peer["ipBlock"]["except"] for peer in rules[1]["to"]] == [["169.254.0.0/16"], ["fd00:ec2::/32"]]
    assert ({80}, {"169.254.169.254/32", "fd00:ec2::254/128"}) in egress("openshift-ipv6")
    assert ({443, 8080, 8443}, everywhere) in egress("full")
    assert ({3128}, set()) in egress("full")


@pytest.mark.parametrize(
    ("endpoint", "protocol", "port"),
    [
        ("http://loki:3100/otlp", "http/protobuf", 3100),
        ("http://loki/otlp", "http/protobuf", 80),
        ("http://[fd00::1]:3100", "http/protobuf", 3100),
        ("https://u:${env:PASSWORD}@loki:3100/otlp", "http/protobuf", 3100),
        ("https://collector", "grpc", PLACES["grpc"].port),
        ("https://collector", "http/protobuf", 443),
    ],
)
def test_the_port_of_the_sink_is_read_from_its_address(endpoint: str, protocol: str, port: int) -> None:
    """As the agent itself reads it, whatever the user has left out."""
    changes = [f"config.otlp.endpoint={endpoint}", f"config.otlp.protocol={protocol}"]
    _, (ports, _), *_ = egress("pod-identity", *changes)
    assert ports == {443, port}


def test_roles_are_given_to_the_service_account() -> None:
    """IRSA by its annotation; Pod Identity by the name of an account that may be somebody else's."""
    account = manifest("ServiceAccount", "irsa")
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/trail-agent"
    }
    assert next(pods("irsa"))["serviceAccountName"] == account["metadata"]["name"]
    assert next(pods("pod-identity"))["serviceAccountName"] == "audit-shipper"
    assert "ServiceAccount" not in {one["kind"] for one in manifests("pod-identity")}


def test_a_checkpoint_is_in_a_volume_that_may_be_written() -> None:
    """The claim is the user's; the pod's group may write to it, and the variable names a file in it."""
    pod = next(pods("event-history"))
    (volume,) = [one for one in pod["volumes"] if one["name"] == "checkpoint"]
    assert volume["persistentVolumeClaim"] == {"claimName": "trail-agent-checkpoint"}
    (mount,) = [one for one in container("event-history")["volumeMounts"] if one["name"] == "checkpoint"]
    assert "readOnly" not in mount
    variables = {one["name"]: one["value"] for one in container("event-history")["env"]}
    file = Path(variables["TRAIL_AGENT_EVENT_HISTORY__CHECKPOINT_FILE"])
    assert str(file.parent) == mount["mountPath"]
    assert "checkpoint" not in str(container("minimal"))


def test_one_pod_polls_event_history_at_a_time() -> None:
    """Else each event would be shipped twice: the old pod is stopped before the new one starts."""
    deployment = manifest("Deployment", "event-history")["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})


def test_secrets_are_named_and_not_held() -> None:
    """The chart makes no Secret; the agent gets each as a file, under the name of its setting."""
    assert "Secret" not in {one["kind"] for case in CASES for one in manifests(case)}
    one = container("full")
    mounts = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
    files = {var["name"]: var["value"] for var in one["env"] if var.get("value", "").startswith("/run/")}
    assert files == {
        "TRAIL_AGENT_OTLP__HEADERS_FILE": f"{mounts['otlp-headers']}/headers.txt",
        "TRAIL_AGENT_OTLP__CERT_FILE": f"{mounts['otlp-tls']}/tls.crt",
        "TRAIL_AGENT_OTLP__KEY_FILE": f"{mounts['otlp-tls']}/tls.key",
        "TRAIL_AGENT_RECORD__MASK_KEY_FILE": f"{mounts['mask-key']}/mask-key",
    }


def test_alerts_and_dashboards_are_those_of_their_source() -> None:
    """The chart has each of them, and none besides; the operator gets the alerts word by word."""
    files = [path for path in (CHART / "files").rglob("*") if path.suffix in (".json", ".yaml")]
    assert {path: path.read_text(encoding="utf-8") for path in files} == dict(copies()), "run `make docs`"
    assert _groups("minimal", "prometheusRule.enabled=true") == _groups_of_the_file()


def _groups_of_the_file() -> list[dict[str, Any]]:
    return list(yaml.safe_load(copies()[CHART / "files" / "rules.yaml"])["groups"])


def _groups(case: str, *changes: str) -> list[dict[str, Any]]:
    return list(manifest("PrometheusRule", case, *changes)["spec"]["groups"])


def test_the_operator_gets_the_packs_that_are_chosen_and_what_dashboards_need() -> None:
    """Recording rules stay whatever is chosen; every group is a pack's, or holds only recording rules."""
    everything = [group["name"] for group in _groups_of_the_file()]
    records = [name for name in everything if name.endswith(".rules")]
    assert records
    assert [one["name"] for one in _groups("full")] == [
        *records,
        *("trail-agent", "codecatalyst-audit", "trail-guard-audit"),
    ]
    nothing = _groups("minimal", "prometheusRule.enabled=true", "prometheusRule.packs=null")
    assert [one["name"] for one in nothing] == records
    assert all("record" in rule for group in nothing for rule in group["rules"])


def test_the_operators_alerts_lead_to_the_docs_that_the_values_name() -> None:
    """Each one, and nothing else in it changes."""
    for group in _groups("full"):
        for rule in group["rules"]:
            if "alert" in rule:
                url = f"https://git.example.com/trail-agent/docs/alerts.md#{rule['alert'].lower()}"
                assert rule["annotations"]["runbook_url"] == url


def test_the_alerts_ask_for_the_job_that_the_pod_monitor_sets() -> None:
    """Whatever the release is called."""
    (relabeling,) = manifest("PodMonitor", "full")["spec"]["podMetricsEndpoints"][0]["relabelings"]
    assert relabeling["targetLabel"] == "job"
    asked = re.findall(r'job="([^"]*)"', str(_groups("full")))
    assert set(asked) == {relabeling["replacement"]}


def test_dashboards_become_config_maps_for_the_sidecar(tmp_path: Path) -> None:
    """Each file, byte by byte and not read as a template, under the label that Grafana's sidecar looks for."""
    copy = tmp_path / "trail-agent"
    shutil.copytree(CHART, copy)
    text = '{"title": "{{ mine }}"}'
    (copy / "files" / "dashboards" / "flow.json").write_text(text, encoding="utf-8")
    case = [f"--values={CHART / 'ci' / 'full-values.yaml'}", "--show-only", "templates/dashboards.yaml"]
    answer = run_tool("helm", "template", "a", copy, "--kube-version", KUBERNETES, *case)
    files = (copy / "files" / "dashboards").glob("*.json")
    shipped = {path.name: path.read_text(encoding="utf-8").removesuffix("\n") for path in files}
    found = {name: one for one in yaml.safe_load_all(answer.stdout) if one for name in one["data"]}
    assert {name: one["data"][name] for name, one in found.items()} == shipped
    assert len(shipped) > 1
    one = found["flow.json"]
    assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert one["metadata"]["annotations"] == {"grafana_folder": "Audit"}
