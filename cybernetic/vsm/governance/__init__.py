"""System 5: identity, policy, and what the others leave over."""
