"""`PartitionSupervisor`: one worker many times over, each key served by the same one (statements PS-1 to PS-6)."""

import os
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Generic, TypeVar
from zlib import crc32

from cybernetic.core import (
    CallFailed,
    CannotTravel,
    NoProc,
    NotFound,
    OptionError,
    Refusal,
    Restarting,
    SpecError,
    whole,
)
from cybernetic.runtime import Agent, LocalSystem, Named, Ref
from cybernetic.supervision.spec import Child, Strategy
from cybernetic.supervision.tree import Tree
from cybernetic.wire import Codec

A = TypeVar("A", bound=Agent)
Arguments = tuple[Any, ...]

_KEYS = Codec(canonical=True)


class Unroutable(OptionError, Refusal):
    """A key that no partition can be found for, or an impossible number of partitions."""


def partition_of(key: object, partitions: int) -> int:
    """The number, from 0, of the one of `partitions` that serves `key` (PS-2).

    An integer is taken modulo their number, its sign dropped; of anything else the bytes in which it travels are
    hashed, so equal keys of equal type lead to the same number in every process. Raises `Unroutable` if the key
    cannot travel.
    """
    if type(key) is int:
        return abs(key) % partitions
    try:
        data = _KEYS.encode(key, "key")
    except CannotTravel:
        raise Unroutable("key", "a value that can travel", key) from None
    return crc32(data) % partitions


class PartitionSupervisor(Tree):
    """A supervisor of the same child several times; ids are 0, 1, 2 and so on.

    Start it as `child(partial(PartitionSupervisor, child(Worker, "x"), partitions=4), name="workers")`. Find the
    worker of a key by message, `ref.call(PartitionSupervisor.route, key)`, or without one through `Partitions`.
    If the supervisor has a name, its children have "<name>/<number>".

    Args:
        template: what to start in each partition; without a name, and not temporary. Its id says nothing.
        partitions: how many, > 0. Default None: as many as the machine has processors.
        with_arguments: called with the template's arguments, a tuple, and the number of a partition; returns the
            arguments for this one. Default None: all have the template's.
        strategy: as for `Supervisor`; default "one_for_one".
        max_restarts: as for `Supervisor`; default 3.
        max_seconds: as for `Supervisor`; default 5.

    Raises:
        SpecError: an argument is wrong. The supervisor does not start then.
    """

    _final = frozenset({"children", "auto_shutdown", "route", "resize", "partitions"})

    def __init__(
        self,
        template: Child[Any],
        partitions: int | None = None,
        with_arguments: Callable[[Arguments, int], Iterable[Any]] | None = None,
        *,
        strategy: Strategy | None = None,
        max_restarts: int | None = None,
        max_seconds: float | None = None,
    ) -> None:
        if not isinstance(template, Child) or template.name is not None:
            raise SpecError("invalid_child_spec", "template", "child(...) without a name", template)
        if template.restart == "temporary":
            raise SpecError("bad_combination", "template", "a permanent or transient child", template.restart)
        self._template = template
        self._most = os.cpu_count() or 1 if partitions is None else whole("partitions", partitions, least=1)
        self._arguments_of = with_arguments
        self.routed = self._most
        if strategy is not None:
            self.strategy = strategy
        if max_restarts is not None:
            self.max_restarts = max_restarts
        if max_seconds is not None:
            self.max_seconds = max_seconds

    def children(self) -> Iterable[Child[Any]]:
        """One child for each partition."""
        return [self._partition(number) for number in range(self._most)]

    def partitions(self) -> int:
        """How many partitions keys lead to now."""
        return self.routed

    def route(self, key: object) -> Ref[Any]:
        """The agent that serves `key` now (PS-2, PS-3).

        Raises `NotFound` if it has ended or there are no partitions, `Restarting` while it is tried again,
        `Unroutable` if the key cannot travel.
        """
        if not self.routed:
            raise NotFound(key)
        number = partition_of(key, self.routed)
        record = self._children.find(number)
        if record.state == "restarting":
            raise Restarting(number)
        if record.state == "stopped":
            raise NotFound(number)
        ref: Ref[Any] = record.ref
        return ref

    async def resize(self, partitions: int) -> int:
        """Use so many partitions from now on, from none to as many as it began with; returns the former number.

        Those not needed any more get no more keys and are stopped, last first; those needed again are started,
        and get keys when all are up (PS-5). Raises `Unroutable` for any other number, `ChildNotStarted` if one
        does not start: then nothing has changed for the keys.
        """
        if (
            isinstance(partitions, bool)
            or not isinstance(partitions, int)
            or not 0 <= partitions <= self._most
        ):
            raise Unroutable("partitions", f"an integer from 0 to {self._most}", partitions)
        before, self.routed = self.routed, min(partitions, self.routed)
        for number in range(before - 1, partitions - 1, -1):
            record = self._children.find(number)
            await self._stop(record)
            self._children.stopped(record)
        for number in range(before, partitions):
            record = self._children.find(number)
            if record.state == "stopped":
                await self._start_asked(record, keep=True)
        self.routed = partitions
        return before

    def _partition(self, number: int) -> Child[Any]:
        template = self._template
        settings = {field.name: getattr(template, field.name) for field in fields(template)}
        if self._arguments_of is not None:
            args = self._arguments_of(template.args, number)
            if not isinstance(args, list | tuple):
                raise SpecError("invalid_mfa", "with_arguments", "a list of arguments to be returned", args)
            settings["args"] = tuple(args)
        name = self.ref.name
        return Child(**settings | {"id": number, "name": None if name is None else _name(name, number)})


class Partitions(Generic[A]):
    """The partitions of the `PartitionSupervisor` named `name`, found without a message, also after restarts.

    `Partitions(system, "workers", Worker).route(key)` is an address by name. It only looks up: nothing can be
    registered through it (PS-6). For use on the node of the supervisor.

    Args:
        system: the system in which it runs.
        name: the supervisor's name.
        cls: the class of its children.
    """

    __slots__ = ("_cls", "_name", "_system")

    def __init__(self, system: LocalSystem, name: str, cls: type[A]) -> None:
        self._system, self._name, self._cls = system, name, cls
        self._at(0)  # complains of what is wrong with the arguments

    def __repr__(self) -> str:
        return f"<partitions {self._name!r} of {self._cls.__name__}>"

    def route(self, key: object) -> Named[A]:
        """The address of the agent that serves `key`, while the number of partitions is what it is now.

        Raises `CallFailed` with `NoProc` if the supervisor does not run, `NotFound` if it has no partitions,
        `Unroutable` if the key cannot travel.
        """
        count = self._count()
        if not count:
            raise NotFound(key)
        return self._at(partition_of(key, count))

    def all(self) -> tuple[Named[A], ...]:
        """The addresses of all partitions that keys lead to, in order. Raises `CallFailed` as `route` does."""
        return tuple(self._at(number) for number in range(self._count()))

    def _at(self, number: int) -> Named[A]:
        return self._system.named(_name(self._name, number), self._cls)

    def _count(self) -> int:
        supervisor = self._system.whereis(self._name, PartitionSupervisor)
        agent = None if supervisor is None else supervisor._agent
        if agent is None:
            raise CallFailed(self, "route", NoProc())
        return int(agent.routed)


def _name(supervisor: str, number: int) -> str:
    return f"{supervisor}/{number}"
