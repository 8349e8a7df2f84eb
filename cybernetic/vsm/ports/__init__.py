"""Ports: how a viable system meets its environment, and the evidence that is left by it."""
