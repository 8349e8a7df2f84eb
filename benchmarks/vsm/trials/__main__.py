"""Trials of the viable system beside plain arms.

`python -m benchmarks.vsm.trials [NAME ...] [--seeds N]`; `python -m benchmarks --family vsm` runs them all. Ends
with status 1 if something that is claimed does not hold.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.vsm.trials.registry import TRIALS
from benchmarks.vsm.trials.run import seeds, show


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vsm.trials", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all ({', '.join(TRIALS)})")
    parser.add_argument("--seeds", type=int, default=seeds(), help="paired seeds (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=0, help="processes (default: as many as cores)")
    parser.add_argument("--out", type=Path, default=Path("build/trials.jsonl"), help="default: %(default)s")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in TRIALS]
    if unknown or args.seeds < 1:
        parser.error(
            f"expected names of {', '.join(TRIALS)} and at least one seed, got: {unknown}, {args.seeds}"
        )
    return show(
        args.names or TRIALS, args.seeds, args.out, lambda line: print(line, file=sys.stderr), args.jobs
    )


if __name__ == "__main__":
    sys.exit(main())
