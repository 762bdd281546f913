"""`make docs`: write anew what docs/, config/agent.schema.json and the Helm chart have from the code."""

from __future__ import annotations

import json
import sys

from agent.settings import schema
from tests.reference.chart import VALUES_SCHEMA, values_schema
from tests.reference.chart_values import README, readme
from tests.reference.pages import DOCS, pages, renewed

SCHEMA = DOCS.parent / "config" / "agent.schema.json"

for path, new in [
    *((page, renewed(page.read_text(encoding="utf-8"))) for page in pages()),
    (SCHEMA, json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"),
    (VALUES_SCHEMA, values_schema()),
    (README, readme()),
]:
    if new != path.read_text(encoding="utf-8"):
        path.write_text(new, encoding="utf-8")
        sys.stdout.write(f"{path.name} is written anew\n")
