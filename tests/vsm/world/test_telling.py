"""What is told without waiting: in order for each fact, the last word alone, as soon as the world is there again."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cybernetic import Agent, Kill, System
from cybernetic.core import Refusal
from cybernetic.runtime import Ref
from cybernetic.state import Assertion, Graph, GraphRefused
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.knowing import Knowing, NoWorld
from cybernetic.vsm.world.telling import LONGEST, Telling
from tests.support import run_virtual, soak
from tests.vsm.world.towns import Village

RIVER = ("river", "is", "high")
GATE = ("gate", "is", "shut")


class World:
    """Takes what it is told after the next of its delays, or refuses it."""

    declared = True

    def __init__(self, answers: list[tuple[float, Refusal | None]]) -> None:
        self.answers, self.known, self.tries = answers, dict[Any, float](), 0

    async def tell(self, *fact: str, ttl: float, cause: str | None) -> None:
        until = now() + ttl
        await self.answer()
        self.known[fact] = until

    async def take_back(self, *fact: str, cause: str | None) -> None:
        await self.answer()
        self.known.pop(fact, None)

    async def answer(self) -> None:
        self.tries += 1
        delay, refusal = self.answers.pop(0) if self.answers else (0.0, None)
        await asyncio.sleep(delay)
        if refusal is not None:
            raise refusal


class Owner:
    """An agent that has nothing but tasks."""

    def __init__(self) -> None:
        self.tasks: set[Any] = set()

    def task(self, coro: Any) -> None:
        task = asyncio.ensure_future(coro)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


AWAY = NoWorld("village", "one that is away")
words = st.lists(st.tuples(st.sampled_from([RIVER, GATE]), st.booleans(), st.floats(0, 3)), min_size=1)
answers = st.lists(st.tuples(st.floats(0, 5), st.sampled_from([None, AWAY])), max_size=12)


@settings(max_examples=soak(100, 2000))
@given(words, answers)
def test_the_last_word_on_each_fact_is_what_is_known_in_the_end(said: Any, delays: Any) -> None:
    async def main() -> None:
        world, owner = World(delays), Owner()
        telling = Telling(owner, world)  # type: ignore[arg-type]
        for fact, so, pause in said:
            (telling.tell if so else telling.take_back)(fact, now() + 10_000)
            assert len(owner.tasks) <= 2
            await asyncio.sleep(pause)
        await asyncio.sleep(12 * (5.0 + LONGEST))
        assert not owner.tasks
        assert set(world.known) == {fact for fact, so in {f: so for f, so, _ in said}.items() if so}

    run_virtual(main())


async def test_what_nobody_would_know_any_more_is_not_told() -> None:
    world, owner = World([(0.0, AWAY)] * 1000), Owner()
    telling = Telling(owner, world)  # type: ignore[arg-type]
    telling.tell(RIVER, now() + 60.0)
    telling.take_back(GATE, now() + 60.0)
    await asyncio.sleep(60.0 + LONGEST)
    assert not owner.tasks
    assert 2 * 60.0 / LONGEST < world.tries < 30
    assert not world.known


async def test_how_long_it_holds_is_counted_from_when_it_was_said() -> None:
    world, owner = World([(2.0, AWAY), (2.0, AWAY)]), Owner()
    until = now() + 60.0
    Telling(owner, world).tell(RIVER, until)  # type: ignore[arg-type]
    await asyncio.sleep(20.0)
    assert world.known == {RIVER: pytest.approx(until)}


async def test_what_is_refused_for_good_is_not_tried_again() -> None:
    world, owner = World([(0.0, GraphRefused("subject: expected a text"))]), Owner()
    Telling(owner, world).tell(RIVER, now() + 60.0)  # type: ignore[arg-type]
    await asyncio.sleep(20.0)
    assert (world.tries, owner.tasks) == (1, set())


class Herald(Agent):
    """Tells the world of a village, as an auditor or a porter does."""

    def __init__(self) -> None:
        self.telling = Telling(self, Knowing(self, "village/a", "herald"))

    def say(self, so: bool, seconds: float) -> None:
        (self.telling.tell if so else self.telling.take_back)(RIVER, now() + seconds)


async def said(system: System) -> tuple[Assertion, ...]:
    """Who says that the river is high."""
    found: tuple[Assertion, ...] = await system.named("village:world", Graph).call(Graph.assertions, *RIVER)
    return found


async def test_what_is_taken_back_while_the_graph_is_away_is_gone_soon_after_it_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    lasting = type("Village", (Village,), {"data": str(tmp_path), "__module__": __name__})
    async with System() as system:
        await system.start(lasting)
        herald: Ref[Herald] = await system.start(Herald)
        await herald.call(Herald.say, True, 3600.0)
        await asyncio.sleep(1.0)
        assert [one.who for one in await said(system)] == ["herald"]
        setup = Graph.setup

        async def away(self: Any) -> None:
            raise NoWorld("village", "a disk that is away")

        monkeypatch.setattr(Graph, "setup", away)
        graph: Any = system.whereis("village:world")
        graph.exit(Kill())
        await herald.call(Herald.say, False, 3600.0)
        await asyncio.sleep(300.0)
        monkeypatch.setattr(Graph, "setup", setup)
        await asyncio.sleep(30.0)
        assert await said(system) == ()
        await herald.call(Herald.say, True, 3600.0)
        await herald.call(Herald.say, False, 3600.0)
        await herald.call(Herald.say, True, 3600.0)
        await asyncio.sleep(1.0)
        assert [one.who for one in await said(system)] == ["herald"]
