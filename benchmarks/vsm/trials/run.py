"""Runs trials: every arm in a fresh world of every seed, on virtual time."""

from collections.abc import Callable, Iterable

from benchmarks.vsm.trials.trial import Arm, Found, Result, Trial
from cybernetic.testing import run


def live(trial: Trial, arm: str, seed: int) -> Result:
    """One run: the arm `arm` in the world of `seed`."""
    return run(_life(trial.arms[arm], trial.world, seed), seed=seed)


def pair(trial: Trial, seeds: Iterable[int], note: Callable[[str, int, Result], object] | None = None) -> Found:
    """All arms in the worlds of all seeds; `note` is told of every run."""
    results: dict[str, list[Result]] = {arm: [] for arm in trial.arms}
    for seed in seeds:
        for arm in trial.arms:
            result = live(trial, arm, seed)
            results[arm].append(result)
            if note is not None:
                note(arm, seed, result)
    return Found(results)


async def _life(arm: Arm, world: Callable[[int], object], seed: int) -> Result:
    return await arm(world(seed), seed)
