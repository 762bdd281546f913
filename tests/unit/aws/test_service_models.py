"""botocore's models: the same as botocore's own loader reads, from the same places."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from agent.aws.service_models import ServiceModels


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "waiters-2"])
@pytest.mark.parametrize("service", ["sqs", "s3", "sts"])
def test_a_model_is_what_botocore_reads(service: str, kind: str) -> None:
    """Members in the same order, extras included; what a service lacks, it lacks."""
    assert _read(ServiceModels(), service, kind) == _read(Loader(), service, kind)


def test_models_of_the_operator_come_first(tmp_path: Path) -> None:
    """`data_path` of the shared configuration and AWS_DATA_PATH name folders whose models count before botocore's."""
    folder = tmp_path / "sqs" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"metadata": {"endpointPrefix": "mine"}}')
    models = ServiceModels(f"/no/such/folder:{tmp_path}")
    assert models.load_service_model("sqs", "service-2") == {"metadata": {"endpointPrefix": "mine"}}
    assert models.load_service_model("sts", "service-2")["metadata"]["endpointPrefix"] == "sts"


def test_an_unknown_service_is_unknown() -> None:
    """botocore's own error, which its callers expect."""
    with pytest.raises(UnknownServiceError):
        ServiceModels().load_service_model("sqss", "service-2")


def _read(models: Loader, service: str, kind: str) -> str:
    try:
        return repr(_plain(models.load_service_model(service, kind)))
    except UnknownServiceError:
        return "none"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
