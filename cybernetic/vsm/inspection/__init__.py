"""System 3*: sporadic audit, past the management."""
