"""Divisions whose management hangs and does not come back by a restart: who learns of it, and when."""
