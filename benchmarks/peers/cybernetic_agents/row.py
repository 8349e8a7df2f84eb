"""A row of the benchmark, and the future its agents settle when they are through."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.harness import Bench
from cybernetic import System

Row = Callable[[Bench, System], Awaitable[None]]
Done = asyncio.Future[Any]


def future() -> Done:
    """A new future of the loop that runs."""
    return asyncio.get_running_loop().create_future()
