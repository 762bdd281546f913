"""What the agent tells the outside: metrics, log events, health and the HTTP endpoints."""
