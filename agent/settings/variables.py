"""The environment: TRAIL_AGENT_* variables, and the standard OTEL_* and AWS_* variables that count, too.

An empty variable counts as not set. `null` stands for the key's default, even if the file has another value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping

from agent.settings.headers import parse_pairs
from agent.settings.keys import DELIMITER, PREFIX, Path, Tree, keys, put
from agent.settings.layer import Layer, Problem

_FILE = PREFIX + "CONFIG"
_SERVICE_LINK = re.compile(r"_(SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")
_OTLP = {
    "ENDPOINT": "endpoint",
    "PROTOCOL": "protocol",
    "HEADERS": "headers",
    "COMPRESSION": "compression",
    "TIMEOUT": "timeout_seconds",
    "CERTIFICATE": "ca_file",
    "CLIENT_CERTIFICATE": "cert_file",
    "CLIENT_KEY": "key_file",
}


def own(environ: Mapping[str, str]) -> Layer:
    """What the TRAIL_AGENT_* variables set. A variable that is the name of no setting is a problem."""
    given = {key.path: key.variable for key in keys() if environ.get(key.variable)}
    tree: Tree = {}
    for path, variable in given.items():
        value = environ[variable]
        put(tree, path, None if value.strip() == "null" else value)
    return Layer(tree, given, tuple(_unknown(environ)))


def that_set(names: Collection[str], environ: Mapping[str, str]) -> list[str]:
    """The TRAIL_AGENT_* variables that set something of these keys and sections at the top of the settings."""
    return [variable for path, variable in own(environ).origins.items() if path[0] in names]


def _unknown(environ: Mapping[str, str]) -> list[Problem]:
    known = {key.variable: key.name for key in keys()}
    names = [name for name in sorted(environ) if name.upper().startswith(PREFIX) and name not in known]
    return [Problem((name,), _complaint(name, known)) for name in names if not _is_service_link(name, environ)]


def _complaint(name: str, known: Mapping[str, str]) -> str:
    upper = name.upper()
    section = [variable for variable in known if variable.startswith(upper + DELIMITER)]
    if section:
        return f"{name}: is the name of a section; set its keys, such as {section[0]}"
    return f"{name}: no setting has this variable" + _hint(upper, known)


def _hint(name: str, known: Mapping[str, str]) -> str:
    if name == _FILE:
        return "; the settings file is named by -c"
    own = {
        variable.removeprefix(PREFIX): variable for variable in known
    }  # the common prefix would make all names similar
    near = difflib.get_close_matches(name.removeprefix(PREFIX), own, n=1, cutoff=0.75)
    return f"; did you mean {own[near[0]]} (`{known[own[near[0]]]}`)?" if near else ""


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    """Whether Kubernetes set it: every pod gets such variables for each Service, also for one named trail-agent."""
    if name.endswith("_SERVICE_HOST"):
        return True
    services = (other.removesuffix("_SERVICE_HOST") for other in environ if other.endswith("_SERVICE_HOST"))
    return any(name.startswith(one) and _SERVICE_LINK.fullmatch(name[len(one) :]) for one in services)


def standard(environ: Mapping[str, str]) -> Layer:
    """What the OTEL_* variables set. They count only where the file and TRAIL_AGENT_* set nothing.

    Follows https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options, whose times are
    milliseconds, and https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
    """
    tree: Tree = {}
    origins: dict[Path, str] = {}
    problems: list[Problem] = []
    for path, variable in _standard_variables(environ).items():
        try:
            put(tree, path, _READERS.get(path, str)(environ[variable]))
            origins[path] = variable
        except ValueError as error:
            problems.append(Problem(path, f"{'.'.join(path)}: {error} (from {variable})"))
    if environ.get("OTEL_SERVICE_NAME"):
        put(tree, ("resource", "service.name"), environ["OTEL_SERVICE_NAME"])
        origins["resource", "service.name"] = "OTEL_SERVICE_NAME"
    return Layer(tree, origins, tuple(problems))


def _standard_variables(environ: Mapping[str, str]) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for suffix, name in _OTLP.items():
        for variable in (f"OTEL_EXPORTER_OTLP_{suffix}", f"OTEL_EXPORTER_OTLP_LOGS_{suffix}"):
            if environ.get(variable, "").strip():
                found["otlp", name] = variable
    if environ.get("OTEL_RESOURCE_ATTRIBUTES", "").strip():
        found["resource",] = "OTEL_RESOURCE_ATTRIBUTES"
    return found


def _seconds(milliseconds: str) -> object:
    try:
        return float(milliseconds) / 1000
    except ValueError:
        raise ValueError("must be a number of milliseconds") from None  # the cause would quote the value


_READERS: dict[Path, Callable[[str], object]] = {
    ("otlp", "timeout_seconds"): _seconds,
    ("otlp", "headers"): parse_pairs,
    ("resource",): parse_pairs,
}


def region(environ: Mapping[str, str]) -> str:
    """The region that AWS's own variables name; empty if they name none."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
