"""System 1: the units that do the work, each with its management, and the environment that brings it."""
