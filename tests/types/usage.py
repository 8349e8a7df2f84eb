"""Typical programs, as type checkers see them; `reveals` says which type an expression must have.

Nothing here is run: mypy and pyright read it. Lines that must be refused are in `refused.py`.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, assert_type

from cybernetic import (
    Address,
    Agent,
    Child,
    Deferred,
    Down,
    DynamicSupervisor,
    Exit,
    Named,
    Normal,
    Reason,
    Ref,
    Shutdown,
    Stop,
    Supervisor,
    System,
    Timer,
    Token,
    child,
)

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


def timed(fn: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A decorator that keeps the signature."""

    @wraps(fn)
    def wrapper(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return fn(self, *args, **kwargs)

    return wrapper


class Labelled(Protocol):
    """An interface."""

    def label(self) -> str: ...


class Mixin:
    """Brings a method along."""

    def mixed(self, x: float) -> bytes:
        return bytes(int(x))


class Counter(Mixin, Agent):
    """The counter of the README, with a bit of everything."""

    def __init__(self, start: int = 0) -> None:
        self.value = start

    async def setup(self) -> None: ...

    def add(self, by: int = 1) -> int:
        self.value += by
        return self.value

    async def fetch(self, key: str, *, fresh: bool = False) -> list[str]:
        return [key]

    def later(self, key: str) -> Deferred[float]:
        return self.defer()

    async def later_still(self) -> None:
        self.stop(Shutdown("done"))

    @timed
    def measured(self, x: int, y: str = "") -> str:
        return y * x

    @timed
    async def measured_async(self, x: int) -> str:
        return str(x)

    def many(self, *items: int, name: str = "") -> dict[str, int]:
        return {}

    def nothing(self) -> None: ...

    def label(self) -> str:
        return "counter"

    def receive(self, message: object) -> None:
        match message:
            case Down(token, ref, reason):
                assert_type(token, Token)
                assert_type(ref, object)
                assert_type(reason, Reason)
            case Exit(reason=Shutdown(detail)):
                raise Stop(Normal(), reply=detail)
            case _:
                raise Stop(Shutdown("what?"))

    def terminate(self, reason: Reason) -> None: ...

    def redact(self, state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "value": "..."}

    async def inside(self) -> None:
        """What an agent does from inside."""
        assert_type(await self.ref.call(Counter.add, 1), int)
        assert_type(self.sender, Ref[Any] | None)
        assert_type(self.spawn(Counter), "Ref[Counter]")
        assert_type(self.spawn(Counter, 3, name="x", link=True), "Ref[Counter]")
        assert_type(self.spawn(Counter, 3, monitor=True), "tuple[Ref[Counter], Token]")
        assert_type(self.spawn(partial(Counter, start=3)), "Ref[Counter]")
        assert_type(await self.start(Pair, 1, "b", start_timeout=2.0), "Ref[Pair]")
        token = self.monitor(self.spawn(Counter), priority=True)
        assert_type(self.demonitor(token, flush=True), bool)
        self.link(self.spawn(Counter))
        self.exit(self.ref, Shutdown())
        self.continue_with(Counter.add, 1)
        self.continue_with(Counter.fetch, "a", fresh=True)
        assert_type(await self.run_blocking(len, "abc"), int)
        assert_type(await self.task(self.fetch("a")), list[str])


class Pair(Agent):
    """Takes two arguments."""

    def __init__(self, a: int, b: str) -> None: ...

    def swap(self) -> tuple[str, int]:
        return "", 0


class Special(Counter):
    """Overrides and adds."""

    def add(self, by: int = 1, twice: bool = False) -> int:
        return by

    def own(self) -> bool:
        return True


class App(Supervisor):
    """A supervisor as in the README."""

    strategy = "one_for_all"
    max_restarts = 3
    max_seconds = 5.0

    def children(self) -> Iterable[Child[Any]]:
        return [
            child(Counter, 10, id="counter", name="counter", restart="permanent", shutdown=5.0),
            child(Counter, restart="transient", shutdown="brutal_kill", significant=True),
            child(Pair, 1, "b", restart="temporary", shutdown=None, start_timeout=3.0),
            child(partial(Counter, start=3), id=("any", 1)),
            child(Supervisor),
        ]


async def calls(ref: Ref[Counter]) -> None:
    assert_type(await ref.call(Counter.add), int)
    assert_type(await ref.call(Counter.add, 5), int)
    assert_type(await ref.call(Counter.add, by=5), int)
    assert_type(await ref.call(Counter.fetch, "a"), list[str])
    assert_type(await ref.call(Counter.fetch, "a", fresh=True), list[str])
    assert_type(await ref.call(Counter.later, "a"), float)
    assert_type(await ref.call(Counter.mixed, 1.0), bytes)
    assert_type(await ref.call(Mixin.mixed, 1.0), bytes)
    assert_type(await ref.call(Labelled.label), str)
    assert_type(await ref.call(Counter.measured, 1, "x"), str)
    assert_type(await ref.call(Counter.measured_async, 1), str)
    assert_type(await ref.call(Counter.many, 1, 2, name="x"), dict[str, int])
    assert_type(await ref.within(0.2).call(Counter.add, 5), int)
    assert_type(await ref.within(None).call(Counter.later, "a"), float)
    coroutine: Coroutine[Any, Any, int] = ref.call(Counter.add, 1)
    assert_type(await coroutine, int)
    asked = ref.request(Counter.add, 1)
    assert_type(asked, Awaitable[int])
    assert_type(await asked, int)
    assert_type(await ref.request(Counter.fetch, "a"), list[str])
    assert_type(await ref.request(Counter.later, "a"), float)
    await ref.call(Counter.nothing)


async def casts(ref: Ref[Counter], address: Address[Counter]) -> None:
    ref.cast(Counter.add, 5)
    ref.cast(Counter.fetch, "a", fresh=False)
    ref.cast(Counter.later, "a")
    address.send({"anything": 1})
    assert_type(ref.after(2.0).cast(Counter.add, 5), Timer)
    assert_type(ref.every(2.0).send("tick"), Timer)
    assert_type(ref.after(1.0).send(None).cancel(), float | None)
    ref.exit(Shutdown())
    await ref.stop(Normal(), timeout=3.0)


async def inherited(special: Ref[Special]) -> None:
    assert_type(await special.call(Counter.add, 5), int)
    assert_type(await special.call(Special.add, 5, True), int)
    assert_type(await special.call(Special.own), bool)
    wider: Ref[Counter] = special
    widest: Address[Agent] = special
    labelled: Address[Labelled] = special
    assert_type(await labelled.call(Labelled.label), str)
    await calls(wider)
    widest.send("x")


async def systems() -> None:
    async with System(watchdog=0.1, seed=7) as system:
        assert_type(system, System)
        app = await system.start(App)
        assert_type(app, "Ref[App]")
        assert_type(await system.start(Counter, 10, name="c", type="permanent"), "Ref[Counter]")
        assert_type(await system.start(partial(Pair, b="x"), 1), "Ref[Pair]")
        assert_type(system.spawn(Pair, 1, "b"), "Ref[Pair]")
        assert_type(system.named("counter", Counter), Named[Counter])
        assert_type(system.whereis("counter", Counter), Ref[Counter] | None)
        assert_type(system.whereis("counter"), Ref[Any] | None)
        assert_type(await system.wait(app), Reason)
        assert_type(system.alive(app), bool)
        assert_type(await system.named("counter", Counter).call(Counter.add, 1), int)
        assert_type(await app.call(Supervisor.start_child, child(Counter, 1)), "Ref[Counter] | None")
        await app.call(Supervisor.terminate_child, "counter")
        workers = await system.start(DynamicSupervisor)
        await workers.call(DynamicSupervisor.start_child, child(Counter, 1, restart="temporary"))


def by_hand() -> None:
    assert_type(Counter(10).add(1), int)
    assert_type(child(Counter, 3), "Child[Counter]")
