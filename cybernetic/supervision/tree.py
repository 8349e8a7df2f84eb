"""`Tree`: children known beforehand, started in order, restarted by a strategy, stopped in reverse order."""

from collections.abc import Iterable, Sequence
from typing import Any

from cybernetic.core import ChildFailed, NoNode, Reason, Shutdown, StartFailed, Stop
from cybernetic.runtime import Ref
from cybernetic.supervision.children import Children, Record
from cybernetic.supervision.failed import refusal, why
from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.keeper import Keeper, Note, check_agent
from cybernetic.supervision.plan import Plan, auto_shutdown, group, restart_plan
from cybernetic.supervision.spec import AutoShutdown, Child, Strategy, check_children, check_settings


class Tree(Keeper):
    """The common part of `Supervisor` and `PartitionSupervisor`."""

    strategy: Strategy = "one_for_one"
    auto_shutdown: AutoShutdown = "never"

    _final = frozenset({"setup", "terminate"})
    _hooks = frozenset({"children"})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_settings(cls.strategy, cls.max_restarts, cls.max_seconds, cls.auto_shutdown)

    def children(self) -> Iterable[Child[Any]]:
        """Override to return the children, in start order. Runs in the agent, once, after `__init__`.

        If it raises, the start of the supervisor fails with that reason.
        """
        return ()

    async def setup(self) -> None:
        """Start the children one after another; if one fails, stop the others and fail (SU-1 to SU-5).

        One for which there is no node does not fail: it is "restarting" until there is.
        """
        check_settings(self.strategy, self.max_restarts, self.max_seconds, self.auto_shutdown)
        self._children = Children()
        self._intensity = Intensity(self.max_restarts, self.max_seconds)
        specs = check_children(self.children(), self.auto_shutdown)
        for spec in specs:
            check_agent(spec)
        if self._is_awaited():
            await self._start_all(specs)
        else:
            self._start_later(specs)

    async def _start_all(self, specs: Sequence[Child[Any]]) -> None:
        breath = self._breathe()
        for spec in specs:
            record = self._children.add(Record(spec))
            try:
                await self._start(record)
            except StartFailed as failed:
                if self._can_wait(why(failed)):
                    self._start_failed(record, failed)
                    continue
                self._report_failed(record, failed)
                self._children.remove(record)
                await self._stop_all()
                raise Stop(Shutdown(ChildFailed(spec.id, why(failed)))) from None
            await breath.take()

    def _is_awaited(self) -> bool:
        """Whether it is up when its children are; else they are started after that, and tried again as in a restart."""
        return True

    def _start_later(self, specs: Sequence[Child[Any]]) -> None:
        """Leave a note for the first of each group: the others of that come with it."""
        records = [self._children.add(Record(spec)) for spec in specs]
        for record in records:
            record.attempt = 1  # this one, for which nobody waits
        for record in records if self.strategy == "one_for_one" else records[:1]:
            self._children.restarting(record)
            record.retry = Note(self._ref, record, None)
            record.retry.post()

    def _can_wait(self, reason: Reason) -> bool:
        """Whether a child that does not start at first, for `reason`, may come later: if a node has to come first."""
        return isinstance(reason, NoNode)

    async def terminate(self, reason: Any) -> None:
        """Stop the children, one after another, latest first (T-5)."""
        await self._stop_all()

    async def _stop_all(self) -> None:
        breath = self._breathe()
        for record in tuple(reversed(self._children)):
            await self._stop(record)
            await breath.take()

    async def _start_asked(self, record: Record, keep: bool) -> Ref[Any] | None:
        """Start a child because somebody asked for it. Raises `AlreadyStarted` if its name is held (API-1)."""
        try:
            await self._start(record)
        except StartFailed as failed:
            self._report_failed(record, failed)
            if not keep:
                self._children.remove(record)
            raise refusal(record, failed) from None
        ref: Ref[Any] | None = record.ref
        return ref

    # Restarting.

    def _restart(self, record: Record) -> Any:
        if self.strategy == "one_for_one":
            return super()._restart(record)
        plan = restart_plan(group(self.strategy, self._children, record), record)
        self._children.stopped(record)
        return self._restart_group(plan)

    async def _restart_group(self, plan: Plan) -> None:
        """Stop a group in reverse order, then start it in order (ST-2, ST-3); one that fails is tried again."""
        breath = self._breathe()
        for record in plan.stop:
            await self._stop(record)
            record.note(self._ref._engine.clock(), Shutdown())
            self._children.stopped(record)
            await breath.take()
        for record in plan.drop:
            self._children.remove(record)
        for record in plan.start:
            try:
                await self._start(record, again=True)
            except StartFailed as failed:
                self._start_failed(record, failed)
                return
            await breath.take()

    def _finished(self, record: Record, react: Any) -> None:
        if auto_shutdown(self.auto_shutdown, record.spec, react, self._children.significant):
            raise Stop(Shutdown())
