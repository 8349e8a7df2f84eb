"""What a task is refused with, or ends of, beside what its operation says of it."""

from collections.abc import Sequence

from cybernetic.core import CallFailed, Refusal
from cybernetic.wire import travels


class NotTaken(Refusal):
    """A level has nobody for a task.

    `begun`: whether somebody had begun it, and was told so of what he handed on himself. `last`: whether the levels
    above have been asked as well.
    """

    begun = last = False


@travels(name="vsm.NoSuchUnit")
class NoSuchUnit(NotTaken):
    """A task, or what else is asked of a level, is for a path that is none of the level's; `argument` said so."""

    def __init__(self, to: str, units: Sequence[str], argument: str = "to") -> None:
        super().__init__(f"{argument}: expected a path at or below one of {sorted(units)}, got: {to!r}")
        self.to = to


@travels(name="vsm.NoSuchKind")
class NoSuchKind(NotTaken):
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
    """An operation gave no sign while it was at a task, or was at it still after its deadline, and was ended; what the
    task did by then stands. `seconds`: without a sign; where it was `late`, since it began.
    """

    def __init__(self, task: str, path: str, seconds: float, late: bool = False) -> None:
        wanted = (
            f"to be done by its deadline, got: {path!r} is still at it after {seconds:.0f} s"
            if late
            else f"a sign of {path!r}, got: none in {seconds:.0f} s"
        )
        super().__init__(
            f"task {task!r}: expected {wanted}; it was ended, and what came of the task is unknown"
        )
        self.task, self.path, self.seconds, self.late = task, path, seconds, late


@travels(name="vsm.TaskStopped")
class TaskStopped(Refusal):
    """System 3 had an operation replaced that was at a task through the suspension before: a successor would go on with
    that as it did. What the task did by then stands. `seconds`: since it began; `why` it was replaced.
    """

    def __init__(self, task: str, path: str, seconds: float, why: str) -> None:
        super().__init__(
            f"task {task!r}: expected {path!r} to end it while it was suspended, got: it was at it for {seconds:.0f} s;"
            f" it was replaced ({why}), and what came of the task is unknown"
        )
        self.task, self.path, self.seconds, self.why = task, path, seconds, why


@travels(name="vsm.TaskDropped")
class TaskDropped(CallFailed, Refusal):
    """An operation ended while it was at a task, of whatever `reason`: who has given it the task gives it again."""

    def __init__(self, task: str, path: str, reason: object) -> None:
        CallFailed.__init__(self, path, f"task {task!r}", reason)
        self.task, self.path = task, path


@travels(name="vsm.TaskGivenUp")
class TaskGivenUp(CallFailed, Refusal):
    """A task ended its operation, or the process of that, again and again, or that was away for too long; `reason` is
    what it was seen to end of last.

    It is given up once, where it was given to the operation: who hands it down there does not try it again.
    """

    def __init__(self, task: str, path: str, reason: object) -> None:
        CallFailed.__init__(self, path, f"task {task!r}", reason)
        self.task, self.path = task, path


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
class WaitsForItself(NotTaken):
    """A unit waits for a task that only itself could do, or one that waits for it: it would wait for ever."""

    def __init__(self, task: str, path: str) -> None:
        super().__init__(f"task {task!r}: expected another unit to do it than {path!r}, which waits for it")
        self.task, self.path = task, path
