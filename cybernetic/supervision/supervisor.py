"""`Supervisor`: starts its children in order, restarts them by its strategy, stops them in reverse order."""

from collections.abc import Iterable
from typing import Any, TypeVar

from cybernetic.core import (
    ChildFailed,
    ChildNotStarted,
    Restarting,
    Running,
    Shutdown,
    SpecError,
    StartFailed,
    Stop,
)
from cybernetic.runtime import Agent, Ref
from cybernetic.supervision.children import Children, Record
from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.keeper import Keeper
from cybernetic.supervision.plan import Plan, auto_shutdown, group, restart_plan
from cybernetic.supervision.reports import report
from cybernetic.supervision.spec import AutoShutdown, Child, Strategy, check_children, check_settings

A = TypeVar("A", bound=Agent)


class Supervisor(Keeper):
    """An agent that keeps others alive. Subclass it and return the children from `children`.

    Attributes:
        strategy: whom the restart of one child concerns: "one_for_one" (default) itself, "one_for_all" everyone,
            "rest_for_one" itself and those started after it.
        max_restarts: how many restarts `max_seconds` may see; one more, and it gives up and ends with `Shutdown()`.
            Default 3; 0 means the first is fatal (RI-1 to RI-7).
        max_seconds: the length of that window in seconds. Default 5.
        auto_shutdown: whether it ends when significant children have: "never" (default), "any_significant",
            "all_significant" (AS-1 to AS-6).
    """

    strategy: Strategy = "one_for_one"
    auto_shutdown: AutoShutdown = "never"

    _final = frozenset(
        {
            "setup",
            "terminate",
            "start_child",
            "terminate_child",
            "restart_child",
            "delete_child",
            "get_childspec",
        }
    )

    def children(self) -> Iterable[Child[Any]]:
        """Override to return the children, in start order. Runs in the agent, once, after `__init__`.

        If it raises, the start of the supervisor fails with that reason.
        """
        return ()

    async def setup(self) -> None:
        """Start the children one after another; if one fails, stop the others and fail (SU-1 to SU-5)."""
        check_settings(self.strategy, self.max_restarts, self.max_seconds, self.auto_shutdown)
        self._children = Children()
        self._intensity = Intensity(self.max_restarts, self.max_seconds)
        specs = check_children(self.children(), self.auto_shutdown)
        for spec in specs:
            _check_agent(spec)
        for spec in specs:
            record = self._children.add(Record(spec))
            try:
                await self._start(record)
            except StartFailed as failed:
                report(self.ref, "start_error", record, failed.reason)
                self._children.remove(record)
                await self._stop_all()
                raise Stop(Shutdown(ChildFailed(spec.id, failed.reason))) from None

    async def terminate(self, reason: Any) -> None:
        """Stop the children, one after another, latest first (T-5)."""
        await self._stop_all()

    # Management, by message.

    async def start_child(self, spec: Child[A]) -> Ref[A] | None:
        """Start a child more, behind the others; None if it asked to be ignored (API-1).

        Raises `AlreadyStarted` or `AlreadyPresent` if the id is taken, `ChildNotStarted` if it fails: then it is
        not kept.
        """
        self._check_child(spec)
        check_children([spec], self.auto_shutdown)
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

    async def _start_asked(self, record: Record, keep: bool) -> Ref[Any] | None:
        try:
            await self._start(record)
        except StartFailed as failed:
            report(self.ref, "start_error", record, failed.reason)
            if not keep:
                self._children.remove(record)
            raise ChildNotStarted(record.spec.id, failed.reason) from None
        return record.ref

    # Restarting.

    async def _restart(self, record: Record) -> None:
        if self.strategy == "one_for_one":
            await super()._restart(record)
            return
        members = group(self.strategy, self._children, record)
        await self._restart_group(restart_plan(members, record))

    async def _restart_group(self, plan: Plan) -> None:
        """Stop a group in reverse order, then start it in order (ST-2, ST-3); one that fails is tried again."""
        for record in plan.stop:
            await self._stop(record)
            self._children.stopped(record)
        for record in plan.drop:
            self._children.remove(record)
        for record in plan.start:
            try:
                await self._start(record, again=True)
            except StartFailed as failed:
                self._start_failed(record, failed)
                return

    def _finished(self, record: Record, react: Any) -> None:
        if auto_shutdown(self.auto_shutdown, record.spec, react, self._children.significant):
            raise Stop(Shutdown())

    async def _stop_all(self) -> None:
        breath = self._breathe()
        for record in tuple(reversed(self._children)):
            await self._stop(record)
            await breath.take()


def _check_agent(spec: Child[Any]) -> None:
    if not issubclass(spec.agent, Agent):
        raise SpecError("invalid_mfa", "cls", "a subclass of Agent", spec.agent)
