"""`make sbom` lists what runs: every pinned distribution, with its version and the hashes that may be installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import __version__

ROOT = Path(__file__).parent.parent.parent
_PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==([^\s;]+)")


def _make(path: Path, arguments: str = "") -> str:
    """What `make sbom` writes, with this interpreter's environment for the project's own."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = [
        "make",
        "--old-file=" + str(Path(sys.prefix) / ".ready"),
        "sbom",
        f"VENV={sys.prefix}",
        f"SBOM={path}",
        f"SBOM_ARGS={arguments}",
    ]
    subprocess.run(made, cwd=ROOT, env=quiet, check=True, capture_output=True, timeout=60)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = json.loads(_make(tmp_path_factory.mktemp("sbom") / "sbom.json"))
    return document


def _pinned() -> dict[str, tuple[str, set[str]]]:
    """What the lock file of the daemon pins: name → version and hashes."""
    found: dict[str, tuple[str, set[str]]] = {}
    for part in re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8")):
        pin = _PIN.match(part)
        assert pin, part
        found[pin[1]] = (pin[2], set(re.findall("--hash=sha256:([0-9a-f]{64})", part)))
    return found


def test_every_pinned_distribution_is_listed_with_its_hashes(sbom: dict[str, Any]) -> None:
    """Names, versions and hashes are those of requirements.lock, no more and no less."""
    listed = {}
    for component in sbom["components"]:
        hashes = [each for reference in component["externalReferences"] for each in reference["hashes"]]
        assert {each["alg"] for each in hashes} == {"SHA-256"}
        listed[component["name"]] = (component["version"], {each["content"] for each in hashes})
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
    assert listed == _pinned()


def test_it_is_about_this_version(sbom: dict[str, Any]) -> None:
    """It is a CycloneDX document about trail-agent, the application, with its version and licence."""
    about = sbom["metadata"]["component"]
    assert sbom["bomFormat"] == "CycloneDX"
    assert (about["name"], about["version"], about["type"]) == ("trail-agent", __version__, "application")
    assert about["licenses"][0]["license"]["id"] == "Apache-2.0"


def test_no_component_names_a_host(sbom: dict[str, Any]) -> None:
    """It says what is needed, not from where it was fetched."""
    assert "://" not in json.dumps(sbom["components"])


def test_it_is_reproducible(sbom: dict[str, Any], tmp_path: Path) -> None:
    """Made again it is the same: neither time nor chance is in it. Once is enough to hold it against the schema."""
    assert json.loads(_make(tmp_path / "again.json", "--no-validate")) == sbom
    assert not {"serialNumber", "timestamp"} & {*sbom, *sbom["metadata"]}
