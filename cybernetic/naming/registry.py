"""`Registry`: agents register themselves under keys, alone or with others, and are found by them (REG-1 to REG-14)."""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar, overload

from cybernetic.core import (
    AlreadyRegistered,
    AlreadyStarted,
    NoProc,
    NotRegistered,
    OptionError,
    StartFailed,
    one_of,
)
from cybernetic.naming.agents import RegistryAgent
from cybernetic.naming.messages import Registered, Unregistered
from cybernetic.naming.service import Service, Where, running, system_of
from cybernetic.naming.table import Entry, strictly
from cybernetic.naming.via import Keyed, Via
from cybernetic.runtime import Agent, Named, Ref, SystemFace, tell

A = TypeVar("A", bound=Agent)
V = TypeVar("V")


@dataclass(frozen=True)
class Registry(Service[RegistryAgent]):
    """A registry: `rooms = Registry("rooms")`; `rooms.child()` is its agent, for a supervisor's children.

    An agent registers itself, `rooms.register(self, "kitchen")`; it is forgotten in the moment it ends, before
    anybody learns of its end. If the registry's own agent ends, those registered end with it unless they trap
    exits, and register again when their supervisors have restarted them (REG-10).

    Keys are any hashable values and compare by type and value: 1, 1.0 and True are three. While the agent of the
    registry is not running, operations raise `OptionError`.

    Attributes:
        name: the name its agent is registered under.
        keys: "unique" (default), a key has one holder at most; or "duplicate", any number of entries (REG-1).
        listeners: names of agents that are sent `Registered` and `Unregistered` (REG-12). Default none.
    """

    keys: Literal["unique", "duplicate"] = "unique"
    listeners: tuple[str, ...] = ()

    agent: ClassVar[type[RegistryAgent]] = RegistryAgent

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("keys", self.keys, ("unique", "duplicate"))
        if not isinstance(self.listeners, tuple) or not all(isinstance(name, str) for name in self.listeners):
            raise OptionError("listeners", "a tuple of names of agents", self.listeners)

    # What an agent does with its own entries.

    def register(self, agent: Agent, key: object, value: object = None) -> None:
        """Register `agent`, which is `self` of the caller, under `key`.

        Raises `AlreadyRegistered` if the key is unique and held, be it by the agent itself; nothing has changed
        then (REG-2). A holder that is exiting holds it until its handler has unwound.
        """
        self._add(self._host(agent), running(agent), key, value)

    def unregister(self, agent: Agent, key: object) -> None:
        """Remove all entries of `agent` under `key`; no matter if it has none (REG-7)."""
        self._remove(agent, key, None)

    def unregister_match(self, agent: Agent, key: object, test: Callable[[Any], object]) -> None:
        """Remove the entries of `agent` under `key` whose value passes `test` (REG-7)."""
        self._remove(agent, key, _function("test", test))

    def update_value(self, agent: Agent, key: object, change: Callable[[Any], V]) -> tuple[V, Any]:
        """Replace the value under a key that `agent` holds by `change(value)`; returns the new and the old (REG-6).

        Raises `NotRegistered` if it does not hold the key, `OptionError` if keys are not unique.
        """
        self._check_unique("update_value")
        table, ref = self._host(agent).table, running(agent)
        own = table.own(key, ref)
        if not own:
            raise NotRegistered(key)
        new = change(own[0].value)
        table.replace(key, ref, new)
        return new, own[0].value

    # What anybody may ask.

    @overload
    def whereis(self, where: Where, key: object) -> Ref[Any] | None: ...
    @overload
    def whereis(self, where: Where, key: object, cls: type[A]) -> Ref[A] | None: ...
    def whereis(self, where: Where, key: object, cls: type[Agent] = Agent) -> Ref[Any] | None:
        """The living agent that holds a unique key, or None (REG-5).

        Raises `OptionError` if it is not of class `cls`, or if keys are not unique.
        """
        self._check_unique("whereis")
        system = system_of(where)
        entry = self._host(where).table.first(key)
        if entry is None or not system.alive(entry.ref):
            return None
        if not issubclass(entry.ref.cls, cls):
            raise OptionError(f"whereis {key!r}", f"an agent of class {cls.__name__}", entry.ref)
        return entry.ref  # type: ignore[no-any-return]

    def named(self, where: Where, key: object, cls: type[A]) -> Named[A]:
        """An address by a unique key: resolved at every use, so it survives restarts of who holds it (N-3)."""
        plain = system_of(where).named(self.name, cls)
        return Keyed(plain._engine, self.via(key), plain._protocol)  # type: ignore[arg-type]

    def via(self, key: object, value: object = None) -> Via:
        """A unique key as a name to start an agent under: `child(Room, name=rooms.via("kitchen"))` (N-4, REG-11).

        `value` is what is registered with it. Raises `OptionError` if keys are not unique.
        """
        self._check_unique("via")
        return Via(self, key, value)

    def lookup(self, where: Where, key: object) -> list[Entry]:
        """The entries under a key, oldest first: each has `.key`, `.ref` and `.value` (REG-5)."""
        return self._host(where).table.entries(key)

    def keys_of(self, where: Where, ref: Ref[Any] | None = None) -> list[Any]:
        """The keys of an agent, oldest first, as often as it has registered them; by default of `where` itself."""
        return [entry.key for entry in self._host(where).table.of(_whom(where, ref))]

    def values(self, where: Where, key: object, ref: Ref[Any] | None = None) -> list[Any]:
        """The values that an agent has given with a key, oldest first; by default `where` itself."""
        return [entry.value for entry in self._host(where).table.own(key, _whom(where, ref))]

    def match(self, where: Where, key: object, test: Callable[[Any], object]) -> list[Entry]:
        """The entries under a key whose value passes `test`."""
        _function("test", test)
        return [entry for entry in self.lookup(where, key) if test(entry.value)]

    def select(self, where: Where, test: Callable[[Entry], object] | None = None) -> list[Entry]:
        """All entries, oldest first, or those that pass `test`."""
        if test is None:
            return list(self._host(where).table)
        _function("test", test)
        return [entry for entry in self._host(where).table if test(entry)]

    def count(self, where: Where) -> int:
        """How many entries there are."""
        return len(self._host(where).table)

    def dispatch(self, where: Where, key: object, use: Callable[[list[Entry]], object]) -> None:
        """Call `use(entries)` here and now with the entries under a key, unless there are none (REG-8).

        What it raises reaches the caller. Raises `OptionError` for an `async def`.
        """
        if inspect.iscoroutinefunction(_function("use", use)):
            raise OptionError("use", "a plain function: it runs at once", use)
        entries = self.lookup(where, key)
        if entries:
            use(entries)

    # Metadata and locks.

    def put_meta(self, where: Where, key: object, value: object) -> None:
        """Keep a value beside the entries, under a key of its own, until the registry's agent ends (REG-13)."""
        self._host(where).meta[strictly(key)] = value

    def get_meta(self, where: Where, key: object, default: Any = None) -> Any:
        """A value kept by `put_meta`, or `default`."""
        return self._host(where).meta.get(strictly(key), default)

    def delete_meta(self, where: Where, key: object) -> None:
        """Forget a value kept by `put_meta`, if there is one."""
        self._host(where).meta.pop(strictly(key), None)

    @asynccontextmanager
    async def lock(self, where: Where, key: object) -> AsyncIterator[None]:
        """`async with rooms.lock(self, key):` one at a time, in the order of asking; for any key (REG-13).

        An agent that ends lets go at once; who waits and ends is skipped. Waiting has no limit of its own: use
        `asyncio.timeout`. Raises `OptionError` if this very task holds the lock, `CallFailed` if the registry's agent
        ends meanwhile; who holds a lock then is not told, and the next agent begins with no lock held.
        """
        host = self._host(where)
        claim = host._claim(key, running(where) if isinstance(where, Agent) else None)
        try:
            await claim.turn
            yield
        finally:
            host._give_back(claim)

    # Inside.

    def _add(self, host: RegistryAgent, ref: Ref[Any], key: object, value: object) -> None:
        host._add(key, ref, value)
        self._announce(host.system, Registered(self.name, key, ref, value))

    def _remove(self, agent: Agent, key: object, test: Callable[[Any], object] | None) -> None:
        host, ref = self._host(agent), running(agent)
        if host.table.remove(key, ref, test):
            host._settle(ref)
            self._announce(host.system, Unregistered(self.name, key, ref))

    def _announce(self, system: SystemFace, news: Registered | Unregistered) -> None:
        for name in self.listeners:
            listener = system.whereis(name)
            if listener is not None:
                tell(listener, news)

    def _claim(self, ref: Ref[Any], key: object, value: object) -> None:
        """Register an agent that is about to start. Raises `AlreadyStarted`, `StartFailed`."""
        host = self._found(ref._engine.system)
        if host is None:
            raise StartFailed(ref.cls.__name__, NoProc())
        try:
            self._add(host, ref, key, value)
        except AlreadyRegistered as held:
            raise AlreadyStarted(self.via(key), held.ref) from None

    def _holder(self, system: SystemFace, key: object) -> Any:
        """Who holds a key, exiting or not; None also while the registry is not running."""
        host = self._found(system)
        entry = host.table.first(key) if host is not None else None
        return entry.ref if entry is not None else None

    def _check_unique(self, what: str) -> None:
        if self.keys != "unique":
            raise OptionError(f"{what} of a Registry", 'one whose keys are "unique"', self)


def _whom(where: Where, ref: Ref[Any] | None) -> Ref[Any]:
    """The agent that is asked about. Raises `OptionError` if none is given and none asks."""
    if ref is not None:
        return ref
    if isinstance(where, Agent):
        return where.ref
    raise OptionError("ref", "the address of the agent asked about", ref)


def _function(name: str, value: Callable[..., object]) -> Callable[..., object]:
    if not callable(value):
        raise OptionError(name, "a function", value)
    return value
