"""`make docs`: write every generated block of the pages under docs/ anew."""

from __future__ import annotations

import sys

from tests.reference.pages import pages, renewed

for page in pages():
    old = page.read_text(encoding="utf-8")
    new = renewed(old)
    if new != old:
        page.write_text(new, encoding="utf-8")
        sys.stdout.write(f"{page.name} is written anew\n")
