"""The style sheet of the pages, and the policy that allows it."""

from __future__ import annotations

import base64
import hashlib

from agent.telemetry.status.style import CONTENT_SECURITY_POLICY, STYLE


def test_the_policy_allows_this_sheet_and_nothing_else() -> None:
    """It names the sheet by its hash (CSP level 3), and everything else is `none` but inline images."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    directives = dict(part.strip().split(" ", 1) for part in CONTENT_SECURITY_POLICY.split(";"))
    assert directives.pop("style-src") == f"'sha256-{digest}'"
    assert directives.pop("img-src") == "data:"
    assert directives["default-src"] == "'none'"
    assert set(directives.values()) == {"'none'"}


def test_the_sheet_can_stand_in_a_page() -> None:
    """Nothing in it ends the element, and nothing is fetched."""
    assert "<" not in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert STYLE.count("{") == STYLE.count("}")
