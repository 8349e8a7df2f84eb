"""The loop-lag watchdog: names a handler that holds the event loop, with its stack, while it does so."""

import logging
import sys
import threading
import traceback
from types import FrameType
from typing import Any

from cybernetic.core import real
from cybernetic.runtime.events import HELD, LoopHeld

_log = logging.getLogger("cybernetic.watchdog")


class Watchdog:
    """A thread that looks at the engine every third of `limit` seconds.

    It costs the run queue nothing: when the same call of the same handler is seen at work for longer than `limit`,
    a warning with its stack is logged at once; when it has returned, it is counted and the event is emitted.
    """

    def __init__(self, engine: Any, limit: float) -> None:
        self._engine, self._limit = engine, limit
        self._loop_thread = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cybernetic watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        seen: tuple[Any, FrameType] | None = None
        since, warned, stack = 0.0, False, ""
        while not self._over.wait(self._limit / 3):
            now, seen_now = real(), self._look()
            if seen_now is not None and seen is not None and seen_now[1] is seen[1]:
                if now - since >= self._limit and not warned:
                    warned, stack = True, "".join(traceback.format_stack(seen[1]))
                    _log.warning(
                        "%r has held the event loop for %.0f ms and still does; run_blocking is the way out\n%s",
                        seen[0],
                        (now - since) * 1000,
                        stack,
                    )
            else:
                if warned and seen is not None:
                    self._tell(seen[0], now - since, stack)
                seen, since, warned = seen_now, now, False
            seen_now = None
        if warned and seen is not None:
            self._tell(seen[0], real() - since, stack)

    def _look(self) -> tuple[Any, FrameType] | None:
        """The agent at work and the frame of its handler: the call made by the run queue, if there is one now."""
        cell = self._engine.current or self._engine.ghost
        frame = sys._current_frames().get(self._loop_thread)
        if cell is None or frame is None:
            return None
        handler: FrameType | None = None
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(_RUNTIME):
                if (file.removeprefix(_RUNTIME), frame.f_code.co_name) in _CALLERS:
                    return (cell, handler) if handler is not None else None
            else:
                handler = frame
            frame = frame.f_back
        return None

    def _tell(self, cell: Any, seconds: float, stack: str) -> None:
        try:
            self._engine.loop.call_soon_threadsafe(_held, cell, seconds, stack)
        except RuntimeError:  # the loop is closed
            return


def _held(cell: Any, seconds: float, stack: str) -> None:
    cell._engine.held_by[cell._serial] += 1
    if HELD.listeners:
        HELD.emit(LoopHeld(cell, seconds, stack))


_RUNTIME = __file__.removesuffix("watchdog.py")
_CALLERS = frozenset(  # what calls handlers and hooks
    {
        ("engine.py", "_drain"),
        ("turns.py", "_turn"),
        ("birth.py", "give_birth"),
        ("handling.py", "finish"),
        ("stepping.py", "start"),
        ("stepping.py", "advance"),
        ("stepping.py", "__await__"),
    }
)
