"""trail-agent ships Amazon CodeCatalyst audit events from CloudTrail objects in S3 to OTLP, without losing one."""

__version__ = "0.1.0"
