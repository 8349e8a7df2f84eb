"""The world that units and levels share: what one tells another reads, until it expires or is taken back."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.core import OptionError
from cybernetic.state import Changed, Graph, Var
from cybernetic.vsm import NoWorld, Operation, ViableSystem, World
from tests.vsm.world.towns import HEARD, Quiet, Town, Village, does, known


async def test_what_one_unit_tells_another_reads_with_who_and_why() -> None:
    async with System() as system:
        village = await system.start(Village)
        said = await does(village, "village/a", tell=["river", "is", "high", 0.8])
        assert (said.who, said.confidence, bool(said.cause)) == ("village/a", 0.8, True)
        assert await known(village, "village/b", "river", "is", "?how") == [{"how": "high"}]
        assert await does(village, "village/b", take_back=["river", "is", "high"]) is False
        assert await does(village, "village/a", take_back=["river", "is", "high"]) is True
        assert await known(village, "village/b", "river", "is", "?how") == []


async def test_a_fact_expires_unless_it_is_told_again() -> None:
    async with System() as system:
        village = await system.start(Village)
        for _ in range(3):
            await does(village, "village/a", tell=["river", "is", "high", 1.0, 10.0])
            await asyncio.sleep(8.0)
            assert await known(village, "village/b", "river", "is", "high") == [{}]
        await asyncio.sleep(3.0)
        assert await known(village, "village/b", "river", "is", "high") == []


async def test_who_watches_is_told_within_a_second_and_told_when_the_graph_has_ended() -> None:
    HEARD.clear()
    async with System() as system:
        village = await system.start(Village)
        watching = await does(village, "village/b", watch=[(Var("what"), "is", "high")])
        assert watching.rows == ()
        await does(village, "village/a", tell=["river", "is", "high"])
        await asyncio.sleep(1.0)
        assert [("Mill", Changed(watching.token, ({"what": "river"},), ()))] == HEARD
        graph: Any = system.whereis("village:world")
        graph.exit(Kill())
        await asyncio.sleep(1.0)
        assert [news.ended is not None for _, news in HEARD] == [False, True]


async def test_a_graph_that_dies_takes_nobody_along_and_is_waited_for() -> None:
    async with System() as system:
        village = await system.start(Village)
        mill = system.whereis("village/a")
        graph: Any = system.whereis("village:world")
        graph.exit(Kill())
        await does(village, "village/a", tell=["river", "is", "high"])
        assert await known(village, "village/b", "river", "is", "?how") == [{"how": "high"}]
        assert system.whereis("village/a") == mill


async def test_levels_share_the_world_above_unless_they_declare_their_own() -> None:
    async with System() as system:
        town = await system.start(Town)
        await does(town, "town/a", tell=["river", "is", "high"])
        assert await known(town, "town/in/b", "river", "is", "?how") == [{"how": "high"}]
        assert await known(town, "town/closed/b", "river", "is", "?how") == []
        await does(town, "town/in/a", tell=["bridge", "is", "shut"])
        await does(town, "town/closed/a", tell=["gate", "is", "shut"])
        assert await known(town, "town/a", "?what", "is", "shut") == [{"what": "bridge"}]
        assert await known(town, "town/closed/a", "?what", "is", "shut") == [{"what": "gate"}]


class Twin(Village):
    """Another system, whose world has the same name."""

    world = World("region")


class Other(Village):
    """A system of its own, with that name."""

    world = World("region")


async def test_worlds_of_one_name_are_one() -> None:
    async with System() as system:
        twin, other = await system.start(Twin), await system.start(Other)
        await does(twin, "twin/a", tell=["river", "is", "high"])
        await asyncio.sleep(1.0)
        assert await known(other, "other/a", "river", "is", "?how") == [{"how": "high"}]


async def test_what_was_told_survives_a_restart(tmp_path: Path) -> None:
    lasting = type("Village", (Village,), {"data": str(tmp_path), "__module__": __name__})
    for old in ([], [{"what": "river"}]):
        async with System() as system:
            village: Any = await system.start(lasting)
            assert await known(village, "village/b", "?what", "is", "high") == old
            await does(village, "village/a", tell=["river", "is", "high"])
            graph: Any = system.whereis("village:world")
            graph.exit(Kill())
            assert await known(village, "village/b", "?what", "is", "high") == [{"what": "river"}]


async def test_without_a_world_there_is_no_agent_more_and_who_tells_is_refused() -> None:
    async with System() as system:
        quiet = await system.start(Quiet)
        assert not [agent for agent in system.agents() if issubclass(agent.cls, Graph)]
        with pytest.raises(NoWorld, match="a level that declares none"):
            await does(quiet, "quiet/a", tell=["river", "is", "high"])
        without = Counter(agent.cls.__name__ for agent in system.agents())
    async with System() as system:
        await system.start(Village)
        more = Counter(agent.cls.__name__ for agent in system.agents()) - without
        assert set(more) == {"Village", "Keeper", "LivingGraph", "Replica", "GroupsAgent"}


def test_what_is_no_world_is_refused_where_it_is_declared() -> None:
    bad: Any
    for bad in ({"name": ""}, {"name": 7}, {"keep": 0}, {"keep": "long"}):
        with pytest.raises(OptionError):
            World(**bad)
    with pytest.raises(OptionError, match="world"):
        type("Bad", (ViableSystem,), {"world": "the village"})
    with pytest.raises(TypeError):
        type("Bad", (Operation,), {"tell": lambda self: None})
