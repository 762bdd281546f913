"""OTLP: what is sent and what is heard, over HTTP and gRPC."""
