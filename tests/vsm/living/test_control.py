"""System 3 alive: contracts for all at the same time, and accounts that do not come."""

import asyncio
from typing import Any

import pytest

from cybernetic.core import Refusal
from cybernetic.runtime import Ref
from cybernetic.vsm import ViableSystem, unit
from cybernetic.vsm.bargain.contract import Contract
from cybernetic.vsm.control.accounts import Accounts
from cybernetic.vsm.control.control import Control
from tests.vsm.living.company import Company, Worker, done, started


class Team(Company):
    """Four workers."""

    def units(self) -> list[Any]:
        """Four of them."""
        return [unit(Worker, id=f"w{n}", floor=0.1) for n in range(4)]


async def test_units_that_are_silent_delay_no_contract_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    came: dict[str, float] = {}
    ask = Control.ask

    async def slow(self: Control, channel: Any, role: Any, body: object, to: Any = None, **rest: Any) -> Any:
        if isinstance(body, Contract):
            if to != "team/w3":
                await asyncio.sleep(rest["patience"])
                raise Refusal("nobody answers")
            came.setdefault(to, asyncio.get_running_loop().time())
        return await ask(self, channel, role, body, to, **rest)

    monkeypatch.setattr(Control, "ask", slow)
    async with started(Team):
        await asyncio.sleep(3.0)
    assert came["team/w3"] < 0.4


async def test_an_account_that_is_missing_for_two_periods_is_pain_until_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken, take = [True], Accounts.take
    monkeypatch.setattr(Accounts, "take", lambda self, *args: taken[0] and take(self, *args))
    async with started() as (_, company):
        await done(company)
        taken[0] = False
        await asyncio.sleep(4.5)
        assert await _felt(company) == {"account missing"}
        taken[0] = True
        await asyncio.sleep(2.5)
        assert await _felt(company) == set()


async def _felt(company: Ref[Any]) -> set[str]:
    return {climb.pain.index for climb in await company.call(ViableSystem.alarms)}


async def test_a_suspension_is_ended_before_its_time_at_both_levels() -> None:
    async with started() as (_, company):
        for unit_, worker in (("company/solo", "company/solo"), ("company/division", "company/division/w0")):
            await company.call(ViableSystem.suspend, unit_, "to look at it", 3600.0)
            job = asyncio.ensure_future(done(company, worker, usd=0.01))
            await asyncio.sleep(30.0)
            assert not job.done()
            await company.call(ViableSystem.resume, unit_)
            assert (await asyncio.wait_for(job, 10.0)).outcome.good
