"""What a supervisor decides, as functions of values: whom to restart, what to report, when to end."""

from collections.abc import Reversible, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from cybernetic.core import Killed, Reason, Shutdown
from cybernetic.supervision.children import Record, onward
from cybernetic.supervision.spec import AutoShutdown, Child, Limit, Restart, Strategy

T = TypeVar("T")

Reaction = Literal["restart", "keep", "forget"]


class Plan(NamedTuple):
    """What restarting a group means, to be done in this order.

    Attributes:
        stop: the running siblings to stop, one after another; their ends are not judged (ST-7).
        drop: the siblings to forget once stopped: temporary ones do not come back.
        start: the children to start, one after another.
    """

    stop: tuple[Record, ...]
    drop: tuple[Record, ...]
    start: tuple[Record, ...]


def reaction(restart: Restart, reason: Reason) -> Reaction:
    """What to do about a child that ended by itself (the table of section 7).

    "restart" it; "keep" its specification without an agent; or "forget" it altogether. Only "restart"
    concerns siblings (R-4) and counts against the intensity (RI-5).
    """
    if restart == "permanent":
        return "restart"
    if restart == "temporary":
        return "forget"
    return "keep" if reason.orderly else "restart"


def reported(restart: Restart, reason: Reason) -> bool:
    """Whether the end of a child is reported as "child_terminated" (R-2)."""
    return restart == "permanent" or not reason.orderly


def quiet(restart: Restart, shutdown: Limit, reason: Reason) -> bool:
    """Whether a child stopped by its supervisor ended as it should: no "shutdown_error" is reported (T-4)."""
    if restart != "permanent" and reason.orderly:
        return True
    return reason == (Killed() if shutdown == "brutal_kill" else Shutdown())


def group(strategy: Strategy, order: Reversible[T], dead: T) -> tuple[T, ...]:
    """Whom the restart of `dead` concerns, itself among them, in start order (ST-1 to ST-3).

    The same holds for one that failed to start during a restart (RF-5, RF-6). `order` holds ids or records:
    all children, in start order. It is not looked at for "one_for_one", and only as far as `dead`, from the
    end, for "rest_for_one". Raises `NotFound` if that does not find `dead`.
    """
    if strategy == "one_for_one":
        return (dead,)
    if strategy == "rest_for_one":
        return onward(order, dead)
    return tuple(order)


def restart_plan(members: Sequence[Record], dead: Record) -> Plan:
    """How to restart the `group` of `dead`, given in start order (ST-2 to ST-5, ST-7).

    Siblings stop in reverse start order. Everything that is then without an agent is started, also what was
    stopped on purpose or had finished before (ST-4), save temporary children; `dead` itself is started in any
    case.
    """
    stop = tuple(record for record in reversed(members) if record is not dead and record.state == "running")
    drop = tuple(record for record in members if record is not dead and record.spec.restart == "temporary")
    start = tuple(record for record in members if record is dead or record.spec.restart != "temporary")
    return Plan(stop, drop, start)


def auto_shutdown(setting: AutoShutdown, spec: Child[Any], reaction: Reaction, remaining: int) -> bool:
    """Whether the supervisor ends because this child has ended by itself (AS-1 to AS-4).

    `reaction` is what the end led to. `remaining` counts the other significant children that are running or
    restarting. Ends that the supervisor brought about are not to be asked about (AS-4).
    """
    if not spec.significant or reaction == "restart":
        return False
    return setting == "any_significant" or (setting == "all_significant" and remaining == 0)
