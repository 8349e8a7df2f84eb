"""`Supervisor`: the one to subclass; its children are managed by message."""

from typing import Any, TypeVar

from cybernetic.core import Restarting, Running
from cybernetic.runtime import Agent, Ref
from cybernetic.supervision.children import Record
from cybernetic.supervision.spec import Child
from cybernetic.supervision.tree import Tree

A = TypeVar("A", bound=Agent)


class Supervisor(Tree):
    """An agent that keeps others alive. Subclass it and return the children from `children`.

    Attributes:
        strategy: whom the restart of one child concerns: "one_for_one" (default) itself, "one_for_all" everyone,
            "rest_for_one" itself and those started after it.
        max_restarts: how many restarts `max_seconds` may see; one more, and it gives up and ends with
            `Shutdown(TooManyRestarts(id, reason))`, of the one too many. Default 3; 0 means the first is
            fatal (RI-1 to RI-7).
        max_seconds: the length of that window in seconds. Default 5.
        auto_shutdown: whether it ends when significant children have: "never" (default), "any_significant",
            "all_significant" (AS-1 to AS-6).
    """

    _final = frozenset({"start_child", "terminate_child", "restart_child", "delete_child", "get_childspec"})

    # Management, by message.

    async def start_child(self, spec: Child[A]) -> Ref[A] | None:
        """Start a child more, behind the others; None if it asked to be ignored (API-1).

        Raises `AlreadyStarted` or `AlreadyPresent` if the id is taken, `AlreadyStarted` also if the name is;
        `ChildNotStarted` if it fails: then it is not kept; `BadChild` if it cannot be a child of this supervisor.
        """
        self._check_child(spec, self.auto_shutdown)
        record = self._children.add(Record(spec))
        return await self._start_asked(record, keep=False)

    async def terminate_child(self, id: object) -> None:
        """Stop a child, if it runs, and leave it stopped; a temporary one is forgotten (API-2). Raises `NotFound`."""
        record = self._children.find(id)
        await self._stop(record)
        if record.spec.restart == "temporary":
            self._children.remove(record)
        else:
            self._children.stopped(record)

    async def restart_child(self, id: object) -> Ref[Any] | None:
        """Start a child that has no agent (API-3).

        Raises `NotFound`, `Running`, `Restarting`, or `ChildNotStarted` if it fails; it is kept all the same.
        """
        return await self._start_asked(self._find_stopped(id), keep=True)

    def delete_child(self, id: object) -> None:
        """Forget a child that has no agent (API-4). Raises `NotFound`, `Running`, `Restarting`."""
        self._children.remove(self._find_stopped(id))

    def get_childspec(self, id: object) -> Child[Any]:
        """The specification of a child (API-7). Raises `NotFound`."""
        return self._children.find(id).spec

    def _find_stopped(self, id: object) -> Record:
        record = self._children.find(id)
        if record.state == "running":
            raise Running(id)
        if record.state == "restarting":
            raise Restarting(id)
        return record
