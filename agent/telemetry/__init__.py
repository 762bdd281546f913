"""How the outside sees us: metrics, log events, health and the HTTP endpoints."""
