"""The command line, programs that run until they are told to stop, and ways between levels as they are configured."""

from cybernetic.apps.main import main
from cybernetic.apps.posts import post_of
from cybernetic.apps.run import run_tree

__all__ = ("main", "post_of", "run_tree")
