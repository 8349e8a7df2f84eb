"""The channels of a level: who may say what to whom, and what carries it."""
