"""Runs one workload of nodes by this library."""

from importlib.metadata import version

from benchmarks import harness
from benchmarks.peers.cybernetic_nodes import lives, messages

if __name__ == "__main__":  # every node imports the main file
    harness.main("cybernetic", f"cybernetic {version('cybernetic')}", {"i": messages.ROWS, "j": lives.ROWS})
