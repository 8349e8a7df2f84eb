"""What hurts at a unit ends with it: in a program that does not declare it any more nobody is called for it."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.vsm import Algedonode, Clocks, PainKey, ViableSystem, unit
from cybernetic.vsm.algedonic.gone import gone
from cybernetic.vsm.ladder.signals import Cause, Pain
from tests.vsm.living.company import Division, Worker
from tests.vsm.living.pain.ladder import Human

LOOPS = [("management", "firm/one", 1.0), ("management", "firm/team", 1.0), ("books", "firm/left", 1.0)]


def firm(folder: Path, human: Human, *ids: str) -> type[ViableSystem]:
    """A company on a disk."""

    class Firm(ViableSystem):
        """A division and workers."""

        data: ClassVar[Any] = str(folder)
        human: ClassVar[Any] = ()
        clocks = Clocks(ack=1.0, recovery=5.0)

        def units(self) -> list[Any]:
            """Those that are declared."""
            return [unit(Division, id="team"), *(unit(Worker, id=id) for id in ids)]

    Firm.human = (human,)
    return Firm


def hurts(path: str, index: str = "as told") -> Pain:
    """What nobody takes back."""
    return Pain(path, index, Cause.INVARIANT)


STAYS = [hurts("firm"), hurts("firm/one"), hurts("firm/team"), hurts("firm/team/w0")]


@pytest.mark.parametrize("storm", [False, True])
async def test_it_is_over_and_who_was_called_hears_it(tmp_path: Path, storm: bool) -> None:
    human = Human()
    goes = [hurts("firm/left"), *(hurts("firm/left", f"too {n}") for n in range(6 if storm else 0))]
    async with System() as system:
        await system.start(firm(tmp_path, human, "one", "left"))
        node = system.named("firm:algedonode", Algedonode)
        for one in goes:
            node.cast(Algedonode.feel, one)
        await asyncio.sleep(12.0)  # what hurts later is none of that storm's
        for one in STAYS:
            node.cast(Algedonode.feel, one)
        await asyncio.sleep(await node.call(Algedonode.bound))
        called = {page.pain.key for _, page in human.pages}
    assert called & {PainKey("firm/left", "as told", "invariant"), PainKey("firm", "storm 1", "storm")}
    human.pages.clear()
    async with System() as system:
        company = await system.start(firm(tmp_path, human, "one"))
        await asyncio.sleep(600.0)
        assert {one.pain.key for one in await company.call(ViableSystem.alarms)} == {one.key for one in STAYS}
    assert len(human.over) == 1
    assert set(human.over) <= called
    assert not {page.pain.key.path for _, page in human.pages} & {"firm/left"}


def test_what_goes_is_at_units_that_have_no_management_among_the_loops() -> None:
    stays = [one.key for one in STAYS] + [hurts("other/left").key, hurts("firm/one/tool").key]
    goes = [
        hurts("firm/left").key,
        hurts("firm/left/within").key,
        hurts("firm/on").key,
        hurts("firm/one2").key,
    ]
    assert gone("firm", LOOPS, [*stays, *goes]) == goes
    assert gone("firm", (), goes) == []


def nested(folder: Path, human: Human, *, kept: bool = False, without: str = "") -> type[ViableSystem]:
    """Three levels, of which the top is on a disk; all of them are, where they are `kept`."""

    class Inner(ViableSystem):
        """At the bottom."""

        def units(self) -> list[Any]:
            """One worker."""
            return [unit(Worker, id="w0")]

    class Team(ViableSystem):
        """In the middle."""

        def units(self) -> list[Any]:
            """A level and a worker."""
            return [one for one in (unit(Inner, id="inner"), unit(Worker, id="w0")) if one.id != without]

    class Firm(ViableSystem):
        """The top."""

        clocks = Clocks(ack=1.0, recovery=5.0)

        def units(self) -> list[Any]:
            """A level and a worker."""
            return [one for one in (unit(Team, id="team"), unit(Worker, id="one")) if one.id != without]

    Firm.human = (human,)
    for cls in (Firm, Team, Inner) if kept else (Firm,):
        cls.data = str(folder / cls.__name__)
    return Firm


INNER = hurts("firm/team/inner/w0").key


@pytest.mark.parametrize(
    ("kept", "without", "told"),
    [
        (False, "", [INNER]),
        (False, "inner", [INNER]),
        (False, "team", [INNER]),
        (True, "inner", [INNER]),
        (True, "", []),
    ],
)
async def test_what_a_level_within_has_forgotten_is_over_for_who_was_called(
    tmp_path: Path, kept: bool, without: str, told: list[PainKey]
) -> None:
    human = Human()
    async with System() as system:
        await system.start(nested(tmp_path, human, kept=kept), name="firm")
        node = system.named("firm/team/inner:algedonode", Algedonode)
        node.cast(Algedonode.feel, hurts(INNER.path))
        await asyncio.sleep(await node.call(Algedonode.bound))
        assert INNER in {page.pain.key for _, page in human.pages}
    async with System() as system:
        await system.start(nested(tmp_path, human, kept=kept, without=without), name="firm")
        await asyncio.sleep(20.0)
        system.named("firm:algedonode", Algedonode).exit(Kill())
        await asyncio.sleep(10.0)
    assert human.over == told
