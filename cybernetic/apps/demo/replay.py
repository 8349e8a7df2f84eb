"""`python -m cybernetic.apps.demo.replay`: a second process that plays an hour, and writes its frames as lines."""

import argparse
import logging
import sys
from collections.abc import Sequence

from cybernetic.apps.demo.frames import ARMS, SYSTEMS
from cybernetic.apps.demo.play import play


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what the arguments say; frames before `--at` are not written. Returns the exit status."""
    options = _parser().parse_args(arguments)
    logging.getLogger("cybernetic").addHandler(logging.NullHandler())
    logging.getLogger("cybernetic").propagate = False
    frames = play(options.seed, options.arm, options.without, options.at, options.hours, room=options.room)
    try:
        for frame in frames:
            if options.at is None or frame.at >= options.at:
                print(frame.to_line(), flush=True)
    except (BrokenPipeError, KeyboardInterrupt):  # whoever reads has seen enough
        sys.stderr.close()
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m cybernetic.apps.demo.replay", description="play an hour of the demo as lines of JSON"
    )
    parser.add_argument("--seed", type=int, default=7, help="of the world (default: 7)")
    parser.add_argument("--arm", choices=ARMS, default="viable", help="which company (default: viable)")
    parser.add_argument("--without", nargs="*", choices=SYSTEMS, default=(), help="systems to take out")
    parser.add_argument("--at", type=float, help="the second from which on they are out, and frames written")
    parser.add_argument("--hours", type=float, default=1.0, help="how much is played (default: 1)")
    parser.add_argument("--room", action="store_true", help="with what an operations room shows")
    return parser


if __name__ == "__main__":
    sys.exit(main())
