"""Runs trials: every arm in a fresh world of every seed, on virtual time, in as many processes as there are cores."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from math import isinf
from pathlib import Path
from time import perf_counter

from benchmarks.vsm.trials.registry import TRIALS
from benchmarks.vsm.trials.table import report
from benchmarks.vsm.trials.trial import Found, Result, Trial
from cybernetic.testing import run

SEEDS, SOAK = 20, 200
FEWEST = 3


def seeds(scale: float = 1.0) -> int:
    """How many paired seeds a run has: 20 by `scale`, or 200 by it under `CYBERNETIC_SOAK=1`, at least 3."""
    return max(FEWEST, round(scale * (SOAK if os.environ.get("CYBERNETIC_SOAK") == "1" else SEEDS)))


def live(trial: Trial, arm: str, seed: int, length: float = 1.0) -> Result:
    """One run: the arm `arm` in the world of `seed`, of which it lives the part `length`."""
    return run(_life(trial, arm, seed, length), seed=seed)


def pair(trial: Trial, seeds: Iterable[int], length: float = 1.0) -> Found:
    """All arms in the worlds of all seeds, one after another."""
    numbers = list(seeds)
    return Found({arm: [live(trial, arm, seed, length) for seed in numbers] for arm in trial.arms})


def show(names: Iterable[str], seeds: int, out: Path, say: Callable[[str], object], jobs: int = 0) -> int:
    """Run the trials called `names` and print a report of each; figures go to `out`, a line of JSON for each run.

    Returns the exit status: 1 if a claim does not hold. `say` is told the progress; `jobs` are the processes
    (0: as many as cores).
    """
    broken, began = 0, perf_counter()
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w") as file:
        for trial, found in _pooled([TRIALS[name] for name in names], seeds, jobs or os.cpu_count() or 1):
            say(f"{trial.name:16} {perf_counter() - began:6.1f} s")
            print(report(trial, found), end="\n\n", flush=True)
            file.writelines(f"{line}\n" for line in _lines(trial, found))
            broken += sum(claim.judge(found) is False for claim in trial.claims)
    say(f"figures: {out}")
    return int(broken > 0)


def _pooled(trials: list[Trial], seeds: int, jobs: int) -> Iterator[tuple[Trial, Found]]:
    """The trials with their results, each as soon as it and those before it are done; with one job in this process."""
    if jobs == 1:
        yield from ((trial, pair(trial, range(seeds))) for trial in trials)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
    try:
        work: dict[str, dict[str, list[Future[Result]]]] = {
            trial.name: {
                arm: [pool.submit(_named, trial.name, arm, seed) for seed in range(seeds)]
                for arm in trial.arms
            }
            for trial in trials
        }
        for trial in trials:
            results = {arm: [each.result() for each in lives] for arm, lives in work[trial.name].items()}
            yield trial, Found(results)
    finally:
        pool.shutdown(cancel_futures=True)


def _named(name: str, arm: str, seed: int) -> Result:
    return live(TRIALS[name], arm, seed)


def _lines(trial: Trial, found: Found) -> Iterator[str]:
    """The runs as JSON; what never came is null."""
    for arm, results in found.results.items():
        for seed, result in enumerate(results):
            figures = {name: None if isinf(value) else value for name, value in result.figures.items()}
            yield json.dumps(
                {
                    "family": "vsm",
                    "trial": trial.name,
                    "arm": arm,
                    "seed": seed,
                    "digest": result.digest,
                    "figures": figures,
                }
            )


async def _life(trial: Trial, arm: str, seed: int, length: float) -> Result:
    return await trial.arms[arm](trial.world(seed, length), seed)
