"""The agents of the bodies that run on one node and on several: what they do is asked of them by message."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cybernetic import (
    Agent,
    Deferred,
    DynamicSupervisor,
    Exit,
    Ignore,
    Reason,
    Ref,
    Refusal,
    Stop,
    Supervisor,
    Token,
    child,
    travels,
)


@travels
@dataclass(frozen=True)
class Upset(Reason):
    """A reason of a program's own, which travels."""

    why: str = ""


@dataclass(frozen=True)
class Private(Reason):
    """A reason of a program's own, which does not travel."""

    why: str = ""


@travels
class SoldOut(Refusal):
    """A refusal that every node knows."""


class Closed(Refusal):
    """A refusal that does not travel as itself."""


@travels
@dataclass(frozen=True)
class Box:
    """A value of a program's own, which travels."""

    inside: Any


@travels
@dataclass(frozen=True)
class Rare:
    """A value that a node may not know: tests take it out of the table of types."""

    n: int = 0


class Base(Agent):
    """What is inherited is asked for by the name of the base."""

    def greet(self, name: str = "you") -> str:
        return f"hello {name}"

    def kind(self) -> str:
        return "base"


class Actor(Base):
    """Keeps what comes, and does to others what it is told."""

    def __init__(self, trap: bool = False) -> None:
        if trap:
            self.trap_exit = True
        self.got: list[Any] = []
        self.tokens: list[Token] = []
        self.later: Deferred[Any] | None = None
        self.gate = asyncio.Event()

    def receive(self, message: Any) -> None:
        self.got.append(message)

    def seen(self) -> list[Any]:
        return self.got

    def note(self, value: Any) -> None:
        self.got.append(value)

    def kind(self) -> str:
        return "actor"

    # Answers.

    def echo(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    async def slow(self, seconds: float, value: Any = None) -> Any:
        await asyncio.sleep(seconds)
        return value

    def put_off(self) -> Deferred[Any]:
        self.later = self.defer()
        return self.later

    def make_up(self, value: Any) -> None:
        assert self.later is not None
        self.later.reply(value)

    def break_off(self, text: str) -> None:
        assert self.later is not None
        self.later.fail(ValueError(text))

    def refuse(self, text: str) -> None:
        raise SoldOut(text)

    def refuse_quietly(self, text: str) -> None:
        raise Closed(text)

    def boom(self, text: str) -> None:
        raise ValueError(text)

    def stray(self) -> object:
        return object()

    def rare(self, n: int) -> Any:
        return Rare(n)

    def _hidden(self) -> None:
        """Nobody may ask for it."""

    def who_asks(self) -> Any:
        return self.sender

    def own_name(self) -> Any:
        return self.ref

    async def wait(self) -> None:
        await self.gate.wait()

    # What it does to others.

    async def ask(self, other: Any, *args: Any) -> Any:
        return await other.call(Actor.echo, *args)

    async def ask_oneself(self, me: Any) -> str:
        try:
            return str(await me.call(Actor.kind))
        except Exception as error:
            return type(error).__name__

    async def ask_who(self, other: Any) -> Any:
        return await other.call(Actor.who_asks)

    def say(self, other: Any, *values: Any) -> None:
        for value in values:
            other.cast(Actor.note, value)

    def write(self, other: Any, *values: Any) -> None:
        for value in values:
            other.send(value)

    async def mix(self, other: Any, rounds: int) -> None:
        for n in range(rounds):
            other.cast(Actor.note, n)
            other.send(-n)
            if n % 7 == 0:
                await other.call(Actor.note, f"call {n}")

    async def abandon_call(self, other: Any) -> str:
        try:
            await other.within(0.2).call(Actor.slow, 0.5, "late")
        except TimeoutError as error:
            return type(error).__name__
        return "answered"

    def watch(self, other: Any, priority: bool = False) -> None:
        self.tokens.append(self.monitor(other, priority=priority))

    def unwatch(self, n: int = 0, flush: bool = False) -> bool:
        return self.demonitor(self.tokens[n], flush=flush)

    def in_order(self) -> list[int]:
        """Which of its monitors the `Down`s that came belong to."""
        return [self.tokens.index(m.token) for m in self.got if hasattr(m, "token")]

    def tie(self, other: Any, priority: bool = False) -> None:
        self.link(other, priority=priority)

    def tie_to_gone(self, other: Any) -> str:
        try:
            self.link(other)
        except Exception as error:
            return f"{type(error).__name__}: {getattr(error, 'reason', error)!r}"
        return "linked"

    def remind_to_tie(self, other: Any) -> None:
        self.link(other)

    def untie(self, other: Any, flush: bool = False) -> None:
        self.unlink(other, flush=flush)

    def signal(self, other: Any, reason: Any) -> None:
        self.exit(other, reason)

    async def halt(self, other: Any, reason: Any) -> None:
        await other.stop(reason)

    def quit(self, reason: Any) -> None:
        self.stop(reason)

    def last_words(self, other: Any, count: int) -> None:
        """Says much, and crashes."""
        for n in range(count):
            other.cast(Actor.note, n)
            other.send(str(n))
        raise ValueError("on purpose")

    def unwatch_behind(self, flush: bool) -> None:
        """Ends the first monitor when its `Down` is queued already."""
        self.demonitor(self.tokens[0], flush=flush)

    def untie_behind(self, other: Any, flush: bool) -> None:
        self.unlink(other, flush=flush)

    async def hold(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def hold_until_behind(self, count: int) -> None:
        """Goes on when so many messages wait behind this one."""
        await self._until(lambda: self.ref.inspect().info().length >= count)

    async def hold_until_dropped(self, count: int) -> None:
        """Goes on when its mailbox has had no room for so many messages."""
        await self._until(lambda: self.ref.inspect().info().dropped >= count)

    async def _until(self, true: Callable[[], bool]) -> None:
        for _ in range(6000):  # a minute, after which it is not so
            if true():
                return
            await asyncio.sleep(0.01)

    def remind(self, other: Any, seconds: float) -> None:
        other.after(seconds).cast(Actor.note, "due")

    def alarm(self, other: Any, seconds: float) -> None:
        self.timer = other.every(seconds).cast(Actor.note, "tick")

    def calm(self) -> bool:
        return self.timer.cancel() is not None

    def boxes(self, other: Any, address: Any) -> None:
        other.cast(Actor.keep, Box([address, {"by": address}]))

    def keep(self, box: Box) -> None:
        self.got.append(box)

    async def use(self, *args: Any) -> Any:
        """Calls whom it was told of."""
        return await self.got[-1].inside[0].call(Actor.echo, *args)

    async def ask_kind(self, other: Any) -> str:
        return str(await other.call(Base.kind))


class Fated(Actor):
    """Ends for a reason that does not travel."""

    def end(self) -> None:
        self.stop(Private("sealed"))


class Slow(Actor):
    """Takes its time to unwind."""

    async def linger(self, seconds: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(seconds)


class Tidy(Actor):
    """Cleans up, and tells whom it was told to."""

    def __init__(self, heir: Ref[Any] | None = None, seconds: float = 0.0) -> None:
        super().__init__()
        self.heir, self.seconds = heir, seconds

    async def terminate(self, reason: Reason) -> None:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.heir is not None:
            self.heir.cast(Actor.note, ("tidied", reason))


class Deaf(Actor):
    """Traps exits and ends for none."""

    trap_exit = True

    def receive(self, message: Any) -> None:
        if not isinstance(message, Exit):
            super().receive(message)


class Narrow(Actor):
    """Has room for two messages."""

    mailbox_limit = 2


class Fussy(Actor):
    """Fails to start in the way it is told."""

    def __init__(self, how: str, heir: Ref[Any] | None = None) -> None:
        super().__init__()
        self.how = how
        if heir is not None:
            heir.cast(Actor.note, self.ref)
        if how == "crash in init":
            raise ValueError("no")
        if how == "stop in init":
            raise Stop(Upset("no"))
        if how == "private reason":
            raise Stop(Private("no"))
        if how == "ignore":
            raise Ignore
        if how == "refuse":
            raise SoldOut("none left")
        if how == "refuse quietly":
            raise Closed("shut")

    async def setup(self) -> None:
        if self.how == "crash in setup":
            raise ValueError("not yet")
        if self.how == "hang":
            await asyncio.sleep(1000)
        if self.how == "slow":
            await asyncio.sleep(0.5)


class Pair(Supervisor):
    """Children as they are given: (id, class, arguments, options)."""

    def __init__(self, specs: list[Any], options: dict[str, Any] | None = None) -> None:
        self.specs = specs
        for name, value in (options or {}).items():
            setattr(self, name, value)

    def children(self) -> Any:
        return [child(CLASSES[cls], *args, id=id, **options) for id, cls, args, options in self.specs]


class Loose(DynamicSupervisor):
    """Children that come and go."""

    max_children = 3


class Chronicler(Actor):
    """Tells an elder when it starts and when it ends."""

    def __init__(self, elder: Ref[Any], label: str) -> None:
        super().__init__()
        self.elder, self.label = elder, label
        elder.cast(Actor.note, f"+{label}")

    def terminate(self, reason: Reason) -> None:
        self.elder.cast(Actor.note, f"-{self.label}")


CLASSES: dict[str, Any] = {
    "actor": Actor,
    "chronicler": Chronicler,
    "deaf": Deaf,
    "fussy": Fussy,
    "tidy": Tidy,
}
