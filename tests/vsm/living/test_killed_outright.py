"""A supervisor of a level that is killed outright in the middle of a task: contained, like any crash."""

import asyncio
from typing import Any

import pytest

from cybernetic import Kill, System, SystemStopped
from cybernetic.runtime import Agent, registered_name
from cybernetic.supervision import Supervisor, child
from cybernetic.vsm import Abroad, BudgetExhausted, Performed, TaskUnknown, ViableSystem
from tests.vsm.living.company import PAGER, TOOL, Company, Division, done, started

BEGUN = (
    Performed,
    TaskUnknown,
    BudgetExhausted,
)  # done anew, or told by name: what it held may count as spent


class Plain(Company):
    """Nothing is counted."""

    budget = None


LEVEL = ("level", "operations", "metasystem", "channels")
STEADY = ("algedonode", "coordination", "control", "intelligence", "policy")
VIGIL = ":vigil, kept"
WHO = (
    *(f"{path}:{part}" for path in ("", "/division") for part in LEVEL),
    *(f"{path}:{part}, kept" for path in ("", "/division") for part in STEADY),
    *(f"{path}:unit" for path in ("/division", "/division/w0", "/division/w1", "/solo")),
    "/division",
    VIGIL,
)
"""Every supervisor below the company: by its name, or by that of the one that it keeps."""


async def supervisors(top: Any) -> dict[str, Any]:
    """Those below the company, by what `WHO` calls them."""
    found, ahead, path = dict[str, Any](), [top], (await top.call(ViableSystem.levels))[0]
    while ahead:
        for one in await ahead.pop().call(Supervisor.which_children):
            if one.kind == "supervisor":
                ahead.append(one.ref)
                name = registered_name(one.ref)
                if name is None:
                    (kept,) = await one.ref.call(Supervisor.which_children)
                    name = f"{registered_name(kept.ref)}, kept"
                found[name.removeprefix(path)] = one.ref
    return found


async def test_none_of_them_is_left_out_here() -> None:
    async with started(Company) as (_, top):
        assert set(await supervisors(top)) == set(WHO)


@pytest.mark.parametrize("cls", [Company, Plain])
@pytest.mark.parametrize("who", WHO)
async def test_it_comes_back_and_who_waits_is_answered(who: str, cls: type[Company]) -> None:
    async with started(cls) as (_, top):
        TOOL.takes = 4.0
        places = [f"{cls.__name__.lower()}/{name}" for name in ("solo", "division", "division")]
        waiting = [asyncio.ensure_future(done(top, place)) for place in places]
        await asyncio.sleep(1.0)
        killed = (await supervisors(top))[who]
        killed.exit(Kill())
        came = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60.0)
        assert all(isinstance(one, BEGUN if cls is Company else (Performed, TaskUnknown)) for one in came)
        beside = "kept" in who and who != VIGIL  # with the vigil goes what begins after it: all of it
        if beside or who == ":metasystem" or who.startswith("/division"):
            assert isinstance(came[0], Performed)  # what is beside it is not concerned
        if beside or who == "/solo:unit":
            assert all(isinstance(one, Performed) for one in came[1:])
        assert (await supervisors(top))[who] != killed
        assert len(await top.call(ViableSystem.levels)) == 2
        assert not PAGER.pages
        if cls is Plain:
            again = [await done(top, place) for place in places]
            assert all(one.outcome.good for one in again)


@pytest.mark.parametrize(
    "who", [":operations", "/division:operations", ":level", ":metasystem", "/solo:unit"]
)
@pytest.mark.parametrize("named", [True, False])
async def test_what_is_felt_of_it_is_over_when_it_is_back_and_nobody_is_paged(who: str, named: bool) -> None:
    TOOL.__init__()  # type: ignore[misc]
    PAGER.__init__()  # type: ignore[misc]
    async with System() as system:
        top = await (system.start(Plain, name="plain") if named else system.start(Plain))
        await asyncio.sleep(3.0)
        (await supervisors(top))[who].exit(Kill())
        await asyncio.sleep(2.0)
        assert not await top.call(ViableSystem.alarms)
        await asyncio.sleep(150.0)
        assert not await top.call(ViableSystem.alarms)
        assert not PAGER.pages


async def kill_it_again_and_again() -> None:
    async with started(Plain) as (system, _):
        for _ in range(4):
            level = system.whereis("plain:level", Agent)
            if level is not None:
                level.exit(Kill())
            await asyncio.sleep(0.7)
        await asyncio.sleep(30.0)


async def test_killed_again_and_again_it_ends_as_any_child_does() -> None:
    with pytest.raises(SystemStopped):
        await kill_it_again_and_again()


class Holding(Supervisor):
    """Somebody's own supervisor, with the company."""

    def children(self) -> list[Any]:
        """It."""
        return [child(Plain, name="plain")]


class Branch(Supervisor):
    """The same, with a level whose company is elsewhere."""

    def children(self) -> list[Any]:
        """It."""
        return [child(Abroad, Division, "firm/branch", "to the firm", name="abroad")]


@pytest.mark.parametrize(("cls", "who"), [(Holding, "plain"), (Branch, "abroad")])
async def test_the_top_itself_comes_back_under_whatever_supervises_it(cls: Any, who: str) -> None:
    TOOL.__init__()  # type: ignore[misc]
    async with System() as system:
        top = await system.start(cls)
        await asyncio.sleep(2.0)
        killed: Any = system.whereis(who, Agent)
        killed.exit(Kill())
        await asyncio.sleep(5.0)
        assert system.alive(top)
        assert system.whereis(who, Agent) not in (None, killed)
        if cls is Holding:
            assert (await done(system.named(who, Plain), "plain/division")).outcome.good
