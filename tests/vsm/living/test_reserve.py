"""What is kept back for what goes well, and what is spent on change: both are figures of money that really went."""

import asyncio
from typing import Any

import pytest

from cybernetic.core import OptionError
from cybernetic.vsm import Pleasure, ViableSystem
from cybernetic.vsm.algedonic.messages import Felt
from cybernetic.vsm.bargain import Vector, total
from cybernetic.vsm.channels.channel import Channel, Role
from cybernetic.vsm.channels.ear import line_name
from cybernetic.vsm.channels.line import Line
from cybernetic.vsm.channels.note import Note
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.control.reweighing import spent_on_change
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.intelligence.messages import Shift
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import done, started
from tests.vsm.living.test_reactions import Pair


class Thrifty(Pair):
    """Two units, and a fifth that is kept back."""

    reserve = 0.2


def glad(system: Any, path: str) -> None:
    """Something goes better there than it has to."""
    at = asyncio.get_running_loop().time()
    felt = Felt(Pleasure(path, "quality", 4.0, at))
    note = Note(
        *(Channel.ALGEDONIC, Role.MANAGEMENT, path, Role.ALGEDONODE, "thrifty"),
        *(felt, "n", "n"),
        sent_at=at,
    )
    system.named(line_name("thrifty", Channel.ALGEDONIC), Line).cast(Line.carry, note)


async def leases(system: Any) -> list[Any]:
    """What each may spend in this epoch."""
    found = []
    for name in ("busy", "idle"):
        found.append((await system.named(f"thrifty/{name}:porter", Porter).call(Porter.spent))[1])
    return found


async def test_what_is_kept_back_is_lent_where_something_goes_well_and_to_nobody_before() -> None:
    async with started(Thrifty) as (system, company):
        await asyncio.sleep(3.0)
        assert await leases(system) == [Vector(usd=4), Vector(usd=4)]
        glad(system, "thrifty/busy")
        await asyncio.sleep(3.0)
        assert await leases(system) == [Vector(usd=6), Vector(usd=4)]
        (entry,) = await company.call(ViableSystem.decisions, 0, "released")
        assert entry.body == {"unit": "thrifty/busy", "why": "quality of thrifty/busy"}
        allocator = await company.call(ViableSystem.ledger)
        assert allocator.purse.ledger(0).committed == Vector(usd=10)
        await asyncio.sleep(
            61.0 - asyncio.get_running_loop().time()
        )  # the next epoch begins as the first did
        assert total(await leases(system)) == Vector(usd=8)


async def test_two_that_do_well_share_what_is_kept_back() -> None:
    async with started(Thrifty) as (system, _):
        await asyncio.sleep(3.0)
        glad(system, "thrifty/busy")
        glad(system, "thrifty/idle")
        await asyncio.sleep(4.0)
        assert await leases(system) == [Vector(usd=5), Vector(usd=5)]


@pytest.mark.parametrize("wrong", [-0.1, 1.0, 2.0, "much"])
def test_a_reserve_that_is_no_part_is_refused_where_it_is_declared(wrong: Any) -> None:
    with pytest.raises(OptionError, match="reserve"):
        type("Wrong", (ViableSystem,), {"reserve": wrong})


def test_what_a_unit_takes_beyond_its_declared_part_is_spent_on_change_if_its_weight_was_raised() -> None:
    declared = {"a": 1.0, "b": 1.0}
    taken = {"a": 9.0, "b": 1.0}
    assert spent_on_change(taken, declared, {"a": 1.6, "b": 0.4}) == 4.0
    assert spent_on_change(taken, declared, {"a": 0.4, "b": 1.6}) == 0.0
    assert spent_on_change(taken, declared, declared) == 0.0


async def test_what_is_spent_on_change_is_in_the_balance_and_follows_what_is_spent() -> None:
    async with started(Pair) as (system, company):
        four = system.named("pair:intelligence", Intelligence)
        await asyncio.sleep(2.0)
        for _ in range(4):
            await done(company, "pair/busy", usd=0.25)
        await asyncio.sleep(2.0)
        balance = await four.call(Intelligence.balance)
        assert (balance.change_spend, balance.run_spend) == (0.0, 1.0)
        control = system.named("pair:control", Control)
        loop = asyncio.get_running_loop()
        await control.call(Control.reweigh, Shift({"pair/busy": 1.5, "pair/idle": 0.5}, loop.time() + 30.0))
        for _ in range(4):
            await done(company, "pair/busy", usd=0.25)
        await asyncio.sleep(3.5)
        balance = await four.call(Intelligence.balance)
        assert balance.run_spend == pytest.approx(1.5)
        assert balance.change_spend == pytest.approx(0.5)
        assert balance.change_share == pytest.approx(0.25)


def _company(system: Any) -> Any:
    return system.named("pair", ViableSystem)
