"""What is over is said to be, whoever ends before that; and what a level remembers of pains from below has a bound."""

import asyncio
from typing import Any

import pytest

from cybernetic.vsm import Algedonode, Allow, PainKey, ViableSystem
from cybernetic.vsm.algedonic.messages import Told
from cybernetic.vsm.algedonic.origins import KEPT, Origins
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.decisions import Reception
from cybernetic.vsm.ladder import Severity
from tests.vsm.living.company import PAGER
from tests.vsm.living.pain.ladder import PATHS, Human, begin, end, levels, node, pain
from tests.vsm.living.test_asked_afar import asked_at, question
from tests.vsm.living.test_deep_afar import MID, OWN, fire, three
from tests.vsm.living.test_deep_afar import node as node_at
from tests.vsm.living.test_deep_afar import relieve as relieve_at
from tests.vsm.living.test_junction_doors import Way


class Slow(Human):
    """Whom it takes a second to tell that it is over."""

    async def resolve(self, key: PainKey) -> None:
        """Note it then."""
        await asyncio.sleep(1.0)
        super().resolve(key)


async def test_an_algedonode_that_ends_before_it_has_said_so_has_its_successor_say_it() -> None:
    human = Slow()
    async with levels(human) as system:
        hurts = fire(path=PATHS[2])
        node(system, 2).cast(Algedonode.feel, hurts)
        await asyncio.sleep(0.5)
        relieve_at(system, hurts, PATHS[2])
        await asyncio.sleep(0.2)
        end(system, f"{PATHS[2]}:algedonode")
        await asyncio.sleep(5.0)
        assert human.over == []
        await begin(system, 2, human)
        await asyncio.sleep(2.0)
        assert human.over == [hurts.key]


@pytest.mark.parametrize("seconds", [0.0, 20.0])
async def test_so_does_one_elsewhere_that_ends_while_nobody_above_is_reached(seconds: float) -> None:
    async with three() as (_, b, _, _):
        hurts = fire(path=f"{MID}/w")
        node_at(b, MID).cast(Algedonode.feel, hurts)
        await asyncio.sleep(2.0)
        Way.lost = lambda _value, name: name in ("to shop", f"{MID}:outpost")
        await asyncio.sleep(3.0)
        relieve_at(b, hurts, MID)
        await asyncio.sleep(seconds + 0.5)
        end(b, f"{MID}:algedonode")
        await asyncio.sleep(5.0)
        assert hurts.key not in PAGER.over
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(30.0)
        assert PAGER.over.count(hurts.key) == 1


async def test_so_does_system_5_of_a_question() -> None:
    async with asked_at(1) as (systems, shop, _, job):
        id = question()
        Way.lost = lambda value, _: getattr(value, "method", "") == "resolve"
        assert await shop.call(ViableSystem.answer, id, Allow(), "boss") is Reception.TAKEN
        await job
        await asyncio.sleep(5.0)
        end(systems[1], f"{MID}:policy")
        await asyncio.sleep(5.0)
        assert PAGER.over == []
        Way.lost = lambda _value, _name: False
        await asyncio.sleep(15.0)
        assert len(PAGER.over) == 1
        books = systems[1].named(f"{MID}:books", Books)
        assert await books.call(Books.load, "owed by policy") == ((), ())
        assert OWN.pages == []


async def test_a_level_remembers_the_pains_from_below_that_it_heard_of_last() -> None:
    async with levels(Human()) as system:
        first = pain("first")
        for n in range(KEPT + 100):
            await tell(system, pain(f"storm {n}"))
            if n % 100 == 0 and n < KEPT:
                await tell(system, first)  # it is open, and told again
        known = (await system.named(f"{PATHS[2]}:books", Books).call(Books.load, "ladder"))[2]
        assert len(known) == KEPT
        assert known[first.key] == PATHS[0]
        assert pain("storm 0").key not in known
        assert pain(f"storm {KEPT + 99}").key in known


async def tell(system: Any, one: Any) -> None:
    """A pain has come up to the top."""
    await node(system, 2).call(Algedonode.from_below, Told(one, 3, Severity.ALERT), PATHS[0])


def test_what_is_in_the_books_of_an_older_version_is_bounded_as_well() -> None:
    known = {pain(f"storm {n}").key: PATHS[0] for n in range(KEPT + 9)}
    origins = Origins(PATHS[2], known)
    assert origins.known == dict(list(known.items())[-KEPT:])
    assert origins.of(pain("storm 0").key) == PATHS[2]
