"""`python -m cybernetic.apps.demo.sweep 20`: the claims, checked on so many seeds that nothing was tuned with."""

import sys
from collections.abc import Sequence

from cybernetic.apps.demo.claims import Claim
from cybernetic.apps.demo.fast import Hour, hours
from cybernetic.apps.demo.seeds import CHECKED


def sweep(seeds: Sequence[int], jobs: int = 0) -> int:
    """Check all claims on all seeds, a line for each; the exit status: 0 where all hold on every one."""
    broken = 0
    for hour in hours(seeds, (), jobs):
        failed = [claim for claim in hour.claims if not claim.holds]
        broken += bool(failed)
        print(line(hour, failed), flush=True)
    print(f"{len(seeds) - broken} of {len(seeds)} seeds hold every claim")
    return int(broken > 0)


def line(hour: Hour, failed: Sequence[Claim]) -> str:
    """One seed in a line: what was lost in each arm, and the claims that do not hold."""
    told = " | ".join(
        f"{arm} lost {one.lost} wrong {one.wrong} over {one.over:.0f}" for arm, one in hour.scores.items()
    )
    why = "".join(f"\n    NO: {one.text}: wanted {one.wanted}, came {one.came}" for one in failed)
    return f"seed {hour.seed} {hour.hash} {told}{why or ' | all claims hold'}"


if __name__ == "__main__":
    sys.exit(sweep(CHECKED[: int(sys.argv[1]) if len(sys.argv) > 1 else None]))
