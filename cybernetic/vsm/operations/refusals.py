"""What a task is refused with, or ends of, beside what its operation says of it."""

from collections.abc import Sequence

from cybernetic.core import Refusal
from cybernetic.wire import travels


@travels(name="vsm.NoSuchKind")
class NoSuchKind(Refusal):
    """A task is of a kind that no unit takes which may do it. `taken` are those that are taken."""

    def __init__(self, kind: str, taken: Sequence[str]) -> None:
        super().__init__(f"kind: expected one that a unit takes, of {sorted(taken)}, got: {kind!r}")
        self.kind, self.taken = kind, tuple(sorted(taken))


@travels(name="vsm.TaskLate")
class TaskLate(Refusal):
    """A task was not begun before its deadline."""

    def __init__(self, task: str) -> None:
        super().__init__(f"task {task!r}: expected to be begun before its deadline, got: its turn came later")
        self.task = task


@travels(name="vsm.TaskHung")
class TaskHung(Refusal):
    """An operation gave no sign while it was at a task, and was ended; what the task did by then stands."""

    def __init__(self, task: str, path: str, seconds: float) -> None:
        super().__init__(
            f"task {task!r}: expected a sign of {path!r}, got: none in {seconds:.0f} s; it was ended, and what came of "
            "the task is unknown"
        )
        self.task, self.path, self.seconds = task, path, seconds


@travels(name="vsm.TaskUnknown")
class TaskUnknown(Refusal):
    """A task was begun, and who would say what came of it is gone: it may have been done, in whole or in part."""

    def __init__(self, task: str, why: str) -> None:
        super().__init__(f"task {task!r}: {why}; the outcome is unknown")
        self.task, self.why = task, why


@travels(name="vsm.NotBegun")
class NotBegun(Refusal):
    """A unit ends, or begins anew, before it has begun a task that it was given: the task may be given again."""

    def __init__(self, task: str, path: str) -> None:
        super().__init__(f"task {task!r}: expected {path!r} to begin it, got: that ended before")
        self.task, self.path = task, path


@travels(name="vsm.WaitsForItself")
class WaitsForItself(Refusal):
    """A unit waits for a task that only itself could do, or one that waits for it: it would wait for ever."""

    def __init__(self, task: str, path: str) -> None:
        super().__init__(f"task {task!r}: expected another unit to do it than {path!r}, which waits for it")
        self.task, self.path = task, path
