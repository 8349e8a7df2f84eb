"""Threads for the plain methods of sinks: each has its own, for a person's telephone may hang for ever."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any

from cybernetic.core import Refusal

MOST = 8  # threads of one sink: where they all hang it is not tried, and no other's are used up
_running: dict[int, int] = {}  # threads under way, by sink
_counting = Lock()


def started(sink: int, method: Callable[..., Any], args: tuple[Any, ...]) -> "Future[Any]":
    """What `method(*args)` gives, in a thread of its own for the `sink` (its identity), which the end of the program
    does not wait for. Raises `Refusal` where `MOST` of them have not ended.
    """
    with _counting:
        if _running.get(sink, 0) >= MOST:
            raise Refusal(f"{MOST} of its threads have not ended yet")
        _running[sink] = _running.get(sink, 0) + 1
    come: Future[Any] = Future()

    def run() -> None:
        try:
            come.set_result(method(*args))
        except BaseException as error:
            come.set_exception(error)
        finally:
            with _counting:
                _running[sink] -= 1
                if not _running[sink]:
                    del _running[sink]

    come.set_running_or_notify_cancel()
    Thread(target=run, name="human", daemon=True).start()
    return come
