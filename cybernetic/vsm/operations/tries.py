"""What counts as a try of a task that is given again and again, and when the next one would be the last."""

from cybernetic.core import CallFailed, NoConnection, NoProc
from cybernetic.vsm.operations.refusals import TaskDropped
from cybernetic.vsm.operations.underway import Work

ATTEMPTS = 5  # how often whoever has a task may end over it
AWAY = 60.0  # seconds after which a task is given up whose unit is away


def is_try(error: CallFailed) -> bool:
    """Whether who was asked to do a task may have ended over it: what cannot be told counts, as a lost node does.

    An orderly end is none, for that is the doing of a supervisor, but for the operation's own (`TaskDropped`). Nor is
    it one that nobody was there, or that another system is out of reach: that may be at the task still.
    """
    reason = error.reason
    if isinstance(error, TaskDropped):
        return True
    out_of_reach = isinstance(reason, NoConnection) and bool(error.lost)
    return not (out_of_reach or isinstance(reason, NoProc) or getattr(reason, "orderly", False))


def note_end(work: Work, error: CallFailed, asked: float, at: float) -> None:
    """Keep in `work` that whoever was `asked` to do it then, seconds, was found to be gone now (`at`)."""
    tried = is_try(error)
    work.again = True
    work.begun = work.begun or tried or not isinstance(error.reason, NoProc)
    if tried:
        work.tries, work.ended = work.tries + 1, error.reason
    if tried or work.since is None or at >= asked + AWAY:  # it was there, and others were at work
        work.since = at


def is_enough(work: Work, at: float) -> bool:
    """Whether a task whose unit has gone is to be given up."""
    assert work.since is not None
    return work.tries >= ATTEMPTS or at >= work.since + AWAY


def is_suspect(work: Work) -> bool:
    """Whether a task may be what its process ended of, again and again, or may only have been there each time: before
    the try that would be the last these are told from each other, as they are done one at a time.
    """
    return work.tries == ATTEMPTS - 1 and isinstance(work.ended, NoConnection) and not work.by
