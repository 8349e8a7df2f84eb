"""What is held because nobody answered goes on when that is over, whoever was away when it was said."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Algedonode, Cause, HeldAbove, PainKey, ViableSystem
from cybernetic.vsm.operations.envoy import Away
from tests.vsm.living.company import TOOL, started
from tests.vsm.living.pain.test_last_resort import SILENT, Unheard, healed, hurt, works
from tests.vsm.living.test_remote import PATH, Outlet, two

DIVISION, SOLO = "unheard/division", "unheard/solo"
FIRE = PainKey(PATH, "fire", Cause.INVARIANT.value)


def kill(system: System, name: str) -> None:
    """Somebody dies."""
    victim = system.whereis(name, Agent)
    assert victim is not None
    victim.exit(Kill())


async def rungs(level: Any) -> list[tuple[str, str]]:
    """What was done to which unit, by the log of a level."""
    log = await level.call(ViableSystem.decisions, 0, "intervention")
    return [(entry.body["unit"].rpartition("/")[2], entry.body["rung"]) for entry in log]


@pytest.mark.parametrize(
    ("at", "victim"),
    [
        (SOLO, f"{SOLO}:management"),
        (SOLO, f"{SOLO}:porter"),
        (SOLO, SOLO),
        (DIVISION, f"{DIVISION}:algedonode"),
        (DIVISION, DIVISION),
        (DIVISION, f"{DIVISION}:books"),
        (DIVISION, f"{DIVISION}/w0:management"),
    ],
)
async def test_a_pain_that_ends_while_who_should_hear_is_away_holds_nobody(at: str, victim: str) -> None:
    async with started(Unheard) as (system, top):
        pain = hurt(system, "unheard", at)
        await asyncio.sleep(SILENT)
        probe = f"{DIVISION}/w0" if at == DIVISION else at
        assert not await works(top, probe)
        kill(system, victim)
        healed(system, "unheard", pain)
        await asyncio.sleep(8.0)
        assert await works(top, probe)


async def test_a_level_elsewhere_that_was_cut_off_goes_on_when_it_is_heard_again() -> None:
    async with two() as (here, there, shop):
        node = here.named("shop:algedonode", Algedonode)
        catalogue = there.named(PATH, ViableSystem)
        node.cast(Algedonode.deny, FIRE, "nobody answered")
        await asyncio.sleep(2.0)
        assert not await works(shop, PATH)
        Outlet.cut = True
        node.cast(Algedonode.let_go, FIRE, "it is over")
        await asyncio.sleep(10.0)
        assert not await works(catalogue, PATH)  # silence is not leave
        Outlet.cut = False
        await asyncio.sleep(10.0)
        assert await works(shop, PATH)
        assert await rungs(catalogue) == [(f"w{n}", rung) for rung in ("SUSPEND", "RESUMED") for n in (0, 1)]


async def test_it_is_held_and_let_go_with_its_systems_3_to_5_dead() -> None:
    async with two() as (here, there, _):
        catalogue = there.named(PATH, ViableSystem)
        await catalogue.within(None).call(ViableSystem.ablate, "s3", "s4", "s5")
        node = here.named("shop:algedonode", Algedonode)
        node.cast(Algedonode.deny, FIRE, "nobody answered")
        await asyncio.sleep(2.0)
        assert not await works(catalogue, f"{PATH}/w0")
        node.cast(Algedonode.let_go, FIRE, "it is over")
        await asyncio.sleep(2.0)
        assert await works(catalogue, f"{PATH}/w0")


async def test_what_is_held_above_a_person_lets_go_above_and_nowhere_else() -> None:
    async with two() as (here, there, _):
        catalogue, node = there.named(PATH, ViableSystem), here.named("shop:algedonode", Algedonode)
        node.cast(Algedonode.deny, FIRE, "nobody answered")
        await asyncio.sleep(2.0)
        for path in (f"{PATH}/w0", PATH):
            with pytest.raises(HeldAbove, match=path):
                await catalogue.call(ViableSystem.resume, path)
        assert not await works(catalogue, f"{PATH}/w0")  # not even for a moment
        assert not TOOL.asked
        node.cast(Algedonode.let_go, FIRE, "it is over")
        await asyncio.sleep(2.0)
        assert await works(catalogue, f"{PATH}/w0")
    async with started(Unheard) as (system, top):
        hurt(system, "unheard", DIVISION)
        await asyncio.sleep(SILENT)
        with pytest.raises(HeldAbove, match=f"{DIVISION}/w0"):
            await top.call(ViableSystem.resume, f"{DIVISION}/w0")
        assert not await works(top, f"{DIVISION}/w0")
        await top.call(ViableSystem.resume, DIVISION)
        await asyncio.sleep(1.0)
        assert await works(top, f"{DIVISION}/w0")


async def test_a_half_below_denies_and_lets_go_nothing_above() -> None:
    async with two() as (_, there, shop):
        voice = there.named("shop:algedonode", Algedonode)
        key = PainKey("shop/here", "fire", Cause.INVARIANT.value)
        voice.cast(Algedonode.deny, key, "a forger")
        await asyncio.sleep(2.0)
        assert await works(shop, "shop/here")


async def test_what_a_level_denies_itself_is_not_let_go_as_nobody_above_denies_it() -> None:
    async with started(Unheard) as (system, top):
        pain = hurt(system, DIVISION)
        await asyncio.sleep(2 * SILENT)
        assert not await works(top, f"{DIVISION}/w0")
        key = PainKey(DIVISION, pain.index, pain.cause.value)
        system.named(f"{DIVISION}:algedonode", Algedonode).cast(Algedonode.let_go, key, "said above")
        await asyncio.sleep(5.0)
        assert not await works(top, f"{DIVISION}/w0")
        healed(system, DIVISION, pain)
        await asyncio.sleep(1.0)
        assert await works(top, f"{DIVISION}/w0")


@pytest.mark.parametrize("victim", [None, f"{DIVISION}:algedonode", f"{DIVISION}:control"])
async def test_a_level_that_a_person_lets_go_on_goes_on_whatever_holds_it(victim: str | None) -> None:
    async with started(Unheard) as (system, top):
        hurt(system, DIVISION, f"{DIVISION}/w0")  # felt below, held below
        hurt(system, "unheard", DIVISION)  # felt above, held below
        await asyncio.sleep(SILENT)
        assert not await works(top, f"{DIVISION}/w0")
        if victim is not None:
            kill(system, victim)
        await top.call(ViableSystem.resume, DIVISION)
        await asyncio.sleep(6.0)
        assert await works(top, f"{DIVISION}/w0")
        assert await works(top, f"{DIVISION}/w1")


async def test_a_person_whose_word_finds_nobody_hears_that_and_his_word_is_good_when_he_does_not() -> None:
    async with started(Unheard) as (system, top):
        hurt(system, "unheard", SOLO)
        await asyncio.sleep(SILENT)
        kill(system, "unheard:algedonode")
        with pytest.raises(Away):
            await top.call(ViableSystem.resume, SOLO)
        await asyncio.sleep(3.0)
        assert not await works(top, SOLO)
        await top.call(ViableSystem.resume, SOLO)
        kill(system, "unheard:algedonode")
        await asyncio.sleep(5.0)
        assert await works(top, SOLO)


async def test_a_person_lets_a_unit_go_on_although_the_algedonode_is_taken_out() -> None:
    async with started(Unheard) as (system, top):
        hurt(system, "unheard", SOLO)
        await asyncio.sleep(SILENT)
        await top.within(None).call(ViableSystem.ablate, "algedonic")
        await asyncio.sleep(5.0)
        assert not await works(top, SOLO)
        with suppress(Away):
            await top.call(ViableSystem.resume, SOLO)
        await asyncio.sleep(1.0)
        assert await works(top, SOLO)


async def test_what_nobody_answers_for_and_its_end_stand_in_the_log_of_interventions_once() -> None:
    async with started(Unheard) as (system, top):
        pain = hurt(system, "unheard", SOLO)
        await asyncio.sleep(2 * SILENT)
        healed(system, "unheard", pain)
        await asyncio.sleep(5.0)
        assert await rungs(top) == [("solo", "SUSPEND"), ("solo", "RESUMED")]
