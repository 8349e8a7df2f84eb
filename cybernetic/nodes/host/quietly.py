"""`python -m cybernetic.nodes.host.quietly MODULE ARGUMENT...` runs a module as `python -m` does, but for its log.

What a library logs at the root while it is imported would go to standard error, which is the user's terminal.
"""

import logging
import runpy
import sys


def main() -> None:
    """Run the module that the arguments name."""
    logging.root.addHandler(logging.NullHandler())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
