"""Reads the settings file and the environment. Gives one frozen `Settings`, or a list of all problems."""

from agent.settings.destination import OtlpSettings
from agent.settings.history import EventHistorySettings
from agent.settings.loading import environment, load, silence_grpc, take_supervisor
from agent.settings.mask_key import read_mask_key
from agent.settings.root import Settings
from agent.settings.sections import (
    AssumeRoleSettings,
    AwsSettings,
    BucketSettings,
    DedupSettings,
    HttpSettings,
    LimitSettings,
    LogSettings,
    QueueSettings,
    RecordSettings,
    SelectSettings,
)
from agent.settings.supervisor import Supervisor
from agent.settings.urls import is_aws, queue_endpoint, redacted_url
from agent.settings.variables import that_set
from agent.settings.views import redacted, schema

__all__ = [
    "AssumeRoleSettings",
    "AwsSettings",
    "BucketSettings",
    "DedupSettings",
    "EventHistorySettings",
    "HttpSettings",
    "LimitSettings",
    "LogSettings",
    "OtlpSettings",
    "QueueSettings",
    "RecordSettings",
    "SelectSettings",
    "Settings",
    "Supervisor",
    "environment",
    "is_aws",
    "load",
    "queue_endpoint",
    "read_mask_key",
    "redacted",
    "redacted_url",
    "schema",
    "silence_grpc",
    "take_supervisor",
    "that_set",
]
