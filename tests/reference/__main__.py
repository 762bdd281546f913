"""`make docs`: write anew what docs/, config/agent.schema.json and deploy/ have from the code and from each other."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agent.settings import schema
from tests.reference.chart import VALUES_SCHEMA, copies, values_schema
from tests.reference.chart_values import README, readme
from tests.reference.manual import MANUAL, manual
from tests.reference.mixin import mixin_files
from tests.reference.pages import DOCS, pages, renewed
from tests.reference.plain_manifests import KUBERNETES, plain_manifests

SCHEMA = DOCS.parent / "config" / "agent.schema.json"


def write(path: Path, new: str) -> None:
    """Write `new` to `path` if something else stands there, and say so."""
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or new != path.read_text(encoding="utf-8"):
        path.write_text(new, encoding="utf-8")
        sys.stdout.write(f"{path.name} is written anew\n")


for page in pages():
    write(page, renewed(page.read_text(encoding="utf-8")))
write(MANUAL, manual())
write(SCHEMA, json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
write(VALUES_SCHEMA, values_schema())
write(README, readme())
for made, text in mixin_files().items():
    write(made, text)
for copy, text in copies().items():
    write(copy, text)
try:
    for name, text in plain_manifests().items():
        write(KUBERNETES / name, text)
except pytest.skip.Exception as missing:
    sys.stderr.write(f"deploy/kubernetes/ is left as it is: {missing}\n")
