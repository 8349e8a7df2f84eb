"""Agents of other nodes: their addresses here, what is said to them, and what comes from them."""
