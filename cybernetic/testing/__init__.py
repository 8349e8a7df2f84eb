"""What tests of agent programs need: public, and imported by no other room of the package."""

from cybernetic.testing.loop import VirtualTimeLoop, run

__all__ = ("VirtualTimeLoop", "run")
