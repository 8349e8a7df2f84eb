"""The only file that reads real clocks: time stamps, the watchdog, statistics. Everything else asks the event loop."""

import asyncio
import time
from collections.abc import Callable


def wall() -> float:
    """Seconds since the epoch, for time stamps in reports."""
    return time.time()


def real() -> float:
    """Real monotonic seconds, for watching how long something really took."""
    return time.monotonic()


def cpu() -> float:
    """Seconds of processor time this thread has used."""
    return time.thread_time()


def loop_clock(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """The clock of `loop`; where the loop has asyncio's own, the same clock without a method call in between."""
    if getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time:
        return time.monotonic
    return loop.time


def real_time(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the time of `loop` is the world's, not a simulation's."""
    return abs(loop.time() - time.monotonic()) < 1.0
