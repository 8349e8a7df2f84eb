"""The agents of test_across."""

import asyncio
from typing import Any

from cybernetic import Agent, Groups, Ignore, Ref, Refusal, Supervisor, Topics, child

teams = Groups("teams")
news = Topics("news")


class Member(Agent):
    """Joins, watches, publishes; keeps what it is told."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def receive(self, message: Any) -> None:
        self.log.append(message)

    def logged(self) -> list[Any]:
        return self.log

    def join(self, group: str) -> None:
        teams.join(self, group)

    def leave(self, group: str) -> None:
        teams.leave(self, group)

    def members(self, group: str) -> list[Ref[Any]]:
        return teams.members(self, group)

    def local(self, group: str) -> list[Ref[Any]]:
        return teams.local_members(self, group)

    def watch(self, group: str) -> list[Ref[Any]]:
        return teams.monitor(self, group)[1]

    def subscribe(self, topic: str) -> None:
        news.subscribe(self, topic)

    def publish(self, topic: str, message: Any) -> None:
        news.publish(self, topic, message)

    async def introduce(self, one: Ref[Any], other: Ref[Any]) -> Any:
        return await one.call(Member.meet, other)

    async def meet(self, other: Ref[Any]) -> Any:
        return await other.call(Member.say, "hello"), other

    def say(self, text: str) -> str:
        return f"{text} from {self.ref.node}"

    def flood(self, ref: Ref[Any], count: int) -> None:
        for n in range(count):
            ref.cast(Member.note, n, b"x" * 1000)

    def note(self, n: int, data: bytes) -> None:
        self.log.append(n)

    def later(self, ref: Ref[Any]) -> None:
        ref.after(1.0).cast(Member.note, 7, b"")
        ref.after(2.0).send("late")

    def refuse(self) -> None:
        raise Special("not on a Sunday")


class Special(Refusal):
    """A refusal that is not registered."""


class Stubborn(Agent):
    """Fails to start in the way it is told."""

    def __init__(self, how: str) -> None:
        if how == "crash":
            raise ValueError("no")
        if how == "ignore":
            raise Ignore
        if how == "refuse":
            raise Special("never")
        self.how = how

    async def setup(self) -> None:
        if self.how == "hang":
            await asyncio.sleep(1000)
        if self.how == "call":
            parent = self._ref.details().parent
            await parent.call(Supervisor.which_children)


class Trio(Supervisor):
    """Three children, the second of them far away."""

    def __init__(self, strategy: str, far: str | None) -> None:
        self.strategy = strategy  # type: ignore[assignment]
        self.far = far

    def children(self) -> Any:
        return [
            child(Member, id="a", name="a"),
            child(Member, id="b", name="b", node=self.far),
            child(Member, id="c", name="c"),
        ]


class Waiting(Supervisor):
    """Waits for a child that never comes up."""

    def __init__(self, far: str | None) -> None:
        self.far = far

    def children(self) -> Any:
        return [child(Stubborn, "hang", id="never", node=self.far)]


class Branch(Supervisor):
    """A tree that is elsewhere as a whole."""

    def children(self) -> Any:
        return [child(Member, id=n, name=f"leaf {n}") for n in range(3)]


class Fifty(Supervisor):
    """Fifty children, wherever there is work."""

    def children(self) -> Any:
        return [child(Member, id=n, name=f"m{n}", requires=["work"]) for n in range(50)]


class Early(Supervisor):
    """Starts before there is a node for its child."""

    def children(self) -> Any:
        return [child(Member, id="gpu", name="gpu", requires=["gpu"]), child(Member, id="any", name="any")]
