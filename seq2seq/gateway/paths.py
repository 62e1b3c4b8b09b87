"""The paths of routes that several modules know."""

from __future__ import annotations

API = "/gradio_api"  # routes of gradio begin with it
LIVE_PATH = "/live"  # a POST here starts a translation and streams its results
HEALTH_PATH = "/healthz"
METRICS_PATH = "/metrics"
MCP_PATH = "/mcp"  # a POST here may start a translation and waits for its result
