"""Policies and units that remember, that are cut off, or that only bytes reach."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Allow,
    Deny,
    Policy,
    PolicyDenied,
    PolicyRefused,
    Port,
    ViableSystem,
    lives,
    remote,
    unit,
)
from tests.vsm.living.company import PAGER, Company, Worker, done, started
from tests.vsm.living.test_remote import PATH, Outlet, two


def everything(action: Any, context: Any) -> Allow:
    """Allows everything."""
    return Allow()


def nothing(action: Any, context: Any) -> Deny:
    """Denies everything."""
    return Deny("frozen")


def unnamed() -> Policy:
    """One whose function nobody finds by name."""

    def inner(action: Any, context: Any) -> Deny:
        return Deny("frozen")

    return Policy("freeze", 1, inner)


class Distant(ViableSystem):
    """A unit elsewhere, and one here."""

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Worker, id="near"), remote("far")]


class Holding(Company):
    """The distant unit is two levels down."""

    def units(self) -> list[Any]:
        """A level and a worker."""
        return [unit(Distant, id="division"), unit(Worker, id="solo")]


async def begun_anew(system: System) -> None:
    """The shop loses all it knows."""
    victim = system.whereis("shop:books", Agent)
    assert victim is not None
    victim.exit(Kill())
    await asyncio.sleep(6.0)


@pytest.mark.parametrize("clock", ["right", "set back"])
async def test_policies_of_a_parent_that_begins_without_books_win_over_those_of_the_one_before(
    clock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two() as (here, _, shop):
        for version in range(1, 8):
            await shop.call(ViableSystem.set_policy, Policy("open", version, everything))
        await asyncio.sleep(2.0)
        if clock == "set back":
            monkeypatch.setattr(lives, "PER_SECOND", 0)
        await begun_anew(here)
        revision = await shop.call(ViableSystem.set_policy, Policy("freeze", 1, nothing), "storm")
        await asyncio.sleep(1.0)
        known = (await shop.call(ViableSystem.status)).known
        assert set(known.values()) == {(await shop.call(ViableSystem.rules)).revision}
        assert revision < 8
        for to in ("shop/here", PATH):
            with pytest.raises(PolicyDenied, match="frozen"):
                await done(shop, to)


async def test_a_policy_that_cannot_reach_a_unit_is_refused_and_nothing_has_changed_anywhere() -> None:
    async with two() as (_, there, shop):
        before = await shop.call(ViableSystem.rules)
        beyond = await there.named(PATH, ViableSystem).call(ViableSystem.rules)
        with pytest.raises(PolicyRefused, match=f"freeze.*{PATH}"):
            await shop.call(ViableSystem.set_policy, unnamed())
        await asyncio.sleep(3.0)
        assert await shop.call(ViableSystem.rules) == before
        assert await there.named(PATH, ViableSystem).call(ViableSystem.rules) == beyond
        assert await shop.call(ViableSystem.decisions, 0, "policy") == ()
        assert (await done(shop, "shop/here")).outcome.good
        await shop.call(ViableSystem.set_policy, Policy("freeze", 1, nothing))  # its version is not used up


async def test_nor_is_one_accepted_at_the_top_that_could_not_reach_a_unit_of_a_level_within() -> None:
    async with started(Holding) as (_, holding):
        with pytest.raises(PolicyRefused, match="holding/division/far"):
            await holding.call(ViableSystem.set_policy, unnamed())
        assert (await done(holding, "holding/solo")).outcome.good


async def test_nor_one_that_could_not_be_written_down(tmp_path: Path) -> None:
    class Kept(ViableSystem):
        data: ClassVar[str | None] = str(tmp_path)
        ports: ClassVar[Any] = {"tool": Port()}
        human = (PAGER,)

        def units(self) -> list[Any]:
            return [unit(Worker, id="solo")]

    async with started(Kept) as (_, kept):
        with pytest.raises(PolicyRefused, match="freeze"):
            await kept.call(ViableSystem.set_policy, unnamed())
        assert (await done(kept)).outcome.good
        await kept.call(ViableSystem.set_policy, Policy("freeze", 1, nothing))
        await asyncio.sleep(1.0)
        with pytest.raises(PolicyDenied, match="frozen"):
            await done(kept)


async def test_where_all_units_are_here_any_function_will_do() -> None:
    async with started() as (_, company):
        await company.call(ViableSystem.set_policy, unnamed())
        await asyncio.sleep(1.0)
        with pytest.raises(PolicyDenied, match="frozen"):
            await done(company, "company/division/w0")


async def test_a_unit_that_is_cut_off_acts_under_the_last_policies_it_knew_and_says_so() -> None:
    async with two() as (_, there, shop):
        catalogue = there.named(PATH, ViableSystem)
        last = await shop.call(ViableSystem.set_policy, Policy("open", 1, everything))
        await asyncio.sleep(2.0)
        Outlet.cut = True
        await shop.call(ViableSystem.set_policy, Policy("freeze", 1, nothing))
        await asyncio.sleep(3.0)
        rules = await catalogue.call(ViableSystem.rules)
        assert rules.above[1] == last  # of the shop's, as the catalogue says
        assert {"open", "nothing large"} == {one.name for one in rules.policies}
        (receipt,) = (await done(catalogue, usd=0.1)).receipts
        assert receipt.revision == rules.revision
        log = await catalogue.call(ViableSystem.decisions, 0, "inherited")
        assert log[-1].body == {"above": last, "revision": receipt.revision}
        with pytest.raises(PolicyDenied, match="too large"):
            await done(catalogue, usd=3.5)
        status = await shop.call(ViableSystem.status)
        assert status.known[PATH] == status.accounts[PATH].revision == last
        Outlet.cut = False
        await asyncio.sleep(5.0)
        status = await shop.call(ViableSystem.status)
        assert status.known[PATH] == status.accounts[PATH].revision == last + 1
        with pytest.raises(PolicyDenied, match="frozen"):
            await done(shop, PATH)
