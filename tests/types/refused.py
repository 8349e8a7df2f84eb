"""Mistakes that type checkers must refuse: each line carries what mypy and pyright say of it, and must be refused.

Nothing here is run. An ignore that is not needed is an error of its own, in both.
"""

from cybernetic import Agent, Deferred, Ref, Stop, Supervisor, System, child


class Counter(Agent):
    """Has methods to misuse."""

    def __init__(self, start: int = 0) -> None:
        self.value = start

    def add(self, by: int = 1) -> int:
        return by

    async def fetch(self, key: str) -> list[str]:
        return [key]

    def later(self, key: str) -> Deferred[float]:
        return self.defer()

    @property
    def prop(self) -> int:
        return 1

    @staticmethod
    def static(x: int) -> int:
        return x

    @classmethod
    def klass(cls, x: int) -> int:
        return x

    def misuse_self(self, ref: "Ref[Counter]") -> None:
        ref.cast(self.add)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ref.cast(self.add, 1)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportArgumentType, reportCallIssue]
        self.continue_with(self.add)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def spawns(self) -> None:
        self.spawn(Counter, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        self.spawn(Counter, 1, 2)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportArgumentType]
        self.spawn(Counter, start=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
        self.spawn(Counter, link="yes")  # type: ignore[call-arg, call-overload]  # pyright: ignore[reportArgumentType]
        self.spawn(int)  # type: ignore[call-arg, type-var]  # pyright: ignore[reportArgumentType]
        _, _ = self.spawn(Counter)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]

    def signals(self) -> None:
        self.exit(self.ref, "shutdown")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        self.stop("normal")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        self.monitor("name")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        self.link("name")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Other(Agent):
    """Another agent."""

    def go(self) -> None: ...


class Overrides(Agent):
    """Overrides what is final."""

    def stop(self, reason: object = None) -> None: ...  # type: ignore[misc]  # pyright: ignore[reportIncompatibleMethodOverride]


async def wrong_arguments(ref: "Ref[Counter]") -> None:
    await ref.call(Counter.add, "x")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.call(Counter.add, 1, 2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await ref.call(Counter.add, to=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await ref.call(Counter.fetch)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await ref.call(Counter.later, 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    ref.cast(Counter.add, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ref.request(Counter.add, "x")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.within(1).call(Counter.add, "x")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.within("1").call(Counter.add)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ref.after(1).cast(Counter.add, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ref.every("1").send("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def wrong_methods(ref: "Ref[Counter]") -> None:
    await ref.call(Other.go)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    ref.cast(Other.go)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ref.request(Other.go)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    # to mypy a property of a class is a function; so only pyright, and the program when it runs, can refuse it
    await ref.call(Counter.prop)  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.call(Counter.static, 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.call(Counter.klass, 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.call("add", 1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await ref.call(Counter.nothing)  # type: ignore[attr-defined, call-overload]  # pyright: ignore[reportAttributeAccessIssue]


async def wrong_answers(ref: "Ref[Counter]") -> None:
    text: str = await ref.call(Counter.add, 1)  # type: ignore[call-overload]  # pyright: ignore[reportAssignmentType]
    number: int = await ref.call(Counter.fetch, "a")  # type: ignore[call-overload]  # pyright: ignore[reportAssignmentType]
    print(text, number)


async def wrong_starts(system: System) -> None:
    await system.start(Counter, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await system.start(Counter, 1, 2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await system.start(Counter, start=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await system.start(int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await system.start(Counter, type="eternal")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    system.spawn(Counter, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    system.named("x", int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    system.whereis("x", int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    child(Counter, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    child(Counter, 1, 2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    child(Counter, restart="always")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    child(Counter, shutdown="kill")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    child(Counter, 1, strat="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def narrower(ref: Ref[Agent]) -> "Ref[Counter]":
    return ref  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


class BadSupervisor(Supervisor):
    """Has settings that do not exist."""

    strategy = "one_for_some"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    def children(self) -> list[int]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return [1]


def wrong_stop() -> None:
    raise Stop(Stop, answer=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
