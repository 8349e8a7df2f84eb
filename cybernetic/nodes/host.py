"""Placeholder until the real file lands."""

from typing import Any

ProcessHost: Any = None
