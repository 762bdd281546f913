"""The programs of `make stack-test` are those that ship, and it does not run by itself."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.stack import conftest
from tests.stack.programs import BUILT, MANIFEST, PROGRAMS

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
SERVICE_OF: Final = {"otelcol": "collector", "prometheus": "prometheus", "promtool": "prometheus"}
NO_SERVICE: Final = {"victoria-logs"}
COMPONENTS: Final = ("receivers", "processors", "exporters", "extensions")


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({*PROGRAMS} - NO_SERVICE))
def test_a_program_has_the_version_of_its_image(name: str) -> None:
    """What is tested is what Compose runs."""
    image = _read(DEPLOY / "compose" / "compose.yaml")["services"][SERVICE_OF.get(name, name)]["image"]
    assert image.rpartition(":")[2].removeprefix("v") == PROGRAMS[name].release


def test_a_release_is_the_version_of_its_module() -> None:
    """Prometheus calls 3.16.0 v0.316.0 as a module; all others have one version."""
    for program in PROGRAMS.values():
        major, minor, patch = program.release.split(".")
        also = f"v0.{int(major)}{int(minor):02}.{patch}"
        assert program.version in {f"v{program.release}", also}, program.name


def test_the_collector_is_made_of_one_version_and_holds_what_its_files_name() -> None:
    """Each component in deploy/collector/ is in the manifest, under its name or a part of its module's."""
    manifest = _read(MANIFEST)
    made_of = {kind: " ".join(one["gomod"] for one in manifest[kind]) for kind in COMPONENTS}
    assert {*re.findall(r" (v\S+)", " ".join(made_of.values()))} == {f"v{manifest['dist']['version']}"}
    files = sorted((DEPLOY / "collector").glob("*.yaml"))
    assert len(files) > 1
    for path in files:
        settings = _read(path)
        for kind in COMPONENTS:
            for name in settings.get(kind, ()):
                assert name.partition("/")[0].replace("_", "") in made_of[kind], f"{path.name}: {name}"


def test_the_stack_is_not_tested_by_the_way() -> None:
    """It takes minutes, and programs that are built first: only `make stack-test` lets pytest see its tests."""
    assert BUILT not in os.environ
    assert conftest.collect_ignore_glob == ["test_*.py"]
