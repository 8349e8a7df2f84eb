"""Many processes as one system. So far it is one process, whose messages can be held to what would travel."""

from cybernetic.nodes.system import System

__all__ = ("System",)
