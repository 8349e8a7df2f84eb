"""`DynamicSupervisor`: any number of children, each started by request and known by its address (DS-1 to DS-9)."""

from typing import Any, TypeVar

from cybernetic.core import MaxChildren, NotFound, Reason, SpecError, StartFailed
from cybernetic.runtime import Agent, Ref
from cybernetic.supervision.children import Children, Record
from cybernetic.supervision.failed import refusal
from cybernetic.supervision.intensity import Intensity
from cybernetic.supervision.keeper import Keeper
from cybernetic.supervision.reports import report_alike
from cybernetic.supervision.spec import Child, check_settings

A = TypeVar("A", bound=Agent)


class DynamicSupervisor(Keeper):
    """A supervisor that begins without children; `ref.call(DynamicSupervisor.start_child, child(...))` adds one.

    It restarts one for one, and at its end stops all children at once. Ids of children mean nothing to it.

    Args:
        max_children: how many there may be, those being restarted included; None (default): any number.
        max_restarts: as for `Supervisor`; default 3.
        max_seconds: as for `Supervisor`; default 5.
        extra_arguments: put before each child's own arguments, at every start (DS-3). Default none. `child` checks
            the own arguments alone against the signature, so `__init__` must accept these as well.
    """

    max_children: int | None = None
    extra_arguments: tuple[Any, ...] = ()

    _final = frozenset({"setup", "terminate", "start_child", "terminate_child"})

    def __init__(
        self,
        max_children: int | None = None,
        max_restarts: int | None = None,
        max_seconds: float | None = None,
        extra_arguments: tuple[Any, ...] = (),
    ) -> None:
        if max_children is not None:
            self.max_children = max_children
        if max_restarts is not None:
            self.max_restarts = max_restarts
        if max_seconds is not None:
            self.max_seconds = max_seconds
        if extra_arguments != ():
            self.extra_arguments = extra_arguments

    def setup(self) -> None:
        """Check the settings. Raises `SpecError` (DS-2)."""
        check_settings("one_for_one", self.max_restarts, self.max_seconds, "never")
        limit = self.max_children
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise SpecError("invalid_max_children", "max_children", "an integer >= 0 or None", limit)
        if not isinstance(self.extra_arguments, tuple):
            raise SpecError(
                "invalid_extra_arguments", "extra_arguments", "a tuple of arguments", self.extra_arguments
            )
        self._children = Children(anonymous=True)
        self._intensity = Intensity(self.max_restarts, self.max_seconds)

    async def terminate(self, reason: Any) -> None:
        """Stop all children at once, each within its own limit (T-5, DS-8)."""
        breath, ending = self._breathe(), []
        for record in self._children:
            if record.state == "running":
                ending.append((record, self._begin_stop(record)))
            self._forget_retry(record)
            await breath.take()
        wrong: list[tuple[Record, Reason]] = []
        for record, end in ending:
            why = await end
            if self._misbehaved(record, why):
                wrong.append((record, why))
        report_alike(self.ref, "shutdown_error", wrong)

    async def start_child(self, spec: Child[A]) -> Ref[A] | None:
        """Start a child; None if it asked to be ignored.

        Raises `MaxChildren` if there is no room, `AlreadyStarted` if its name is held, `ChildNotStarted` if it
        fails, `BadChild` if it is no `child(...)` of an agent class, or significant.
        """
        self._check_child(spec)
        if self.max_children is not None and len(self._children) >= self.max_children:
            raise MaxChildren(self.max_children)
        record = Record(spec)
        try:
            await self._start(record)
        except StartFailed as failed:
            self._report_failed(record, failed)
            raise refusal(record, failed) from None
        ref: Ref[A] | None = record.ref
        return ref

    async def terminate_child(self, ref: Ref[Any]) -> None:
        """Stop a child, also one that is being restarted, by its last address (DS-6). Raises `NotFound`."""
        record = self._children.by_ref(ref)
        if record is None:
            raise NotFound(ref)
        await self._stop(record)
        self._children.remove(record)

    def _started(self, record: Record, ref: Any) -> None:
        if record.ref is None:
            record.ref = ref
            self._children.add(record)
        super()._started(record, ref)

    def _ignored(self, record: Record) -> None:
        if record.ref is not None:
            self._children.remove(record)

    def _arguments(self, spec: Child[Any]) -> tuple[Any, ...]:
        return (*self.extra_arguments, *spec.args)
