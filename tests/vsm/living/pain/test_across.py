"""A pain of a level elsewhere is answered where the human is, and by nobody below him."""

import asyncio
from typing import Any

from cybernetic import Agent
from cybernetic.vsm import Algedonode, Cause, Pain, PainKey, ViableSystem
from cybernetic.vsm.decisions import Reception
from cybernetic.vsm.ladder import Severity
from cybernetic.vsm.recursion.parcels import Saying
from tests.vsm.living.company import PAGER, done
from tests.vsm.living.test_remote import PATH, two


async def owners(system: Any, path: str) -> dict[str, str | None]:
    """Who has taken over what."""
    alarms = await system.named(f"{path}:algedonode", Algedonode).call(Algedonode.alarms)
    return {one.pain.index: one.owner for one in alarms}


async def test_who_is_paged_answers_here_what_was_felt_over_there() -> None:
    async with two() as (_here, there, shop):
        fire = Pain(f"{PATH}/w0", "fire", Cause.INVARIANT, Severity.CRITICAL)
        there.named(f"{PATH}:algedonode", Algedonode).cast(Algedonode.feel, fire)
        await asyncio.sleep(1.0)
        assert [page.pain.index for _, page in PAGER.pages] == ["fire"]
        assert await shop.call(ViableSystem.ack, fire.key, "somebody") is Reception.TAKEN
        assert await owners(there, PATH) == {"fire": "somebody"}


async def test_a_half_below_answers_nothing_for_those_above() -> None:
    async with two() as (here, there, _shop):
        fire = Pain("shop/here", "fire", Cause.INVARIANT, Severity.CRITICAL)
        here.named("shop:algedonode", Algedonode).cast(Algedonode.feel, fire)
        await asyncio.sleep(0.5)
        there.named("to shop", Agent).send(Saying("shop:algedonode", "ack", (fire.key, 2, "forger")))
        there.named("to shop", Agent).send(Saying("shop:algedonode", "answered", (fire.key, "forger")))
        await asyncio.sleep(0.5)
        assert "forger" not in (await owners(here, "shop")).values()


async def test_what_nobody_answers_for_is_held_over_there_and_written_down_there_once() -> None:
    async with two() as (here, there, shop):
        key = PainKey(PATH, "fire", Cause.INVARIANT.value)
        node = here.named("shop:algedonode", Algedonode)
        node.cast(Algedonode.deny, key, "nobody answered")
        catalogue = there.named(PATH, ViableSystem)
        await asyncio.sleep(30.0)
        log = await catalogue.call(ViableSystem.decisions, 0, "intervention")
        assert [entry.body["rung"] for entry in log] == ["SUSPEND", "SUSPEND"]  # of each of its units
        job = asyncio.ensure_future(done(shop, PATH))
        await asyncio.sleep(30.0)
        assert not job.done()
        node.cast(Algedonode.let_go, key, "it is over")
        assert (await asyncio.wait_for(job, 5.0)).outcome.good
