"""What tests share: how much to try, and how an asynchronous test is run and judged."""

import asyncio
import gc
import os
from collections.abc import Coroutine
from typing import Any

from cybernetic.testing import VirtualTimeLoop

SOAK = os.environ.get("CYBERNETIC_SOAK") == "1"
SEED = int(os.environ.get("CYBERNETIC_SEED", "0"))
REAL_SECONDS = 120.0  # which ends only a test that would fail anyway: the machine may be busy

_PASSES_TO_SETTLE = 3  # a task cancelled in the test's last line ends a pass or two later
_SECONDS_TO_SETTLE = 1.0  # and what waits for the other end of a socket when the machine has brought it word


def soak(fast: int, full: int) -> int:
    """How many of something a test does: `fast` normally, `full` under `make soak`."""
    return full if SOAK else fast


def run_virtual(test: Coroutine[Any, Any, object]) -> None:
    """Run a test on a fresh virtual-time loop."""
    _run(test, VirtualTimeLoop(seed=SEED))


def run_real(test: Coroutine[Any, Any, object]) -> None:
    """Run a test on a fresh ordinary loop, for at most `REAL_SECONDS`."""
    _run(_limited(test), asyncio.new_event_loop())


def _run(test: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop) -> None:
    """Run a test that passes only when it returns, leaves no task behind and no error unheard."""
    unheard: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            left_over = runner.run(_settled(test))
        except Exception as error:
            if isinstance(loop, VirtualTimeLoop):
                error.add_note(f"virtual time {loop.time()} s, CYBERNETIC_SEED={loop.seed}")
            raise
        gc.collect()  # an error nobody asked for is reported when its future is collected
    assert not left_over, f"expected every task to have ended, left over: {left_over}"
    assert not unheard, f"expected nothing for the loop's exception handler, it was told: {unheard}"


async def _limited(test: Coroutine[Any, Any, object]) -> None:
    async with asyncio.timeout(REAL_SECONDS):
        await test


async def _settled(test: Coroutine[Any, Any, object]) -> list[str]:
    """Run the test, and name the tasks that are still there some passes later, in real time a little later."""
    await test
    for _ in range(_PASSES_TO_SETTLE):
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    end = loop.time() + _SECONDS_TO_SETTLE
    while not isinstance(loop, VirtualTimeLoop) and loop.time() < end and len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)
    return [repr(task) for task in asyncio.all_tasks() - {asyncio.current_task()}]
