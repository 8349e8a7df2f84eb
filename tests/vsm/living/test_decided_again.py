"""A call is made under the policies that are in force when it is made, not under those when it was asked for."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic.vsm import Allow, Escalate, Policy, PolicyDenied, Port, ViableSystem
from tests.vsm.living.company import started
from tests.vsm.living.test_called_off import CALLS, ENDED, Office, _fresh, ask, at, no

__all__ = ["_fresh"]

PORTS = ["paced", "shared", "plain"]


class Plain(Office):
    """With a port that nothing is declared of."""

    ports: ClassVar[Any] = {**Office.ports, "plain": Port(timeout=5.0)}


def slowly(action: Any, context: Any) -> Escalate:
    """Goes on when nobody has minded for a while."""
    return Escalate("human", deadline=20.0, on_timeout=Allow())


def slower(action: Any, context: Any) -> Escalate:
    """So does this."""
    return Escalate("human", deadline=60.0, on_timeout=Allow())


def goes(action: Any, context: Any) -> Allow:
    """Anything may be done."""
    return Allow()


async def put(office: Any, policy: Policy) -> None:
    await office.call(ViableSystem.set_policy, policy, "secret")


@pytest.mark.parametrize("port", PORTS)
async def test_what_somebody_is_asked_about_is_turned_away_once_it_is_forbidden(port: str) -> None:
    async with started(Plain) as (_, office):
        await asyncio.sleep(3.0)
        await put(office, Policy("ask", 1, slowly))
        await asyncio.sleep(2.0)
        ask(office, "plain/a", "whales", port=port)
        await asyncio.sleep(3.0)
        given = at()
        await put(office, Policy("no", 1, no))
        await asyncio.sleep(60.0)
        assert not CALLS
        when, why = ENDED["whales"]
        assert why is PolicyDenied
        assert given <= when <= given + 2.0


@pytest.mark.parametrize("port", PORTS)
async def test_what_somebody_is_asked_about_goes_once_it_is_allowed(port: str) -> None:
    async with started(Plain) as (_, office):
        await asyncio.sleep(3.0)
        await put(office, Policy("ask", 1, slower))
        await asyncio.sleep(2.0)
        ask(office, "plain/a", "whales", port=port)
        await asyncio.sleep(3.0)
        given = at()
        await put(office, Policy("ask", 2, goes))
        await asyncio.sleep(100.0)
        assert [what for _, what in CALLS] == ["whales"]
        assert given <= CALLS[0][0] <= given + 25.0  # a turn at the paced port may be that far off


async def test_another_is_asked_where_the_policy_says_so_by_now() -> None:
    async with started(Plain) as (_, office):
        await asyncio.sleep(3.0)
        await put(office, Policy("ask", 1, slower))
        await asyncio.sleep(2.0)
        ask(office, "plain/a", "whales", port="plain")
        await asyncio.sleep(3.0)
        given = at()
        await put(office, Policy("ask", 2, slowly))
        await asyncio.sleep(100.0)
        assert [what for _, what in CALLS] == ["whales"]
        assert given + 20.0 <= CALLS[0][0] <= given + 22.0


async def test_who_is_asked_goes_on_being_asked_when_another_policy_changes() -> None:
    async with started(Plain) as (_, office):
        await asyncio.sleep(3.0)
        await put(office, Policy("ask", 1, slowly))
        await asyncio.sleep(2.0)
        ask(office, "plain/a", "whales", port="plain")
        asked = at()
        await asyncio.sleep(10.0)
        await put(office, Policy("other", 1, goes))
        await asyncio.sleep(60.0)
        assert [what for _, what in CALLS] == ["whales"]
        assert asked + 20.0 <= CALLS[0][0] <= asked + 22.0


async def test_what_waits_for_the_first_contract_is_decided_when_that_has_come() -> None:
    async with started(Plain) as (_, office):
        job = ask(office, "plain/a", "whales", port="shared")  # no contract yet
        await put(office, Policy("no", 1, no))
        await asyncio.sleep(20.0)
        assert job.done()
        assert not CALLS
        assert ENDED["whales"][1] is PolicyDenied
