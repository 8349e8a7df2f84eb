"""System 4: outside and then. It models the environment and the level itself, and proposes."""
