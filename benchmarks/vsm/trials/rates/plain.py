"""Plain arms: each agent for itself, by one or another rule of waiting after a refusal."""

import asyncio
from collections.abc import Callable

from benchmarks.vsm.trials.luck import Luck
from benchmarks.vsm.trials.rates.world import GaveUp, RateLimited, RateWorld
from benchmarks.vsm.trials.trial import Arm, Result

FIRST, LONGEST = 2.0, 60.0  # seconds
TRIES = 6

Wait = Callable[[Luck, str, int, float], float]
"""Seconds to wait after refusal number `attempt` of a task, of the provider's Retry-After."""


def told(luck: Luck, task: str, attempt: int, retry_after: float) -> float:
    """Exactly what the provider says."""
    return retry_after


def exponential(luck: Luck, task: str, attempt: int, retry_after: float) -> float:
    """Twice as long each time, and not less than the provider says."""
    return max(retry_after, _ceiling(attempt))


def jitter(luck: Luck, task: str, attempt: int, retry_after: float) -> float:
    """Full jitter: anything up to twice as long each time, and not less than the provider says."""
    return max(retry_after, _ceiling(attempt) * luck.uniform("wait", task, attempt))


def _ceiling(attempt: int) -> float:
    return min(LONGEST, FIRST * 2.0 ** min(attempt - 1, 10))


def retrying(wait: Wait, tries: int | None) -> Arm:
    """The arm that waits by `wait` and gives up after so many `tries` (None: never)."""

    async def run(world: RateWorld, seed: int) -> Result:
        async def call(agent: str, task: str) -> None:
            attempt = 0
            while True:
                attempt += 1
                try:
                    await world.provider.complete(task, attempt)
                    return
                except RateLimited as refusal:
                    if attempt == tries:
                        raise GaveUp from None
                    await asyncio.sleep(wait(world.luck, task, attempt, refusal.retry_after))

        return await world.play(call)

    return run
