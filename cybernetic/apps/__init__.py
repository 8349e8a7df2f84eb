"""The command line, and programs that run until they are told to stop."""

from cybernetic.apps.main import main
from cybernetic.apps.run import run_tree

__all__ = ("main", "run_tree")
