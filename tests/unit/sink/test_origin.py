"""The resource of a record: whose event it is, under names that every protocol can send."""

from __future__ import annotations

from agent.sink.origin import RecordOrigin, resource_of
from tests.support.records import log_record


def test_the_settings_cannot_change_account_and_region() -> None:
    """They add attributes and name the service; what cannot be sent is made fit or left out."""
    given = {"cloud.region": "moon-1", "team": "a\x00b", "empty": "", "…": "no name", "service.name": "audit"}
    assert resource_of(RecordOrigin.of(log_record(account="111122223333", region="us-west-2")), given) == {
        "cloud.account.id": "111122223333",
        "cloud.provider": "aws",
        "cloud.region": "us-west-2",
        "service.name": "audit",
        "team": "a\N{REPLACEMENT CHARACTER}b",
    }


def test_a_service_of_its_own_has_its_name() -> None:
    """A record that names its service is not under the name that the settings give; without either there is one."""
    assert resource_of(RecordOrigin("", "", "aws-sso"), {"service.name": "audit"})["service.name"] == "aws-sso"
    assert resource_of(RecordOrigin("", "", ""), {}) == {"cloud.provider": "aws", "service.name": "aws-codecatalyst"}
