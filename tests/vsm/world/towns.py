"""What the tests of the world share: mills that tell and ask as their tasks say, on one level and on two."""

from typing import Any, ClassVar

from cybernetic.runtime import Ref
from cybernetic.state import Var
from cybernetic.vsm import Operation, Outcome, Port, Task, ViableSystem, World, unit

HEARD: list[tuple[str, Any]] = []


class Mill(Operation):
    """Does what a task says to the world: {"tell": args, "ask": patterns, "watch": patterns, "take_back": args}."""

    async def handle(self, task: Task) -> Outcome:
        """One after another, and proves that it was here."""
        answer: Any = None
        for what, args in task.body.items():
            keywords = {name: args.pop() for name in ("ttl",) if what == "tell" and len(args) > 4}
            answer = await getattr(self, what)(*args, **keywords)
        used = await self.use("road", list)
        return Outcome(answer, evidence=[used.receipt])

    def receive(self, message: Any) -> None:
        """Keep it."""
        HEARD.append((str(self.ref.cls.__name__), message))


class Quiet(ViableSystem):
    """Two mills that share nothing."""

    ports: ClassVar[Any] = {"road": Port()}

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Mill, id="a"), unit(Mill, id="b")]


class Village(Quiet):
    """Two mills on one level that share a world."""

    world = World()


class Hamlet(Quiet):
    """A level within."""

    ports: ClassVar[Any] = {}


class Closed(Hamlet):
    """A level within that has a world of its own."""

    world = World()


class Town(Quiet):
    """Two levels within, one of which keeps to itself."""

    world = World()

    def units(self) -> list[Any]:
        """A mill and two levels."""
        return [unit(Mill, id="a"), unit(Hamlet, id="in"), unit(Closed, id="closed")]


async def does(level: Ref[Any], who: str, **what: Any) -> Any:
    """Have a mill do something; what came of the last of it."""
    done = await level.within(None).call(ViableSystem.submit, Task("mill", what, to=who))
    return done.outcome.value


async def known(level: Ref[Any], who: str, *pattern: Any) -> list[Any]:
    """What a mill knows of a pattern, with `Var`s named by a question mark."""
    parts = tuple(Var(part[1:]) if isinstance(part, str) and part[:1] == "?" else part for part in pattern)
    answers = await does(level, who, ask=[parts])
    return sorted(answers.rows, key=str)


class Region(Quiet):
    """A mill here, a mill and a level on another node; `home` has it kept on the disk."""

    world = World()

    def units(self) -> list[Any]:
        """One here, two there."""
        return [
            unit(Mill, id="a"),
            unit(Mill, id="far", node="worker-1"),
            unit(Hamlet, id="in", node="worker-1"),
        ]
