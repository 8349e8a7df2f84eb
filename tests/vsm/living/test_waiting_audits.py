"""Calls of audits that only wait, for their turn or to be tried again, have called nothing and take nothing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import Audit, Budget, Cost, Operation, Outcome, Port, Rate, RateLimited, Task, unit
from cybernetic.vsm.bargain import Vector
from tests.vsm.living.company import PAGER, Company, done

MADE: list[Any] = []
REFUSALS: list[RateLimited] = []
TAKES = [0.1]
ANSWERS: list[Any] = []  # in the place of what it takes
UPPERS = [Cost(usd=0.5), Cost()]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    MADE.clear()
    REFUSALS.clear()
    ANSWERS.clear()
    TAKES[0] = 0.1


async def check(what: Any) -> float:
    """Half a dollar."""
    MADE.append(what)
    if REFUSALS:
        raise REFUSALS.pop()
    await asyncio.sleep(TAKES[0])
    return ANSWERS.pop() if ANSWERS else 0.5


async def free(what: Any) -> Any:
    """Takes nothing."""
    return what


class Given(Operation):
    """Does what costs nothing."""

    async def handle(self, task: Task) -> Outcome:
        """Once."""
        used = await self.use("free", free, task.id)
        return Outcome(used.value, evidence=[used.receipt])


def audited(upper: Cost, data: Path | None = None, check_by: Port | None = None) -> type[Company]:
    """A level of which all that is done is audited, at a paced port, or another."""

    async def verify(evidence: Any, use: Any) -> bool:
        """By one call."""
        await use("check", check, evidence.task.id, upper=upper)
        return True

    half_a_dollar = {"timeout": 5.0, "cost": lambda value: Cost(usd=value)}
    inside = {
        "audit": Audit(
            probability=1.0, verify=verify, patience=600.0, budget_share=0.5, independent_of="free"
        ),
        "budget": Budget(usd=20.0, per=36000),
        "ports": {
            "free": Port(),
            "check": check_by or Port(rate=Rate(1, per=60, burst=1), **half_a_dollar),
        },
        "units": lambda self: [unit(Given, id="a")],
        "data": None if data is None else str(data),
        "__module__": __name__,
    }
    return type("Firm", (Company,), inside)


async def committed(system: System) -> Vector:
    """What audits have spent, or set aside."""
    auditor: Any = system.whereis("firm:audit", Agent)
    purse = (await auditor.inspect().get_state())["_fund"].purse
    return purse.ledger(0).committed  # type: ignore[no-any-return]


async def waiting(system: System, cls: type[Company]) -> None:
    """One audit is made, and the others wait for their turn."""
    PAGER.__init__()  # type: ignore[misc]
    firm = await system.start(cls)
    await asyncio.sleep(3.0)
    for _ in range(6):
        await done(firm, "firm/a")
    while not MADE:
        await asyncio.sleep(1.0)
    await asyncio.sleep(5.0)
    assert len(MADE) == 1


@pytest.mark.parametrize("upper", UPPERS)
@pytest.mark.parametrize("who", ["audit", "metasystem"])
async def test_who_waits_takes_nothing_when_the_auditor_ends(who: str, upper: Cost) -> None:
    async with System() as system:
        await waiting(system, audited(upper))
        system.named(f"firm:{who}", Agent).exit(Kill())
        await asyncio.sleep(5.0)
        assert await committed(system) <= Vector(usd=0.5)


@pytest.mark.parametrize("upper", UPPERS)
async def test_who_waits_takes_nothing_when_all_is_stopped_and_no_verifier_is_to_blame(
    upper: Cost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cls = audited(upper, tmp_path)
    async with System() as system:
        await waiting(system, cls)
    assert "a verifier raised" not in caplog.text
    async with System() as system:
        await system.start(cls)
        await asyncio.sleep(5.0)
        assert await committed(system) == Vector(usd=0.5)


@pytest.mark.parametrize("upper", UPPERS)
async def test_the_time_of_a_call_of_an_audit_runs_from_its_turn(upper: Cost) -> None:
    async with System() as system:
        await waiting(system, audited(upper))
        for _ in range(120):
            await asyncio.sleep(3.0)
            aside = upper.amount("usd") * (6 - len(MADE))
            assert await committed(system) <= Vector(usd=0.5 * len(MADE) + aside)
        assert len(MADE) > 4


@pytest.mark.parametrize("upper", UPPERS)
async def test_who_waits_to_try_again_takes_nothing(upper: Cost) -> None:
    REFUSALS.append(RateLimited(100.0))
    async with System() as system:
        await waiting(system, audited(upper))
        await asyncio.sleep(30.0)
        system.named("firm:audit", Agent).exit(Kill())
        await asyncio.sleep(3.0)
        assert len(MADE) == 1
        assert await committed(system) == Vector()


@pytest.mark.parametrize("upper", [Cost(usd=0.1), Cost()])
@pytest.mark.parametrize("how", ["done", "refused", "waits", "made again", "late", "unsure"])
async def test_what_refused_tries_took_is_counted_however_it_goes_on(how: str, upper: Cost) -> None:
    tenth = {"cost": lambda value: Cost(usd=value), "failed": lambda error: Cost(usd=0.1)}
    async with System() as system:
        firm = await system.start(audited(upper, check_by=Port(timeout=5.0, tries=3, **tenth)))
        await asyncio.sleep(3.0)
        if not upper:  # how dear it is is known
            await done(firm, "firm/a")
            await asyncio.sleep(2.0)
        before = len(MADE)
        REFUSALS.extend(RateLimited(5.0) for _ in range(3 if how == "refused" else 2))
        TAKES[0] = 100.0 if how in ("made again", "late") else 0.1
        ANSWERS.extend(["a lot"] if how == "unsure" else [])
        await done(firm, "firm/a")
        while len(MADE) < before + (2 if how == "waits" else 3):
            await asyncio.sleep(1.0)
        if how == "made again":
            assert await committed(system) == Vector(usd=0.2 if upper else 0.7)
        if how in ("waits", "made again"):
            system.named("firm:audit", Agent).exit(Kill())
        await asyncio.sleep(40.0)
        last = {"done": 0.5, "refused": 0.1, "waits": 0.0}
        if upper:  # two tries took more than the bound that was given
            spent = 0.2 + last.get(how, 0.0)
        else:  # nobody tells: as much as the one before, or all that is lent
            spent = 10.0 if how == "unsure" else 0.7 + last.get(how, 0.5)
        assert await committed(system) == Vector(usd=spent)
